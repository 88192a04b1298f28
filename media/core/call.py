"""One call: ringing, connecting, active, reconnecting, ended (wire contract, section 3).

Contract: every method takes what happened and `now` (monotonic seconds) and returns the events to
tell, in order; `deadline()` says when to call `tick`. Devices are opaque strings. The state changes
in `_fire` only, by `TRANSITIONS`; what is not in the table is refused (`Gone` once ended, else
`Conflict`). A call ends exactly once, with one reason for all.

    ringing --accept--> connecting --connected--> active <--leg_lost / legs_back--> reconnecting
    any live state --hang_up, setup_timeout, leg_dead, signalling_dead, shutdown ...--> ended
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from media.core.consent import Consents
from media.core.participant import Person
from protocol.base import ServerEvent
from protocol.calls import (
    CallConsentChanged,
    CallEnded,
    CallMediaChanged,
    CallMode,
    CallStateChanged,
    CallStateName,
    ConsentKind,
    EndReason,
    IncomingCall,
)
from protocol.errors import Conflict, Forbidden, Gone, NotAMember


class CallState(StrEnum):
    """Where a call is."""

    RINGING = "ringing"
    CONNECTING = "connecting"
    ACTIVE = "active"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


class CallEvent(StrEnum):
    """What can happen to it."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    HANG_UP = "hang_up"
    RING_TIMEOUT = "ring_timeout"
    CONNECTED = "connected"
    SETUP_TIMEOUT = "setup_timeout"
    LEG_LOST = "leg_lost"
    LEGS_BACK = "legs_back"
    LEG_DEAD = "leg_dead"
    SIGNALLING_DEAD = "signalling_dead"
    MAX_DURATION = "max_duration"
    SHUTDOWN = "shutdown"


_S, _E = CallState, CallEvent
_LIVE: Final = (_S.RINGING, _S.CONNECTING, _S.ACTIVE, _S.RECONNECTING)
_ANSWERED: Final = _LIVE[1:]
_MEDIA: Final = (_S.ACTIVE, _S.RECONNECTING)
TRANSITIONS: Final[dict[tuple[CallState, CallEvent], CallState]] = {
    (_S.RINGING, _E.ACCEPT): _S.CONNECTING,
    (_S.RINGING, _E.DECLINE): _S.ENDED,
    (_S.RINGING, _E.RING_TIMEOUT): _S.ENDED,
    # A cancel that crosses with the answer on the way still means what its sender wanted.
    (_S.RINGING, _E.CANCEL): _S.ENDED,
    (_S.CONNECTING, _E.CANCEL): _S.ENDED,
    (_S.CONNECTING, _E.CONNECTED): _S.ACTIVE,
    (_S.CONNECTING, _E.SETUP_TIMEOUT): _S.ENDED,
    **{(state, _E.HANG_UP): _S.ENDED for state in _ANSWERED},
    **{(state, _E.LEG_LOST): _S.RECONNECTING for state in _MEDIA},
    (_S.RECONNECTING, _E.LEGS_BACK): _S.ACTIVE,
    (_S.RECONNECTING, _E.LEG_DEAD): _S.ENDED,
    **{(state, _E.MAX_DURATION): _S.ENDED for state in _MEDIA},
    **{(state, _E.SIGNALLING_DEAD): _S.ENDED for state in _LIVE},
    **{(state, _E.SHUTDOWN): _S.ENDED for state in _LIVE},
}
END_REASONS: Final[dict[CallEvent, EndReason]] = {
    _E.DECLINE: "declined",
    _E.CANCEL: "cancelled",
    _E.HANG_UP: "completed",
    _E.RING_TIMEOUT: "no_answer",
    _E.SETUP_TIMEOUT: "failed",
    _E.LEG_DEAD: "connection_lost",
    _E.SIGNALLING_DEAD: "connection_lost",
    _E.MAX_DURATION: "max_duration",
    _E.SHUTDOWN: "server_shutdown",
}


@dataclass(frozen=True, slots=True)
class CallTimes:
    """How long each part of a call may take, in seconds."""

    ring_s: float = 45.0  # longer rings on, shorter gives people less time to find the phone
    setup_s: float = 30.0  # from the answer to media of both sides
    leg_dead_s: float = 30.0  # from the loss of somebody's media to the end (wire contract, 11.4)
    signalling_grace_s: float = 30.0  # from the loss of somebody's last device to the end (8.20)
    max_duration_s: float = 4 * 3600.0  # from the first media of both sides


