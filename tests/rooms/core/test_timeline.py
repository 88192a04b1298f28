"""What may happen to a message, and how it stands on the wire."""

import json
from dataclasses import replace
from itertools import product
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.chat import StoredMessage
from protocol.errors import Conflict, Forbidden, Gone, InvalidPayload, TooLarge
from rooms.core.timeline import (
    TRANSITIONS,
    MessageEvent,
    MessageState,
    check_change,
    check_text,
    fire,
    fit,
    message_updated,
    new_message,
    state_of,
    stored_message,
)
from rooms.model import Cursor, Message

PLAIN = Message("01M", "m", 3, "ann", "text", "hi", 1_769_860_800_000)
TOMBSTONE = replace(PLAIN, content="", deleted=True, version=2)
FULL = replace(
    PLAIN, client_id="c1", reply_to="01L", version=4, edited_ms=1_769_860_801_000, reactions={"👍": ("bob", "ann")}
)

S, E = MessageState, MessageEvent
# Written out by hand: (state, event) -> state, or None where it is refused.
EXPECTED: dict[tuple[MessageState, MessageEvent], MessageState | None] = {
    (S.STORED, E.DELIVER): S.DELIVERED,
    (S.STORED, E.READ): S.READ,
    (S.STORED, E.EDIT): S.STORED,
    (S.STORED, E.REACT): S.STORED,
    (S.STORED, E.DELETE): S.DELETED,
    (S.DELIVERED, E.DELIVER): S.DELIVERED,
    (S.DELIVERED, E.READ): S.READ,
    (S.DELIVERED, E.EDIT): S.DELIVERED,
    (S.DELIVERED, E.REACT): S.DELIVERED,
    (S.DELIVERED, E.DELETE): S.DELETED,
    (S.READ, E.DELIVER): S.READ,
    (S.READ, E.READ): S.READ,
    (S.READ, E.EDIT): S.READ,
    (S.READ, E.REACT): S.READ,
    (S.READ, E.DELETE): S.DELETED,
    (S.DELETED, E.DELIVER): S.DELETED,
    (S.DELETED, E.READ): S.DELETED,
    (S.DELETED, E.EDIT): None,
    (S.DELETED, E.REACT): None,
    (S.DELETED, E.DELETE): S.DELETED,
}


@pytest.mark.parametrize(("state", "event"), list(product(MessageState, MessageEvent)), ids=str)
def test_each_pair_of_state_and_event_leads_where_the_table_says(state: MessageState, event: MessageEvent) -> None:
    after = EXPECTED[state, event]
    if after is None:
        assert (state, event) not in TRANSITIONS
        with pytest.raises(Gone):
            fire(state, event)
    else:
        assert TRANSITIONS[state, event] is after
        assert fire(state, event) is after


def test_a_tombstone_is_never_left() -> None:
    assert {after for (state, _), after in TRANSITIONS.items() if state is S.DELETED} == {S.DELETED}


@pytest.mark.parametrize(
    ("message", "cursor", "state"),
    [
        (PLAIN, None, S.STORED),
        (PLAIN, Cursor("m", "bob"), S.STORED),
        (PLAIN, Cursor("m", "bob", 2, 2), S.STORED),
        (PLAIN, Cursor("m", "bob", 3, 2), S.DELIVERED),
        (PLAIN, Cursor("m", "bob", 4, 3), S.READ),
        (TOMBSTONE, Cursor("m", "bob", 4, 4), S.DELETED),
        (TOMBSTONE, None, S.DELETED),
    ],
)
def test_the_state_follows_from_the_message_and_the_others_cursor(
    message: Message, cursor: Cursor | None, state: MessageState
) -> None:
    assert state_of(message, cursor) is state


def test_the_sender_may_edit_and_delete_and_anybody_may_react() -> None:
    for event in (E.EDIT, E.DELETE, E.REACT):
        check_change(PLAIN, "ann", event)
    check_change(PLAIN, "bob", E.REACT)


@pytest.mark.parametrize("event", [E.EDIT, E.DELETE])
def test_nobody_else_may_edit_or_delete_not_even_a_tombstone(event: MessageEvent) -> None:
    for message in (PLAIN, TOMBSTONE):
        with pytest.raises(Forbidden):
            check_change(message, "bob", event)


def test_a_tombstone_can_be_deleted_again_but_not_edited_or_reacted_to() -> None:
    check_change(TOMBSTONE, "ann", E.DELETE)
    for event in (E.EDIT, E.REACT):
        with pytest.raises(Gone):
            check_change(TOMBSTONE, "ann", event)


