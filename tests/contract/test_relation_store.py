import asyncio
from dataclasses import replace

import pytest

from rooms.model import Cursor, Match, User
from tests.contract.stores import Stores

ANNA = User("anna", "Anna", lang="zh-CN", age=30, city="Köln", interests=("jazz", "猫"), bio="hi", last_seen_ms=5)


async def test_a_profile_comes_back_as_it_was_put(stores: Stores) -> None:
    assert await stores.relations.put_user(ANNA, now_ms=1) == ANNA
    assert await stores.relations.users(["anna"]) == {"anna": ANNA}


async def test_a_profile_is_replaced_but_last_seen_stays(stores: Stores) -> None:
    await stores.relations.put_user(ANNA, now_ms=1)
    new = User("anna", "Anne")
    assert await stores.relations.put_user(new, now_ms=2) == replace(new, last_seen_ms=5)
    assert await stores.relations.users(["anna"]) == {"anna": replace(new, last_seen_ms=5)}
    await stores.relations.put_user(replace(new, last_seen_ms=9), now_ms=3)
    assert (await stores.relations.users(["anna"]))["anna"].last_seen_ms == 9


async def test_an_unknown_user_is_made_with_the_id_as_name(stores: Stores) -> None:
    assert await stores.relations.ensure_user("u", None, now_ms=1) == User("u", "u")
    assert await stores.relations.ensure_user("v", "Vera", now_ms=1) == User("v", "Vera")
    assert await stores.relations.users(["u", "v"]) == {"u": User("u", "u"), "v": User("v", "Vera")}


async def test_another_name_replaces_the_old_one_and_nothing_else(stores: Stores) -> None:
    await stores.relations.put_user(ANNA, now_ms=1)
    assert await stores.relations.ensure_user("anna", None, now_ms=2) == ANNA
    assert await stores.relations.ensure_user("anna", "Anna", now_ms=2) == ANNA
    assert await stores.relations.ensure_user("anna", "A.", now_ms=2) == replace(ANNA, name="A.")
    assert await stores.relations.users(["anna"]) == {"anna": replace(ANNA, name="A.")}


async def test_the_same_new_user_many_times_at_once_is_one_user(stores: Stores) -> None:
    users = await asyncio.gather(*(stores.relations.ensure_user("u", "U", now_ms=1) for _ in range(50)))
    assert set(users) == {User("u", "U")}


async def test_only_existing_users_are_found(stores: Stores) -> None:
    await stores.relations.put_user(ANNA, now_ms=1)
    assert await stores.relations.users(["nobody", "anna", "anna"]) == {"anna": ANNA}
    assert await stores.relations.users([]) == {}


async def test_more_users_than_a_statement_takes_are_found(stores: Stores) -> None:
    await asyncio.gather(*(stores.relations.ensure_user(f"u{n}", None, now_ms=1) for n in range(100)))
    asked = [f"u{n}" for n in range(40_000)]
    assert len(await stores.relations.users(asked)) == 100


async def test_touch_sets_last_seen_of_those_who_exist(stores: Stores) -> None:
    await stores.relations.ensure_user("u", None, now_ms=1)
    await stores.relations.ensure_user("v", None, now_ms=1)
    await stores.relations.touch(["u", "nobody"], now_ms=50)
    await stores.relations.touch([], now_ms=60)
    users = await stores.relations.users(["u", "v", "nobody"])
    assert {user.user_id: user.last_seen_ms for user in users.values()} == {"u": 50, "v": None}


async def test_users_seen_since_are_counted(stores: Stores) -> None:
    for number in range(4):
        await stores.relations.put_user(User(f"u{number}", "n", last_seen_ms=number * 10), now_ms=1)
    await stores.relations.ensure_user("never", None, now_ms=1)
    assert [await stores.relations.seen_since(ms) for ms in (0, 10, 11, 31)] == [4, 3, 2, 0]


async def test_a_match_comes_back_as_it_was_made(stores: Stores) -> None:
    match = Match("m", "group", ("c", "a", "b"), 9, seats=4, score=0.5, sealed=True, context={"from": ["quiz", 1]})
    assert await stores.relations.create_match(match) == (match, True)
    assert await stores.relations.match("m") == match
    assert await stores.relations.match("other") is None


async def test_a_match_without_context_has_none(stores: Stores) -> None:
    await stores.match("m", context=None)
    match = await stores.relations.match("m")
    assert match is not None
    assert match.context is None


async def test_the_same_key_returns_the_first_match(stores: Stores) -> None:
    first = Match("m1", "pair", ("a", "b"), 1)
    assert await stores.relations.create_match(first, idempotency_key="k") == (first, True)
    other = Match("m2", "pair", ("a", "c"), 2)
    assert await stores.relations.create_match(other, idempotency_key="k") == (first, False)
    assert await stores.relations.match("m2") is None
    assert await stores.relations.create_match(other, idempotency_key="k2") == (other, True)


async def test_a_taken_match_id_returns_that_match(stores: Stores) -> None:
    first = Match("m", "pair", ("a", "b"), 1)
    await stores.relations.create_match(first)
    again = Match("m", "pair", ("c", "d"), 2)
    assert await stores.relations.create_match(again, idempotency_key="k") == (first, False)
    assert await stores.relations.create_match(Match("m3", "pair", ("x", "y"), 3), idempotency_key="k") == (
        Match("m3", "pair", ("x", "y"), 3),
        True,
    )


