"""The table of a call, and what each way through it tells whom."""

from collections.abc import Callable
from typing import get_args

import pytest

from media.core.call import END_REASONS, TRANSITIONS, Call, CallEvent, CallState, CallTimes, Tell
from protocol.calls import EndReason, IncomingCall, PeerOffer
from protocol.errors import Conflict, Forbidden, Gone, NotAMember, ProtocolError
from tests.media.core.calling import S, call_in, heard, ring

E = CallEvent
# The contract, written out once more: what is not here is refused.
ALLOWED = {
    S.RINGING: {
        E.ACCEPT: S.CONNECTING,
        E.DECLINE: S.ENDED,
        E.CANCEL: S.ENDED,
        E.RING_TIMEOUT: S.ENDED,
        E.SIGNALLING_DEAD: S.ENDED,
        E.SHUTDOWN: S.ENDED,
    },
    S.CONNECTING: {
        E.CONNECTED: S.ACTIVE,
        E.CANCEL: S.ENDED,
        E.HANG_UP: S.ENDED,
        E.SETUP_TIMEOUT: S.ENDED,
        E.SIGNALLING_DEAD: S.ENDED,
        E.SHUTDOWN: S.ENDED,
    },
    S.ACTIVE: {
        E.LEG_LOST: S.RECONNECTING,
        E.HANG_UP: S.ENDED,
        E.MAX_DURATION: S.ENDED,
        E.SIGNALLING_DEAD: S.ENDED,
        E.SHUTDOWN: S.ENDED,
    },
    S.RECONNECTING: {
        E.LEG_LOST: S.RECONNECTING,
        E.LEGS_BACK: S.ACTIVE,
        E.LEG_DEAD: S.ENDED,
        E.HANG_UP: S.ENDED,
        E.MAX_DURATION: S.ENDED,
        E.SIGNALLING_DEAD: S.ENDED,
        E.SHUTDOWN: S.ENDED,
    },
    S.ENDED: {},
}


@pytest.mark.parametrize("event", CallEvent)
@pytest.mark.parametrize("state", CallState)
def test_every_event_in_every_state_leads_where_the_contract_says_or_is_refused(
    state: CallState, event: CallEvent
) -> None:
    call = call_in(state)
    assert call.state is state
    after = ALLOWED[state].get(event)
    if after is None:
        with pytest.raises(Gone if state is S.ENDED else Conflict):
            call._fire(event)
        assert call.state is state
    else:
        call._fire(event)
        assert call.state is after


def test_every_event_that_ends_a_call_has_a_reason_and_no_other_has() -> None:
    assert set(END_REASONS) == {event for (_, event), after in TRANSITIONS.items() if after is S.ENDED}


