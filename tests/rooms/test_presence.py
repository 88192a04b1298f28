"""Who is connected, told to those who care."""

import asyncio

import pytest

from protocol.errors import Unavailable
from rooms.facts import UserCameOnline, UserWentOffline
from tests.rooms.house import GRACE_S, House
from tests.support.clock import EPOCH_MS

DAY_S = 86_400.0


async def come(house: House, user_id: str, connection_id: str | None = None) -> None:
    await house.presence.connected(user_id, connection_id or user_id)
    await house.timers.settle()


async def test_matched_people_who_are_online_are_told_and_nobody_else(house: House) -> None:
    await house.match("ann", "bob")
    await house.match("ann", "cai")
    await house.match("bob", "dan")
    for user_id in ("bob", "dan"):
        await come(house, user_id)
    house.ears.forget()
    await come(house, "ann")
    (envelope,) = house.ears.envelopes
    assert envelope.user_ids == ("bob",)
    assert envelope.payload == {"userId": "ann", "online": True, "lastSeen": "2023-11-14T22:13:20.000Z"}
    assert house.ears.facts == [UserCameOnline("ann")]
    assert await house.presence.online(["ann", "bob", "cai"]) == {"ann", "bob"}


async def test_a_second_device_and_a_reload_tell_nobody(house: House) -> None:
    await house.match()
    await come(house, "bob")
    await come(house, "ann", "c1")
    house.ears.forget()
    await come(house, "ann", "c2")
    assert house.presence.devices("ann") == 2
    house.presence.disconnected("ann", "c1")
    house.presence.disconnected("ann", "c2")
    await house.timers.advance(GRACE_S - 0.1)
    assert await house.presence.online(["ann"]) == {"ann"}
    await come(house, "ann", "c3")
    await house.timers.advance(10 * GRACE_S)
    assert house.ears.envelopes == []
    assert house.ears.facts == []
    assert house.timers.armed == []


async def test_after_the_grace_time_one_is_offline_and_last_seen_is_kept(house: House) -> None:
    await house.match()
    await come(house, "bob")
    await come(house, "ann")
    house.ears.forget()
    house.presence.disconnected("ann", "ann")
    await house.timers.advance(GRACE_S)
    gone_ms = EPOCH_MS + int(GRACE_S * 1000)
    assert house.ears.told("presence", "bob") == [
        {"userId": "ann", "online": False, "lastSeen": "2023-11-14T22:13:30.000Z"}
    ]
    assert house.ears.facts == [UserWentOffline("ann", gone_ms)]
    assert await house.presence.online(["ann"]) == frozenset()
    assert (await house.relations.users(["ann"]))["ann"].last_seen_ms == gone_ms


async def test_one_who_comes_back_in_the_very_moment_is_not_told_offline(house: House) -> None:
    await house.match()
    await come(house, "bob")
    await come(house, "ann", "c1")
    house.ears.forget()
    house.presence.disconnected("ann", "c1")
    house.clock.now_s = GRACE_S
    house.presence._ring()
    await come(house, "ann", "c2")
    assert [told["online"] for told in house.ears.told("presence", "bob")] == [True]
    assert await house.presence.online(["ann"]) == {"ann"}
    assert UserWentOffline not in map(type, house.ears.facts)


async def test_a_device_nobody_knows_changes_nothing(house: House) -> None:
    house.presence.disconnected("ann", "c1")
    assert house.timers.armed == []
    assert house.presence.devices("ann") == 0


async def test_counts_are_of_now_and_of_the_last_day(house: House) -> None:
    await house.match("ann", "bob")
    assert await house.presence.counts() == (0, 0)
    await come(house, "ann")
    await come(house, "bob")
    house.presence.disconnected("bob", "bob")
    await house.timers.advance(GRACE_S)
    assert await house.presence.counts() == (1, 2)
    assert await house.presence.all_online(limit=5) == ["ann"]
    await house.timers.advance(2 * DAY_S)
    # Whoever is online now counts as seen, however long ago they came.
    assert await house.presence.counts() == (1, 1)


async def test_when_the_server_stops_last_seen_is_now_for_all_who_are_here(house: House) -> None:
    await house.match("ann", "bob")
    await house.match("cai", "dan")
    await house.presence.close()
    for user_id in ("ann", "bob"):
        await come(house, user_id)
    house.presence.disconnected("bob", "bob")
    await house.timers.advance(5)
    await house.presence.close()
    users = await house.relations.users(["ann", "bob", "cai"])
    now_ms = house.clock.wall_ms()
    assert {user_id: user.last_seen_ms for user_id, user in users.items()} == {
        "ann": now_ms,
        "bob": now_ms,
        "cai": None,
    }


# Neighbours that are slow or dead


async def test_a_dead_presence_store_is_told_to_the_device_and_to_nobody_else(house: House) -> None:
    await house.match()
    house.store_line.cut("set_online")
    with pytest.raises(Unavailable):
        await house.presence.connected("ann", "c1")
    await house.timers.settle()
    assert house.ears.envelopes == []
    assert house.ears.facts == []


async def test_a_device_that_was_refused_by_a_dead_store_is_no_device_and_its_next_try_counts(house: House) -> None:
    await house.match()
    await come(house, "bob")
    house.ears.forget()
    house.store_line.cut("set_online")
    with pytest.raises(Unavailable):
        await house.presence.connected("ann", "c1")
    house.store_line.mend()
    assert house.presence.devices("ann") == 0
    await come(house, "ann", "c1")
    assert [told["online"] for told in house.ears.told("presence", "bob")] == [True]
    assert await house.presence.online(["ann"]) == {"ann"}


async def test_a_connection_does_not_wait_for_the_telling(house: House) -> None:
    await house.match()
    await come(house, "bob")
    gate = house.store_line.hold("peers_of")
    await asyncio.wait_for(house.presence.connected("ann", "c1"), 5)
    await house.timers.settle()
    assert house.ears.told("presence", "bob") == []
    gate.set()
    await house.timers.settle()
    assert len(house.ears.told("presence", "bob")) == 1


async def test_a_store_that_is_dead_when_the_grace_ends_costs_the_news_but_the_person_can_come_back(
    house: House,
) -> None:
    await house.match()
    await come(house, "bob")
    await come(house, "ann", "c1")
    house.ears.forget()
    house.presence.disconnected("ann", "c1")
    house.store_line.cut("set_offline")
    await house.timers.advance(GRACE_S)
    assert [type(error) for _, error in house.timers.failures] == [Unavailable]
    house.timers.failures.clear()
    house.store_line.mend()
    assert house.ears.envelopes == []
    await come(house, "ann", "c2")
    assert [told["online"] for told in house.ears.told("presence", "bob")] == [True]


async def test_one_who_returns_while_a_slow_store_still_writes_the_absence_ends_online(house: House) -> None:
    await house.match()
    await come(house, "bob")
    await come(house, "ann", "c1")
    house.ears.forget()
    house.presence.disconnected("ann", "c1")
    gate = house.store_line.hold("set_offline")
    await house.timers.advance(GRACE_S)
    await come(house, "ann", "c2")
    gate.set()
    await house.timers.settle()
    assert [told["online"] for told in house.ears.told("presence", "bob")] == [True]
    assert await house.presence.online(["ann"]) == {"ann"}
    assert UserWentOffline not in map(type, house.ears.facts)
