"""Calls of two people: rung, answered, ended, told, written down."""

import asyncio

import pytest

from media import facts as kinds
from protocol.calls import RequestVideoCall
from protocol.errors import (
    Busy,
    Conflict,
    Forbidden,
    Gone,
    InvalidPayload,
    NotAMember,
    NotFound,
    RateLimited,
    Unavailable,
)
from rooms.model import Match
from tests.media.house import CallHouse
from tests.support.media import TURN

LATER = "2023-11-14T22:14:05.000Z"  # 45 s after the epoch of the fake clock


async def test_a_call_rings_and_the_caller_is_told_how_long(calls: CallHouse) -> None:
    ack = await calls.start(video=True)
    assert (ack.state, ack.expires_at, ack.ice_servers) == ("ringing", LATER, [TURN])
    ringing = {
        "callId": ack.call_id,
        "matchId": calls.match_id,
        "from": "ann",
        "audio": True,
        "video": True,
        "mode": "relay",
        "expiresAt": LATER,
    }
    assert calls.heard("b1", "incoming_call") == calls.heard("b2", "incoming_call") == [ringing]
    assert calls.heard("a1") == []
    started = kinds.CallStarted(ack.call_id, calls.match_id, "ann", ("bob",), video=True, mode="relay")
    assert calls.ears.facts == [started]


async def test_a_whole_call_is_told_and_written_down(calls: CallHouse) -> None:
    call_id = (await calls.start(video=True)).call_id
    await calls.timers.advance(4)
    answered = await calls.answer(call_id)
    assert (answered.call_id, answered.state, answered.ice_servers) == (call_id, "connecting", [TURN])
    assert (await calls.offer(call_id, "a1")).sdp == "answer to offer of a1"
    assert (await calls.offer(call_id, "b1")).sdp == "answer to offer of b1"
    await calls.timers.advance(0.5)
    calls.media.up(call_id, "ann", "bob")
    await calls.timers.advance(60)
    assert await calls.end(call_id, "b1") == "completed"
    states = [("call_state", "connecting"), ("call_state", "active"), ("call_ended", "completed")]
    assert calls.heard("a1") == states
    assert calls.heard("b1") == [("incoming_call", None), *states]
    assert calls.heard("b2") == [("incoming_call", None), ("call_ended", "answered_elsewhere")]
    assert calls.heard("a2") == []
    (entry,) = calls.ears.told("new_message", "ann")
    content = {"callId": call_id, "reason": "completed", "duration": 60.0, "video": True}
    assert (entry["type"], entry["from"], entry["content"], entry["seq"]) == ("call", "ann", content, 1)
    assert calls.ears.told("new_message", "bob") == [entry]
    connected = kinds.CallConnected(call_id, calls.match_id, 0.5)
    assert connected in calls.ears.facts
    ended = kinds.CallEnded(call_id, calls.match_id, ("ann", "bob"), "completed", 60.0)
    assert [fact for fact in calls.ears.facts if isinstance(fact, kinds.CallEnded)] == [ended]
    assert calls.media.closed == [call_id]
    assert calls.timers.armed == []
    assert calls.calls.running == 0


@pytest.mark.parametrize("accept", [True, False])
async def test_a_call_that_was_never_connected_is_written_down_with_its_reason(calls: CallHouse, accept: bool) -> None:
    call_id = (await calls.start()).call_id
    if accept:
        calls.calls.cancel("ann", "a1", call_id)
    else:
        assert (await calls.answer(call_id, accept=False)).model_dump()["ice_servers"] == []
    await calls.timers.settle()
    reason = "cancelled" if accept else "declined"
    (entry,) = calls.ears.told("new_message", "bob")
    assert entry["content"] == {"callId": call_id, "reason": reason, "duration": 0.0, "video": False}
    assert calls.heard("a1", "call_ended") == [{"callId": call_id, "reason": reason, "duration": 0.0}]


async def test_ringing_ends_by_itself(calls: CallHouse) -> None:
    await calls.start()
    await calls.timers.advance(44.9)
    assert calls.calls.running == 1
    await calls.timers.advance(0.1)
    assert calls.heard("a1") == [("call_ended", "no_answer")]
    assert calls.heard("b2") == [("incoming_call", None), ("call_ended", "no_answer")]
    assert calls.timers.armed == []


