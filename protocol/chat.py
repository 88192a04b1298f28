"""Messages and what becomes of them."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, Payload, ServerEvent, event
from protocol.errors import Conflict, Forbidden, Gone, NotAMember, NotFound, RateLimited, TooLarge, Unavailable
from protocol.ids import IdString

MAX_CONTENT = 65_536
HISTORY_DEFAULT = 50
HISTORY_MAX = 200
MAX_SEQ = 2**53 - 1

MessageType = Literal["text", "image", "voice", "file", "location", "game"]
StoredType = Literal["text", "image", "voice", "file", "location", "game", "call", "system"]
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ, strict=True)]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]

_MEMBER = (NotFound, NotAMember)


class StoredMessage(Outgoing):
    """A message as it stands in answers, history and search."""

    message_id: str
    match_id: str
    seq: int
    from_: str = Field(alias="from", description="user id of the sender")
    type: StoredType
    content: str | dict[str, Any] = Field(description="text, or an object for the other types; empty when deleted")
    timestamp: str
    client_id: str | None = None
    reply_to: str | None = None
    version: int = Field(description="1 at creation, one more per change")
    edited_at: str | None = None
    deleted: bool | None = None
    reactions: dict[str, list[str]] | None = Field(default=None, description="user ids by emoji")


class MessageSent(Outgoing):
    """Answer to a message: it is stored durably."""

    message_id: str
    seq: int
    timestamp: str
    status: Literal["stored", "delivered"]


@event(
    "send_message",
    CLIENT_TO_SERVER,
    ack=MessageSent,
    errors=(*_MEMBER, TooLarge, RateLimited, Unavailable),
)
class SendMessage(Event):
    """Send a message to a match. Without `matchId`: the match with `to`, else the room joined last."""

    match_id: IdString | None = None
    to: IdString | None = None
    content: str | dict[str, Any]
    type: MessageType = "text"
    client_id: ClientId | None = Field(
        default=None, description="the same clientId again returns the same answer and stores nothing"
    )
    reply_to: IdString | None = None
    destruct_after: int | None = Field(default=None, ge=1, le=604_800, description="seconds; a later version")
    destruct_from: Literal["sent", "read"] | None = None


@event(
    "private_message",
    CLIENT_TO_SERVER,
    ack=MessageSent,
    errors=(*_MEMBER, TooLarge, RateLimited, Unavailable),
)
class PrivateMessage(SendMessage):
    """The older name of `send_message`."""


class LocationContent(Payload):
    """Content of a message of type `location`."""

    model_config = ConfigDict(strict=True)

    lat: Latitude
    lon: Longitude
    accuracy: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)] | None = Field(
        default=None, description="metres"
    )


class LocationShared(Outgoing):
    """Answer to `share_location`."""

    message_id: str
    seq: int
    timestamp: str


@event("share_location", CLIENT_TO_SERVER, ack=LocationShared, errors=(*_MEMBER, RateLimited, Unavailable))
class ShareLocation(Event):
    """Share a place once, as a message of type `location`."""

    match_id: IdString | None = None
    to: IdString | None = None
    lat: Latitude
    lon: Longitude
    accuracy: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)] | None = None
    live_for: int | None = Field(default=None, ge=1, le=86_400, description="seconds; a later version")


class Version(Outgoing):
    """Answer to a change of a message."""

    version: int


@event("edit_message", CLIENT_TO_SERVER, ack=Version, errors=(NotFound, Forbidden, Gone, Conflict, TooLarge))
class EditMessage(Event):
    """Replace the text of one's own message."""

    message_id: IdString
    content: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT)]


@event("delete_message", CLIENT_TO_SERVER, ack=Version, errors=(NotFound, Forbidden))
class DeleteMessage(Event):
    """Delete one's own message for everybody. It keeps its `seq`; deleting twice changes nothing."""

    message_id: IdString


@event("react", CLIENT_TO_SERVER, ack=Version, errors=(NotFound, Forbidden, Gone, Conflict))
class React(Event):
    """Put an emoji on a message, or take it back."""

    message_id: IdString
    emoji: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    on: bool = True


class ReadUpTo(Outgoing):
    """Answer to `mark_read`: the cursor as it now stands."""

    read_seq: int


@event("mark_read", CLIENT_TO_SERVER, ack=ReadUpTo, errors=_MEMBER)
class MarkRead(Event):
    """Everything up to `seq` has been read. Cursors only move forward."""

    match_id: IdString | None = None
    seq: Seq


class History(Outgoing):
    """Answer to `fetch_history`, ascending."""

    messages: list[StoredMessage]
    more: bool = Field(description="there is more in the direction asked for")


@event("fetch_history", CLIENT_TO_SERVER, ack=History, errors=_MEMBER)
class FetchHistory(Event):
    """Messages before or after a sequence number (both exclusive); without either, the newest."""

    match_id: IdString | None = None
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, Field(ge=1, le=HISTORY_MAX, strict=True)] = HISTORY_DEFAULT


@event("new_message", SERVER_TO_CLIENT)
class NewMessage(ServerEvent):
    """A stored message, to every device of every member, the sending one included."""

    message_id: str
    match_id: str
    from_: str = Field(alias="from")
    content: str | dict[str, Any]
    type: StoredType
    timestamp: str
    seq: int
    client_id: str | None = None
    reply_to: str | None = None


@event("message_updated", SERVER_TO_CLIENT)
class MessageUpdated(ServerEvent):
    """A message was edited, deleted or reacted to."""

    message_id: str
    match_id: str
    version: int
    content: str | dict[str, Any] | None = None
    edited_at: str | None = None
    deleted: bool | None = None
    reactions: dict[str, list[str]] | None = None


@event("message_status", SERVER_TO_CLIENT)
class MessageStatus(ServerEvent):
    """How far somebody's devices have received and read a room."""

    match_id: str
    user_id: str
    delivered_seq: int
    read_seq: int
