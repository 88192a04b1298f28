"""What may happen to a message, and how it stands on the wire.

    stored --deliver--> delivered --read--> read
    stored | delivered | read --delete--> deleted       (a tombstone: keeps its seq)
    edit and react keep the state; on a tombstone they are refused with `gone`

Self-destruction joins this table as one more way into a tombstone.
"""

import json
from enum import StrEnum
from typing import Final, Literal

from protocol.chat import MessageUpdated, NewMessage, StoredMessage
from protocol.errors import Conflict, Forbidden, Gone, InvalidPayload, TooLarge
from protocol.ids import iso_time
from rooms.model import Cursor, Message


class MessageState(StrEnum):
    """Where a message is in its life, as its sender sees it in a room of two."""

    STORED = "stored"
    DELIVERED = "delivered"
    READ = "read"
    DELETED = "deleted"


class MessageEvent(StrEnum):
    """What can happen to it."""

    DELIVER = "deliver"
    READ = "read"
    EDIT = "edit"
    REACT = "react"
    DELETE = "delete"


_S = MessageState
_E = MessageEvent
TRANSITIONS: Final[dict[tuple[MessageState, MessageEvent], MessageState]] = {
    (_S.STORED, _E.DELIVER): _S.DELIVERED,
    (_S.DELIVERED, _E.DELIVER): _S.DELIVERED,
    (_S.READ, _E.DELIVER): _S.READ,
    (_S.STORED, _E.READ): _S.READ,
    (_S.DELIVERED, _E.READ): _S.READ,
    (_S.READ, _E.READ): _S.READ,
    **{(state, _E.EDIT): state for state in (_S.STORED, _S.DELIVERED, _S.READ)},
    **{(state, _E.REACT): state for state in (_S.STORED, _S.DELIVERED, _S.READ)},
    **{(state, _E.DELETE): _S.DELETED for state in MessageState},
    (_S.DELETED, _E.DELIVER): _S.DELETED,
    (_S.DELETED, _E.READ): _S.DELETED,
}


def fire(state: MessageState, event: MessageEvent) -> MessageState:
    """The next state. Raises `Gone` where the table has no entry."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise Gone("the message was deleted") from None


def state_of(message: Message, cursor: Cursor | None) -> MessageState:
    """The state towards one other member, whose cursor this is."""
    if message.deleted:
        return MessageState.DELETED
    if cursor is None or cursor.delivered_seq < message.seq:
        return MessageState.STORED
    return MessageState.READ if cursor.read_seq >= message.seq else MessageState.DELIVERED


def check_change(message: Message, user_id: str, event: MessageEvent) -> None:
    """Raises `Forbidden` (somebody else's message), `Gone` (a tombstone) or `Conflict` (a type that has no text)."""
    if event in (MessageEvent.EDIT, MessageEvent.DELETE) and message.sender_id != user_id:
        raise Forbidden("only its sender may change a message")
    fire(state_of(message, None), event)
    if event is MessageEvent.EDIT and message.type != "text":
        raise Conflict("only text can be edited", field="messageId")


def check_text(text: str, *, max_chars: int, field: str = "content") -> str:
    """The text as it will be stored. Raises `TooLarge` or `InvalidPayload` (empty, or with a NUL character)."""
    if len(text) > max_chars:
        raise TooLarge(f"at most {max_chars} characters", field=field)
    if not text.strip():
        raise InvalidPayload("must not be empty", field=field)
    if "\x00" in text:
        raise InvalidPayload("must not hold a NUL character", field=field)
    return text


def new_message(message: Message) -> NewMessage:
    """The event for a message just stored."""
    return NewMessage(
        message_id=message.message_id,
        match_id=message.match_id,
        from_=message.sender_id,
        content=message.content,
        type=message.type,  # type: ignore[arg-type]  # the store holds what the wire models let in
        timestamp=iso_time(message.created_ms),
        seq=message.seq,
        client_id=message.client_id,
        reply_to=message.reply_to,
    )


def _reactions(message: Message) -> dict[str, list[str]]:
    return {emoji: list(users) for emoji, users in message.reactions.items()}


def stored_message(message: Message) -> StoredMessage:
    """A message as it stands in answers and history."""
    return StoredMessage(
        message_id=message.message_id,
        match_id=message.match_id,
        seq=message.seq,
        from_=message.sender_id,
        type=message.type,  # type: ignore[arg-type]  # as above
        content=message.content,
        timestamp=iso_time(message.created_ms),
        client_id=message.client_id,
        reply_to=message.reply_to,
        version=message.version,
        edited_at=None if message.edited_ms is None else iso_time(message.edited_ms),
        deleted=True if message.deleted else None,
        reactions=_reactions(message) or None,
    )


def message_updated(message: Message) -> MessageUpdated:
    """The event for a changed message: the whole of what can change, so that a client need not merge."""
    return MessageUpdated(
        message_id=message.message_id,
        match_id=message.match_id,
        version=message.version,
        content=message.content,
        edited_at=None if message.edited_ms is None else iso_time(message.edited_ms),
        deleted=True if message.deleted else None,
        reactions=_reactions(message),
    )


def fit(messages: list[StoredMessage], *, max_bytes: int, keep: Literal["oldest", "newest"]) -> list[StoredMessage]:
    """As many whole messages as fit into `max_bytes` of UTF-8 JSON, at least one, from the named end."""
    ordered = messages if keep == "oldest" else messages[::-1]
    room = max_bytes
    taken: list[StoredMessage] = []
    for message in ordered:
        room -= len(json.dumps(message.wire(), ensure_ascii=False).encode())
        if room < 0 and taken:
            break
        taken.append(message)
    return taken if keep == "oldest" else taken[::-1]
