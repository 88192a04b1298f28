"""Messages: checked, stored, then told."""

import asyncio
from typing import Any

import pytest

from protocol.chat import FetchHistory, ShareLocation
from protocol.errors import (
    InvalidPayload,
    NotAMember,
    NotFound,
    ProtocolError,
    RateLimited,
    TooLarge,
    Unavailable,
)
from rooms.facts import MessageStored
from tests.rooms.house import BURST, MAX_CHARS, RATE, House, message

HISTORY = FetchHistory.from_wire({})


async def texts(house: House, match_id: str) -> list[Any]:
    return [stored.content for stored in await house.messages.page(match_id, limit=100)]


# Sending


async def test_a_message_is_stored_answered_and_told_to_everybody_the_sender_included(house: House) -> None:
    match = await house.match()
    event = message("你好 🙂", matchId=match.match_id, clientId="c1")
    sent = await house.chat.send("ann", event, current=None)
    assert (sent.seq, sent.timestamp, sent.status) == (1, "2023-11-14T22:13:20.000Z", "stored")
    (envelope,) = house.ears.envelopes
    assert (envelope.event, envelope.user_ids, envelope.skip) == ("new_message", ("ann", "bob"), None)
    assert envelope.receipt == (match.match_id, 1)
    assert envelope.payload == {
        "messageId": sent.message_id,
        "matchId": match.match_id,
        "from": "ann",
        "content": "你好 🙂",
        "type": "text",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "seq": 1,
        "clientId": "c1",
    }
    stored = await house.messages.get(sent.message_id)
    assert stored is not None
    assert house.ears.facts == [MessageStored(stored)]


async def test_the_answer_says_delivered_when_the_other_is_online(house: House) -> None:
    match = await house.match()
    await house.online.set_online("ann")
    assert (await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)).status == "stored"
    await house.online.set_online("bob")
    assert (await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)).status == "delivered"


async def test_the_same_client_id_again_gives_the_same_answer_and_tells_nobody(house: House) -> None:
    match = await house.match()
    first = await house.chat.send("ann", message("hi", matchId=match.match_id, clientId="c1"), current=None)
    house.ears.forget()
    await house.timers.advance(5)
    again = await house.chat.send("ann", message("changed", matchId=match.match_id, clientId="c1"), current=None)
    assert again == first
    assert house.ears.envelopes == []
    assert house.ears.facts == []
    assert await texts(house, match.match_id) == ["hi"]


async def test_the_same_client_id_of_somebody_else_is_another_message(house: House) -> None:
    match = await house.match()
    for user_id in ("ann", "bob"):
        await house.chat.send(user_id, message(user_id, matchId=match.match_id, clientId="c1"), current=None)
    assert await texts(house, match.match_id) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"content": "x" * (MAX_CHARS + 1)}, TooLarge, "content"),
        ({"content": " \n"}, InvalidPayload, "content"),
        ({"content": {"lat": 1, "lon": 2}}, InvalidPayload, "content"),
        ({"content": "here", "type": "location"}, InvalidPayload, "content"),
        ({"content": {"lat": 1}, "type": "location"}, InvalidPayload, "content"),
        ({"content": {"lat": 91, "lon": 2}, "type": "location"}, InvalidPayload, "content"),
        ({"content": "hi", "destructAfter": 60}, Unavailable, "destructAfter"),
        ({"content": {"id": 1}, "type": "image"}, Unavailable, "type"),
        ({"content": {"id": 1}, "type": "voice"}, Unavailable, "type"),
        ({"content": {"id": 1}, "type": "file"}, Unavailable, "type"),
        ({"content": {"id": 1}, "type": "game"}, Unavailable, "type"),
    ],
)
async def test_what_can_not_be_stored_is_refused_naming_the_field_and_costs_nothing(
    house: House, fields: dict[str, Any], error: type[ProtocolError], field: str
) -> None:
    match = await house.match()
    for _ in range(BURST + 1):
        with pytest.raises(error) as refused:
            await house.chat.send("ann", message(matchId=match.match_id, **fields), current=None)
        assert refused.value.field == field
    assert house.ears.envelopes == []
    assert await texts(house, match.match_id) == []


