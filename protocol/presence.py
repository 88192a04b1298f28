"""Who is here, and who is typing."""

from pydantic import Field

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, ServerEvent, event
from protocol.errors import NotAMember, NotFound
from protocol.ids import IdString


@event("presence", SERVER_TO_CLIENT)
class Presence(ServerEvent):
    """Somebody one is matched with came online or went offline."""

    user_id: str
    online: bool
    last_seen: str | None = Field(default=None, description="ISO 8601; absent for somebody never seen")


@event("typing", CLIENT_TO_SERVER, errors=(NotFound, NotAMember))
class SetTyping(Event):
    """Started or stopped typing. Lapses by itself after 6 s; send it again while typing goes on."""

    match_id: IdString | None = None
    typing: bool = True


@event("typing", SERVER_TO_CLIENT)
class TypingChanged(ServerEvent):
    """Somebody in the room started or stopped typing."""

    match_id: str
    user_id: str
    typing: bool
