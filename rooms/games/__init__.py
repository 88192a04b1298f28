"""Turn-based games as pure step functions, one file each; every file of this folder is loaded.

A game is a `GameRules` value registered under its name:
`start(player, seed)` makes a state, `step(state, player, move)` gives the next one or
raises a `ProtocolError` and changes nothing, `view(state, player)` hides what this player may
not see yet, `turn(state)` names who has to move, `finished(state)` ends it.
States are JSON objects, so that they can be stored.
"""

import importlib
import pkgutil

from rooms.games.base import GAMES, GameRules, State

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["GAMES", "GameRules", "State"]
