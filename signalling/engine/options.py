"""What the engine may be told, and what it tells back.

The engine is configured once by `EngineOptions` and reports through `EngineHooks`; it keeps no counters and
writes no log line about hostile input itself, so that the caller decides what is counted and what is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

__all__ = ["CloseCause", "EngineHooks", "EngineOptions", "Refusal"]


class Refusal(StrEnum):
    """Why one input was refused; the values are the `kind` label of `rejected_total`."""

    MALFORMED_PACKET = "malformed_packet"
    """Socket.IO level: a packet that does not parse or that makes no sense in the connection's state."""
    MALFORMED_FRAME = "malformed_frame"
    """Engine.IO level: unknown type, bad base64, unexpected binary, poll body that can not be read."""
    WEBSOCKET_PROTOCOL = "websocket_protocol"
    """RFC 6455 level; the only malformed input that closes the connection by itself."""
    TOO_LARGE = "too_large"
    """A packet over `max_payload_bytes`, or a poll body over `max_frame_bytes`."""
    UNKNOWN_NAMESPACE = "unknown_namespace"
    SLOW_CONSUMER = "slow_consumer"
    BAD_REQUEST = "bad_request"
    """An HTTP request to the endpoint that is no Engine.IO request: version, transport, session, overlap."""
    BAD_ORIGIN = "bad_origin"


class CloseCause(StrEnum):
    """Why a connection ended, as `EngineHooks.closed` and the `disconnect` handlers are told.

    `close_connection` and `close_all` may add causes of their own (the reason that they are given).
    """

    CLIENT_LEFT = "client_left"
    TRANSPORT_LOST = "transport_lost"
    PING_TIMEOUT = "ping_timeout"
    CONNECT_TIMEOUT = "connect_timeout"
    PROTOCOL_ERROR = "protocol_error"
    SLOW_CONSUMER = "slow_consumer"
    SERVER_DISCONNECT = "server_disconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Bounds of the engine. Sizes in bytes, times in seconds.

    The defaults are those of the wire contract (sections 1 and 9.10).
    """

    ping_interval_s: float = 25.0
    """Smaller finds dead peers sooner; each ping costs a frame both ways and wakes a phone's radio."""
    ping_timeout_s: float = 20.0
    max_payload_bytes: int = 64 * 1024
    """Largest Socket.IO packet, attachments included. Larger ones are answered, never fatal."""
    max_frame_bytes: int = 1024 * 1024
    """Largest WebSocket message or poll body; also the memory one peer can pin by never finishing one."""
    max_packets_per_poll: int = 256
    """The stock limit of 16 refuses a client that emits 20 events in one turn of its loop."""
    send_buffer_bytes: int = 1024 * 1024
    """Waiting for one peer before it counts as a slow consumer."""
    malformed_per_10s: int = 20
    connect_timeout_s: float = 10.0
    """A handshake that is not followed by a Socket.IO CONNECT, an upgrade or an attachment that never comes."""
    close_on_bad_poll: bool = False
    """End the connection at the first poll body with a packet that a client may not send, as the reference server
    does and the public protocol suite demands. Off, such a packet is one more malformed input."""
    max_attachments: int = 8
    max_depth: int = 64
    """Nesting of arrays and objects in one packet."""


class EngineHooks(Protocol):
    """What the owner of the engine is told; called on the event loop, must not block or raise."""

    def rejected(self, kind: str, *, eio_sid: str | None) -> None:
        """One input was refused; `kind` is a `Refusal`, `eio_sid` the connection if there is one."""

    def closed(self, sid: str, reason: str) -> None:
        """The Engine.IO connection `sid` has ended; its `disconnect` handlers have run. Once per connection."""

    def too_large_ack(self, namespace: str, ack_id: int) -> Sequence[Any] | None:
        """Arguments for the ack of an event refused as too large, or None to leave it unanswered."""
