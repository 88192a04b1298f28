"""Small games in a room."""

from typing import Annotated, Any

from pydantic import StringConstraints, WithJsonSchema, model_validator

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, ServerEvent, event
from protocol.errors import Conflict, Gone, NotAMember, NotFound
from protocol.ids import IdString

Turn = Annotated[
    str | None,
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "description": "user id, null when nobody has to move",
        }
    ),
]


class GamePlayed(Outgoing):
    """Answer to `play_game`: the game as the caller sees it after the move."""

    game_id: str
    match_id: str
    game: str
    state: dict[str, Any]
    turn: Turn
    version: int

    def wire(self) -> dict[str, Any]:
        """As everywhere, but `turn` is always there."""
        return {**super().wire(), "turn": self.turn}


@event("play_game", CLIENT_TO_SERVER, ack=GamePlayed, errors=(NotFound, NotAMember, Conflict, Gone))
class PlayGame(Event):
    """Start a game (also as a bare string), or with `move` make a move in the running one."""

    game: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    match_id: IdString | None = None
    game_id: IdString | None = None
    move: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"game": value} if isinstance(value, str) else value


@event("game_state", SERVER_TO_CLIENT)
class GameState(ServerEvent):
    """A game began or moved on; `state` is what the receiver may see."""

    game_id: str
    match_id: str
    game: str
    state: dict[str, Any]
    turn: Turn
    version: int

    def wire(self) -> dict[str, Any]:
        """As everywhere, but `turn` is always there."""
        return {**super().wire(), "turn": self.turn}