# What people and their media can do, in every state: the state that it leads to, or the refusal.
ACTIONS: dict[str, Callable[[Call], list[Tell]]] = {
    "accept": lambda call: call.accept("bob", "b1", now=1),
    "decline": lambda call: call.decline("bob", "b1", now=1),
    "cancel": lambda call: call.cancel("ann", "a1", now=1),
    "cancel of the callee": lambda call: call.cancel("bob", "b1", now=1),
    "hang up of the caller": lambda call: call.hang_up("ann", "a1", now=1),
    "hang up of the callee": lambda call: call.hang_up("bob", "b1", now=1),
    "mute": lambda call: call.media_set("bob", "b1", audio=False, video=True, screen=False, now=1),
    "consent": lambda call: call.consent("bob", "b1", "p2p", granted=True, now=1),
    "offer": lambda call: call.act("bob", "b1", now=1),
    "offer of the caller": lambda call: call.act("ann", "a1", now=1),
    "both legs up": lambda call: call.leg_up("ann", now=1) + call.leg_up("bob", now=1),
    "a leg lost": lambda call: call.leg_lost("bob", now=1),
    "p2p answered": lambda call: call.p2p_answered(now=1),
    "a device came": lambda call: call.came("ann", "a9"),
    "shutdown": lambda call: call.shutdown(now=1),
    "nothing": lambda call: call.tick(now=1),
}
Outcome = CallState | type[ProtocolError]
OUTCOMES: dict[str, tuple[Outcome, Outcome, Outcome, Outcome, Outcome]] = {
    # ringing, connecting, active, reconnecting, ended
    "accept": (S.CONNECTING, Conflict, Conflict, Conflict, Gone),
    "decline": (S.ENDED, Conflict, Conflict, Conflict, Gone),
    "cancel": (S.ENDED, S.ENDED, Conflict, Conflict, Gone),
    "cancel of the callee": (Forbidden, Forbidden, Forbidden, Forbidden, Gone),
    "hang up of the caller": (S.ENDED, S.ENDED, S.ENDED, S.ENDED, Gone),
    "hang up of the callee": (S.ENDED, S.ENDED, S.ENDED, S.ENDED, Gone),
    "mute": (Conflict, S.CONNECTING, S.ACTIVE, S.RECONNECTING, Gone),
    "consent": (Conflict, S.CONNECTING, S.ACTIVE, S.RECONNECTING, Gone),
    "offer": (Conflict, S.CONNECTING, S.ACTIVE, S.RECONNECTING, Gone),
    "offer of the caller": (S.RINGING, S.CONNECTING, S.ACTIVE, S.RECONNECTING, Gone),
    "both legs up": (S.RINGING, S.ACTIVE, S.ACTIVE, S.ACTIVE, S.ENDED),
    "a leg lost": (S.RINGING, S.CONNECTING, S.RECONNECTING, S.RECONNECTING, S.ENDED),
    "p2p answered": (S.RINGING, S.ACTIVE, S.ACTIVE, S.RECONNECTING, S.ENDED),
    "a device came": (S.RINGING, S.CONNECTING, S.ACTIVE, S.RECONNECTING, S.ENDED),
    "shutdown": (S.ENDED, S.ENDED, S.ENDED, S.ENDED, S.ENDED),
    "nothing": (S.RINGING, S.CONNECTING, S.ACTIVE, S.RECONNECTING, S.ENDED),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", CallState)
def test_every_action_in_every_state_has_its_outcome(state: CallState, action: str) -> None:
    call = call_in(state)
    outcome = OUTCOMES[action][list(CallState).index(state)]
    if isinstance(outcome, CallState):
        ACTIONS[action](call)
        assert call.state is outcome
    else:
        with pytest.raises(outcome):
            ACTIONS[action](call)
        assert call.state is state


# Ringing


def test_a_call_rings_on_every_device_of_the_callee_and_says_what_it_is() -> None:
    (tell,) = Call(ring("p2p"), CallTimes(), now=0).begin()
    assert (tell.user_id, tell.only, tell.skip) == ("bob", None, None)
    assert isinstance(tell.event, IncomingCall)
    assert tell.event.wire() == {
        "callId": "c",
        "matchId": "m",
        "from": "ann",
        "audio": True,
        "video": True,
        "mode": "p2p",
        "expiresAt": "soon",
    }


def test_a_device_that_comes_while_it_rings_rings_too() -> None:
    tells = call_in(S.RINGING).came("bob", "b3")
    assert heard(tells, "bob", "b3") == ["incoming_call"]
    assert heard(tells, "bob", "b1") == []


def test_the_devices_that_did_not_answer_stop_ringing_and_hear_no_more() -> None:
    call = call_in(S.RINGING)
    tells = call.accept("bob", "b1", now=3)
    assert heard(tells, "bob", "b2") == ["answered_elsewhere"]
    assert heard(tells, "bob", "b1") == ["connecting"]
    assert heard(tells, "ann", "a1") == ["connecting"]
    assert heard(tells, "ann", "a2") == []
    tells = call.hang_up("ann", "a1", now=4)
    assert heard(tells, "bob", "b2") == heard(tells, "ann", "a2") == []


def test_a_declined_call_is_declined_for_the_caller_and_elsewhere_for_the_other_devices() -> None:
    call = call_in(S.RINGING)
    tells = call.decline("bob", "b1", now=3)
    assert heard(tells, "ann", "a1") == heard(tells, "bob", "b1") == ["declined"]
    assert heard(tells, "bob", "b2") == ["declined_elsewhere"]
    assert (call.reason, call.duration_s) == ("declined", 0.0)


@pytest.mark.parametrize("end", ["cancel", "hang_up"])
def test_who_gives_up_while_it_rings_cancels_for_every_device(end: str) -> None:
    call = call_in(S.RINGING)
    tells = getattr(call, end)("ann", "a1", now=3)
    for user_id, device in (("ann", "a1"), ("bob", "b1"), ("bob", "b2")):
        assert heard(tells, user_id, device) == ["cancelled"]


def test_a_callee_who_hangs_up_while_it_rings_declines() -> None:
    tells = call_in(S.RINGING).hang_up("bob", "b1", now=3)
    assert heard(tells, "ann", "a1") == ["declined"]
    assert heard(tells, "bob", "b2") == ["declined_elsewhere"]


def test_a_call_that_nobody_answers_ends_on_all_devices() -> None:
    call = call_in(S.RINGING)
    assert call.deadline() == 45
    assert call.tick(now=44.9) == []
    tells = call.tick(now=45)
    for user_id, device in (("ann", "a1"), ("bob", "b1"), ("bob", "b2")):
        assert heard(tells, user_id, device) == ["no_answer"]
    assert call.deadline() is None
    assert call.tick(now=1000) == []


@pytest.mark.parametrize("act", ["accept", "decline"])
def test_the_caller_can_not_answer(act: str) -> None:
    call = call_in(S.RINGING)
    with pytest.raises(Conflict):
        getattr(call, act)("ann", "a1", now=0)
    assert call.state is S.RINGING


@pytest.mark.parametrize("state", CallState)
def test_strangers_are_refused_in_every_state(state: CallState) -> None:
    call = call_in(state)
    for act in (call.accept, call.decline, call.cancel, call.hang_up, call.act):
        with pytest.raises(NotAMember):
            act("eve", "e1", now=0)
    with pytest.raises(NotAMember):
        call.pass_on("eve", "e1", "ann", PeerOffer(call_id="c", from_="eve", sdp="x"), now=0)


# Media


def test_a_call_is_active_once_the_media_of_both_flows() -> None:
    call = call_in(S.CONNECTING)
    assert call.leg_up("ann", now=1) == []
    tells = call.leg_up("bob", now=2.5)
    assert heard(tells, "ann", "a1") == heard(tells, "bob", "b1") == ["active"]
    assert tells[0].event.wire()["participants"] == [
        {"userId": "ann", "state": "joined"},
        {"userId": "bob", "state": "joined"},
    ]
    assert call.setup_s == 2.5


def test_a_leg_that_was_lost_before_the_other_came_does_not_count() -> None:
    call = call_in(S.RINGING)
    call.leg_up("ann", now=1)
    assert call.leg_lost("ann", now=9) == []
    call.accept("bob", "b1", now=10)
    assert call.leg_up("bob", now=11) == []
    assert heard(call.leg_up("ann", now=12), "ann", "a1") == ["active"]


def test_media_that_was_there_before_the_answer_connects_with_it() -> None:
    call = call_in(S.RINGING)
    call.leg_up("ann", now=1)
    call.leg_up("bob", now=1)
    assert heard(call.accept("bob", "b1", now=2), "bob", "b1") == ["connecting", "active"]
    assert call.setup_s == 0


def test_a_call_without_media_has_failed_after_the_setup_time() -> None:
    call = call_in(S.RINGING)
    call.accept("bob", "b1", now=40)
    assert call.deadline() == 70
    assert heard(call.tick(now=70), "ann", "a1") == ["failed"]


def test_a_lost_leg_makes_the_call_reconnecting_and_a_dead_one_ends_it() -> None:
    call = call_in(S.ACTIVE)
    tells = call.leg_lost("bob", now=100)
    assert heard(tells, "ann", "a1") == ["reconnecting"]
    assert tells[0].event.wire()["participants"][1] == {"userId": "bob", "state": "reconnecting"}
    assert call.leg_lost("bob", now=101) == []
    assert call.deadline() == 130
    assert heard(call.tick(now=130), "bob", "b1") == ["connection_lost"]
    assert call.duration_s == 130


def test_a_call_goes_on_when_the_last_lost_leg_is_back() -> None:
    call = call_in(S.ACTIVE)
    call.leg_lost("bob", now=100)
    assert heard(call.leg_lost("ann", now=110), "ann", "a1") == ["reconnecting"]
    tells = call.leg_up("bob", now=115)
    assert heard(tells, "ann", "a1") == ["reconnecting"]
    assert [person["state"] for person in tells[0].event.wire()["participants"]] == ["reconnecting", "joined"]
    assert call.leg_up("bob", now=116) == []
    assert call.deadline() == 140
    assert heard(call.leg_up("ann", now=120), "bob", "b1") == ["active"]
    assert call.deadline() == 3600
    assert call.setup_s == 0


def test_no_call_is_longer_than_the_longest() -> None:
    call = call_in(S.ACTIVE)
    assert heard(call.tick(now=3600), "ann", "a1") == ["max_duration"]
    assert call.duration_s == 3600


def test_what_came_first_is_the_reason_even_when_a_late_tick_finds_several() -> None:
    call = call_in(S.ACTIVE)
    call.leg_lost("bob", now=3000)
    assert heard(call.tick(now=9000), "ann", "a1") == ["connection_lost"]


def test_both_hear_how_long_the_call_was() -> None:
    call = call_in(S.ACTIVE)
    tells = call.hang_up("bob", "b1", now=12.3456)
    assert [tell.event.wire() for tell in tells] == [{"callId": "c", "reason": "completed", "duration": 12.346}] * 2


def test_a_mute_is_told_to_the_other_person_in_the_call_only() -> None:
    call = call_in(S.RINGING)
    assert call.media_set("ann", "a1", audio=True, video=False, screen=True, now=0) == []
    call.accept("bob", "b1", now=0)
    (tell,) = call.media_set("ann", "a1", audio=True, video=False, screen=True, now=0)
    assert (tell.user_id, tell.only) == ("bob", ("b1",))
    told = {"callId": "c", "userId": "ann", "audio": True, "video": False, "screen": True}
    assert tell.event.wire() == told


# Devices


@pytest.mark.parametrize("state", [S.CONNECTING, S.ACTIVE, S.RECONNECTING])
def test_a_device_that_is_not_in_the_call_can_not_act_on_it(state: CallState) -> None:
    call = call_in(state)
    for user_id, device in (("ann", "a2"), ("bob", "b2")):
        with pytest.raises(Forbidden):
            call.act(user_id, device, now=1)
        with pytest.raises(Forbidden):
            call.hang_up(user_id, device, now=1)
    with pytest.raises(Conflict):
        call.accept("bob", "b2", now=1)
    assert call.state is state


@pytest.mark.parametrize("state", [S.RINGING, S.CONNECTING, S.ACTIVE, S.RECONNECTING])
def test_losing_every_connection_is_no_hang_up_until_the_grace_is_over(state: CallState) -> None:
    call = call_in(state, times=CallTimes(ring_s=100, setup_s=100, leg_dead_s=100, signalling_grace_s=30))
    call.left("ann", "a1", now=5)
    assert call.state is state
    assert call.deadline() == 35
    tells = call.tick(now=35)
    assert heard(tells, "bob", "b1") == ["connection_lost"]
    assert heard(tells, "ann", "a1") == heard(tells, "ann", "a2") == []


def test_the_callee_loses_nothing_by_leaving_while_it_rings() -> None:
    call = call_in(S.RINGING)
    call.left("bob", "b1", now=5)
    assert call.deadline() == 45


def test_any_device_of_a_person_may_act_after_the_loss_and_is_then_the_one_in_the_call() -> None:
    call = call_in(S.ACTIVE)
    call.left("bob", "b1", now=5)
    tells = call.leg_lost("ann", now=6)
    assert heard(tells, "ann", "a1") == ["reconnecting"]
    assert heard(tells, "bob", "b2") == []
    assert call.act("bob", "b2", now=7) == []
    assert call.deadline() == 36
    assert heard(call.leg_up("ann", now=8), "bob", "b2") == ["active"]
    with pytest.raises(Forbidden):
        call.act("bob", "b3", now=9)


def test_a_device_that_connects_again_ends_the_grace_and_is_told_how_the_call_stands() -> None:
    call = call_in(S.ACTIVE)
    call.left("bob", "b1", now=5)
    assert heard(call.came("bob", "b9"), "bob", "b9") == ["active"]
    assert call.deadline() == 3600
    call.left("bob", "b9", now=20)
    assert call.deadline() == 50


def test_a_new_connection_takes_the_call_from_one_that_is_dead_without_anybody_knowing() -> None:
    call = call_in(S.ACTIVE)
    assert heard(call.came("bob", "b9"), "bob", "b1") == []
    assert heard(call.leg_lost("bob", now=1), "bob", "b9") == ["reconnecting"]
    tells = call.act("bob", "b9", now=2.0)
    assert heard(tells, "bob", "b1") == ["replaced"]
    assert heard(tells, "bob", "b2") == heard(tells, "bob", "b9") == heard(tells, "ann", "a1") == []
    assert tells[0].event.wire()["duration"] == 2.0
    with pytest.raises(Forbidden):
        call.act("bob", "b1", now=3)
    call.left("bob", "b1", now=4)
    assert call.deadline() == 31


def test_a_connection_that_dies_after_its_successor_came_starts_no_grace() -> None:
    call = call_in(S.ACTIVE)
    call.came("bob", "b9")
    call.left("bob", "b1", now=5)
    assert call.deadline() == 3600


def test_the_reasons_of_the_table_are_those_of_the_wire() -> None:
    assert set(END_REASONS.values()) <= set(get_args(EndReason))
