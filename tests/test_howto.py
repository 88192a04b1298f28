"""The examples of docs/howto run as they stand there."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.base import REGISTRY
from protocol.errors import Conflict, InvalidPayload
from rooms.games import GAMES
from signalling.handlers import HANDLERS
from signalling.services import Context
from signalling.session import Connection

HOWTO = Path(__file__).resolve().parent.parent / "docs/howto"


def example(page: str) -> dict[str, Any]:
    """All Python blocks of a page, run one after the other in one namespace."""
    blocks = re.findall(r"```python\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)
    assert blocks
    names: dict[str, Any] = {"__name__": f"howto.{page}"}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _clean_registries() -> Iterator[None]:
    registries: tuple[dict[Any, Any], ...] = (REGISTRY, GAMES, HANDLERS)
    kept = [dict(registry) for registry in registries]
    yield
    for registry, entries in zip(registries, kept, strict=True):
        registry.clear()
        registry.update(entries)


def test_the_example_game_can_be_played() -> None:
    example("add-a-game.md")
    rules = GAMES["guess"]
    state = rules.start("ana", 6)
    assert "number" not in rules.view(state, "ben")
    with pytest.raises(Conflict):
        rules.step(state, "ana", {"guess": 3})
    with pytest.raises(InvalidPayload):
        rules.step(state, "ben", {"guess": 11})
    state = rules.step(rules.step(state, "ben", {"guess": 3}), "ben", {"guess": 7})
    assert rules.finished(state)
    assert rules.turn(state) is None
    assert rules.view(state, "ben")["number"] == 7


async def test_the_example_event_is_declared_handled_and_answered() -> None:
    names = example("add-an-event.md")
    handler = HANDLERS["/", "how_are_you"]
    asked: list[tuple[str, str]] = []

    async def membership(user_id: str, match_id: str) -> SimpleNamespace:
        asked.append((user_id, match_id))
        return SimpleNamespace(members=("ana", "ben"))

    async def online(user_ids: tuple[str, ...]) -> frozenset[str]:
        return frozenset(user_ids)

    services = SimpleNamespace(rooms=SimpleNamespace(membership=membership), presence=SimpleNamespace(online=online))
    connection = Connection("c", user_id="ana", current_match="m")
    event = names["HowAreYou"].from_wire({"mood": 4})
    answer = await handler.call(Context(connection, services, None), event)  # type: ignore[arg-type]  # only what it uses
    assert answer is not None
    assert answer.wire() == {"onlineMembers": 2}
    assert asked == [("ana", "m")]
