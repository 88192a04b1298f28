"""The suggestion log in memory: for tests and for a server that keeps nothing. Lost when the process ends."""

from collections.abc import Sequence
from dataclasses import replace

from assist.ports import OpeningLine, Suggestion


class MemorySuggestionLog:
    """Implements `assist.ports.SuggestionLog`."""

    def __init__(self) -> None:
        self._suggestions: dict[str, Suggestion] = {}
        self._topics: dict[str, set[str]] = {}
        self._openings: dict[str, dict[tuple[str, str], OpeningLine]] = {}

    async def add(self, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
        """Record those whose topic is new in the room; returns them."""
        recorded = []
        for suggestion in suggestions:
            topics = self._topics.setdefault(suggestion.match_id, set())
            if suggestion.topic_id not in topics:
                topics.add(suggestion.topic_id)
                self._suggestions[suggestion.suggestion_id] = suggestion
                recorded.append(suggestion)
        return recorded

    async def used_topics(self, match_id: str) -> frozenset[str]:
        """Topic ids of the room's suggestions."""
        return frozenset(self._topics.get(match_id, ()))

    async def add_openings(self, lines: Sequence[OpeningLine]) -> None:
        """Record opening lines, each once."""
        for line in lines:
            self._openings.setdefault(line.match_id, {}).setdefault((line.user_id, line.topic_id), line)

    async def openings(self, match_id: str) -> list[OpeningLine]:
        """The room's opening lines in the order recorded."""
        return list(self._openings.get(match_id, {}).values())

    async def get(self, suggestion_id: str) -> Suggestion | None:
        """One suggestion with its rating."""
        return self._suggestions.get(suggestion_id)

    async def rate(self, suggestion_id: str, *, used: bool, rating: int | None) -> None:
        """Set what became of it."""
        suggestion = self._suggestions.get(suggestion_id)
        if suggestion is not None:
            self._suggestions[suggestion_id] = replace(suggestion, used=used, rating=rating)
