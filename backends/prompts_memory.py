"""The prompt log in memory: for tests and for a server that keeps nothing. Lost when the process ends."""

from collections.abc import Mapping
from dataclasses import replace

from assist.ports import Prompt, PromptRating
from protocol.errors import Conflict


class MemoryPromptLog:
    """Implements `assist.ports.PromptLog`."""

    def __init__(self) -> None:
        self._prompts: dict[str, Prompt] = {}
        self._ratings: dict[str, dict[str, PromptRating]] = {}

    async def add(self, prompt: Prompt) -> None:
        """See the port."""
        if prompt.prompt_id in self._prompts:
            raise Conflict
        self._prompts[prompt.prompt_id] = prompt
        self._ratings[prompt.prompt_id] = {}

    async def withdraw(self, prompt_id: str) -> None:
        """See the port."""
        self._prompts.pop(prompt_id, None)
        self._ratings.pop(prompt_id, None)

    async def get(self, prompt_id: str) -> Prompt | None:
        """See the port."""
        return self._prompts.get(prompt_id)

    async def of_call(self, call_id: str) -> list[Prompt]:
        """See the port."""
        found = [prompt for prompt in self._prompts.values() if prompt.call_id == call_id]
        return sorted(found, key=lambda prompt: (prompt.at_ms, prompt.prompt_id))

    async def resumed(self, prompt_id: str, *, after_ms: int) -> None:
        """See the port."""
        prompt = self._prompts.get(prompt_id)
        if prompt is not None:
            self._prompts[prompt_id] = replace(prompt, resumed_after_ms=after_ms)

    async def rate(self, prompt_id: str, user_id: str, *, used: bool, rating: int | None) -> None:
        """See the port."""
        ratings = self._ratings.get(prompt_id)
        if ratings is not None:
            ratings[user_id] = PromptRating(used, rating)

    async def ratings(self, prompt_id: str) -> Mapping[str, PromptRating]:
        """See the port."""
        return dict(self._ratings.get(prompt_id, {}))
