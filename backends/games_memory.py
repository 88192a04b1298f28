"""Games in the memory of one process; the twin of `games_sqlite.py`."""

from copy import deepcopy

from backends.memory_tables import MemoryTables
from protocol.errors import Conflict, NotFound
from rooms.model import Game


class MemoryGameStore:
    """`rooms.ports.GameStore` over `MemoryTables`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def create_game(self, game: Game) -> None:
        """See the port. An unknown match raises `NotFound`, an id that is taken `Conflict`."""
        if game.match_id not in self._tables.matches:
            raise NotFound("no such match", field="matchId")
        if game.game_id in self._tables.games:
            raise Conflict("this game id is taken")
        self._tables.games[game.game_id] = deepcopy(game)

    async def game(self, game_id: str) -> Game | None:
        """See the port."""
        return deepcopy(self._tables.games.get(game_id))

    async def running(self, match_id: str, game: str) -> Game | None:
        """See the port."""
        found = [
            stored
            for stored in self._tables.games.values()
            if stored.match_id == match_id and stored.game == game and not stored.finished
        ]
        return deepcopy(max(found, key=lambda stored: (stored.created_ms, stored.game_id), default=None))

    async def replace(self, game: Game, *, expected_version: int) -> bool:
        """See the port."""
        stored = self._tables.games.get(game.game_id)
        if stored is None or stored.version != expected_version:
            return False
        self._tables.games[game.game_id] = deepcopy(game)
        return True


__all__ = ["MemoryGameStore"]
