"""What a game is, and the registry of all games."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GameRules:
    """The rules of one game; all functions are pure."""

    name: str
    start: Callable[[str, int], State]
    step: Callable[[State, str, dict[str, Any]], State]
    view: Callable[[State, str], State]
    turn: Callable[[State], str | None]
    finished: Callable[[State], bool]


GAMES: dict[str, GameRules] = {}


def register(rules: GameRules) -> GameRules:
    """Add a game. Raises `TypeError` when the name is taken."""
    if rules.name in GAMES:
        raise TypeError(f"game {rules.name} is registered twice")
    GAMES[rules.name] = rules
    return rules
