"""Changes of messages, and reading them again."""

import asyncio
from collections.abc import Awaitable

import pytest

from protocol.chat import FetchHistory, ShareLocation
from protocol.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidPayload,
    NotAMember,
    NotFound,
    ProtocolError,
    TooLarge,
    Unavailable,
)
from rooms.facts import MessageChanged
from rooms.model import NewMessage
from rooms.service import ANSWER_BYTES
from tests.rooms.house import MAX_CHARS, House
from tests.support.clock import EPOCH_MS

HISTORY = FetchHistory.from_wire({})


async def texts(house: House, match_id: str) -> list[object]:
    return [stored.content for stored in await house.messages.page(match_id, limit=100)]


# Changing


async def test_an_edit_replaces_the_text_counts_up_and_is_told(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "helo")
    house.ears.forget()
    assert await house.chat.edit("ann", message_id, "hello") == 2
    stored = await house.messages.get(message_id)
    assert stored is not None
    for user_id in ("ann", "bob"):
        assert house.ears.told("message_updated", user_id) == [
            {
                "messageId": message_id,
                "matchId": match.match_id,
                "version": 2,
                "content": "hello",
                "editedAt": "2023-11-14T22:13:21.000Z",
                "reactions": {},
            }
        ]
    assert house.ears.facts == [MessageChanged(stored)]


@pytest.mark.parametrize(
    ("text", "error"), [("x" * (MAX_CHARS + 1), TooLarge), (" ", InvalidPayload), ("\x00", InvalidPayload)]
)
async def test_an_edit_has_the_bounds_of_a_message(house: House, text: str, error: type[ProtocolError]) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    with pytest.raises(error):
        await house.chat.edit("ann", message_id, text)
    assert await texts(house, match.match_id) == ["hi"]


async def test_only_text_can_be_edited(house: House) -> None:
    match = await house.match()
    place = await house.chat.share_location(
        "ann", ShareLocation.from_wire({"lat": 1, "lon": 2}), current=match.match_id
    )
    with pytest.raises(Conflict):
        await house.chat.edit("ann", place.message_id, "there")


async def test_a_deleted_message_becomes_a_tombstone_with_its_seq_and_deleting_again_tells_nobody(
    house: House,
) -> None:
    match = await house.match()
    message_id, _ = await house.say("ann", match, "oops", "next")
    await house.chat.react("bob", message_id, "👍", on=True)
    house.ears.forget()
    assert await house.chat.delete("ann", message_id) == 3
    (told,) = house.ears.told("message_updated", "bob")
    assert (told["content"], told["deleted"], told["version"], told["reactions"]) == ("", True, 3, {})
    history = await house.chat.history("bob", match.match_id, HISTORY)
    assert [(stored.seq, stored.content, stored.deleted) for stored in history.messages] == [
        (1, "", True),
        (2, "next", None),
    ]
    house.ears.forget()
    assert await house.chat.delete("ann", message_id) == 3
    assert house.ears.envelopes == []


async def test_a_tombstone_is_gone_for_edits_and_reactions(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "oops")
    await house.chat.delete("ann", message_id)
    with pytest.raises(Gone):
        await house.chat.edit("ann", message_id, "again")
    with pytest.raises(Gone):
        await house.chat.react("bob", message_id, "👍", on=True)


