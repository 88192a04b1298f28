"""A call of ann, who rings on her device a1, and bob, and what each of their devices has heard of it."""

from collections.abc import Iterable

from media.core.call import Call, CallState, CallTimes, Ring, Tell
from protocol.calls import CallMode

TIMES = CallTimes(ring_s=45, setup_s=30, leg_dead_s=30, signalling_grace_s=30, max_duration_s=3600)
S = CallState


def ring(mode: CallMode = "relay", callees: tuple[str, ...] = ("bob",)) -> Ring:
    return Ring("c", "m", "ann", "a1", callees, audio=True, video=True, mode=mode, expires_at="soon")


def call_in(state: CallState, *, mode: CallMode = "relay", times: CallTimes = TIMES) -> Call:
    """A call that has come to this state at the time 0; bob has answered on b1."""
    call = Call(ring(mode), times, now=0)
    if state is S.RINGING:
        return call
    call.accept("bob", "b1", now=0)
    if state in (S.ACTIVE, S.RECONNECTING):
        call.leg_up("ann", now=0)
        call.leg_up("bob", now=0)
    if state is S.RECONNECTING:
        call.leg_lost("bob", now=0)
    if state is S.ENDED:
        call.hang_up("ann", "a1", now=0)
    return call


def heard(tells: Iterable[Tell], user_id: str, device: str) -> list[str]:
    """What a device of a user is told, in a word each: the state, the reason or the name of the event."""
    return [_word(tell) for tell in tells if tell.user_id == user_id and reaches(tell, device)]


def reaches(tell: Tell, device: str) -> bool:
    """Whether the event goes to this device of its user."""
    return tell.skip != device and (tell.only is None or device in tell.only)


def _word(tell: Tell) -> str:
    payload = tell.event.wire()
    word: str = payload.get("state") or payload.get("reason") or tell.event.spec.name
    return word
