"""Who is connected, for a server that is one process."""

from collections.abc import Collection


class MemoryPresenceStore:
    """`rooms.ports.PresenceStore`. The users, in the order in which they came."""

    def __init__(self) -> None:
        self._online: dict[str, None] = {}

    async def set_online(self, user_id: str) -> None:
        """See the port."""
        self._online[user_id] = None

    async def set_offline(self, user_id: str) -> None:
        """See the port."""
        self._online.pop(user_id, None)

    async def online(self, user_ids: Collection[str]) -> frozenset[str]:
        """See the port."""
        return frozenset(user_id for user_id in user_ids if user_id in self._online)

    async def all_online(self, *, limit: int) -> list[str]:
        """See the port; the first who came first."""
        return list(self._online)[: max(limit, 0)]

    async def count(self) -> int:
        """See the port."""
        return len(self._online)


__all__ = ["MemoryPresenceStore"]