async def test_the_other_may_react_but_not_edit_or_delete(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    assert await house.chat.react("bob", message_id, "👍", on=True) == 2
    for attempt in (house.chat.edit("bob", message_id, "no"), house.chat.delete("bob", message_id)):
        with pytest.raises(Forbidden):
            await attempt
    assert await texts(house, match.match_id) == ["hi"]


async def test_strangers_may_not_even_react(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    for attempt in (
        house.chat.react("eve", message_id, "👍", on=True),
        house.chat.edit("eve", message_id, "no"),
        house.chat.delete("eve", message_id),
    ):
        with pytest.raises(NotAMember):
            await attempt


async def test_a_message_that_never_was_is_not_found(house: House) -> None:
    for attempt in (
        house.chat.react("ann", "01NO", "👍", on=True),
        house.chat.edit("ann", "01NO", "no"),
        house.chat.delete("ann", "01NO"),
    ):
        with pytest.raises(NotFound) as refused:
            await attempt
        assert refused.value.field == "messageId"


async def test_a_reaction_is_told_once_and_can_be_taken_back(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    house.ears.forget()
    versions = [
        await house.chat.react(user_id, message_id, "👍", on=on)
        for user_id, on in (("bob", True), ("bob", True), ("ann", True), ("bob", False), ("bob", False))
    ]
    assert versions == [2, 2, 3, 4, 4]
    assert [told["reactions"] for told in house.ears.told("message_updated", "ann")] == [
        {"👍": ["bob"]},
        {"👍": ["bob", "ann"]},
        {"👍": ["ann"]},
    ]


def change(house: House, method: str, message_id: str) -> Awaitable[int]:
    """One of the three changes by the sender."""
    match method:
        case "edit":
            return house.chat.edit("ann", message_id, "changed")
        case "delete":
            return house.chat.delete("ann", message_id)
        case _:
            return house.chat.react("ann", message_id, "👍", on=True)


@pytest.mark.parametrize("method", ["edit", "react"])
async def test_a_message_deleted_in_the_meantime_is_gone_for_the_slower_change(house: House, method: str) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    gate = house.store_line.hold("get")
    changing = asyncio.ensure_future(change(house, method, message_id))
    await house.timers.settle()
    await house.messages.delete(message_id, now_ms=house.clock.wall_ms())
    gate.set()
    with pytest.raises(Gone) as refused:
        await changing
    assert refused.value.field == "messageId"


# History


async def fill(house: House, match_id: str, count: int, text: str = "hi") -> None:
    for number in range(count):
        await house.messages.append(NewMessage(f"{match_id}-{number}", match_id, "ann", "text", text, EPOCH_MS))


@pytest.mark.parametrize(
    ("asked", "seqs", "more"),
    [
        ({}, range(11, 61), True),
        ({"limit": 60}, range(1, 61), False),
        ({"limit": 200}, range(1, 61), False),
        ({"before": 11}, range(1, 11), False),
        ({"before": 12, "limit": 10}, range(2, 12), True),
        ({"before": 1}, range(0), False),
        ({"after": 0, "limit": 10}, range(1, 11), True),
        ({"after": 50, "limit": 10}, range(51, 61), False),
        ({"after": 60}, range(0), False),
        ({"after": 5, "before": 9}, range(6, 9), False),
        ({"after": 5, "before": 30, "limit": 3}, range(6, 9), True),
    ],
)
async def test_history_is_ascending_between_its_bounds_and_says_whether_there_is_more(
    house: House, asked: dict[str, int], seqs: range, more: bool
) -> None:
    match = await house.match()
    await fill(house, match.match_id, 60)
    found = await house.chat.history("bob", match.match_id, FetchHistory.from_wire(asked))
    assert [stored.seq for stored in found.messages] == list(seqs)
    assert found.more is more


async def test_paging_through_large_messages_either_way_finds_each_once(house: House) -> None:
    match = await house.match()
    await fill(house, match.match_id, 25, "x" * (ANSWER_BYTES // 8))
    forward, after, pages = list[int](), 0, 0
    while True:
        page = await house.chat.history("ann", match.match_id, FetchHistory(after=after, limit=25))
        assert 0 < len(page.messages) < 8
        forward += [stored.seq for stored in page.messages]
        after, pages = forward[-1], pages + 1
        if not page.more:
            break
    backward, before = list[int](), 26
    while True:
        page = await house.chat.history("ann", match.match_id, FetchHistory(before=before, limit=25))
        backward = [stored.seq for stored in page.messages] + backward
        before = backward[0]
        if not page.more:
            break
    assert forward == backward == list(range(1, 26))
    assert pages >= 4


async def test_history_is_for_members(house: House) -> None:
    match = await house.match()
    with pytest.raises(NotAMember):
        await house.chat.history("eve", match.match_id, HISTORY)


# Neighbours that are slow or dead


@pytest.mark.parametrize("method", ["edit", "delete", "react"])
async def test_a_change_that_can_not_be_stored_is_not_told(house: House, method: str) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    house.ears.forget()
    house.store_line.cut(method)
    with pytest.raises(Unavailable):
        await change(house, method, message_id)
    assert house.ears.envelopes == []
    assert house.ears.facts == []


async def test_a_change_whose_match_is_known_no_more_is_answered(house: House) -> None:
    match = await house.match()
    (message_id,) = await house.say("ann", match, "hi")
    house.ears.forget()
    gate = house.store_line.hold("edit")
    changing = asyncio.ensure_future(house.chat.edit("ann", message_id, "hello"))
    await house.timers.settle()
    house.rooms._matches.drop(match.match_id)
    house.tables.matches.clear()
    gate.set()
    assert await changing == 2
    assert house.ears.envelopes == []
