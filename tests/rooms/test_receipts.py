"""Delivered and read: written together, told once, never backwards."""

import asyncio
import logging

import pytest

from protocol.errors import InvalidPayload, NotAMember, NotFound, Unavailable
from rooms.facts import MessageReachedDevice
from rooms.model import Cursor, Match
from tests.rooms.house import FLUSH_S, House


async def talk(house: House, count: int = 3) -> Match:
    """A match with some messages of ann's, what they told forgotten."""
    match = await house.match()
    await house.say("ann", match, *["hi"] * count)
    house.ears.forget()
    house.store_line.calls.clear()
    return match


def status(match: Match, user_id: str, delivered: int, read: int) -> dict[str, object]:
    return {"matchId": match.match_id, "userId": user_id, "deliveredSeq": delivered, "readSeq": read}


async def test_what_reaches_devices_is_written_once_and_told_to_everybody(house: House) -> None:
    match = await talk(house)
    for seq in (1, 2, 3, 3, 2):
        house.facts.publish(MessageReachedDevice(match.match_id, "bob", seq))
    await house.timers.advance(FLUSH_S / 2)
    assert house.ears.envelopes == []
    await house.timers.advance(FLUSH_S)
    for user_id in ("ann", "bob"):
        assert house.ears.told("message_status", user_id) == [status(match, "bob", 3, 0)]
    assert house.store_line.calls.count("advance") == 1
    assert house.timers.armed == []


async def test_cursors_of_many_rooms_share_one_commit(house: House) -> None:
    one, two = await talk(house), await talk(house)
    for match in (one, two):
        house.receipts.delivered(match.match_id, "bob", 1)
        house.receipts.delivered(match.match_id, "ann", 1)
    await house.timers.advance(FLUSH_S)
    assert house.store_line.calls.count("advance") == 1
    assert len(house.ears.told("message_status")) == 4


async def test_flushing_before_the_time_writes_and_disarms(house: House) -> None:
    match = await talk(house)
    house.receipts.delivered(match.match_id, "bob", 2)
    await house.receipts.flush()
    assert house.ears.told("message_status") == [status(match, "bob", 2, 0)]
    assert house.timers.armed == []
    await house.receipts.flush()
    assert house.store_line.calls.count("advance") == 1


async def test_reading_implies_delivery_and_is_told_at_once(house: House) -> None:
    match = await talk(house)
    assert await house.receipts.read("bob", match.match_id, 2) == 2
    assert house.ears.told("message_status", "ann") == [status(match, "bob", 2, 2)]
    assert (await house.messages.cursors(match.match_id))["bob"] == Cursor(match.match_id, "bob", 2, 2)


async def test_a_cursor_that_stands_further_is_answered_as_it_stands_and_not_told_again(house: House) -> None:
    match = await talk(house)
    answers = [await house.receipts.read("bob", match.match_id, seq) for seq in (3, 1, 0, 3)]
    assert answers == [3, 3, 3, 3]
    assert house.ears.told("message_status") == [status(match, "bob", 3, 3)]


async def test_a_delivery_of_what_is_read_already_is_not_told(house: House) -> None:
    match = await talk(house)
    await house.receipts.read("bob", match.match_id, 3)
    house.ears.forget()
    house.receipts.delivered(match.match_id, "bob", 2)
    await house.timers.advance(FLUSH_S)
    assert house.ears.envelopes == []


async def test_a_seq_that_no_message_has_yet_can_not_be_read(house: House) -> None:
    match = await talk(house)
    with pytest.raises(InvalidPayload) as refused:
        await house.receipts.read("bob", match.match_id, 4)
    assert refused.value.field == "seq"
    assert house.ears.envelopes == []
    assert await house.receipts.read("bob", match.match_id, 3) == 3


async def test_only_members_read(house: House) -> None:
    match = await talk(house)
    with pytest.raises(NotAMember):
        await house.receipts.read("eve", match.match_id, 1)
    with pytest.raises(NotFound):
        await house.receipts.read("bob", "nowhere", 1)


async def test_a_room_that_is_known_no_more_is_not_told(house: House) -> None:
    house.receipts.delivered("nowhere", "bob", 1)
    await house.timers.advance(FLUSH_S)
    assert house.ears.envelopes == []


# Neighbours that are slow or dead


async def test_a_reader_is_told_that_the_store_is_dead_and_nobody_else_is_told_anything(house: House) -> None:
    match = await talk(house)
    house.store_line.cut("advance")
    with pytest.raises(Unavailable):
        await house.receipts.read("bob", match.match_id, 2)
    assert house.ears.envelopes == []
    house.store_line.mend()
    assert await house.receipts.read("bob", match.match_id, 2) == 2
    assert house.ears.told("message_status") == [status(match, "bob", 2, 2)]


async def test_deliveries_wait_while_the_store_is_dead_and_one_line_says_so(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    match = await talk(house)
    house.store_line.cut("advance")
    with caplog.at_level(logging.WARNING, logger="rooms"):
        house.receipts.delivered(match.match_id, "bob", 2)
        await house.timers.advance(1)
        house.receipts.delivered(match.match_id, "bob", 1)
        house.receipts.delivered(match.match_id, "ann", 3)
        await house.timers.advance(60)
        assert house.ears.envelopes == []
        assert [record.message for record in caplog.records] == ["receipts wait for the store"]
        house.store_line.mend()
        await house.timers.advance(FLUSH_S)
    assert house.ears.told("message_status") == [status(match, "bob", 2, 0), status(match, "ann", 3, 0)]
    house.store_line.cut("advance")
    house.receipts.delivered(match.match_id, "bob", 3)
    with caplog.at_level(logging.WARNING, logger="rooms"):
        await house.timers.advance(1)
    assert len(caplog.records) == 2


async def test_a_flush_that_is_asked_for_says_that_the_store_is_dead_and_loses_nothing(house: House) -> None:
    match = await talk(house)
    house.receipts.delivered(match.match_id, "bob", 2)
    house.store_line.cut("advance")
    with pytest.raises(Unavailable):
        await house.receipts.flush()
    house.store_line.mend()
    await house.receipts.flush()
    assert house.ears.told("message_status") == [status(match, "bob", 2, 0)]


async def test_while_a_slow_store_writes_what_comes_goes_into_the_next_commit(house: House) -> None:
    match = await talk(house)
    gate = house.store_line.hold("advance")
    house.receipts.delivered(match.match_id, "bob", 1)
    await house.timers.advance(FLUSH_S)
    house.receipts.delivered(match.match_id, "bob", 3)
    assert house.ears.envelopes == []
    gate.set()
    await house.timers.settle()
    await house.timers.advance(FLUSH_S)
    assert house.ears.told("message_status") == [status(match, "bob", 1, 0), status(match, "bob", 3, 0)]


async def test_of_two_answers_that_overtake_each_other_the_older_one_is_not_told(house: House) -> None:
    match = await talk(house)
    gate = house.store_line.hold("advance")
    slow = asyncio.ensure_future(house.receipts.read("bob", match.match_id, 1))
    await house.timers.settle()
    assert await house.receipts.read("bob", match.match_id, 3) == 3
    gate.set()
    assert await slow == 1
    assert house.ears.told("message_status") == [status(match, "bob", 3, 3)]
