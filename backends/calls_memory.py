"""What calls were like, in memory: for tests and for a server that keeps nothing. Lost when the process ends."""

from collections.abc import Sequence

from media.ports import CallRecord, TimelineEntry


class MemoryCallLog:
    """`media.ports.CallLog` in dictionaries."""

    def __init__(self) -> None:
        self._calls: dict[str, CallRecord] = {}
        self._seconds: dict[str, dict[int, TimelineEntry]] = {}

    async def put(self, record: CallRecord) -> None:
        """See the port."""
        self._calls[record.call_id] = record

    async def call(self, call_id: str) -> CallRecord | None:
        """See the port."""
        return self._calls.get(call_id)

    async def calls_of(self, user_id: str, *, before: str | None = None, limit: int) -> list[CallRecord]:
        """See the port."""
        found = [
            call
            for call_id, call in self._calls.items()
            if user_id in call.user_ids and (before is None or call_id < before)
        ]
        return sorted(found, key=lambda call: call.call_id, reverse=True)[:limit]

    async def add_seconds(self, call_id: str, entries: Sequence[TimelineEntry]) -> None:
        """See the port."""
        self._seconds.setdefault(call_id, {}).update({entry.at_ms: entry for entry in entries})

    async def timeline(self, call_id: str, *, after_ms: int = -1, limit: int) -> list[TimelineEntry]:
        """See the port."""
        seconds = self._seconds.get(call_id, {})
        return [seconds[at_ms] for at_ms in sorted(seconds) if at_ms > after_ms][:limit]


__all__ = ["MemoryCallLog"]