async def test_a_location_is_stored_with_what_a_location_has(house: House) -> None:
    match = await house.match()
    place = {"lat": 31.23, "lon": 121.47, "accuracy": 5, "note": "home"}
    await house.chat.send("ann", message(place, type="location", matchId=match.match_id), current=None)
    assert await texts(house, match.match_id) == [{"lat": 31.23, "lon": 121.47, "accuracy": 5.0}]


async def test_a_shared_place_is_a_message_of_type_location(house: House) -> None:
    match = await house.match()
    event = ShareLocation.from_wire({"lat": 31.23, "lon": 121.47})
    stored = await house.chat.share_location("ann", event, current=match.match_id)
    assert (stored.type, stored.content, stored.seq) == ("location", {"lat": 31.23, "lon": 121.47}, 1)
    (told,) = house.ears.told("new_message", "bob")
    assert (told["type"], told["content"]) == ("location", {"lat": 31.23, "lon": 121.47})


async def test_a_live_place_is_refused_naming_the_field(house: House) -> None:
    match = await house.match()
    event = ShareLocation.from_wire({"lat": 31.23, "lon": 121.47, "liveFor": 60})
    with pytest.raises(Unavailable) as refused:
        await house.chat.share_location("ann", event, current=match.match_id)
    assert refused.value.field == "liveFor"
    assert await texts(house, match.match_id) == []


async def test_a_reply_names_a_message_of_the_same_match(house: House) -> None:
    match, other = await house.match(), await house.match("ann", "cai")
    (here,) = await house.say("bob", match, "hi")
    (there,) = await house.say("cai", other, "hi")
    sent = await house.chat.send("ann", message("yes", matchId=match.match_id, replyTo=here), current=None)
    stored = await house.messages.get(sent.message_id)
    assert stored is not None
    assert stored.reply_to == here
    for wrong in (there, "01NOWHERE"):
        with pytest.raises(NotFound) as refused:
            await house.chat.send("ann", message("yes", matchId=match.match_id, replyTo=wrong), current=None)
        assert refused.value.field == "replyTo"


# Limits


async def test_past_the_burst_one_is_told_how_long_to_wait_and_then_served(house: House) -> None:
    match = await house.match()
    event = message("hi", matchId=match.match_id)
    for _ in range(BURST):
        await house.chat.send("ann", event, current=None)
    with pytest.raises(RateLimited) as refused:
        await house.chat.send("ann", event, current=None)
    wait_ms = refused.value.retry_after_ms
    assert wait_ms is not None
    assert 0 < wait_ms <= 1000 / RATE + 1
    assert len(await house.messages.page(match.match_id, limit=100)) == BURST
    await house.timers.advance(wait_ms / 1000)
    assert (await house.chat.send("ann", event, current=None)).seq == BURST + 1


async def test_the_limit_is_one_for_all_matches_and_devices_but_each_person_has_their_own(house: House) -> None:
    one, two = await house.match(), await house.match("ann", "cai")
    for number in range(BURST):
        match = (one, two)[number % 2]
        await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)
    place = ShareLocation.from_wire({"lat": 1, "lon": 2})
    with pytest.raises(RateLimited):
        await house.chat.share_location("ann", place, current=one.match_id)
    await house.chat.send("bob", message("hi", matchId=one.match_id), current=None)


async def test_a_client_id_that_was_refused_by_the_limit_may_be_sent_again(house: House) -> None:
    match = await house.match()
    for _ in range(BURST):
        await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)
    event = message("late", matchId=match.match_id, clientId="c1")
    with pytest.raises(RateLimited):
        await house.chat.send("ann", event, current=None)
    await house.timers.advance(1)
    assert (await house.chat.send("ann", event, current=None)).seq == BURST + 1


# Which match is meant


async def test_the_named_match_comes_before_the_current_one(house: House) -> None:
    named, current = await house.match(), await house.match("ann", "cai")
    event = message("hi", matchId=named.match_id, to="cai")
    await house.chat.send("ann", event, current=current.match_id)
    assert await texts(house, named.match_id) == ["hi"]