async def test_a_call_that_does_not_connect_fails(calls: CallHouse) -> None:
    await calls.answer((await calls.start()).call_id)
    await calls.timers.advance(30)
    assert calls.heard("b1")[-1] == ("call_ended", "failed")


# Who may be called


async def test_only_members_of_the_match_ring_each_other(calls: CallHouse) -> None:
    with pytest.raises(NotAMember):
        await calls.start("c1")
    with pytest.raises(NotFound):
        await calls.start(match_id="nowhere")
    with pytest.raises(InvalidPayload):
        await calls.start(matchId=None)
    assert calls.ears.envelopes == []


async def test_a_match_that_waits_for_its_second_person_has_nobody_to_ring(calls: CallHouse) -> None:
    await calls.house.relations.create_match(Match("half", "pair", ("ann",), 0))
    with pytest.raises(Conflict):
        await calls.start(match_id="half")


async def test_groups_are_not_rung_yet(calls: CallHouse) -> None:
    group = await calls.house.match("ann", "bob", "carol")
    with pytest.raises(Unavailable):
        await calls.start(match_id=group.match_id)


async def test_a_caller_who_is_in_a_call_is_busy(calls: CallHouse) -> None:
    await calls.active()
    other = await calls.house.match("ann", "carol")
    for device, match_id in (("a1", calls.match_id), ("a2", other.match_id), ("b2", calls.match_id)):
        with pytest.raises(Busy):
            await calls.start(device, match_id)


async def test_a_busy_callee_hears_nothing_and_the_caller_learns_it_after_the_answer(calls: CallHouse) -> None:
    await calls.active()
    other = await calls.house.match("carol", "bob")
    ack = await calls.start("c1", other.match_id)
    assert (ack.state, ack.ice_servers) == ("ended", [])
    assert calls.heard("c1", "call_ended") == [{"callId": ack.call_id, "reason": "busy", "duration": 0.0}]
    assert calls.heard("b1") == calls.heard("b2") == []
    assert calls.ears.told("new_message") == []
    assert calls.ears.facts == [kinds.CallEnded(ack.call_id, other.match_id, ("carol",), "busy", 0.0)]
    with pytest.raises(Gone):
        await calls.end(ack.call_id, "c1")
    with pytest.raises(NotAMember):
        await calls.end(ack.call_id, "b1")


async def test_who_is_rung_is_busy_for_others(calls: CallHouse) -> None:
    await calls.start()
    other = await calls.house.match("carol", "bob")
    assert (await calls.start("c1", other.match_id)).state == "ended"


async def test_a_caller_who_is_in_a_call_of_another_node_is_busy(calls: CallHouse) -> None:
    await calls.claims.claim("elsewhere", ("ann",))
    with pytest.raises(Busy):
        await calls.start()
    assert (await calls.start("b1")).state == "ended"


async def test_both_may_be_rung_again_at_once_after_a_call(calls: CallHouse) -> None:
    await calls.end(await calls.active())
    assert (await calls.start("b2")).state == "ringing"


async def test_a_call_that_is_over_holds_nobody_even_when_its_claims_could_not_be_given_back(
    calls: CallHouse,
) -> None:
    call_id = await calls.active()
    calls.claims_line.cut("release")
    await calls.end(call_id)
    calls.claims_line.mend()
    assert (await calls.start()).state == "ringing"


async def test_a_pair_may_ring_five_times_in_a_while(calls: CallHouse) -> None:
    for device in ("a1", "b1", "a1", "b1", "a2"):
        await calls.end((await calls.start(device)).call_id, device)
    with pytest.raises(RateLimited) as caught:
        await calls.start("b2")
    assert caught.value.retry_after_ms == 120_001
    other = await calls.house.match("ann", "carol")
    assert (await calls.start("a1", other.match_id)).state == "ringing"


async def test_the_same_client_id_is_the_same_call_and_rings_once(calls: CallHouse) -> None:
    first, again = await asyncio.gather(calls.start(clientId="x"), calls.start(clientId="x"))
    assert again == first
    assert len(calls.ears.told("incoming_call")) == 1
    await calls.answer(first.call_id)
    assert (await calls.start(clientId="x")).state == "connecting"
    await calls.end(first.call_id)
    ended = await calls.start(clientId="x")
    assert (ended.call_id, ended.state) == (first.call_id, "ended")
    assert (await calls.start(clientId="y")).call_id != first.call_id


