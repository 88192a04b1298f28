"""Matches and their rooms: who may enter, what one finds there, who is told."""

import asyncio
import logging
from itertools import pairwise

import pytest

from protocol.errors import NotAMember, NotFound, Unavailable
from rooms.facts import MatchMade, UserJoined
from rooms.model import Cursor, Match, NewMessage
from rooms.service import ANSWER_BYTES, OPENING_S, SINCE_MAX
from tests.rooms.house import House
from tests.support.clock import EPOCH_MS


async def fill(house: House, match_id: str, count: int, text: str = "hi") -> None:
    """Messages straight into the store, past the limits."""
    for number in range(count):
        await house.messages.append(NewMessage(f"{match_id}-{number}", match_id, "ann", "text", text, EPOCH_MS))


# Making matches


async def test_both_people_of_a_new_match_are_told_each_with_their_own_view(house: House) -> None:
    await house.person("ann", "Ann", "tea")
    await house.person("bob", "Bob", "chess", "jazz")
    house.opening.offers = {"ann": ["Chess?"], "bob": ["喝茶吗？"]}
    match, created = await house.rooms.create(("ann", "bob"), score=0.9, context={"from": "feed"})
    await house.timers.settle()
    assert created
    assert (match.kind, match.seats, match.members, match.context) == ("pair", 2, ("ann", "bob"), {"from": "feed"})
    assert house.ears.told("match_created", "ann") == [
        {
            "matchId": match.match_id,
            "peer": {"userId": "bob", "name": "Bob", "interests": ["chess", "jazz"]},
            "score": 0.9,
            "openingLines": ["Chess?"],
        }
    ]
    assert house.ears.told("match_created", "bob") == [
        {
            "matchId": match.match_id,
            "peer": {"userId": "ann", "name": "Ann", "interests": ["tea"]},
            "score": 0.9,
            "openingLines": ["喝茶吗？"],
        }
    ]
    assert house.ears.facts == [MatchMade(match)]


async def test_people_nobody_knew_become_users_named_by_their_id(house: House) -> None:
    await house.rooms.create(("ann", "bob"))
    await house.timers.settle()
    assert house.ears.told("match_created", "ann")[0]["peer"]["name"] == "bob"


async def test_three_people_are_a_group_and_see_all_the_others(house: House) -> None:
    match, _ = await house.rooms.create(("ann", "bob", "cai"))
    await house.timers.settle()
    assert match.kind == "group"
    (told,) = house.ears.told("match_created", "bob")
    assert [member["userId"] for member in told["members"]] == ["ann", "cai"]
    assert "peer" not in told


async def test_the_same_idempotency_key_gives_the_same_match_and_tells_nobody_again(house: House) -> None:
    first, _ = await house.rooms.create(("ann", "bob"), idempotency_key="k1")
    await house.timers.settle()
    house.ears.forget()
    again, created = await house.rooms.create(("ann", "bob"), idempotency_key="k1")
    await house.timers.settle()
    assert (again, created) == (first, False)
    assert house.ears.told("match_created") == []
    other, created = await house.rooms.create(("ann", "bob"), idempotency_key="k2")
    assert created
    assert other.match_id != first.match_id
    await house.timers.settle()


async def test_a_store_that_is_down_makes_no_match_and_tells_nobody(house: House) -> None:
    house.store_line.cut("create_match")
    with pytest.raises(Unavailable):
        await house.rooms.create(("ann", "bob"))
    await house.timers.settle()
    assert house.ears.envelopes == []
    house.store_line.mend()
    assert await house.relations.pair("ann", "bob") is None


# Opening lines: help that may be late or broken, while the news may not