async def test_the_same_key_many_times_at_once_makes_one_match(stores: Stores) -> None:
    made = await asyncio.gather(
        *(stores.relations.create_match(Match(f"m{n}", "pair", ("a", "b"), n), idempotency_key="k") for n in range(50))
    )
    assert sum(created for _, created in made) == 1
    assert len({match.match_id for match, _ in made}) == 1


async def test_the_newest_match_of_exactly_two_is_their_pair(stores: Stores) -> None:
    await stores.relations.create_match(Match("m2", "pair", ("a", "b"), 20))
    await stores.relations.create_match(Match("m1", "pair", ("b", "a"), 10))
    await stores.relations.create_match(Match("m3", "group", ("a", "b", "c"), 30, seats=3))
    await stores.relations.create_match(Match("m4", "pair", ("a", "c"), 40))
    await stores.relations.create_match(Match("m5", "pair", ("b",), 50))
    for pair in (("a", "b"), ("b", "a")):
        match = await stores.relations.pair(*pair)
        assert match is not None
        assert match.match_id == "m2"
    assert await stores.relations.pair("b", "c") is None
    assert await stores.relations.pair("a", "a") is None
    assert await stores.relations.pair("b", "nobody") is None


async def test_a_free_seat_is_taken_and_stays_in_joining_order(stores: Stores) -> None:
    await stores.match("m", "z", seats=3)
    await stores.relations.add_member("m", "a", now_ms=5)
    match = await stores.relations.add_member("m", "k", now_ms=6)
    assert match is not None
    assert match.members == ("z", "a", "k")
    assert await stores.relations.match("m") == match
    assert (await stores.messages.cursors("m"))["k"] == Cursor("m", "k")


async def test_a_full_match_and_a_member_change_nothing(stores: Stores) -> None:
    await stores.match("m", "a", "b")
    full = await stores.relations.add_member("m", "c", now_ms=5)
    again = await stores.relations.add_member("m", "a", now_ms=5)
    assert full is not None
    assert full == again == await stores.relations.match("m")
    assert full.members == ("a", "b")
    assert await stores.relations.add_member("nowhere", "c", now_ms=5) is None


@pytest.mark.parametrize("seats", [2, 5])
async def test_a_race_for_the_last_seats_has_as_many_winners_as_seats(stores: Stores, seats: int) -> None:
    await stores.match("m", "first", seats=seats)
    seen = await asyncio.gather(*(stores.relations.add_member("m", f"u{n}", now_ms=n) for n in range(40)))
    match = await stores.relations.match("m")
    assert match is not None
    assert len(match.members) == seats
    winners = [n for n, one in enumerate(seen) if one is not None and f"u{n}" in one.members]
    assert len(winners) == seats - 1


async def test_rooms_are_listed_with_the_most_recently_active_first(stores: Stores) -> None:
    await stores.relations.create_match(Match("old", "pair", ("a", "b"), 10))
    await stores.relations.create_match(Match("new", "pair", ("a", "c"), 20))
    await stores.relations.create_match(Match("foreign", "pair", ("b", "c"), 90))
    assert [room.match.match_id for room in await stores.relations.rooms_of("a", limit=9)] == ["new", "old"]
    last = (await stores.say(1, "old", "b", created_ms=30)).message
    await stores.say(1, "new", "a", created_ms=25)
    rooms = await stores.relations.rooms_of("a", limit=9)
    assert [room.match.match_id for room in rooms] == ["old", "new"]
    assert rooms[0].last_message == last
    assert rooms[0].match == await stores.relations.match("old")
    assert await stores.relations.rooms_of("a", limit=1) == rooms[:1]
    assert await stores.relations.rooms_of("a", limit=0) == []
    assert await stores.relations.rooms_of("nobody", limit=9) == []


async def test_unread_counts_what_others_said_after_the_read_cursor(stores: Stores) -> None:
    await stores.match("m", "a", "b")
    for number, sender in enumerate("abbab"):
        await stores.say(number, "m", sender)
    await stores.messages.advance([Cursor("m", "a", 2, 2)])
    [room] = await stores.relations.rooms_of("a", limit=9)
    assert (room.last_seq, room.read_seq, room.unread) == (5, 2, 2)
    [room] = await stores.relations.rooms_of("b", limit=9)
    assert (room.last_seq, room.read_seq, room.unread) == (5, 0, 2)


async def test_an_empty_room_has_no_last_message_and_a_deleted_one_is_a_tombstone(stores: Stores) -> None:
    await stores.match("m", "a", "b")
    [room] = await stores.relations.rooms_of("a", limit=9)
    assert (room.last_seq, room.last_message, room.unread) == (0, None, 0)
    await stores.say(1, "m", "b")
    gone = await stores.messages.delete("m-000001", now_ms=9)
    [room] = await stores.relations.rooms_of("a", limit=9)
    assert room.last_message == gone


async def test_peers_are_all_who_share_a_match(stores: Stores) -> None:
    await stores.match("m1", "a", "b")
    await stores.match("m2", "a", "c", "d", seats=3)
    await stores.match("m3", "b", "e")
    assert await stores.relations.peers_of("a") == {"b", "c", "d"}
    assert await stores.relations.peers_of("nobody") == frozenset()
