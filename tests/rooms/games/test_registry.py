"""Games are found by being there."""

import importlib
import inspect
import json
import pkgutil

import pytest

import rooms.games
from rooms.games import GAMES, GameRules
from rooms.games.base import register

FILES = [module.name for module in pkgutil.iter_modules(rooms.games.__path__) if module.name != "base"]


@pytest.mark.parametrize("name", FILES)
def test_each_file_registers_a_game_and_says_what_it_is(name: str) -> None:
    module = importlib.import_module(f"rooms.games.{name}")
    assert inspect.getdoc(module)
    assert any(isinstance(value, GameRules) and GAMES[value.name] is value for value in vars(module).values())


@pytest.mark.parametrize("name", sorted(GAMES))
def test_a_new_game_of_each_kind_can_be_stored_and_shown(name: str) -> None:
    rules = GAMES[name]
    state = rules.start("ann", 7)
    assert rules.name == name
    assert json.loads(json.dumps(state)) == state
    assert rules.start("ann", 7) == state
    assert rules.turn(state) in ("ann", None)
    assert not rules.finished(state)
    assert json.loads(json.dumps(rules.view(state, "bob"))) == rules.view(state, "bob")


def test_a_name_that_is_taken_is_refused() -> None:
    before = dict(GAMES)
    with pytest.raises(TypeError, match="icebreaker is registered twice"):
        register(GAMES["icebreaker"])
    assert before == GAMES
