"""play_game."""

from protocol.games import GamePlayed, PlayGame
from signalling.handlers.base import handles
from signalling.services import Context


@handles(PlayGame)
async def play_game(context: Context, event: PlayGame) -> GamePlayed:
    """Start a game or make a move."""
    match_id = context.match_id(event.match_id)
    return await context.services.games.play(context.user_id, event, match_id=match_id)