async def test_without_a_name_the_current_match_is_meant(house: House) -> None:
    match = await house.match()
    await house.chat.send("ann", message("hi"), current=match.match_id)
    await house.chat.send("ann", message("you"), current=match.match_id)
    await house.chat.send("ann", message("two", to="bob"), current=match.match_id)
    assert await texts(house, match.match_id) == ["hi", "you", "two"]


async def test_to_somebody_outside_the_current_match_means_the_match_of_the_two(house: House) -> None:
    current, other = await house.match(), await house.match("ann", "cai")
    await house.chat.send("ann", message("hi", to="cai"), current=current.match_id)
    assert await texts(house, other.match_id) == ["hi"]
    assert await texts(house, current.match_id) == []


async def test_to_alone_finds_the_match_of_the_two(house: House) -> None:
    match = await house.match()
    await house.chat.send("bob", message("hi", to="ann"), current=None)
    assert await texts(house, match.match_id) == ["hi"]


async def test_to_the_one_who_is_still_to_come_stays_in_the_room_that_waits(dev_house: House) -> None:
    await dev_house.rooms.enter("ann", "m")
    await dev_house.chat.send("ann", message("hi", to="bob"), current="m")
    assert await texts(dev_house, "m") == ["hi"]


async def test_in_development_mode_to_alone_makes_the_match(dev_house: House) -> None:
    await dev_house.chat.send("ann", message("hi", to="bob"), current=None)
    await dev_house.timers.settle()
    assert len(dev_house.ears.told("match_created", "bob")) == 1
    assert [told["content"] for told in dev_house.ears.told("new_message", "bob")] == ["hi"]


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({}, InvalidPayload, "matchId"),
        ({"to": "cai"}, NotFound, "to"),
        ({"matchId": "nowhere"}, NotFound, "matchId"),
    ],
)
async def test_a_message_to_nowhere_is_refused(
    house: House, fields: dict[str, Any], error: type[ProtocolError], field: str
) -> None:
    with pytest.raises(error) as refused:
        await house.chat.send("ann", message("hi", **fields), current=None)
    assert refused.value.field == field


async def test_nobody_writes_into_a_match_of_others(house: House) -> None:
    match = await house.match()
    for fields, current in (({"matchId": match.match_id}, None), ({}, match.match_id)):
        with pytest.raises(NotAMember):
            await house.chat.send("eve", message("hi", **fields), current=current)
    assert await texts(house, match.match_id) == []


# Neighbours that are slow or dead


async def test_a_dead_store_is_told_to_the_sender_and_to_nobody_else(house: House) -> None:
    match = await house.match()
    house.store_line.cut("append")
    event = message("hi", matchId=match.match_id, clientId="c1")
    with pytest.raises(Unavailable) as refused:
        await house.chat.send("ann", event, current=None)
    assert refused.value.retryable
    assert house.ears.envelopes == []
    assert house.ears.facts == []
    house.store_line.mend()
    assert (await house.chat.send("ann", event, current=None)).seq == 1
    assert len(house.ears.told("new_message")) == 1


async def test_nothing_is_answered_or_told_before_the_commit(house: House) -> None:
    match = await house.match()
    gate = house.store_line.hold("append")
    sending = asyncio.ensure_future(house.chat.send("ann", message("hi", matchId=match.match_id), current=None))
    await house.timers.settle()
    assert not sending.done()
    assert house.ears.envelopes == []
    gate.set()
    assert (await sending).seq == 1
    assert len(house.ears.told("new_message")) == 1


async def test_a_stored_message_is_answered_even_when_nobody_can_say_who_is_online(house: House) -> None:
    match = await house.match()
    house.store_line.cut("online")
    sent = await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)
    assert (sent.seq, sent.status) == (1, "stored")


async def test_a_dead_bus_is_told_to_the_sender_who_finds_the_message_stored_once(house: House) -> None:
    match = await house.match()
    house.bus_line.cut("publish")
    event = message("hi", matchId=match.match_id, clientId="c1")
    with pytest.raises(Unavailable):
        await house.chat.send("ann", event, current=None)
    house.bus_line.mend()
    assert (await house.chat.send("ann", event, current=None)).seq == 1
    assert await texts(house, match.match_id) == ["hi"]