async def test_rings_that_cross_connect_the_two(calls: CallHouse) -> None:
    first, second = await asyncio.gather(calls.start("a1"), calls.start("b1"))
    assert first.call_id == second.call_id
    assert (first.state, second.state) == ("ringing", "connecting")
    assert calls.heard("a1") == [("call_state", "connecting")]
    assert calls.heard("b2") == [("incoming_call", None), ("call_ended", "answered_elsewhere")]
    with pytest.raises(Busy):
        await calls.start("b1")


async def test_rings_that_cross_while_the_claims_are_slow_connect_the_two(calls: CallHouse) -> None:
    gate = calls.claims_line.hold("claim")
    both = asyncio.gather(calls.start("a1"), calls.start("b1"))
    await calls.timers.settle()
    gate.set()
    first, second = await both
    assert first.call_id == second.call_id


async def test_the_named_person_is_rung_without_a_match(calls: CallHouse) -> None:
    event = RequestVideoCall.from_wire({})
    ack = await calls.calls.start("ann", "a1", event, current=None, to="bob")
    await calls.timers.settle()
    assert calls.heard("b1", "incoming_call")[0]["callId"] == ack.call_id


# Who may do what


async def test_unknown_calls_are_not_found_and_those_of_others_forbidden(calls: CallHouse) -> None:
    call_id = await calls.active()
    for act in (calls.end, calls.answer, calls.mute, calls.offer):
        with pytest.raises(NotFound):
            await act("unknown", "a1")
        with pytest.raises(NotAMember):
            await act(call_id, "c1")


