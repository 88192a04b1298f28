"""typing."""

from protocol.presence import SetTyping
from signalling.handlers.base import handles
from signalling.services import Context


@handles(SetTyping)
async def typing(context: Context, event: SetTyping) -> None:
    """Told to every other device of the room."""
    await context.services.typing.set(
        context.user_id,
        context.match_id(event.match_id),
        typing=event.typing,
        connection_id=context.connection.connection_id,
    )
