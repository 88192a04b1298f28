"""Games in the embedded database."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, false, insert, select, update

from backends import tables as t
from backends.database_sqlite import SqliteDatabase
from backends.rows import game_of
from protocol.errors import NotFound
from rooms.model import Game


class SqliteGameStore:
    """`rooms.ports.GameStore` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def create_game(self, game: Game) -> None:
        """See the port. An unknown match raises `NotFound`, an id that is taken `Conflict`."""
        await self._database.write(partial(_create, game=game))

    async def game(self, game_id: str) -> Game | None:
        """See the port."""
        return await self._database.read(partial(_first, query=select(t.games).where(t.games.c.game_id == game_id)))

    async def running(self, match_id: str, game: str) -> Game | None:
        """See the port."""
        query = (
            select(t.games)
            .where(t.games.c.match_id == match_id, t.games.c.game == game, t.games.c.finished == false())
            .order_by(t.games.c.created_ms.desc(), t.games.c.game_id.desc())
            .limit(1)
        )
        return await self._database.read(partial(_first, query=query))

    async def replace(self, game: Game, *, expected_version: int) -> bool:
        """See the port."""
        return await self._database.write(partial(_replace, game=game, expected_version=expected_version))


def _columns(game: Game) -> dict[str, Any]:
    return {
        "match_id": game.match_id,
        "game": game.game,
        "state": game.state,
        "turn": game.turn,
        "version": game.version,
        "finished": game.finished,
        "created_ms": game.created_ms,
    }


def _create(connection: Connection, game: Game) -> None:
    known = connection.execute(select(t.matches.c.match_id).where(t.matches.c.match_id == game.match_id))
    if known.scalar() is None:
        raise NotFound("no such match", field="matchId")
    connection.execute(insert(t.games).values(game_id=game.game_id, **_columns(game)))


def _first(connection: Connection, query: Any) -> Game | None:
    row = connection.execute(query).first()
    return game_of(row) if row is not None else None


def _replace(connection: Connection, game: Game, expected_version: int) -> bool:
    stored = connection.execute(
        update(t.games)
        .where(t.games.c.game_id == game.game_id, t.games.c.version == expected_version)
        .values(**_columns(game))
    )
    return stored.rowcount == 1


__all__ = ["SqliteGameStore"]
