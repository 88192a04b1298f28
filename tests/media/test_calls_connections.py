"""Calls whose people lose connections, whose neighbours fail, whose server stops."""

import asyncio
import logging

import pytest

from media import facts as kinds
from protocol.errors import Forbidden, Unavailable
from tests.media.house import CallHouse


async def test_a_device_that_connects_while_it_rings_rings(calls: CallHouse) -> None:
    call_id = (await calls.start()).call_id
    await calls.came("b3")
    assert [event["callId"] for event in calls.heard("b3", "incoming_call")] == [call_id, call_id]
    assert len(calls.heard("b1", "incoming_call")) == 1


async def test_connections_of_people_without_a_call_mean_nothing(calls: CallHouse) -> None:
    await calls.came("a1")
    await calls.left("a1")
    assert calls.ears.envelopes == []
    assert calls.timers.armed == []


async def test_a_lost_connection_ends_nothing_while_the_person_comes_back(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.left("b1")
    await calls.timers.advance(29)
    assert calls.ears.envelopes == []
    await calls.came("b7")
    assert calls.heard("b7") == [("call_state", "active")]
    assert calls.heard("a1") == []
    await calls.timers.advance(60)
    assert (await calls.offer(call_id, "b7")).sdp == "answer to offer of b7"
    assert await calls.end(call_id, "b7") == "completed"
    assert calls.heard("a1") == [("call_ended", "completed")]


async def test_another_device_may_take_over_after_the_loss_alone(calls: CallHouse) -> None:
    call_id = await calls.active()
    with pytest.raises(Forbidden):
        await calls.mute(call_id, "b2")
    await calls.left("b1")
    await calls.mute(call_id, "b2")
    assert calls.heard("b1") == calls.heard("b2") == calls.heard("b3") == []
    with pytest.raises(Forbidden):
        await calls.mute(call_id, "b3")
    await calls.timers.advance(60)
    assert calls.calls.running == 1


async def test_who_stays_away_for_the_grace_time_has_lost_the_connection(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.timers.advance(10)
    await calls.left("b1")
    await calls.timers.advance(30)
    assert calls.heard("a1", "call_ended") == [{"callId": call_id, "reason": "connection_lost", "duration": 40.0}]


# Neighbours that are slow or dead


async def test_nobody_rings_while_the_claims_are_dead(calls: CallHouse) -> None:
    calls.claims_line.cut("claim")
    with pytest.raises(Unavailable):
        await calls.start()
    calls.claims_line.mend()
    assert (await calls.start()).state == "ringing"


async def test_a_dead_store_or_media_plane_does_not_keep_a_call_from_its_end(
    calls: CallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = await calls.active()
    calls.house.store_line.cut("append")
    calls.claims_line.cut("release")
    with caplog.at_level(logging.WARNING, "media.calls"):
        await calls.end(call_id)
    assert calls.heard("b1") == [("call_ended", "completed")]
    assert calls.ears.told("new_message") == []
    assert [vars(record)["part"] for record in caplog.records] == ["claims", "chat entry"]
    assert calls.media.closed == [call_id]


async def test_what_a_dead_bus_does_not_take_is_lost_and_the_rest_is_told(
    calls: CallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    call_id = (await calls.start()).call_id
    calls.house.bus_line.cut("publish")
    with caplog.at_level(logging.WARNING, "rooms.letters"):
        await calls.answer(call_id)
    assert [vars(record)["event"] for record in caplog.records] == ["call_ended", "call_state", "call_state"]
    calls.house.bus_line.mend()
    await calls.end(call_id)
    assert calls.heard("a1") == [("call_ended", "completed")]


async def test_events_keep_their_order_while_the_bus_is_slow(calls: CallHouse) -> None:
    call_id = (await calls.start()).call_id
    gate = calls.house.bus_line.hold("publish", before=True)
    await calls.answer(call_id)
    calls.media.up(call_id, "ann", "bob")
    await calls.end(call_id)
    assert calls.heard("a1") == []
    gate.set()
    await calls.timers.settle()
    assert calls.heard("a1") == [("call_state", "connecting"), ("call_state", "active"), ("call_ended", "completed")]


# The end of the server


async def test_a_server_that_stops_ends_every_call_and_waits_until_it_is_told(calls: CallHouse) -> None:
    ringing = await calls.house.match("carol", "dan")
    await calls.active()
    await calls.start("c1", ringing.match_id)
    calls.ears.forget()
    await calls.calls.close()
    assert calls.heard("a1") == calls.heard("b1") == calls.heard("c1") == [("call_ended", "server_shutdown")]
    assert len(calls.ears.told("new_message")) == 2
    assert [fact.reason for fact in calls.ears.facts if isinstance(fact, kinds.CallEnded)] == ["server_shutdown"] * 2
    assert calls.timers.armed == []
    with pytest.raises(Unavailable):
        await calls.start()


async def test_a_server_that_stops_waits_for_calls_that_have_just_ended(calls: CallHouse) -> None:
    call_id = await calls.active()
    gate = calls.claims_line.hold("release")
    await calls.end(call_id)
    closing = asyncio.ensure_future(calls.calls.close())
    await calls.timers.settle()
    assert not closing.done()
    gate.set()
    await closing
    assert len(calls.ears.told("new_message")) == 1
