import asyncio
from dataclasses import replace

import pytest

from protocol.errors import Conflict, NotFound
from rooms.model import Game
from tests.contract.stores import Stores

GAME = Game("g1", "m1", "icebreaker", {"deck": [3, 1], "at": {"u1": None}}, "u1", 1, False, 10)


async def test_a_game_comes_back_as_it_was_made(stores: Stores) -> None:
    await stores.match()
    await stores.games.create_game(GAME)
    assert await stores.games.game("g1") == GAME
    assert await stores.games.game("g2") is None


async def test_a_game_needs_a_match_and_an_id_of_its_own(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.games.create_game(GAME)
    await stores.match()
    await stores.games.create_game(GAME)
    with pytest.raises(Conflict):
        await stores.games.create_game(replace(GAME, turn="u2"))
    assert await stores.games.game("g1") == GAME


async def test_the_newest_unfinished_game_of_a_name_runs(stores: Stores) -> None:
    await stores.match()
    await stores.match("m2")
    await stores.games.create_game(replace(GAME, created_ms=30))
    await stores.games.create_game(replace(GAME, game_id="g2", created_ms=20))
    await stores.games.create_game(replace(GAME, game_id="g3", created_ms=40, finished=True))
    await stores.games.create_game(replace(GAME, game_id="g4", created_ms=50, game="other"))
    await stores.games.create_game(replace(GAME, game_id="g5", created_ms=60, match_id="m2"))
    assert await stores.games.running("m1", "icebreaker") == replace(GAME, created_ms=30)
    assert await stores.games.running("m1", "chess") is None


async def test_a_state_replaces_only_the_version_it_was_made_from(stores: Stores) -> None:
    await stores.match()
    await stores.games.create_game(GAME)
    moved = replace(GAME, state={"deck": []}, turn=None, version=2, finished=True)
    assert await stores.games.replace(moved, expected_version=1)
    assert not await stores.games.replace(replace(moved, version=3), expected_version=1)
    assert await stores.games.game("g1") == moved
    assert await stores.games.running("m1", "icebreaker") is None
    assert not await stores.games.replace(replace(GAME, game_id="g9"), expected_version=1)


async def test_of_many_moves_at_once_one_counts(stores: Stores) -> None:
    await stores.match()
    await stores.games.create_game(GAME)
    moves = [replace(GAME, state={"by": n}, version=2) for n in range(30)]
    done = await asyncio.gather(*(stores.games.replace(move, expected_version=1) for move in moves))
    assert done.count(True) == 1
    assert await stores.games.game("g1") == moves[done.index(True)]


async def test_a_stored_state_does_not_change_with_the_callers(stores: Stores) -> None:
    await stores.match()
    state = {"deck": [1]}
    await stores.games.create_game(replace(GAME, state=state))
    state["deck"].append(2)
    game = await stores.games.game("g1")
    assert game is not None
    assert game.state == {"deck": [1]}