def test_only_text_can_be_edited() -> None:
    place = replace(PLAIN, type="location", content={"lat": 1.0, "lon": 2.0})
    with pytest.raises(Conflict) as refused:
        check_change(place, "ann", E.EDIT)
    assert refused.value.field == "messageId"
    check_change(place, "ann", E.DELETE)


def test_text_is_kept_as_it_is() -> None:
    assert check_text("  hi\n", max_chars=5) == "  hi\n"
    assert check_text("🙂" * 5, max_chars=5) == "🙂" * 5


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x" * 6, TooLarge),
        (" " * 6, TooLarge),
        ("", InvalidPayload),
        (" \n\t\u3000", InvalidPayload),
        ("a\x00b", InvalidPayload),
    ],
)
def test_text_that_is_long_empty_or_unstorable_is_refused_and_the_field_named(
    text: str, error: type[TooLarge | InvalidPayload]
) -> None:
    with pytest.raises(error) as refused:
        check_text(text, max_chars=5, field="draft")
    assert refused.value.field == "draft"


def test_a_plain_message_on_the_wire_has_only_what_it_has() -> None:
    event = {
        "messageId": "01M",
        "matchId": "m",
        "from": "ann",
        "content": "hi",
        "type": "text",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "seq": 3,
    }
    assert new_message(PLAIN).wire() == event
    assert stored_message(PLAIN).wire() == {**event, "version": 1}
    assert message_updated(PLAIN).wire() == {
        "messageId": "01M",
        "matchId": "m",
        "version": 1,
        "content": "hi",
        "reactions": {},
    }


def test_a_message_with_everything_tells_everything() -> None:
    new, stored, updated = new_message(FULL).wire(), stored_message(FULL).wire(), message_updated(FULL).wire()
    assert (new["clientId"], new["replyTo"]) == (stored["clientId"], stored["replyTo"]) == ("c1", "01L")
    for told in (stored, updated):
        assert told["version"] == 4
        assert told["editedAt"] == "2026-01-31T12:00:01.000Z"
        assert told["reactions"] == {"👍": ["bob", "ann"]}
        assert "deleted" not in told


def test_a_tombstone_keeps_its_seq_and_has_no_text() -> None:
    stored = stored_message(TOMBSTONE).wire()
    assert (stored["seq"], stored["content"], stored["deleted"]) == (3, "", True)
    assert "reactions" not in stored
    assert message_updated(TOMBSTONE).wire()["deleted"] is True


def stored(seq: int, text: str) -> StoredMessage:
    return stored_message(replace(PLAIN, seq=seq, content=text))


def size(message: StoredMessage) -> int:
    return len(json.dumps(message.wire(), ensure_ascii=False).encode())


@pytest.mark.parametrize(("keep", "kept"), [("oldest", [1, 2]), ("newest", [2, 3])])
def test_as_many_messages_stay_as_fit_from_the_named_end(keep: Literal["oldest", "newest"], kept: list[int]) -> None:
    messages = [stored(seq, "中" * 10) for seq in (1, 2, 3)]
    room = 2 * size(messages[0])
    assert [message.seq for message in fit(messages, max_bytes=room, keep=keep)] == kept
    assert [message.seq for message in fit(messages, max_bytes=room - 1, keep=keep)] == (
        kept[:1] if keep == "oldest" else kept[1:]
    )


@pytest.mark.parametrize(("keep", "kept"), [("oldest", [1]), ("newest", [2])])
def test_one_message_stays_however_large_it_is(keep: Literal["oldest", "newest"], kept: list[int]) -> None:
    messages = [stored(1, "x" * 500), stored(2, "x" * 500)]
    assert [message.seq for message in fit(messages, max_bytes=10, keep=keep)] == kept


def test_no_messages_stay_no_messages() -> None:
    assert fit([], max_bytes=10, keep="oldest") == []


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=12),
    st.integers(0, 3000),
    st.sampled_from(["oldest", "newest"]),
)
def test_what_stays_is_one_end_in_order_within_the_size(
    texts: list[str], room: int, keep: Literal["oldest", "newest"]
) -> None:
    messages = [stored(seq, text) for seq, text in enumerate(texts, 1)]
    kept = fit(messages, max_bytes=room, keep=keep)
    assert kept == (messages[: len(kept)] if keep == "oldest" else messages[len(messages) - len(kept) :])
    assert len(kept) <= 1 or sum(map(size, kept)) <= room
    if 0 < len(kept) < len(messages):
        left_out = messages[len(kept)] if keep == "oldest" else messages[-len(kept) - 1]
        assert sum(map(size, kept)) + size(left_out) > room