async def test_after_the_end_every_event_of_the_call_is_gone_for_ten_minutes(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.end(call_id)
    for act in (calls.end, calls.answer, calls.mute, calls.offer):
        with pytest.raises(Gone):
            await act(call_id, "b1")
    with pytest.raises(Gone):
        calls.calls.cancel("ann", "a1", call_id)
    with pytest.raises(Gone):
        await calls.candidate(call_id, "a1", None)
    with pytest.raises(Gone):
        await calls.sdp_answer(call_id, "a1", "bob")
    await calls.timers.advance(600)
    with pytest.raises(NotFound):
        await calls.end(call_id)


async def test_media_of_a_call_that_is_over_means_nothing(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.end(call_id)
    calls.ears.forget()
    calls.media.up(call_id, "ann")
    calls.media.lost(call_id, "ann")
    await calls.timers.settle()
    assert calls.ears.envelopes == []


# Media


async def test_the_caller_may_offer_while_it_rings_and_the_callee_once_it_has_answered(calls: CallHouse) -> None:
    call_id = (await calls.start()).call_id
    await calls.offer(call_id, "a1")
    with pytest.raises(Conflict):
        await calls.offer(call_id, "b1")
    await calls.answer(call_id)
    await calls.offer(call_id, "b1")
    assert calls.media.offers == [(call_id, "ann", "offer of a1"), (call_id, "bob", "offer of b1")]


async def test_what_the_media_plane_refuses_is_refused_and_the_call_goes_on(calls: CallHouse) -> None:
    call_id = await calls.active()
    calls.media.error = InvalidPayload("no fingerprint", field="sdp")
    with pytest.raises(InvalidPayload):
        await calls.offer(call_id, "a1")
    assert calls.calls.running == 1


async def test_a_leg_that_was_made_while_the_call_ended_is_dropped(calls: CallHouse) -> None:
    call_id = (await calls.start()).call_id
    calls.media.gate = asyncio.Event()
    offering = asyncio.ensure_future(calls.offer(call_id, "a1"))
    await calls.timers.settle()
    await calls.end(call_id)
    calls.media.gate.set()
    with pytest.raises(Gone):
        await offering
    assert calls.media.closed == [call_id, call_id]


async def test_lost_media_is_told_to_both_and_ends_the_call_when_it_stays_away(calls: CallHouse) -> None:
    call_id = await calls.active()
    calls.media.lost(call_id, "bob")
    await calls.timers.advance(10)
    assert calls.heard("a1") == calls.heard("b1") == [("call_state", "reconnecting")]
    assert calls.heard("a1", "call_state")[0]["participants"] == [
        {"userId": "ann", "state": "joined"},
        {"userId": "bob", "state": "reconnecting"},
    ]
    calls.media.back(call_id, "bob")
    await calls.timers.advance(100)
    assert calls.heard("b1")[1:] == [("call_state", "active")]
    calls.media.lost(call_id, "ann")
    await calls.timers.advance(30)
    assert calls.heard("b1")[2:] == [("call_state", "reconnecting"), ("call_ended", "connection_lost")]


async def test_no_call_outlasts_the_longest(calls: CallHouse) -> None:
    await calls.active()
    await calls.timers.advance(4 * 3600)
    assert calls.heard("a1", "call_ended")[0]["reason"] == "max_duration"


async def test_a_mute_is_told_to_the_device_of_the_other(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.mute(call_id, "a1")
    told = {"callId": call_id, "userId": "ann", "audio": False, "video": True, "screen": False}
    assert calls.heard("b1", "call_media") == [told]
    assert calls.heard("a1") == calls.heard("b2") == []


# Peer to peer


async def test_in_a_relay_call_nothing_reaches_the_other_person(calls: CallHouse) -> None:
    call_id = await calls.active()
    for work in (
        calls.offer(call_id, "a1", target="bob"),
        calls.sdp_answer(call_id, "a1", "bob"),
        calls.candidate(call_id, "a1", {"candidate": "x"}, target="bob"),
    ):
        with pytest.raises(Forbidden):
            await work
    await calls.candidate(call_id, "a1", {"candidate": "x"})
    assert calls.ears.envelopes == []
    assert calls.media.offers == []


async def test_a_peer_to_peer_call_is_signalled_between_the_two_devices(calls: CallHouse) -> None:
    call_id = (await calls.start(mode="p2p")).call_id
    await calls.answer(call_id)
    with pytest.raises(Forbidden):
        await calls.offer(call_id, "a1", target="bob")
    assert (await calls.consent(call_id, "b1", "p2p")).effective
    assert (await calls.offer(call_id, "a1", target="bob")).wire() == {}
    await calls.candidate(call_id, "a1", {"candidate": "x", "sdpMid": "0", "sdpMLineIndex": 0}, target="bob")
    await calls.candidate(call_id, "a1", None, target="bob")
    await calls.sdp_answer(call_id, "b1", "ann")
    common = {"callId": call_id, "from": "ann"}
    assert calls.heard("b1", "webrtc_offer") == [{**common, "sdp": "offer of a1"}]
    assert calls.heard("b1", "ice_candidate") == [
        {**common, "candidate": {"candidate": "x", "sdpMid": "0", "sdpMLineIndex": 0}},
        {**common, "candidate": None},
    ]
    assert calls.heard("a1", "webrtc_answer") == [{"callId": call_id, "from": "bob", "sdp": "answer of b1"}]
    assert calls.heard("a1", "webrtc_offer") == calls.heard("b2", "webrtc_offer") == []
    assert calls.heard("a1")[-1] == ("call_state", "active")
    assert calls.media.offers == []


async def test_consents_are_told_to_both_and_can_be_taken_back(calls: CallHouse) -> None:
    call_id = await calls.active()
    assert not (await calls.consent(call_id, "a1", "p2p")).effective
    assert (await calls.consent(call_id, "b1", "p2p")).effective
    assert not (await calls.consent(call_id, "a1", "p2p", granted=False)).effective
    for device in ("a1", "b1"):
        assert [
            (told["userId"], told["granted"], told["effective"]) for told in calls.heard(device, "call_consent")
        ] == [("ann", True, False), ("bob", True, True), ("ann", False, False)]
    with pytest.raises(Unavailable):
        await calls.consent(call_id, "a1", "record")


async def test_rings_that_cross_are_peer_to_peer_only_when_both_wanted_it(calls: CallHouse) -> None:
    call_id = (await calls.start("a1", mode="p2p")).call_id
    await calls.start("b1")
    with pytest.raises(Forbidden):
        await calls.offer(call_id, "a1", target="bob")
    await calls.end(call_id)
    call_id = (await calls.start("a1", mode="p2p")).call_id
    await calls.start("b1", mode="p2p")
    await calls.offer(call_id, "a1", target="bob")
    assert len(calls.heard("b1", "webrtc_offer")) == 1
