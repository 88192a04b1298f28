"""Typing: told at once to every other device, lapses by itself."""

import asyncio

import pytest

from protocol.errors import NotAMember, NotFound, Unavailable
from rooms.facts import UserWentOffline
from rooms.model import Match
from tests.rooms.house import LAPSE_S, House, message


def typing(match: Match, on: bool, user_id: str = "ann") -> dict[str, object]:
    return {"matchId": match.match_id, "userId": user_id, "typing": on}


async def begin(house: House, match: Match, user_id: str = "ann", connection_id: str = "c1") -> None:
    await house.typing.set(user_id, match.match_id, typing=True, connection_id=connection_id)


async def test_typing_goes_to_every_device_of_the_room_but_the_one_that_said_so(house: House) -> None:
    match = await house.match()
    await begin(house, match)
    (envelope,) = house.ears.envelopes
    assert (envelope.user_ids, envelope.skip, envelope.payload) == (("ann", "bob"), "c1", typing(match, True))
    await house.typing.set("ann", match.match_id, typing=False, connection_id="c2")
    assert house.ears.envelopes[1].skip == "c2"
    assert house.ears.envelopes[1].payload == typing(match, False)
    assert house.timers.armed == []


async def test_a_silent_typist_lapses_after_six_seconds(house: House) -> None:
    match = await house.match()
    await begin(house, match)
    await house.timers.advance(LAPSE_S - 0.1)
    assert len(house.ears.told("typing")) == 1
    await house.timers.advance(0.1)
    assert house.ears.told("typing", "bob") == [typing(match, True), typing(match, False)]
    assert house.ears.envelopes[1].skip is None


async def test_who_goes_on_typing_is_told_once_and_lapses_later(house: House) -> None:
    match = await house.match()
    for _ in range(4):
        await begin(house, match)
        await house.timers.advance(LAPSE_S - 1)
    assert house.ears.told("typing") == [typing(match, True)]
    await house.timers.advance(1)
    assert house.ears.told("typing") == [typing(match, True), typing(match, False)]


async def test_a_message_ends_typing_of_its_sender_in_its_room_only(house: House) -> None:
    match, other = await house.match(), await house.match("ann", "cai")
    await begin(house, match)
    await begin(house, other)
    await begin(house, match, "bob", "c2")
    house.ears.forget()
    await house.chat.send("ann", message("hi", matchId=match.match_id), current=None)
    await house.timers.settle()
    assert house.ears.told("typing") == [typing(match, False)]
    assert len(house.ears.told("new_message")) == 1


async def test_a_message_of_somebody_who_was_not_typing_tells_nothing(house: House) -> None:
    match = await house.match()
    await house.say("ann", match, "hi")
    assert house.ears.told("typing") == []


async def test_one_who_went_offline_types_nowhere(house: House) -> None:
    match, other = await house.match(), await house.match("ann", "cai")
    await begin(house, match)
    await begin(house, other)
    house.ears.forget()
    house.facts.publish(UserWentOffline("ann", 0))
    await house.timers.settle()
    assert house.ears.told("typing") == [typing(match, False), typing(other, False)]
    assert house.timers.armed == []


async def test_only_members_type(house: House) -> None:
    match = await house.match()
    with pytest.raises(NotAMember):
        await begin(house, match, "eve")
    with pytest.raises(NotFound):
        await house.typing.set("ann", "nowhere", typing=True, connection_id="c1")
    assert house.ears.envelopes == []


async def test_a_room_that_is_known_no_more_is_not_told(house: House) -> None:
    match = await house.match()
    await begin(house, match)
    house.rooms._matches.drop(match.match_id)
    house.tables.matches.clear()
    house.ears.forget()
    await house.timers.advance(LAPSE_S)
    assert house.ears.envelopes == []


# Neighbours that are slow or dead


async def test_a_dead_store_lets_nobody_type_in_a_room_it_does_not_remember(house: House) -> None:
    match = await house.match()
    house.rooms._matches.drop(match.match_id)
    house.store_line.cut("match")
    with pytest.raises(Unavailable):
        await begin(house, match)
    assert house.timers.armed == []


async def test_typing_lapses_even_when_the_bus_was_dead_as_it_began(house: House) -> None:
    match = await house.match()
    house.bus_line.cut("publish")
    with pytest.raises(Unavailable):
        await begin(house, match)
    house.bus_line.mend()
    await house.timers.advance(LAPSE_S)
    assert house.ears.told("typing") == [typing(match, False)]


async def test_a_slow_bus_does_not_move_the_lapse(house: House) -> None:
    match = await house.match()
    gate = house.bus_line.hold("publish")
    beginning = asyncio.ensure_future(begin(house, match))
    await house.timers.settle()
    assert house.timers.armed == [LAPSE_S]
    gate.set()
    await beginning