async def test_a_match_is_told_without_lines_when_their_provider_fails(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.opening.error = RuntimeError("secret words")
    with caplog.at_level(logging.WARNING, logger="rooms"):
        match, _ = await house.rooms.create(("ann", "bob"))
        await house.timers.settle()
    for user_id in ("ann", "bob"):
        assert [told["openingLines"] for told in house.ears.told("match_created", user_id)] == [[]]
    assert house.ears.facts == [MatchMade(match)]
    (record,) = caplog.records
    assert record.__dict__["reason"] == "RuntimeError"
    assert "secret words" not in caplog.text


@pytest.mark.virtual_time
async def test_a_match_is_told_without_lines_when_their_provider_takes_too_long(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.opening.delay_s = 3600
    began = asyncio.get_running_loop().time()
    with caplog.at_level(logging.WARNING, logger="rooms"):
        await house.rooms.create(("ann", "bob"))
        await house.timers.drain()
    assert asyncio.get_running_loop().time() - began == pytest.approx(OPENING_S)
    assert [told["openingLines"] for told in house.ears.told("match_created", "ann")] == [[]]
    assert [record.__dict__["reason"] for record in caplog.records] == ["TimeoutError"]


@pytest.mark.virtual_time
async def test_lines_that_come_just_in_time_are_told(house: House) -> None:
    house.opening.delay_s = OPENING_S - 0.1
    house.opening.offers = {"ann": ["Hi"]}
    await house.rooms.create(("ann", "bob"))
    await house.timers.drain()
    assert house.ears.told("match_created", "ann")[0]["openingLines"] == ["Hi"]
    assert house.ears.told("match_created", "bob")[0]["openingLines"] == []


async def test_people_of_a_match_are_not_told_when_the_store_dies_right_after_it(house: House) -> None:
    # They find it in their list of rooms; the failure is an owned task's, which is logged.
    house.store_line.cut("users")
    await house.rooms.create(("ann", "bob"))
    await house.timers.settle()
    assert house.ears.told("match_created") == []
    assert [type(error) for _, error in house.timers.failures] == [Unavailable]
    house.timers.failures.clear()
    house.store_line.mend()
    assert len(await house.rooms.rooms_of("ann")) == 1


# Who may enter


async def test_an_unknown_match_is_not_found(house: House) -> None:
    for attempt in (house.rooms.membership("ann", "m"), house.rooms.enter("ann", "m")):
        with pytest.raises(NotFound) as refused:
            await attempt
        assert refused.value.field == "matchId"
    assert await house.rooms.find("m") is None


async def test_somebody_else_is_not_a_member(house: House) -> None:
    match = await house.match()
    for attempt in (house.rooms.membership("cai", match.match_id), house.rooms.join("cai", match.match_id, None)):
        with pytest.raises(NotAMember) as refused:
            await attempt
        assert refused.value.field == "matchId"
    assert house.ears.facts == []


async def test_a_match_that_was_used_lately_is_not_read_again(house: House) -> None:
    match = await house.match()
    for _ in range(3):
        assert await house.rooms.membership("ann", match.match_id) == match
    assert house.store_line.calls.count("match") == 0


async def test_a_match_of_an_earlier_run_is_read_once(house: House) -> None:
    match = await house.match()
    house.rooms._matches.drop(match.match_id)
    for _ in range(3):
        assert await house.rooms.find(match.match_id) == match
    assert house.store_line.calls.count("match") == 1


async def test_a_dead_store_is_told_to_who_asks(house: House) -> None:
    house.store_line.cut("match")
    with pytest.raises(Unavailable):
        await house.rooms.membership("ann", "m")


# Development mode


async def test_naming_an_unknown_match_opens_it_and_the_second_person_completes_it(dev_house: House) -> None:
    opened = await dev_house.rooms.enter("ann", "m")
    await dev_house.timers.settle()
    assert (opened.members, opened.seats) == (("ann",), 2)
    assert dev_house.ears.envelopes == []
    seated = await dev_house.rooms.enter("bob", "m")
    await dev_house.timers.settle()
    assert seated.members == ("ann", "bob")
    for user_id, peer in (("ann", "bob"), ("bob", "ann")):
        (told,) = dev_house.ears.told("match_created", user_id)
        assert told["peer"]["userId"] == peer
    assert await dev_house.rooms.membership("bob", "m") == seated


async def test_a_third_person_is_refused(dev_house: House) -> None:
    for user_id in ("ann", "bob"):
        await dev_house.rooms.enter(user_id, "m")
    with pytest.raises(NotAMember):
        await dev_house.rooms.enter("cai", "m")
    await dev_house.timers.settle()


async def test_coming_back_changes_nothing_and_tells_nobody(dev_house: House) -> None:
    for user_id in ("ann", "bob"):
        await dev_house.rooms.enter(user_id, "m")
    await dev_house.timers.settle()
    dev_house.ears.forget()
    for user_id in ("ann", "bob", "ann"):
        await dev_house.rooms.enter(user_id, "m")
    await dev_house.timers.settle()
    assert dev_house.ears.envelopes == []


async def test_two_devices_of_the_second_person_that_come_at_once_are_told_of_one_match(dev_house: House) -> None:
    await dev_house.rooms.enter("ann", "m")
    gate = dev_house.store_line.hold("add_member")
    first = asyncio.ensure_future(dev_house.rooms.enter("bob", "m"))
    await asyncio.sleep(0)
    await dev_house.rooms.enter("bob", "m")
    gate.set()
    await first
    await dev_house.timers.settle()
    assert len(dev_house.ears.told("match_created", "ann")) == 1


async def test_a_slow_read_does_not_hide_somebody_who_came_meanwhile(dev_house: House) -> None:
    await dev_house.rooms.enter("ann", "m")
    dev_house.rooms._matches.drop("m")
    gate = dev_house.store_line.hold("match")
    reading = asyncio.ensure_future(dev_house.rooms.membership("ann", "m"))
    await asyncio.sleep(0)
    await dev_house.rooms.enter("bob", "m")
    gate.set()
    assert (await reading).members == ("ann", "bob")
    assert (await dev_house.rooms.membership("bob", "m")).members == ("ann", "bob")
    await dev_house.timers.settle()


async def test_a_slow_opening_does_not_hide_somebody_who_came_meanwhile(dev_house: House) -> None:
    gate = dev_house.store_line.hold("create_match")
    opening = asyncio.ensure_future(dev_house.rooms.enter("ann", "m"))
    await asyncio.sleep(0)
    await dev_house.rooms.enter("bob", "m")
    gate.set()
    assert (await opening).members == ("ann", "bob")
    assert (await dev_house.rooms.membership("bob", "m")).members == ("ann", "bob")
    await dev_house.timers.settle()


async def test_a_match_that_vanished_between_two_reads_can_not_be_entered(dev_house: House) -> None:
    dev_house.rooms._matches.put("ghost", Match("ghost", "pair", ("ann",), EPOCH_MS))
    with pytest.raises(NotAMember):
        await dev_house.rooms.enter("bob", "ghost")


async def test_the_match_of_two_people_is_made_when_there_is_none(dev_house: House) -> None:
    match = await dev_house.rooms.pair("ann", "bob")
    assert match.members == ("ann", "bob")
    assert await dev_house.rooms.pair("bob", "ann") == match
    await dev_house.timers.settle()
    assert len(dev_house.ears.told("match_created", "ann")) == 1


async def test_two_people_who_write_to_each_other_at_once_get_one_match(dev_house: House) -> None:
    gate = dev_house.store_line.hold("create_match", before=True)
    one = asyncio.ensure_future(dev_house.rooms.pair("ann", "bob"))
    two = asyncio.ensure_future(dev_house.rooms.pair("bob", "ann"))
    await dev_house.timers.settle()
    gate.set()
    assert await one == await two
    await dev_house.timers.settle()
    assert len(dev_house.ears.told("match_created", "ann")) == 1


async def test_nobody_is_matched_with_themselves(dev_house: House) -> None:
    with pytest.raises(NotFound):
        await dev_house.rooms.pair("ann", "ann")


async def test_without_development_mode_two_strangers_have_no_match(house: House) -> None:
    with pytest.raises(NotFound) as refused:
        await house.rooms.pair("ann", "bob")
    assert refused.value.field == "to"
    match = await house.match()
    assert await house.rooms.pair("bob", "ann") == match


# What one finds on entering


async def test_one_finds_members_messages_and_cursors(house: House) -> None:
    await house.person("ann", "Ann")
    match = await house.match()
    await house.relations.touch(["bob"], now_ms=EPOCH_MS)
    await house.online.set_online("ann")
    await house.say("bob", match, "one", "two")
    await house.receipts.read("ann", match.match_id, 1)
    house.ears.forget()
    joined = await house.rooms.join("ann", match.match_id, None)
    assert [member.wire() for member in joined.members] == [
        {"userId": "ann", "name": "Ann", "online": True, "deliveredSeq": 1, "readSeq": 1},
        {
            "userId": "bob",
            "name": "bob",
            "online": False,
            "lastSeen": "2023-11-14T22:13:20.000Z",
            "deliveredSeq": 0,
            "readSeq": 0,
        },
    ]
    assert [(message.seq, message.content) for message in joined.messages] == [(1, "one"), (2, "two")]
    assert (joined.last_seq, joined.read_seq, joined.sealed, joined.gap) == (2, 1, False, None)
    assert house.ears.facts == [UserJoined(match.match_id, "ann")]


async def test_a_member_without_an_account_shows_by_id(dev_house: House) -> None:
    # Development mode seats whoever is named; the account may come later.
    joined = await dev_house.rooms.join("ann", "m", None)
    assert [(member.user_id, member.name, member.last_seen) for member in joined.members] == [("ann", "ann", None)]
    assert (joined.messages, joined.last_seq, joined.read_seq) == ([], 0, 0)


async def test_without_since_one_finds_the_newest_fifty(house: House) -> None:
    match = await house.match()
    await fill(house, match.match_id, 60)
    joined = await house.rooms.join("ann", match.match_id, None)
    assert [message.seq for message in joined.messages] == list(range(11, 61))
    assert joined.gap is None


@pytest.mark.parametrize(("since", "first", "gap"), [(0, 1, True), (2, 3, None), (501, 502, None), (502, None, None)])
async def test_with_since_one_finds_what_was_missed_and_whether_there_is_more(
    house: House, since: int, first: int | None, gap: bool | None
) -> None:
    match = await house.match()
    await fill(house, match.match_id, SINCE_MAX + 2)
    joined = await house.rooms.join("ann", match.match_id, since)
    seqs = [message.seq for message in joined.messages]
    assert seqs[:1] == ([] if first is None else [first])
    assert all(two == one + 1 for one, two in pairwise(seqs))
    assert len(seqs) <= SINCE_MAX
    assert joined.gap is gap


async def test_since_ahead_of_the_store_finds_nothing(house: House) -> None:
    match = await house.match()
    await fill(house, match.match_id, 3)
    joined = await house.rooms.join("ann", match.match_id, 99)
    assert (joined.messages, joined.last_seq, joined.gap) == ([], 3, None)


async def test_an_answer_is_cut_to_its_size_and_says_so(house: House) -> None:
    match = await house.match()
    await fill(house, match.match_id, 30, "x" * (ANSWER_BYTES // 20))
    missed = await house.rooms.join("ann", match.match_id, 0)
    assert [message.seq for message in missed.messages] == list(range(1, len(missed.messages) + 1))
    assert 10 < len(missed.messages) < 20
    assert missed.gap is True
    newest = await house.rooms.join("ann", match.match_id, None)
    assert newest.messages[-1].seq == 30
    assert newest.gap is None


async def test_a_dead_store_lets_nobody_in_and_the_house_is_not_told(house: House) -> None:
    match = await house.match()
    house.store_line.cut("page")
    with pytest.raises(Unavailable):
        await house.rooms.join("ann", match.match_id, None)
    assert house.ears.facts == []


async def test_the_list_of_rooms_is_ordered_by_activity_and_counts_what_is_unread(house: House) -> None:
    quiet, lively = await house.match("ann", "bob"), await house.match("ann", "cai")
    await house.say("cai", lively, "one", "two")
    await house.messages.advance([Cursor(lively.match_id, "ann", 1, 1)])
    rooms = await house.rooms.rooms_of("ann")
    assert [(room.match.match_id, room.last_seq, room.unread) for room, _ in rooms] == [
        (lively.match_id, 2, 1),
        (quiet.match_id, 0, 0),
    ]
    assert [[member.user_id for member in members] for _, members in rooms] == [["ann", "cai"], ["ann", "bob"]]
