"""Dead air of a call of two people: social, which a topic may end, or technical, which it must not try to.

Contract: `observe` with both sides and `now`, at least at `deadline()` and once a second; it returns what came of it.
`now` and all times of speech are on one clock. Changes of state happen in `_fire` only, by `TRANSITIONS`; what is not
in the table is an error of this module.

    listening --both_talked--> talk --quiet--> social --due--> prompted --speech--> cooling --cooled--> talk
    talk, social --trouble--> technical --cleared, speech--> talk

A silence is prompted once at most, and never after trouble: a muted microphone, somebody not connected, a camera that
gives nothing, no levels to go by, more than a tenth of the sound invented, or a burst of loss with which the silence
began. When the trouble is over
the silence counts anew, since nobody could have talked in it. Social silence of 7 s is long: 4 s in a talk of 6 minutes
are enough to feel rejected (Koudenburg 2011), and gaps between turns are 0.2 s (Stivers 2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class AirState(StrEnum):
    """Where the talk is."""

    LISTENING = "listening"  # one of the two has not said anything yet
    TALK = "talk"
    SOCIAL = "social"
    TECHNICAL = "technical"
    PROMPTED = "prompted"
    COOLING = "cooling"


class AirEvent(StrEnum):
    """What can happen to it."""

    BOTH_TALKED = "both_talked"
    QUIET = "quiet"
    TROUBLE = "trouble"
    CLEARED = "cleared"
    DUE = "due"
    SPEECH = "speech"
    COOLED = "cooled"


_S, _E = AirState, AirEvent
TRANSITIONS: Final[dict[tuple[AirState, AirEvent], AirState]] = {
    (_S.LISTENING, _E.BOTH_TALKED): _S.TALK,
    (_S.TALK, _E.QUIET): _S.SOCIAL,
    (_S.TALK, _E.TROUBLE): _S.TECHNICAL,
    (_S.SOCIAL, _E.TROUBLE): _S.TECHNICAL,
    (_S.SOCIAL, _E.SPEECH): _S.TALK,
    (_S.SOCIAL, _E.DUE): _S.PROMPTED,
    (_S.TECHNICAL, _E.CLEARED): _S.TALK,
    (_S.TECHNICAL, _E.SPEECH): _S.TALK,
    (_S.PROMPTED, _E.SPEECH): _S.COOLING,
    (_S.COOLING, _E.COOLED): _S.TALK,
}


class WrongTransitionError(AssertionError):
    """An event that the table does not know in this state."""


class Trouble(StrEnum):
    """Why a silence is technical. The closed set of a metric's label."""

    MUTED = "muted"
    NOT_CONNECTED = "not_connected"
    CAMERA_FROZEN = "camera_frozen"
    NO_LEVELS = "no_levels"
    INVENTED = "invented"
    LOSS_BURST = "loss_burst"


class HeldBack(StrEnum):
    """Why a social silence got no prompt. The closed set of a metric's label."""

    RECENT = "recent"  # one was shown not long ago
    WAVED_AWAY = "waved_away"


@dataclass(frozen=True, slots=True)
class AirTimes:
    """In seconds."""

    dead_air_s: float = 7.0  # shorter interrupts people who think, longer lets the talk die
    arm_s: float = 4.0  # from here a silence is counted as dead air
    cool_down_s: float = 60.0
    interval_s: float = 120.0  # between two prompts


# In percent of the sound (audio_quality): more, and whoever is silent may only not have heard.
INVENTED_MAX: Final = 10.0
# A burst so long before the last word can still be why the other does not answer.
BURST_BEFORE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """One person, as the relay knows them now."""

    speech_end: float | None = None  # when they were last heard; None: never
    speaking: bool = False
    muted: bool = False
    connected: bool = True
    frozen: bool = False  # their camera is on, but no picture comes of it
    levels: bool = True  # packets carry audio levels
    invented: float = 0.0  # percent of their sound that the other's player has to invent
    burst_at: float | None = None  # end of the last run of lost sound of over 500 ms on their way in or out


@dataclass(frozen=True, slots=True)
class DeadAirBegan:
    """Nobody has spoken for `arm_s`. `trouble` is None when it is social."""

    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class DeadAirEnded:
    """Somebody speaks, or the trouble is over."""

    social: bool
    silence_s: float


@dataclass(frozen=True, slots=True)
class PromptDue:
    """A topic is to be shown to both."""

    silence_s: float


@dataclass(frozen=True, slots=True)
class PromptHeldBack:
    """A topic would be due, but is not to be shown."""

    why: HeldBack


