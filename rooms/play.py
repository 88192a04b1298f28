"""Games of a room: the shell around the pure rules in `rooms/games`."""

import asyncio
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from protocol.errors import Conflict, Gone, NotFound
from protocol.games import GamePlayed, GameState, PlayGame
from rooms.games import GAMES, GameRules
from rooms.kit import Kit
from rooms.model import Game, Match
from rooms.ports import GameStore
from rooms.service import RoomService


class GameService:
    """Start a game, make moves; every member sees what the rules let them see."""

    def __init__(self, kit: Kit, *, rooms: RoomService, games: GameStore) -> None:
        self._rooms = rooms
        self._games = games
        self._announcer = kit.announcer
        self._clock = kit.clock
        self._ids = kit.ids
        # Held while a game is looked for and started: two who start at once must be in the same one.
        self._starting: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def play(self, user_id: str, event: PlayGame, *, match_id: str) -> GamePlayed:
        """Without a move: start, or get the running game. With one: make it.

        Raises `NotFound` (game name, game id), `NotAMember`, `Conflict` (turn, raced), `Gone` (over)."""
        match = await self._rooms.membership(user_id, match_id)
        rules = GAMES.get(event.game)
        if rules is None:
            raise NotFound(f"there is no such game; there are: {', '.join(sorted(GAMES))}", field="game")
        if event.move is not None:
            game = await self._find(event, match, rules)
            if game is None:
                raise NotFound("no such game is running", field="gameId")
            return await self._move(user_id, match, rules, game, event.move)
        async with self._starting.setdefault((match_id, rules.name), asyncio.Lock()):
            game = await self._find(event, match, rules) or await self._start(user_id, match, rules)
        return GamePlayed(**_seen(rules, game, user_id))

    async def _find(self, event: PlayGame, match: Match, rules: GameRules) -> Game | None:
        if event.game_id is None:
            return await self._games.running(match.match_id, rules.name)
        game = await self._games.game(event.game_id)
        if game is None or game.match_id != match.match_id or game.game != rules.name:
            raise NotFound("no such game in this match", field="gameId")
        return game

    async def _start(self, user_id: str, match: Match, rules: GameRules) -> Game:
        state = rules.start(user_id, self._ids.seed())
        game = Game(
            game_id=self._ids.new(),
            match_id=match.match_id,
            game=rules.name,
            state=state,
            turn=rules.turn(state),
            version=1,
            finished=rules.finished(state),
            created_ms=self._clock.wall_ms(),
        )
        await self._games.create_game(game)
        await self._tell(match, rules, game)
        return game

    async def _move(self, user_id: str, match: Match, rules: GameRules, game: Game, move: dict[str, Any]) -> GamePlayed:
        if game.finished:
            raise Gone("the game is over", field="gameId")
        state = rules.step(game.state, user_id, move)
        after = replace(
            game, state=state, turn=rules.turn(state), version=game.version + 1, finished=rules.finished(state)
        )
        if not await self._games.replace(after, expected_version=game.version):
            raise Conflict("somebody else moved at the same time", field="move")
        await self._tell(match, rules, after)
        return GamePlayed(**_seen(rules, after, user_id))

    async def _tell(self, match: Match, rules: GameRules, game: Game) -> None:
        for member in match.members:
            await self._announcer.tell([member], GameState(**_seen(rules, game, member)))


def _seen(rules: GameRules, game: Game, user_id: str) -> dict[str, Any]:
    return {
        "game_id": game.game_id,
        "match_id": game.match_id,
        "game": game.game,
        "state": rules.view(game.state, user_id),
        "turn": game.turn,
        "version": game.version,
    }
