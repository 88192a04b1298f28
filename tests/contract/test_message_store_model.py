"""Random histories: after each step the embedded database and the memory store say the same."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from protocol.errors import ProtocolError
from rooms.model import Content, Cursor, Match
from tests.contract.stores import Stores, memory_stores, new_message, sqlite_stores

T = TypeVar("T")

MATCHES = st.sampled_from(["m1", "m2", "nowhere"])
PEOPLE = st.sampled_from(["u1", "u2", "u3"])
NUMBERS = st.integers(0, 12)
SEQS = st.integers(-1, 15)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CONTENTS = TEXTS | st.dictionaries(TEXTS, TEXTS | st.integers() | st.none() | st.booleans(), max_size=3)
CLIENT_IDS = st.none() | st.sampled_from(["c1", "c2", "c3"])
EMOJIS = st.sampled_from(["👍", "😀"])


class MessageStores(RuleBasedStateMachine):
    """Does everything to both stores and compares every answer."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()
        self._open = AsyncExitStack()
        self._memory = self._runner.run(self._open.enter_async_context(memory_stores()))
        self._sqlite = self._runner.run(self._open.enter_async_context(self._file()))
        for match in (Match("m1", "pair", ("u1", "u2"), 1), Match("m2", "group", ("u1",), 2, seats=3)):
            self.create(match)

    def create(self, match: Match) -> None:
        self.same(lambda stores: stores.relations.create_match(match))

    def _file(self) -> AbstractAsyncContextManager[Stores]:
        return sqlite_stores(Path(self._folder.name))

    def teardown(self) -> None:
        self._runner.run(self._open.aclose())
        self._runner.close()
        self._folder.cleanup()

    def same(self, ask: Callable[[Stores], Awaitable[T]]) -> None:
        """Ask both; they answer, or refuse, alike."""
        assert self._runner.run(_answer(ask, self._memory)) == self._runner.run(_answer(ask, self._sqlite))

    @rule(number=NUMBERS, match_id=MATCHES, who=PEOPLE, content=CONTENTS, client_id=CLIENT_IDS)
    def append(self, number: int, match_id: str, who: str, content: Content, client_id: str | None) -> None:
        message = new_message(number, match_id, who, content=content, client_id=client_id)
        self.same(lambda stores: stores.messages.append(message))

    @rule(number=NUMBERS, match_id=MATCHES, text=TEXTS)
    def edit(self, number: int, match_id: str, text: str) -> None:
        self.same(lambda stores: stores.messages.edit(f"{match_id}-{number:06}", text, now_ms=number))

    @rule(number=NUMBERS, match_id=MATCHES)
    def delete(self, number: int, match_id: str) -> None:
        self.same(lambda stores: stores.messages.delete(f"{match_id}-{number:06}", now_ms=number))

    @rule(number=NUMBERS, match_id=MATCHES, who=PEOPLE, emoji=EMOJIS, on=st.booleans())
    def react(self, number: int, match_id: str, who: str, emoji: str, on: bool) -> None:
        message_id = f"{match_id}-{number:06}"
        self.same(lambda stores: stores.messages.react(message_id, who, emoji, on=on, now_ms=number))

    @rule(cursors=st.lists(st.builds(Cursor, MATCHES, PEOPLE, st.integers(0, 9), st.integers(0, 9)), max_size=4))
    def advance(self, cursors: list[Cursor]) -> None:
        self.same(lambda stores: stores.messages.advance(cursors))

    @rule(match_id=MATCHES, who=PEOPLE)
    def add_member(self, match_id: str, who: str) -> None:
        self.same(lambda stores: stores.relations.add_member(match_id, who, now_ms=1))

    @rule(match_id=MATCHES, after=st.none() | SEQS, before=st.none() | SEQS, limit=st.integers(-1, 6))
    def page(self, match_id: str, after: int | None, before: int | None, limit: int) -> None:
        self.same(lambda stores: stores.messages.page(match_id, after=after, before=before, limit=limit))

    @rule(who=PEOPLE, limit=st.integers(0, 3))
    def rooms_of(self, who: str, limit: int) -> None:
        self.same(lambda stores: stores.relations.rooms_of(who, limit=limit))

    @rule()
    def restart(self) -> None:
        async def reopen() -> Stores:
            await self._open.aclose()
            return await self._open.enter_async_context(self._file())

        self._sqlite = self._runner.run(reopen())

    @invariant()
    def everything_stored_is_the_same(self) -> None:
        for match_id in ("m1", "m2", "nowhere"):
            self._everything_of(match_id)

    def _everything_of(self, match_id: str) -> None:
        self.same(lambda stores: stores.messages.page(match_id, after=0, limit=100))
        self.same(lambda stores: stores.messages.last_seq(match_id))
        self.same(lambda stores: stores.messages.cursors(match_id))


async def _answer(ask: Callable[[Stores], Awaitable[T]], stores: Stores) -> T | type[ProtocolError]:
    try:
        return await ask(stores)
    except ProtocolError as error:
        return type(error)


TestMessageStores = MessageStores.TestCase
TestMessageStores.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
