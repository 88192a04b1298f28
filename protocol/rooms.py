"""Entering and leaving rooms, and being matched."""

from pydantic import Field

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, ServerEvent, event
from protocol.chat import Seq, StoredMessage
from protocol.errors import NotAMember, NotFound, RoomFull
from protocol.ids import IdString


class Member(Outgoing):
    """Somebody in a room."""

    user_id: str
    name: str
    online: bool
    last_seen: str | None = None
    delivered_seq: int | None = Field(default=None, description="how far their devices have the room")
    read_seq: int | None = Field(default=None, description="how far they have read it")


class JoinedChat(Outgoing):
    """Answer to `join_chat`."""

    match_id: str
    members: list[Member]
    messages: list[StoredMessage] = Field(description="with `since` the missed ones, else the newest 50; ascending")
    last_seq: int
    read_seq: int = Field(description="how far the caller has read")
    sealed: bool
    gap: bool | None = Field(default=None, description="true: there are more; page on with fetch_history {after}")


@event("join_chat", CLIENT_TO_SERVER, ack=JoinedChat, errors=(NotFound, NotAMember, RoomFull))
class JoinChat(Event):
    """Enter a room; it becomes the current match of the connection. `since: n` = everything up to n is here."""

    match_id: IdString
    since: Seq | None = None
    user_id: IdString | None = Field(default=None, description="names the user in development mode, else ignored")


@event("leave_chat", CLIENT_TO_SERVER, errors=(NotFound, NotAMember))
class LeaveChat(Event):
    """The room is no longer the current match of this connection. Messages go on arriving."""

    match_id: IdString | None = None


class Peer(Outgoing):
    """The other person of a match as far as one may know."""

    user_id: str
    name: str
    interests: list[str] = Field(default_factory=list)


@event("match_created", SERVER_TO_CLIENT)
class MatchCreated(ServerEvent):
    """A new match, with lines to open the talk with. In a group `peer` is absent and `members` lists all."""

    match_id: str
    peer: Peer | None = None
    members: list[Peer] | None = None
    score: float | None = None
    opening_lines: list[str]
