"""Neighbours of a service that a test can cut off, slow down or listen to. The parts themselves are the real ones."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from protocol.errors import Unavailable
from rooms.facts import Fact, FactBus
from rooms.model import Match, User
from rooms.ports import Envelope

T = TypeVar("T")


class Line:
    """The way to a real store or bus. A cut call raises `Unavailable` and never gets there; a held one gets there, or
    its answer comes back, only when the test lets it go."""

    def __init__(self) -> None:
        self._cut: set[str] = set()
        self._held: dict[str, tuple[asyncio.Event, bool]] = {}
        self.calls: list[str] = []

    def cut(self, *methods: str) -> None:
        """These methods are dead from now on."""
        self._cut.update(methods)

    def mend(self) -> None:
        """Everything works again."""
        self._cut.clear()

    def hold(self, method: str, *, before: bool = False) -> asyncio.Event:
        """The next call of `method` is made, but its answer waits for the event that is returned; with `before` the
        call itself waits."""
        gate = asyncio.Event()
        self._held[method] = (gate, before)
        return gate

    async def pass_on(self, method: str, call: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """One call over the line."""
        self.calls.append(method)
        if method in self._cut:
            raise Unavailable
        gate, before = self._held.pop(method, (None, False))
        if gate is not None and before:
            await gate.wait()
        answer = await call(*arguments, **options)
        if gate is not None and not before:
            await gate.wait()
        return answer


class _Through:
    """Passes every awaited method on over a line; `subscribe` is not awaited."""

    def __init__(self, line: Line, real: Any) -> None:
        self._line = line
        self._real = real

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            return await self._line.pass_on(name, method, arguments, options)

        return call


def through(line: Line, real: T) -> T:
    """`real` as it looks from the other end of `line`."""
    return cast(T, _Through(line, real))


class Ears:
    """Hears what a bus carries, by person, and every fact of some kinds."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.facts: list[Fact] = []

    async def deliver(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)

    def listen(self, facts: FactBus, *kinds: type[Fact]) -> None:
        for kind in kinds:
            facts.subscribe(kind, self.facts.append)

    def told(self, event: str, user_id: str | None = None) -> list[Any]:
        """Payloads of an event, oldest first; with `user_id` only those that reach this person."""
        return [
            envelope.payload
            for envelope in self.envelopes
            if envelope.event == event and (user_id is None or user_id in envelope.user_ids)
        ]

    def forget(self) -> None:
        """From here on."""
        self.envelopes.clear()
        self.facts.clear()


class ScriptedOpening:
    """`rooms.ports.OpeningLines` that offers, fails or dawdles as told."""

    def __init__(self) -> None:
        self.offers: dict[str, list[str]] = {}
        self.error: Exception | None = None
        self.delay_s = 0.0
        self.asked: list[tuple[Match, Mapping[str, User]]] = []

    async def opening_lines(self, match: Match, users: Mapping[str, User]) -> dict[str, list[str]]:
        self.asked.append((match, users))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        return self.offers
