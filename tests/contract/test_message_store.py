import asyncio
from dataclasses import replace

import pytest

from protocol.errors import Conflict, NotFound
from rooms.model import Content, Cursor, Message
from tests.contract.stores import Stores, new_message


async def test_the_first_message_of_a_match_has_seq_one_and_the_next_two(stores: Stores) -> None:
    await stores.match()
    first, second = await stores.say(1), await stores.say(2, sender_id="u2")
    assert (first.message.seq, second.message.seq) == (1, 2)
    assert not first.duplicate
    assert await stores.messages.last_seq("m1") == 2


async def test_each_match_counts_for_itself(stores: Stores) -> None:
    await stores.match("m1")
    await stores.match("m2")
    await stores.say(1, "m1")
    assert (await stores.say(1, "m2")).message.seq == 1


async def test_what_was_appended_is_what_is_read(stores: Stores) -> None:
    await stores.match()
    appended = await stores.say(1, client_id="c1", reply_to="m0", type="image", content={"fileId": "f", "n": [1, None]})
    assert appended.message == Message(
        message_id="m1-000001",
        match_id="m1",
        seq=1,
        sender_id="u1",
        type="image",
        content={"fileId": "f", "n": [1, None]},
        created_ms=1_001,
        client_id="c1",
        reply_to="m0",
    )
    assert await stores.messages.get("m1-000001") == appended.message
    assert await stores.messages.page("m1", limit=10) == [appended.message]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        '{"a": 1}',
        "你好 👋🏽",
        "a\x00b\r\n",
        "'; DROP TABLE messages; --",
        {},
        {"": {"x": 1.5}},
        "x" * 60_000,
    ],
)
async def test_content_comes_back_unaltered(stores: Stores, content: Content) -> None:
    await stores.match()
    await stores.say(1, content=content)
    [message] = await stores.messages.page("m1", limit=1)
    assert message.content == content


async def test_a_stored_object_does_not_change_with_the_callers(stores: Stores) -> None:
    await stores.match()
    content = {"lat": 1.0}
    await stores.say(1, type="location", content=content)
    content["lat"] = 2.0
    message = await stores.messages.get("m1-000001")
    assert message is not None
    assert message.content == {"lat": 1.0}


