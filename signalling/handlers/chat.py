"""Messages."""

from protocol.chat import (
    DeleteMessage,
    EditMessage,
    FetchHistory,
    History,
    LocationShared,
    MarkRead,
    MessageSent,
    PrivateMessage,
    React,
    ReadUpTo,
    SendMessage,
    ShareLocation,
    Version,
)
from protocol.ids import iso_time
from signalling.handlers.base import handles
from signalling.services import Context


@handles(SendMessage, limited=False)
async def send_message(context: Context, event: SendMessage) -> MessageSent:
    """Stored when answered."""
    return await context.services.chat.send(context.user_id, event, current=context.connection.current_match)


@handles(PrivateMessage, limited=False)
async def private_message(context: Context, event: PrivateMessage) -> MessageSent:
    """The older name of send_message."""
    return await send_message(context, event)  # type: ignore[return-value]  # the registry's type is wider


@handles(ShareLocation, limited=False)
async def share_location(context: Context, event: ShareLocation) -> LocationShared:
    """A place, once."""
    current = context.connection.current_match
    message = await context.services.chat.share_location(context.user_id, event, current=current)
    return LocationShared(message_id=message.message_id, seq=message.seq, timestamp=iso_time(message.created_ms))


@handles(EditMessage)
async def edit_message(context: Context, event: EditMessage) -> Version:
    """New text for one's own message."""
    return Version(version=await context.services.chat.edit(context.user_id, event.message_id, event.content))


@handles(DeleteMessage)
async def delete_message(context: Context, event: DeleteMessage) -> Version:
    """A tombstone for everybody."""
    return Version(version=await context.services.chat.delete(context.user_id, event.message_id))


@handles(React)
async def react(context: Context, event: React) -> Version:
    """An emoji on a message, or off it."""
    chat = context.services.chat
    return Version(version=await chat.react(context.user_id, event.message_id, event.emoji, on=event.on))


@handles(MarkRead)
async def mark_read(context: Context, event: MarkRead) -> ReadUpTo:
    """Read up to a seq."""
    match_id = context.match_id(event.match_id)
    return ReadUpTo(read_seq=await context.services.receipts.read(context.user_id, match_id, event.seq))


@handles(FetchHistory)
async def fetch_history(context: Context, event: FetchHistory) -> History:
    """Older or newer messages."""
    match_id = context.match_id(event.match_id)
    history = await context.services.chat.history(context.user_id, match_id, event)
    if history.messages and event.before is None:
        context.services.receipts.delivered(match_id, context.user_id, history.messages[-1].seq)
    return history
