"""Every refusal a client can be given, and the reasons for which a connection is closed.

    ProtocolError
    |- InvalidPayload      invalid          the payload does not fit the event's schema
    |- UnknownEvent        invalid          no such event
    |- TooLarge            too_large        text or payload over its limit
    |- Unauthenticated     unauthenticated  nobody is known to be behind the connection
    |- Forbidden           forbidden        known, but may not
    |  `- NotAMember       forbidden        of this match
    |- Blocked             blocked          one of the two has blocked the other
    |- NotFound            not_found        no such match, message, user ...
    |- Gone                gone             was there, is over
    |- Conflict            conflict         the state does not allow it
    |  |- RoomFull         conflict
    |  `- SceneFull        conflict
    |- Busy                busy
    |- RateLimited         rate_limited     carries retryAfterMs
    |- Unavailable         unavailable      a part is down or not built into this server
    `- Internal            internal         our mistake; says nothing more

Codes are stable; messages are safe to show and never quote what the client sent.
"""

from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """The closed set of `error.code` (wire contract, section 1)."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    GONE = "gone"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class ProtocolError(Exception):
    """A refusal with a stable code.

    `field` names the offending key as it stands on the wire, `retry_after_ms` is
    the wait after which the same call may succeed.
    """

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    retryable: ClassVar[bool] = False
    default_message: ClassVar[str] = "something went wrong on the server"

    def __init__(
        self, message: str | None = None, *, field: str | None = None, retry_after_ms: int | None = None
    ) -> None:
        self.message = message or self.default_message
        self.field = field
        self.retry_after_ms = retry_after_ms
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The `error` object of an answer: code, message, retryable, and field or retryAfterMs."""
        body: dict[str, Any] = {
            "code": self.code.value,
            "message": self.message,
            "retryable": self.retryable,
        }
        if self.field is not None:
            body["field"] = self.field
        if self.retry_after_ms is not None:
            body["retryAfterMs"] = self.retry_after_ms
        return body


class InvalidPayload(ProtocolError):
    """The payload does not fit the event's schema."""

    code = ErrorCode.INVALID
    default_message = "the payload does not fit the event"


class UnknownEvent(ProtocolError):
    """No event of this name is known."""

    code = ErrorCode.INVALID
    default_message = "no such event"


class TooLarge(ProtocolError):
    """A text or a payload is over its limit."""

    code = ErrorCode.TOO_LARGE
    default_message = "the payload is too large"


class Unauthenticated(ProtocolError):
    """The connection or request has not said, or not proved, who it is."""

    code = ErrorCode.UNAUTHENTICATED
    default_message = "authenticate first"


class Forbidden(ProtocolError):
    """Known, but not allowed."""

    code = ErrorCode.FORBIDDEN
    default_message = "not allowed"


class NotAMember(Forbidden):
    """The user is not a member of this match."""

    default_message = "you are not a member of this match"


class Blocked(ProtocolError):
    """One of the two people has blocked the other."""

    code = ErrorCode.BLOCKED
    default_message = "blocked"


class NotFound(ProtocolError):
    """The named thing does not exist."""

    code = ErrorCode.NOT_FOUND
    default_message = "not found"


class Gone(ProtocolError):
    """It existed and is over."""

    code = ErrorCode.GONE
    default_message = "it is over"


class Conflict(ProtocolError):
    """The present state does not allow it."""

    code = ErrorCode.CONFLICT
    default_message = "not possible in the present state"


class RoomFull(Conflict):
    """The room has as many members as it may have."""

    default_message = "the room is full"


class SceneFull(Conflict):
    """Every seat of the scene is taken."""

    default_message = "the scene is full"


class Busy(ProtocolError):
    """Taken by something else at the moment."""

    code = ErrorCode.BUSY
    retryable = True
    default_message = "busy"


class RateLimited(ProtocolError):
    """Too many in too short a time; try again after `retry_after_ms`."""

    code = ErrorCode.RATE_LIMITED
    retryable = True
    default_message = "too many, slow down"


class Unavailable(ProtocolError):
    """A part of the server is down, or this server does not have it."""

    code = ErrorCode.UNAVAILABLE
    retryable = True
    default_message = "not available at the moment"


class Internal(ProtocolError):
    """Our mistake; nothing of it is told."""

    retryable = True


class Reconnect(StrEnum):
    """What a client should do after a close."""

    NOW = "now"
    AFTER = "after"
    NEVER = "never"


class CloseReason(StrEnum):
    """Why a connection ended. The value goes to the client first and is a metric label."""

    CLIENT_LEFT = "client_left"
    REPLACED = "replaced"
    SLOW_CONSUMER = "slow_consumer"
    KICKED = "kicked"
    ROOM_CLOSED = "room_closed"
    SHUTDOWN = "shutdown"
    AUTH_EXPIRED = "auth_expired"
    PROTOCOL_ERROR = "protocol_error"

    @property
    def reconnect(self) -> Reconnect:
        """Whether the client should come back by itself."""
        return _RECONNECT[self]


_RECONNECT = {
    CloseReason.CLIENT_LEFT: Reconnect.NEVER,
    CloseReason.REPLACED: Reconnect.NEVER,
    CloseReason.SLOW_CONSUMER: Reconnect.NOW,
    CloseReason.KICKED: Reconnect.NEVER,
    CloseReason.ROOM_CLOSED: Reconnect.NEVER,
    CloseReason.SHUTDOWN: Reconnect.AFTER,
    CloseReason.AUTH_EXPIRED: Reconnect.AFTER,
    CloseReason.PROTOCOL_ERROR: Reconnect.AFTER,
}
