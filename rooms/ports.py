"""What the domain needs from outside. `backends` implements these; `visavis/wiring.py` passes them in.

Every writing method returns only after its commit is durable. A store that can not
answer raises `protocol.errors.Unavailable`; nothing is then half done.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rooms.model import Appended, Cursor, Game, Match, Message, NewMessage, RoomSummary, User


class Clock(Protocol):
    """The two clocks. Domain code asks no other."""

    def monotonic(self) -> float:
        """Seconds that only grow; for timers and rates."""
        ...

    def wall_ms(self) -> int:
        """Milliseconds since 1970, UTC; for what is stored and shown."""
        ...


class Ids(Protocol):
    """Where ids and seeds come from."""

    def new(self) -> str:
        """A new opaque id; later ids of one process sort after earlier ones."""
        ...

    def seed(self) -> int:
        """63 random bits for a deterministic core that wants chance."""
        ...


class MessageStore(Protocol):
    """Messages of matches, in order, and how far members have come."""

    async def append(self, message: NewMessage) -> Appended:
        """Store durably and give the next `seq` of the match (from 1, without holes) inside the same commit.
        Appends and other writes that wait at the same time share one commit.
        The same (match_id, sender_id, client_id) again returns the first one with `duplicate=True`."""
        ...

    async def get(self, message_id: str) -> Message | None:
        """One message with its reactions."""
        ...

    async def page(
        self, match_id: str, *, after: int | None = None, before: int | None = None, limit: int
    ) -> list[Message]:
        """At most `limit` messages, ascending by seq, exclusive bounds. With `after`: the oldest ones after it;
        else the newest ones (before `before` if given)."""
        ...

    async def last_seq(self, match_id: str) -> int:
        """The highest seq of the match, 0 when empty or unknown."""
        ...

    async def edit(self, message_id: str, content: str, *, now_ms: int) -> Message | None:
        """New text and version + 1. None when it does not exist or is deleted."""
        ...

    async def delete(self, message_id: str, *, now_ms: int) -> Message | None:
        """Content and reactions out of the store, a tombstone stays, version + 1. Deleting again changes nothing
        and returns the tombstone. None when it does not exist."""
        ...

    async def react(self, message_id: str, user_id: str, emoji: str, *, on: bool, now_ms: int) -> Message | None:
        """Add or take back one reaction; version + 1 if that changed anything. None when unknown or deleted."""
        ...

    async def advance(self, cursors: Sequence[Cursor]) -> list[Cursor]:
        """Move cursors forward (each value is the maximum of old and new; reading implies delivery),
        one commit for all; returns them as they then stand, in the same order."""
        ...

    async def cursors(self, match_id: str) -> dict[str, Cursor]:
        """The cursors of all members of a match, by user id."""
        ...


class RelationStore(Protocol):
    """Users, matches and who is in them."""

    async def put_user(self, user: User, *, now_ms: int) -> User:
        """Create or replace the profile (`last_seen_ms` is kept when the given one is None)."""
        ...

    async def ensure_user(self, user_id: str, name: str | None, *, now_ms: int) -> User:
        """The user, created when unknown (name defaults to the id); a given other name replaces the old one."""
        ...

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """Those that exist, by id."""
        ...

    async def touch(self, user_ids: Collection[str], *, now_ms: int) -> None:
        """Set last seen of all of them."""
        ...

    async def seen_since(self, since_ms: int) -> int:
        """How many users have been seen since."""
        ...

    async def create_match(self, match: Match, *, idempotency_key: str | None = None) -> tuple[Match, bool]:
        """Create with its members; returns (match, created). The same key again returns the first match and False.
        A match_id that exists already returns that match and False."""
        ...

    async def match(self, match_id: str) -> Match | None:
        """One match with its members in joining order."""
        ...

    async def pair(self, user_a: str, user_b: str) -> Match | None:
        """The newest match of exactly these two, if any."""
        ...

    async def add_member(self, match_id: str, user_id: str, *, now_ms: int) -> Match | None:
        """Take a free seat. Returns the match as it then is; None when unknown; unchanged when full or already in."""
        ...

    async def rooms_of(self, user_id: str, *, limit: int) -> list[RoomSummary]:
        """The user's matches, the most recently active first. `unread` counts messages of others above read_seq."""
        ...

    async def peers_of(self, user_id: str) -> frozenset[str]:
        """Everybody who shares a match with the user."""
        ...


class GameStore(Protocol):
    """Games of rooms."""

    async def create_game(self, game: Game) -> None:
        """Store a new game."""
        ...

    async def game(self, game_id: str) -> Game | None:
        """One game."""
        ...

    async def running(self, match_id: str, game: str) -> Game | None:
        """The newest unfinished game of that name in the match."""
        ...

    async def replace(self, game: Game, *, expected_version: int) -> bool:
        """Store the new state if the stored version is still `expected_version`."""
        ...


class PresenceStore(Protocol):
    """Which users are connected anywhere."""

    async def set_online(self, user_id: str) -> None:
        """This node has at least one connection of the user."""
        ...

    async def set_offline(self, user_id: str) -> None:
        """This node has none any more."""
        ...

    async def online(self, user_ids: Collection[str]) -> frozenset[str]:
        """Those of the given who are connected to any node."""
        ...

    async def all_online(self, *, limit: int) -> list[str]:
        """Users online now."""
        ...

    async def count(self) -> int:
        """How many users are online."""
        ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event for the devices of some users. `payload` is ready to be encoded; nobody may change it.

    `only` are the connections that get it, None for all; `skip` is one that does not. `receipt` = (match_id, seq) when
    the event is a message: whoever writes it to a device says so through `FactBus` (`MessageReachedDevice`)."""

    user_ids: tuple[str, ...]
    event: str
    payload: Any
    namespace: str = "/"
    skip: str | None = None
    receipt: tuple[str, int] | None = None
    only: tuple[str, ...] | None = None


class Bus(Protocol):
    """Carries envelopes to every node that may hold a device of the named users, this one first."""

    async def publish(self, envelope: Envelope) -> None:
        """Returns when the local subscribers have it and it is handed to the transport."""
        ...

    def subscribe(self, deliver: Callable[[Envelope], Awaitable[None]]) -> None:
        """`deliver` is called for every envelope of any node."""
        ...


class OpeningLines(Protocol):
    """Lines to open a talk with (implemented by `assist`)."""

    async def opening_lines(self, match: Match, users: Mapping[str, User]) -> dict[str, list[str]]:
        """By user id, each in that person's language. Empty lists when there is nothing to offer."""
        ...


class Timers(Protocol):
    """The event loop as far as a service may use it."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back at monotonic `when`; the returned function cancels it."""
        ...

    def spawn(self, work: Awaitable[None], name: str) -> None:
        """Run a task that the owner awaits at shutdown; its exception is logged."""
        ...


__all__ = [
    "Bus",
    "Clock",
    "Envelope",
    "GameStore",
    "Ids",
    "MessageStore",
    "OpeningLines",
    "PresenceStore",
    "RelationStore",
    "Timers",
]
