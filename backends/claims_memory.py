"""Who is in which call, for a server that is one process."""

from collections.abc import Mapping, Sequence


class MemoryCallClaims:
    """`media.ports.CallClaims`. Call ids by user."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    async def claim(self, call_id: str, user_ids: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        taken = {user_id: self._held[user_id] for user_id in user_ids if self._held.get(user_id, call_id) != call_id}
        if not taken:
            self._held.update(dict.fromkeys(user_ids, call_id))
        return taken

    async def release(self, call_id: str, user_ids: Sequence[str]) -> None:
        """See the port."""
        for user_id in user_ids:
            if self._held.get(user_id) == call_id:
                del self._held[user_id]


__all__ = ["MemoryCallClaims"]