async def test_an_append_to_an_unknown_match_is_refused(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.say(1, "nowhere")
    assert await stores.messages.last_seq("nowhere") == 0
    assert await stores.messages.page("nowhere", limit=5) == []


async def test_a_taken_message_id_is_refused_and_takes_no_seq(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    with pytest.raises(Conflict):
        await stores.say(1)
    assert (await stores.say(2)).message.seq == 2


async def test_the_same_client_id_again_returns_the_first_message(stores: Stores) -> None:
    await stores.match()
    first = await stores.say(1, client_id="c")
    again = await stores.say(2, client_id="c", content="other text")
    assert again.duplicate
    assert again.message == first.message
    assert await stores.messages.last_seq("m1") == 1
    assert await stores.messages.get("m1-000002") is None


async def test_a_client_id_counts_per_sender_and_match(stores: Stores) -> None:
    await stores.match("m1")
    await stores.match("m2")
    await stores.say(1, client_id="c")
    assert not (await stores.say(2, sender_id="u2", client_id="c")).duplicate
    assert not (await stores.say(1, "m2", client_id="c")).duplicate


async def test_messages_without_a_client_id_are_never_duplicates(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    assert not (await stores.say(2)).duplicate


async def test_a_duplicate_of_a_changed_message_returns_it_as_it_stands(stores: Stores) -> None:
    await stores.match()
    await stores.say(1, client_id="c")
    await stores.messages.edit("m1-000001", "edited", now_ms=5)
    await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=6)
    again = await stores.say(2, client_id="c")
    assert again.message == await stores.messages.get("m1-000001")
    assert again.message.version == 3


async def test_two_hundred_appends_at_once_leave_no_hole_and_no_duplicate(stores: Stores) -> None:
    await stores.match()
    appended = await asyncio.gather(*(stores.say(number) for number in range(200)))
    assert sorted(one.message.seq for one in appended) == list(range(1, 201))
    page = await stores.messages.page("m1", after=0, limit=500)
    assert [message.seq for message in page] == list(range(1, 201))
    assert {message.message_id for message in page} == {one.message.message_id for one in appended}


async def test_the_same_client_id_two_hundred_times_at_once_is_stored_once(stores: Stores) -> None:
    await stores.match()
    appended = await asyncio.gather(*(stores.say(number, client_id="same") for number in range(200)))
    assert sum(not one.duplicate for one in appended) == 1
    assert {one.message.message_id for one in appended} == {(await stores.messages.page("m1", limit=9))[0].message_id}


async def test_appends_that_wait_together_keep_their_order_beside_failing_ones(stores: Stores) -> None:
    await stores.match("m1")
    await stores.match("m2")
    results = await asyncio.gather(
        stores.say(1, "m1"),
        stores.say(1, "nowhere"),
        stores.say(1, "m2"),
        stores.say(1, "m1"),
        stores.say(2, "m1"),
        return_exceptions=True,
    )
    assert isinstance(results[1], NotFound)
    assert isinstance(results[3], Conflict)
    assert [message.message_id for message in await stores.messages.page("m1", limit=9)] == ["m1-000001", "m1-000002"]
    assert await stores.messages.last_seq("m2") == 1


@pytest.mark.parametrize(
    ("after", "before", "limit", "expected"),
    [
        (None, None, 3, [8, 9, 10]),
        (None, None, 50, list(range(1, 11))),
        (None, 4, 2, [2, 3]),
        (None, 4, 50, [1, 2, 3]),
        (None, 1, 50, []),
        (None, -3, 50, []),
        (None, 99, 2, [9, 10]),
        (0, None, 3, [1, 2, 3]),
        (7, None, 50, [8, 9, 10]),
        (10, None, 50, []),
        (-5, None, 2, [1, 2]),
        (2, 6, 50, [3, 4, 5]),
        (2, 6, 2, [3, 4]),
        (6, 2, 5, []),
        (None, None, 0, []),
        (0, None, -1, []),
    ],
)
async def test_a_page_is_ascending_with_exclusive_bounds(
    stores: Stores, after: int | None, before: int | None, limit: int, expected: list[int]
) -> None:
    await stores.match()
    for number in range(10):
        await stores.say(number)
    page = await stores.messages.page("m1", after=after, before=before, limit=limit)
    assert [message.seq for message in page] == expected


async def test_an_edit_replaces_the_text_and_counts_the_version(stores: Stores) -> None:
    await stores.match()
    first = (await stores.say(1, content={"a": 1})).message
    edited = await stores.messages.edit("m1-000001", "new", now_ms=77)
    assert edited == replace(first, content="new", version=2, edited_ms=77)
    assert await stores.messages.get("m1-000001") == edited
    assert (await stores.messages.edit("m1-000001", "newer", now_ms=78)) == replace(
        first, content="newer", version=3, edited_ms=78
    )


async def test_a_deleted_message_is_a_tombstone_with_its_seq(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    first = (await stores.say(2, content={"secret": "x"}, client_id="c")).message
    await stores.messages.react("m1-000002", "u2", "👍", on=True, now_ms=5)
    gone = await stores.messages.delete("m1-000002", now_ms=6)
    assert gone == replace(first, content="", deleted=True, version=3)
    assert (await stores.messages.page("m1", limit=9))[1] == gone
    assert (await stores.say(3)).message.seq == 3


async def test_deleting_again_changes_nothing(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    gone = await stores.messages.delete("m1-000001", now_ms=6)
    assert gone is not None
    assert await stores.messages.delete("m1-000001", now_ms=9) == gone


async def test_a_tombstone_takes_neither_edits_nor_reactions(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    gone = await stores.messages.delete("m1-000001", now_ms=6)
    assert await stores.messages.edit("m1-000001", "back", now_ms=7) is None
    assert await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=8) is None
    assert await stores.messages.get("m1-000001") == gone


async def test_changes_of_an_unknown_message_are_none(stores: Stores) -> None:
    assert await stores.messages.get("x") is None
    assert await stores.messages.edit("x", "t", now_ms=1) is None
    assert await stores.messages.delete("x", now_ms=1) is None
    assert await stores.messages.react("x", "u1", "👍", on=True, now_ms=1) is None


async def test_reactions_keep_the_order_of_the_people(stores: Stores) -> None:
    await stores.match("m1", "u1", "u2", "u3", seats=3)
    await stores.say(1)
    for user_id, emoji in (("u3", "👍"), ("u1", "👍"), ("u2", "❤️"), ("u2", "👍")):
        reacted = await stores.messages.react("m1-000001", user_id, emoji, on=True, now_ms=1)
    assert reacted is not None
    assert dict(reacted.reactions) == {"👍": ("u3", "u1", "u2"), "❤️": ("u2",)}
    assert reacted.version == 5
    assert await stores.messages.get("m1-000001") == reacted


async def test_a_reaction_that_changes_nothing_keeps_the_version(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    on = await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=1)
    assert on is not None
    assert await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=2) == on
    assert await stores.messages.react("m1-000001", "u1", "👍", on=False, now_ms=3) == on


async def test_a_reaction_taken_back_leaves_no_empty_emoji(stores: Stores) -> None:
    await stores.match()
    await stores.say(1)
    await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=1)
    off = await stores.messages.react("m1-000001", "u2", "👍", on=False, now_ms=2)
    assert off is not None
    assert (dict(off.reactions), off.version) == ({}, 3)


async def test_reactions_at_once_all_count(stores: Stores) -> None:
    people = [f"u{number}" for number in range(20)]
    await stores.match("m1", *people, seats=20)
    await stores.say(1)
    await asyncio.gather(*(stores.messages.react("m1-000001", person, "👍", on=True, now_ms=1) for person in people))
    message = await stores.messages.get("m1-000001")
    assert message is not None
    assert message.version == 21
    assert set(message.reactions["👍"]) == set(people)


async def test_a_pages_reactions_are_those_of_each_message(stores: Stores) -> None:
    await stores.match()
    for number in range(4):
        await stores.say(number)
    await stores.messages.react("m1-000001", "u2", "👍", on=True, now_ms=1)
    await stores.messages.react("m1-000003", "u1", "😀", on=True, now_ms=1)
    reactions = [dict(message.reactions) for message in await stores.messages.page("m1", limit=9)]
    assert reactions == [{}, {"👍": ("u2",)}, {}, {"😀": ("u1",)}]


async def test_cursors_begin_at_zero_for_every_member(stores: Stores) -> None:
    await stores.match()
    assert await stores.messages.cursors("m1") == {"u1": Cursor("m1", "u1"), "u2": Cursor("m1", "u2")}
    assert await stores.messages.cursors("nowhere") == {}


async def test_cursors_only_move_forward(stores: Stores) -> None:
    await stores.match()
    assert await stores.messages.advance([Cursor("m1", "u2", 5, 3)]) == [Cursor("m1", "u2", 5, 3)]
    assert await stores.messages.advance([Cursor("m1", "u2", 4, 2)]) == [Cursor("m1", "u2", 5, 3)]
    assert (await stores.messages.cursors("m1"))["u2"] == Cursor("m1", "u2", 5, 3)


async def test_reading_implies_delivery(stores: Stores) -> None:
    await stores.match()
    assert await stores.messages.advance([Cursor("m1", "u2", 0, 7)]) == [Cursor("m1", "u2", 7, 7)]


async def test_several_cursors_move_in_one_call_and_come_back_in_its_order(stores: Stores) -> None:
    await stores.match("m1")
    await stores.match("m2")
    moved = await stores.messages.advance(
        [Cursor("m2", "u1", 1, 0), Cursor("m1", "u2", 2, 2), Cursor("m2", "u1", 4, 3), Cursor("m2", "u1", 2, 0)]
    )
    assert [(cursor.match_id, cursor.user_id) for cursor in moved] == [
        ("m2", "u1"),
        ("m1", "u2"),
        ("m2", "u1"),
        ("m2", "u1"),
    ]
    assert moved[0] == moved[2] == moved[3] == Cursor("m2", "u1", 4, 3)
    assert (await stores.messages.cursors("m2"))["u1"] == Cursor("m2", "u1", 4, 3)
    assert (await stores.messages.cursors("m1"))["u2"] == Cursor("m1", "u2", 2, 2)
    assert await stores.messages.advance([]) == []


async def test_somebody_outside_has_no_cursor(stores: Stores) -> None:
    await stores.match()
    asked = [Cursor("m1", "stranger", 5, 5), Cursor("nowhere", "u1", 5, 5)]
    assert await stores.messages.advance(asked) == [Cursor("m1", "stranger"), Cursor("nowhere", "u1")]
    assert set(await stores.messages.cursors("m1")) == {"u1", "u2"}


async def test_many_appends_and_changes_at_once_do_not_harm_each_other(stores: Stores) -> None:
    await stores.match()
    await asyncio.gather(*(stores.messages.append(new_message(number)) for number in range(30)))
    await asyncio.gather(
        *(stores.messages.append(new_message(number)) for number in range(30, 60)),
        *(stores.messages.edit(f"m1-{number:06}", "e", now_ms=1) for number in range(0, 30, 3)),
        *(stores.messages.delete(f"m1-{number:06}", now_ms=1) for number in range(1, 30, 3)),
        *(stores.messages.advance([Cursor("m1", "u2", number, number)]) for number in range(30)),
    )
    page = await stores.messages.page("m1", limit=100)
    assert [message.seq for message in page] == list(range(1, 61))
    assert sum(message.deleted for message in page) == 10
    assert sum(message.content == "e" for message in page) == 10
    assert (await stores.messages.cursors("m1"))["u2"].read_seq == 29