@dataclass(frozen=True, slots=True)
class Ring:
    """What the caller asked for. `expires_at`: the end of the ringing as it stands on the wire."""

    call_id: str
    match_id: str
    caller: str
    device: str
    callees: tuple[str, ...]
    audio: bool
    video: bool
    mode: CallMode
    expires_at: str


@dataclass(frozen=True, slots=True)
class Tell:
    """An event for a user: to the devices `only`, or to all but `skip`."""

    user_id: str
    event: ServerEvent
    only: tuple[str, ...] | None = None
    skip: str | None = None


class Call:
    """The people of one call and how far it has come. The caller is the first of `people`.

    `reason` is there once it has ended, `setup_s` (from the answer to media of all) once it has been active."""

    def __init__(self, ring: Ring, times: CallTimes, *, now: float) -> None:
        self.ring = ring
        self.people = [Person(ring.caller), *(Person(user_id) for user_id in ring.callees)]
        self.people[0].join(ring.device)
        self.state = CallState.RINGING
        self.reason: EndReason | None = None
        self.setup_s: float | None = None
        self._consents = Consents()
        self._consents.put("p2p", ring.caller, granted=ring.mode == "p2p")
        self._times = times
        self._since = now  # when the ringing, and later the setup, began
        self._active_at: float | None = None
        self._ended_at: float | None = None

    @property
    def call_id(self) -> str:
        """The id on the wire."""
        return self.ring.call_id

    @property
    def state_name(self) -> CallStateName:
        """The state on the wire."""
        return self.state.value

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Everybody who was rung or rang."""
        return tuple(person.user_id for person in self.people)

    def devices(self) -> dict[str, tuple[str, ...]]:
        """The devices of each person that are in the call, or may act on it."""
        return {person.user_id: person.devices() for person in self._joined()}

    @property
    def duration_s(self) -> float:
        """From the first media of both sides to the end; 0.0 before the end and for a call that never had any."""
        return 0.0 if self._ended_at is None else self._lasted(self._ended_at)

    def begin(self) -> list[Tell]:
        """Ring everybody."""
        return [Tell(person.user_id, self._incoming()) for person in self.people[1:]]

    def check(self, user_id: str) -> None:
        """Raises `NotAMember` for somebody who is not in the call, `Gone` after its end."""
        self._person(user_id)
        if self.state is CallState.ENDED:
            raise Gone("the call is over", field="callId")

    def act(self, user_id: str, device: str, *, now: float) -> list[Tell]:
        """Somebody in the call acts on it from this device, which may take it over from one that is lost.

        Raises `Gone`, `NotAMember`, `Conflict` (it still rings at this person), `Forbidden` (another device)."""
        self.check(user_id)
        person = self._person(user_id)
        if not person.joined:
            raise Conflict("the call has not been answered", field="callId")
        out = person.act(device)
        return [Tell(user_id, self._ended("replaced", now), only=out)] if out else []

    def accept(self, user_id: str, device: str, *, p2p: bool = False, now: float) -> list[Tell]:
        """A callee answers on this device; their other devices stop ringing. `p2p`: they rang too, for a
        peer-to-peer call, which is their yes to that."""
        person = self._callee(user_id)
        self._fire(CallEvent.ACCEPT)
        if p2p:
            self._consents.put("p2p", user_id, granted=True)
        self._since = now
        person.join(device)
        elsewhere = Tell(user_id, self._ended("answered_elsewhere", now), skip=device)
        known = [Tell(user_id, event, only=(device,)) for event in self._known(user_id)]
        return [elsewhere, *self._state_tells(), *known, *self._maybe_connected(now)]

    def decline(self, user_id: str, device: str, *, now: float) -> list[Tell]:
        """A callee does not want to."""
        self._callee(user_id)
        tells = self._end(CallEvent.DECLINE, now, apart=user_id)
        elsewhere = Tell(user_id, self._ended("declined_elsewhere", now), skip=device)
        return [*tells, elsewhere, Tell(user_id, self._ended("declined", now), only=(device,))]

    def cancel(self, user_id: str, device: str, *, now: float) -> list[Tell]:
        """The caller gives up. Raises `Conflict` once there is media: that is to be hung up."""
        self.check(user_id)
        if user_id != self.ring.caller:
            raise Forbidden("only the caller may cancel a call", field="callId")
        self._next(CallEvent.CANCEL)
        return self.act(user_id, device, now=now) + self._end(CallEvent.CANCEL, now)

    def hang_up(self, user_id: str, device: str, *, now: float) -> list[Tell]:
        """Somebody has had enough. While it rings that is a cancel or a decline."""
        self.check(user_id)
        if self.state is not CallState.RINGING:
            return self.act(user_id, device, now=now) + self._end(CallEvent.HANG_UP, now)
        end = self.cancel if user_id == self.ring.caller else self.decline
        return end(user_id, device, now=now)

    def media_set(self, user_id: str, device: str, *, audio: bool, video: bool, screen: bool, now: float) -> list[Tell]:
        """Somebody mutes, shows, shares."""
        tells = self.act(user_id, device, now=now)
        event = CallMediaChanged(call_id=self.call_id, user_id=user_id, audio=audio, video=video, screen=screen)
        self._person(user_id).sends = event
        return tells + self._tell([person for person in self._joined() if person.user_id != user_id], event)

    def announce(self, user_id: str, event: ServerEvent) -> list[Tell]:
        """Something that somebody in the call should know."""
        return self._tell([person for person in self._joined() if person.user_id == user_id], event)

    def consent(self, user_id: str, device: str, kind: ConsentKind, *, granted: bool, now: float) -> list[Tell]:
        """Somebody agrees to something or takes it back. Raises as `act`."""
        tells = self.act(user_id, device, now=now)
        self._consents.put(kind, user_id, granted=granted)
        return tells + self._tell(self._joined(), self._consent_event(kind, user_id, granted=granted))

    def has_consent(self, kind: ConsentKind) -> bool:
        """Whether everybody agrees."""
        return self._consents.effective(kind, self.user_ids)

    def pass_on(self, user_id: str, device: str, target: str, event: ServerEvent, *, now: float) -> list[Tell]:
        """SDP or a candidate for the other person, by which each learns the other's addresses.

        Raises `Forbidden` until both have agreed to that (wire contract, 9.12), in a group, or for a stranger."""
        self.check(user_id)
        others = [person for person in self.people if person.user_id != user_id]
        if [other.user_id for other in others] != [target] or not self.has_consent("p2p"):
            raise Forbidden("media of this call goes through the server", field="target")
        return self.act(user_id, device, now=now) + self._tell(others, event)

    def p2p_answered(self, *, now: float) -> list[Tell]:
        """A peer-to-peer answer was passed on: as far as the server can know, the two are connected."""
        return self._activate(now) if self.state is CallState.CONNECTING else []

    def tell(self, events: Iterable[ServerEvent]) -> list[Tell]:
        """What others of the house have to say to all who are in the call, on their devices in it."""
        return [tell for event in events for tell in self._tell(self._joined(), event)]

    def leg_up(self, user_id: str, *, now: float) -> list[Tell]:
        """Authentic media packets of this person arrive, for the first time or again."""
        person = self._person(user_id)
        person.leg_up = True
        if self.state is CallState.CONNECTING:
            return self._maybe_connected(now)
        if self.state is not CallState.RECONNECTING or person.media_lost_at is None:
            return []
        person.media_lost_at = None
        if all(other.media_lost_at is None for other in self.people):
            self._fire(CallEvent.LEGS_BACK)
        return self._state_tells()

    def leg_lost(self, user_id: str, *, closed: bool = False, now: float) -> list[Tell]:
        """Nothing authentic has come from this person for too long, or their leg is `closed` and they must offer
        again. Before there was media it means nothing yet."""
        person = self._person(user_id)
        person.leg_up = False
        if self.state not in _MEDIA:
            return []
        if person.media_lost_at is not None:
            return self._tell([person], self._state_event(reoffer=True)) if closed else []
        person.media_lost_at = now
        self._fire(CallEvent.LEG_LOST)
        if not closed:
            return self._state_tells()
        others = [other for other in self._joined() if other is not person]
        return [
            *self._tell(others, self._state_event()),
            *self._tell([person], self._state_event(reoffer=True)),
        ]

    def came(self, user_id: str, device: str) -> list[Tell]:
        """A device of this person has connected: it rings, or it may take the call over and is told how it stands."""
        person = self._person(user_id)
        if self.state is CallState.ENDED:
            return []
        if not person.joined:
            return [Tell(user_id, self._incoming(), only=(device,))]
        person.came(device)
        return [Tell(user_id, event, only=(device,)) for event in (self._state_event(), *self._known(user_id))]

    def left(self, user_id: str, device: str, *, now: float) -> None:
        """A device of this person has dropped; the media goes on."""
        person = self._person(user_id)
        if person.joined:
            person.left(device, now=now)

    def shutdown(self, *, now: float) -> list[Tell]:
        """The server stops. Nothing when the call is over."""
        return [] if self.state is CallState.ENDED else self._end(CallEvent.SHUTDOWN, now)

    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        return min((at for at, _ in self._dues()), default=None)

    def tick(self, *, now: float) -> list[Tell]:
        """What has taken too long by `now`: the earliest of it ends the call."""
        due = min(self._dues(), key=lambda pair: pair[0], default=None)
        if due is None or due[0] > now:
            return []
        return self._end(due[1], now)

    def _dues(self) -> Iterator[tuple[float, CallEvent]]:
        times = self._times
        if self.state is CallState.ENDED:
            return
        if self.state is CallState.RINGING:
            yield self._since + times.ring_s, CallEvent.RING_TIMEOUT
        elif self.state is CallState.CONNECTING:
            yield self._since + times.setup_s, CallEvent.SETUP_TIMEOUT
        if self._active_at is not None:
            yield self._active_at + times.max_duration_s, CallEvent.MAX_DURATION
        for person in self.people:
            if person.signal_lost_at is not None:
                yield person.signal_lost_at + times.signalling_grace_s, CallEvent.SIGNALLING_DEAD
            if person.media_lost_at is not None:
                yield person.media_lost_at + times.leg_dead_s, CallEvent.LEG_DEAD

    def _next(self, event: CallEvent) -> CallState:
        after = TRANSITIONS.get((self.state, event))
        if after is None:
            if self.state is CallState.ENDED:
                raise Gone("the call is over", field="callId")
            raise Conflict(f"the call is {self.state}", field="callId")
        return after

    def _fire(self, event: CallEvent) -> None:
        self.state = self._next(event)

    def _end(self, event: CallEvent, now: float, *, apart: str | None = None) -> list[Tell]:
        """The end, told to everybody but `apart`, whom the caller of this tells otherwise."""
        self._fire(event)
        self.reason = END_REASONS[event]
        self._ended_at = now
        return self._tell([person for person in self.people if person.user_id != apart], self._ended(self.reason, now))

    def _maybe_connected(self, now: float) -> list[Tell]:
        return self._activate(now) if all(person.leg_up for person in self._joined()) else []

    def _activate(self, now: float) -> list[Tell]:
        self._fire(CallEvent.CONNECTED)
        self._active_at = now
        self.setup_s = now - self._since
        return self._state_tells()

    def _person(self, user_id: str) -> Person:
        for person in self.people:
            if person.user_id == user_id:
                return person
        raise NotAMember("you are not in this call", field="callId")

    def _callee(self, user_id: str) -> Person:
        self.check(user_id)
        if user_id == self.ring.caller:
            raise Conflict("you are the caller", field="callId")
        return self._person(user_id)

    def _joined(self) -> list[Person]:
        return [person for person in self.people if person.joined]

    def _tell(self, people: list[Person], event: ServerEvent) -> list[Tell]:
        """Those who are in the call on their devices in it, those at whom it rings on all of theirs."""
        tells = [Tell(person.user_id, event, only=person.devices() if person.joined else None) for person in people]
        return [tell for tell in tells if tell.only != ()]

    def _state_tells(self) -> list[Tell]:
        return self._tell(self._joined(), self._state_event())

    def _known(self, user_id: str) -> list[ServerEvent]:
        """What was told before a device of this person was in the call: what others send, who agrees to what."""
        return [
            *(person.sends for person in self.people if person.sends is not None and person.user_id != user_id),
            *(self._consent_event(kind, giver, granted=True) for kind, giver in self._consents),
        ]

    def _consent_event(self, kind: ConsentKind, user_id: str, *, granted: bool) -> CallConsentChanged:
        return CallConsentChanged(
            call_id=self.call_id, user_id=user_id, kind=kind, granted=granted, effective=self.has_consent(kind)
        )

    def _state_event(self, *, reoffer: bool | None = None) -> CallStateChanged:
        participants = [person.on_wire() for person in self.people]
        return CallStateChanged(call_id=self.call_id, state=self.state_name, participants=participants, reoffer=reoffer)

    def _incoming(self) -> IncomingCall:
        ring = self.ring
        return IncomingCall(
            call_id=ring.call_id,
            match_id=ring.match_id,
            from_=ring.caller,
            audio=ring.audio,
            video=ring.video,
            mode=ring.mode,
            expires_at=ring.expires_at,
        )

    def _ended(self, reason: EndReason, now: float) -> CallEnded:
        return CallEnded(call_id=self.call_id, reason=reason, duration=self._lasted(now))

    def _lasted(self, now: float) -> float:
        return 0.0 if self._active_at is None else round(now - self._active_at, 3)
