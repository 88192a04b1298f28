"""Messages in the memory of one process: for tests and for a first look; nothing survives a restart."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from backends.memory_tables import MemoryTables
from protocol.errors import Conflict, NotFound
from rooms.model import Appended, Cursor, Message, NewMessage


class MemoryMessageStore:
    """`rooms.ports.MessageStore` over `MemoryTables`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def append(self, message: NewMessage) -> Appended:
        """See the port. An unknown match raises `NotFound`, a message id that is taken `Conflict`."""
        tables = self._tables
        if message.match_id not in tables.matches:
            raise NotFound("no such match", field="matchId")
        key = (message.match_id, message.sender_id, message.client_id) if message.client_id is not None else None
        if key is not None and (known := tables.message_by_client_id.get(key)) is not None:
            return Appended(_found(tables.message(known)), duplicate=True)
        if message.message_id in tables.place:
            raise Conflict("this message id is taken")
        messages = tables.messages.setdefault(message.match_id, [])
        stored = Message(
            message_id=message.message_id,
            match_id=message.match_id,
            seq=len(messages) + 1,
            sender_id=message.sender_id,
            type=message.type,
            content=deepcopy(message.content),
            created_ms=message.created_ms,
            client_id=message.client_id,
            reply_to=message.reply_to,
        )
        messages.append(stored)
        tables.place[stored.message_id] = (stored.match_id, stored.seq)
        if key is not None:
            tables.message_by_client_id[key] = stored.message_id
        tables.active_ms[stored.match_id] = max(tables.active_ms[stored.match_id], stored.created_ms)
        return Appended(deepcopy(stored), duplicate=False)

    async def get(self, message_id: str) -> Message | None:
        """See the port."""
        return deepcopy(self._tables.message(message_id))

    async def page(
        self, match_id: str, *, after: int | None = None, before: int | None = None, limit: int
    ) -> list[Message]:
        """See the port. With both bounds: the oldest ones between them."""
        if limit <= 0:
            return []
        lowest = max(after, 0) if after is not None else 0
        highest = max(before - 1, 0) if before is not None else None
        between = self._tables.messages.get(match_id, [])[lowest:highest]
        return deepcopy(between[:limit] if after is not None else between[-limit:])

    async def last_seq(self, match_id: str) -> int:
        """See the port."""
        return len(self._tables.messages.get(match_id, ()))

    async def edit(self, message_id: str, content: str, *, now_ms: int) -> Message | None:
        """See the port."""
        message = self._tables.message(message_id)
        if message is None or message.deleted:
            return None
        return self._tables.keep(replace(message, content=content, edited_ms=now_ms))

    async def delete(self, message_id: str, *, now_ms: int) -> Message | None:
        """See the port."""
        message = self._tables.message(message_id)
        if message is None or message.deleted:
            return message
        return self._tables.keep(replace(message, content="", deleted=True, reactions={}))

    async def react(self, message_id: str, user_id: str, emoji: str, *, on: bool, now_ms: int) -> Message | None:
        """See the port."""
        message = self._tables.message(message_id)
        if message is None or message.deleted:
            return None
        users = message.reactions.get(emoji, ())
        if on == (user_id in users):
            return deepcopy(message)
        users = (*users, user_id) if on else tuple(user for user in users if user != user_id)
        reactions = {**message.reactions, emoji: users}
        return deepcopy(self._tables.keep(replace(message, reactions={e: u for e, u in reactions.items() if u})))

    async def advance(self, cursors: Sequence[Cursor]) -> list[Cursor]:
        """See the port. Somebody who is not in the match has no cursor: zeros come back, nothing is stored."""
        for cursor in cursors:
            members = self._tables.cursors.get(cursor.match_id, {})
            if (old := members.get(cursor.user_id)) is not None:
                members[cursor.user_id] = replace(
                    old,
                    delivered_seq=max(old.delivered_seq, cursor.delivered_seq, cursor.read_seq),
                    read_seq=max(old.read_seq, cursor.read_seq),
                )
        return [self._cursor(cursor.match_id, cursor.user_id) for cursor in cursors]

    def _cursor(self, match_id: str, user_id: str) -> Cursor:
        return self._tables.cursors.get(match_id, {}).get(user_id) or Cursor(match_id, user_id)

    async def cursors(self, match_id: str) -> dict[str, Cursor]:
        """See the port."""
        return dict(self._tables.cursors.get(match_id, {}))


def _found(message: Message | None) -> Message:
    """A message that an index names is there."""
    assert message is not None
    return deepcopy(message)


__all__ = ["MemoryMessageStore"]
