"""Games on the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.games import GamePlayed, GameState, PlayGame


def test_a_bare_string_starts_a_game() -> None:
    assert PlayGame.from_wire("icebreaker") == PlayGame.from_wire({"game": "icebreaker"})


@pytest.mark.parametrize("payload", [None, {}, "", "x" * 65, {"game": 7}, {"game": "g", "move": "tea"}])
def test_a_game_needs_a_name_and_a_move_is_an_object(payload: Any) -> None:
    with pytest.raises(ValidationError):
        PlayGame.from_wire(payload)


@pytest.mark.parametrize("cls", [GamePlayed, GameState])
@pytest.mark.parametrize("turn", ["ann", None])
def test_turn_is_told_even_when_it_is_nobodys(cls: type[GamePlayed | GameState], turn: str | None) -> None:
    told = cls(game_id="01G", match_id="m1", game="icebreaker", state={"question": None}, turn=turn, version=1)
    assert told.wire() == {
        "gameId": "01G",
        "matchId": "m1",
        "game": "icebreaker",
        "state": {"question": None},
        "turn": turn,
        "version": 1,
    }
