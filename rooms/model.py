"""The values that rooms, their stores and their facts share. Times are milliseconds since 1970 (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Content = str | dict[str, Any]
MatchKind = Literal["pair", "group"]


@dataclass(frozen=True, slots=True)
class User:
    """An account as far as this server knows it. `lang` is a BCP 47 tag."""

    user_id: str
    name: str
    lang: str | None = None
    age: int | None = None
    city: str | None = None
    interests: tuple[str, ...] = ()
    bio: str | None = None
    last_seen_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """People brought together. `seats` is how many may be in it: more than `members` only for
    a match that development mode opened by name and that still waits for its second person."""

    match_id: str
    kind: MatchKind
    members: tuple[str, ...]
    created_ms: int
    seats: int = 2
    score: float | None = None
    sealed: bool = False
    context: Mapping[str, Any] | None = None

    def others(self, user_id: str) -> tuple[str, ...]:
        """All members but this one."""
        return tuple(member for member in self.members if member != user_id)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be stored; the store gives it its `seq`."""

    message_id: str
    match_id: str
    sender_id: str
    type: str
    content: Content
    created_ms: int
    client_id: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message. `deleted` ones keep `seq` and have empty content.
    `reactions` maps an emoji to the user ids in the order in which they reacted."""

    message_id: str
    match_id: str
    seq: int
    sender_id: str
    type: str
    content: Content
    created_ms: int
    client_id: str | None = None
    reply_to: str | None = None
    version: int = 1
    edited_ms: int | None = None
    deleted: bool = False
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an append. `duplicate`: its (match, sender, clientId) is that of `message`, stored before."""

    message: Message
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one member has received and read one match. Both only grow; `delivered >= read` always."""

    match_id: str
    user_id: str
    delivered_seq: int = 0
    read_seq: int = 0


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A line in somebody's list of matches."""

    match: Match
    last_seq: int
    read_seq: int
    last_message: Message | None
    unread: int


@dataclass(frozen=True, slots=True)
class Game:
    """A game of a room as stored. `turn` is a user id or None."""

    game_id: str
    match_id: str
    game: str
    state: dict[str, Any]
    turn: str | None
    version: int
    finished: bool
    created_ms: int
