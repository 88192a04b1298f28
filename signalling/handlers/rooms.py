"""join_chat, leave_chat."""

from protocol.rooms import JoinChat, JoinedChat, LeaveChat
from signalling.handlers.base import handles
from signalling.services import Context


@handles(JoinChat, anonymous=True)
async def join_chat(context: Context, event: JoinChat) -> JoinedChat:
    """Enter a room. What the answer holds has then reached this device."""
    connection, services = context.connection, context.services
    await context.claim(event.user_id)
    user_id = context.user_id
    joined = await services.rooms.join(user_id, event.match_id, event.since)
    connection.current_match = joined.match_id
    if joined.messages:
        services.receipts.delivered(joined.match_id, user_id, joined.messages[-1].seq)
    return joined


@handles(LeaveChat)
async def leave_chat(context: Context, event: LeaveChat) -> None:
    """The room is no longer the current one."""
    match_id = context.match_id(event.match_id)
    await context.services.rooms.membership(context.user_id, match_id)
    if context.connection.current_match == match_id:
        context.connection.current_match = None
