"""Between rows of `tables.py` and the values of `rooms.model`.

Functions that take a connection run inside a transaction of the caller.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Row, select

from backends import tables as t
from rooms.model import Content, Game, Match, MatchKind, Message, User

T = TypeVar("T")

# Databases bound the parameters of one statement (SQLite 32,766, PostgreSQL 65,535).
_CHUNK = 5_000


def chunks(values: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """The distinct values in lists that fit into one statement."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def encode_content(content: Content) -> tuple[str, bool]:
    """(text, structured) as stored: a string is itself, an object becomes JSON."""
    if isinstance(content, str):
        return content, False
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")), True


def decode_content(text: str, structured: bool) -> Content:
    """The inverse of `encode_content`."""
    return cast(Content, json.loads(text)) if structured else text


def user_of(row: Row[Any]) -> User:
    """A row of `users`."""
    return User(
        user_id=row.user_id,
        name=row.name,
        lang=row.lang,
        age=row.age,
        city=row.city,
        interests=tuple(row.interests),
        bio=row.bio,
        last_seen_ms=row.last_seen_ms,
    )


def game_of(row: Row[Any]) -> Game:
    """A row of `games`."""
    return Game(
        game_id=row.game_id,
        match_id=row.match_id,
        game=row.game,
        state=row.state,
        turn=row.turn,
        version=row.version,
        finished=row.finished,
        created_ms=row.created_ms,
    )


# The columns that `messages_of` wants, in its order.
MESSAGE = (
    t.messages.c.message_id,
    t.messages.c.version,
    t.messages.c.match_id,
    t.messages.c.seq,
    t.messages.c.sender_id,
    t.messages.c.type,
    t.messages.c.content,
    t.messages.c.structured,
    t.messages.c.created_ms,
    t.messages.c.client_id,
    t.messages.c.reply_to,
    t.messages.c.edited_ms,
    t.messages.c.deleted_ms,
)


def messages_of(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Message]:
    """Rows of the columns `MESSAGE`, in their order, with the reactions."""
    # New messages have version 1: only changed ones can have reactions.
    reactions = _reactions_of(connection, [row[0] for row in rows if row[1] > 1])
    # Unpacked by position: by name a row costs four times as much, and a page has many.
    return [
        Message(
            message_id=message_id,
            match_id=match_id,
            seq=seq,
            sender_id=sender_id,
            type=kind,
            content=decode_content(text, structured),
            created_ms=created_ms,
            client_id=client_id,
            reply_to=reply_to,
            version=version,
            edited_ms=edited_ms,
            deleted=deleted_ms is not None,
            reactions=reactions.get(message_id, {}),
        )
        for (
            message_id,
            version,
            match_id,
            seq,
            sender_id,
            kind,
            text,
            structured,
            created_ms,
            client_id,
            reply_to,
            edited_ms,
            deleted_ms,
        ) in rows
    ]


def load_messages(connection: Connection, message_ids: Collection[str]) -> dict[str, Message]:
    """Those that exist, by id."""
    found: dict[str, Message] = {}
    for ids in chunks(message_ids):
        rows = connection.execute(select(*MESSAGE).where(t.messages.c.message_id.in_(ids))).all()
        found.update((message.message_id, message) for message in messages_of(connection, rows))
    return found


def load_matches(connection: Connection, match_ids: Collection[str]) -> dict[str, Match]:
    """Those that exist, by id, with their members in joining order."""
    found: dict[str, Match] = {}
    for ids in chunks(match_ids):
        members: dict[str, list[str]] = {}
        for match_id, user_id in connection.execute(
            select(t.match_members.c.match_id, t.match_members.c.user_id)
            .where(t.match_members.c.match_id.in_(ids))
            .order_by(t.match_members.c.match_id, t.match_members.c.position)
        ):
            members.setdefault(match_id, []).append(user_id)
        for row in connection.execute(select(t.matches).where(t.matches.c.match_id.in_(ids))):
            found[row.match_id] = _match_of(row, members.get(row.match_id, []))
    return found


def _match_of(row: Row[Any], members: list[str]) -> Match:
    return Match(
        match_id=row.match_id,
        kind=cast(MatchKind, row.kind),
        members=tuple(members),
        created_ms=row.created_ms,
        seats=row.seats,
        score=row.score,
        sealed=row.sealed,
        context=row.context,
    )


def _reactions_of(connection: Connection, message_ids: list[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for ids in chunks(message_ids):
        for message_id, emoji, user_id in connection.execute(
            select(t.reactions.c.message_id, t.reactions.c.emoji, t.reactions.c.user_id)
            .where(t.reactions.c.message_id.in_(ids))
            .order_by(t.reactions.c.reaction_no)
        ):
            emojis = found.setdefault(message_id, {})
            emojis[emoji] = (*emojis.get(emoji, ()), user_id)
    return found


__all__ = [
    "MESSAGE",
    "chunks",
    "decode_content",
    "encode_content",
    "game_of",
    "load_matches",
    "load_messages",
    "messages_of",
    "user_of",
]