Output: TypeAlias = DeadAirBegan | DeadAirEnded | PromptDue | PromptHeldBack


class Silence:
    """See the module. `state` is for reading."""

    def __init__(self, times: AirTimes | None = None) -> None:
        self.state = AirState.LISTENING
        self._times = times or AirTimes()
        self._heard = float("-inf")  # last speech of either side
        self._counts_from = float("-inf")  # end of the last trouble in a silence
        self._prompted_at = float("-inf")
        self._judged = False  # this silence has had its prompt, or was denied it
        self._waved_away = False
        self._out: list[Output] = []

    def wave_away(self) -> None:
        """One of the two wants no prompts in this call."""
        self._waved_away = True

    def observe(self, sides: Sequence[Side], *, now: float) -> list[Output]:
        """Take how things are now; returns what came of it, in order."""
        self._out = []
        if all(side.speech_end is not None for side in sides) and self.state is _S.LISTENING:
            self._fire(_E.BOTH_TALKED)
        self._hear(sides, now)
        if self.state is _S.COOLING and now - self._prompted_at >= self._times.cool_down_s:
            self._fire(_E.COOLED)
        trouble = self._trouble(sides)
        self._meet(trouble, now)
        self._count(now, helpless=trouble is not None)
        return self._out

    def deadline(self) -> float | None:
        """When a silence that goes on comes to something. None: nothing will by itself."""
        since = self._since()
        times = self._times
        match self.state:
            case _S.TALK:
                return since + min(times.arm_s, times.dead_air_s)
            case _S.SOCIAL if not self._judged:
                return since + times.dead_air_s
            case _S.COOLING:
                return self._prompted_at + times.cool_down_s
            case _:
                return None

    def _since(self) -> float:
        return max(self._heard, self._counts_from)

    def _hear(self, sides: Sequence[Side], now: float) -> None:
        heard = max((side.speech_end for side in sides if side.speech_end is not None), default=self._heard)
        if any(side.speaking for side in sides):
            heard = now
        if heard <= self._heard:
            return
        before, self._heard = self._since(), heard
        self._judged = False
        if (self.state, _E.SPEECH) in TRANSITIONS:
            social = self.state is not _S.TECHNICAL
            self._fire(_E.SPEECH)
            self._out.append(DeadAirEnded(social, max(0.0, heard - before)))

    def _meet(self, trouble: Trouble | None, now: float) -> None:
        if self.state is _S.TECHNICAL and trouble is None:
            self._fire(_E.CLEARED)
            self._out.append(DeadAirEnded(False, now - self._heard))
            self._counts_from = now
        elif trouble is not None and (self.state is _S.SOCIAL or (self.state is _S.TALK and self._quiet(now))):
            self._fire(_E.TROUBLE)
            self._out.append(DeadAirBegan(trouble))

    def _trouble(self, sides: Sequence[Side]) -> Trouble | None:
        began = self._heard - BURST_BEFORE_S
        for found, trouble in (
            (any(not side.connected for side in sides), Trouble.NOT_CONNECTED),
            (any(side.muted for side in sides), Trouble.MUTED),
            (any(side.frozen for side in sides), Trouble.CAMERA_FROZEN),
            (any(not side.levels for side in sides), Trouble.NO_LEVELS),
            (any(side.invented > INVENTED_MAX for side in sides), Trouble.INVENTED),
            (any(side.burst_at is not None and side.burst_at >= began for side in sides), Trouble.LOSS_BURST),
        ):
            if found:
                return trouble
        return None

    def _quiet(self, now: float) -> bool:
        return now - self._since() >= min(self._times.arm_s, self._times.dead_air_s)

    def _count(self, now: float, *, helpless: bool) -> None:
        """Let the silence grow. `helpless`: a topic would not help, so none is missed either."""
        if helpless:
            return
        if self.state is _S.TALK and self._quiet(now):
            self._fire(_E.QUIET)
            self._out.append(DeadAirBegan(None))
        silence = now - self._since()
        if self._judged or silence < self._times.dead_air_s or self.state not in (_S.SOCIAL, _S.COOLING):
            return
        self._judged = True
        if self._waved_away:
            self._out.append(PromptHeldBack(HeldBack.WAVED_AWAY))
        elif self.state is _S.COOLING or now - self._prompted_at < self._times.interval_s:
            self._out.append(PromptHeldBack(HeldBack.RECENT))
        else:
            self._fire(_E.DUE)
            self._prompted_at = now
            self._out.append(PromptDue(silence))

    def _fire(self, event: AirEvent) -> None:
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            raise WrongTransitionError(f"{event} in {self.state}")
        self.state = state
