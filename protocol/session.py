"""Who is behind a connection, and how it ends."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, ServerEvent, event
from protocol.errors import CloseReason, Forbidden, Reconnect, Unauthenticated
from protocol.ids import IdString

Token = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Authenticated(Outgoing):
    """Answer to `authenticate`."""

    user_id: str


@event("authenticate", CLIENT_TO_SERVER, ack=Authenticated, errors=(Unauthenticated, Forbidden))
class Authenticate(Event):
    """Say who is behind the connection: a token, or in development mode just a user id (also as a bare string).

    In every namespace."""

    user_id: IdString | None = None
    token: Token | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"userId": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.user_id is None and self.token is None:
            raise ValueError("userId or token is needed")
        return self


class TokenRefreshed(Outgoing):
    """Answer to `refresh_token`."""

    user_id: str
    expires_at: str = Field(description="ISO 8601, when the new token expires")


@event("refresh_token", CLIENT_TO_SERVER, ack=TokenRefreshed, errors=(Unauthenticated, Forbidden))
class RefreshToken(Event):
    """Replace the connection's token before it expires, in every namespace of it. It must be of the same user."""

    token: Token


@event("connected", SERVER_TO_CLIENT)
class Connected(ServerEvent):
    """Sent once after a connection is accepted, in each namespace."""

    server_time: str
    session_id: str
    resumed: bool
    user_id: str | None = Field(default=None, description="absent until the connection is authenticated")


@event("connection_closing", SERVER_TO_CLIENT)
class ConnectionClosing(ServerEvent):
    """The last event before the server closes the connection."""

    reason: CloseReason
    reconnect: Reconnect
