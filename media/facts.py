"""What happened in calls, told in process (`rooms.facts.FactBus`), in the past tense."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from media.core.call_meter import CallSecond, LegTotal
from media.core.silence import HeldBack, Trouble
from media.core.talk import Talk
from protocol.calls import CallMode, EndReason
from rooms.facts import Fact


@dataclass(frozen=True, slots=True)
class CallStarted(Fact):
    """Somebody rings."""

    call_id: str
    match_id: str
    caller: str
    callees: tuple[str, ...]
    video: bool
    mode: CallMode


@dataclass(frozen=True, slots=True)
class CallConnected(Fact):
    """Media of everybody flows for the first time, `setup_s` seconds after the answer."""

    call_id: str
    match_id: str
    setup_s: float


@dataclass(frozen=True, slots=True)
class CallEnded(Fact):
    """A call is over, once. `duration_s` is 0.0 when it never had media. Calls to somebody busy are told too.

    `devices`: those that were in the call, by user."""

    call_id: str
    match_id: str
    user_ids: tuple[str, ...]
    reason: EndReason
    duration_s: float
    devices: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class LegConnected(Fact):
    """The media plane got the first authentic packet of this person, also after a new leg replaced an old one."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class LegLost(Fact):
    """Nothing authentic has come from this person for 7 s (wire contract, 11.4).

    `closed`: the leg is gone and only a new offer brings it back; that may be told of a leg that was silent."""

    call_id: str
    user_id: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class LegReturned(Fact):
    """Authentic packets come again after a `LegLost`."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MediaSet(Fact):
    """Somebody muted, showed themselves or the like (`call_media`)."""

    call_id: str
    user_id: str
    audio: bool
    video: bool
    speaking: bool | None


@dataclass(frozen=True, slots=True)
class CallMeasured(Fact):
    """A second of an active call was measured."""

    call_id: str
    second: CallSecond


@dataclass(frozen=True, slots=True)
class SilenceBegan(Fact):
    """Nobody has spoken for some seconds; `trouble` is None when it is social."""

    call_id: str
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class SilenceEnded(Fact):
    """Somebody speaks again, or the trouble is over."""

    call_id: str
    social: bool
    silence_s: float


@dataclass(frozen=True, slots=True)
class TopicDue(Fact):
    """Both have talked, and now nobody has for so long that a topic may help; nothing technical is the cause.

    `silence_ms` is counted from the last speech of either. Told once in a silence."""

    call_id: str
    match_id: str
    user_ids: tuple[str, ...]
    silence_ms: int


@dataclass(frozen=True, slots=True)
class TopicHeldBack(Fact):
    """A topic would have been due, but one was shown not long ago, or they want none."""

    call_id: str
    why: HeldBack


@dataclass(frozen=True, slots=True)
class TopicsWavedAway(Fact):
    """This person wants no more topics in the call."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class TalkMeasured(Fact):
    """The conversation of a call that has ended, and how each direction was over all of it.

    `duration_s` and `devices` are those of its `CallEnded`."""

    call_id: str
    match_id: str
    user_ids: tuple[str, ...]
    talk: Talk
    totals: tuple[LegTotal, ...]
    duration_s: float
    devices: Mapping[str, tuple[str, ...]]
