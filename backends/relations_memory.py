"""Users and matches in the memory of one process; the twin of `relations_sqlite.py`."""

from collections.abc import Collection
from copy import deepcopy
from dataclasses import replace

from backends.memory_tables import MemoryTables
from rooms.model import Cursor, Match, RoomSummary, User


class MemoryRelationStore:
    """`rooms.ports.RelationStore` over `MemoryTables`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def put_user(self, user: User, *, now_ms: int) -> User:
        """See the port."""
        if user.last_seen_ms is None and (old := self._tables.users.get(user.user_id)) is not None:
            user = replace(user, last_seen_ms=old.last_seen_ms)
        self._tables.users[user.user_id] = user
        return user

    async def ensure_user(self, user_id: str, name: str | None, *, now_ms: int) -> User:
        """See the port."""
        user = self._tables.users.get(user_id)
        if user is None:
            user = User(user_id=user_id, name=user_id if name is None else name)
        elif name is not None:
            user = replace(user, name=name)
        self._tables.users[user_id] = user
        return user

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """See the port."""
        known = self._tables.users
        return {user_id: known[user_id] for user_id in user_ids if user_id in known}

    async def touch(self, user_ids: Collection[str], *, now_ms: int) -> None:
        """See the port. Unknown users stay unknown."""
        for user_id, user in (await self.users(user_ids)).items():
            self._tables.users[user_id] = replace(user, last_seen_ms=now_ms)

    async def seen_since(self, since_ms: int) -> int:
        """See the port; `since_ms` itself counts."""
        return sum(
            user.last_seen_ms is not None and user.last_seen_ms >= since_ms for user in self._tables.users.values()
        )

    async def create_match(self, match: Match, *, idempotency_key: str | None = None) -> tuple[Match, bool]:
        """See the port. A member named twice is a member once."""
        tables = self._tables
        if idempotency_key is not None and (first := tables.match_by_key.get(idempotency_key)) is not None:
            return deepcopy(tables.matches[first]), False
        if match.match_id in tables.matches:
            return deepcopy(tables.matches[match.match_id]), False
        stored = deepcopy(replace(match, members=tuple(dict.fromkeys(match.members))))
        tables.matches[match.match_id] = stored
        tables.active_ms[match.match_id] = match.created_ms
        tables.cursors[match.match_id] = {user_id: Cursor(match.match_id, user_id) for user_id in stored.members}
        if idempotency_key is not None:
            tables.match_by_key[idempotency_key] = match.match_id
        return deepcopy(stored), True

    async def match(self, match_id: str) -> Match | None:
        """See the port."""
        return deepcopy(self._tables.matches.get(match_id))

    async def pair(self, user_a: str, user_b: str) -> Match | None:
        """See the port. Matches of kind "group" are not pairs, however few are in them."""
        both = {user_a, user_b}
        found = [
            match
            for match in self._tables.matches.values()
            # A pair has two members: a name would say no more.
            if match.kind == "pair" and len(match.members) == 2 and set(match.members) == both  # noqa: PLR2004
        ]
        return deepcopy(max(found, key=lambda match: (match.created_ms, match.match_id), default=None))

    async def add_member(self, match_id: str, user_id: str, *, now_ms: int) -> Match | None:
        """See the port."""
        match = self._tables.matches.get(match_id)
        if match is not None and user_id not in match.members and len(match.members) < match.seats:
            match = replace(match, members=(*match.members, user_id))
            self._tables.matches[match_id] = match
            self._tables.cursors[match_id][user_id] = Cursor(match_id, user_id)
        return deepcopy(match)

    async def rooms_of(self, user_id: str, *, limit: int) -> list[RoomSummary]:
        """See the port."""
        tables = self._tables
        mine = [match for match in tables.matches.values() if user_id in match.members]
        mine.sort(key=lambda match: (tables.active_ms[match.match_id], match.match_id), reverse=True)
        return [self._summary(match, user_id) for match in mine[: max(limit, 0)]]

    def _summary(self, match: Match, user_id: str) -> RoomSummary:
        messages = self._tables.messages.get(match.match_id, [])
        read_seq = self._tables.cursors[match.match_id][user_id].read_seq
        return RoomSummary(
            match=deepcopy(match),
            last_seq=len(messages),
            read_seq=read_seq,
            last_message=deepcopy(messages[-1]) if messages else None,
            unread=sum(message.sender_id != user_id for message in messages[read_seq:]),
        )

    async def peers_of(self, user_id: str) -> frozenset[str]:
        """See the port; the user is not their own peer."""
        mine = [match for match in self._tables.matches.values() if user_id in match.members]
        return frozenset(peer for match in mine for peer in match.others(user_id))


__all__ = ["MemoryRelationStore"]
