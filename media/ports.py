"""What calls need from outside. `visavis/wiring.py` passes the implementations in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from media.core.leg_meter import LegCounters
from monitoring.metrics import MediaCounts
from protocol.calls import CallMode, EndReason, IceServer


class CallClaims(Protocol):
    """Who is in which call, over all nodes: a user is in one call at most.

    A store that can not answer raises `protocol.errors.Unavailable`; nothing is then half claimed.
    A back end over several nodes lets the claims of a dead node lapse."""

    async def claim(self, call_id: str, user_ids: Sequence[str]) -> Mapping[str, str]:
        """Claim all of these users for the call, or none. Empty when done or done before; else who of them
        is in which other call."""
        ...

    async def release(self, call_id: str, user_ids: Sequence[str]) -> None:
        """Give back those of these users that the call holds."""
        ...


class MediaPlane(Protocol):
    """The relay: one leg for each person of a call.

    It tells of its legs by the facts `LegConnected`, `LegLost` and `LegReturned`."""

    async def offer(self, call_id: str, user_id: str, sdp: str) -> str:
        """Make or change the person's leg and return the answer. Offers of one person may overlap: the later wins.

        Raises `InvalidPayload`, `TooLarge`, `Unavailable`."""
        ...

    async def close(self, call_id: str) -> None:
        """Drop all legs of the call. Closing one that has none changes nothing."""
        ...

    async def start(self, hosts: Sequence[str], port: int) -> None:
        """Listen on these addresses, on one UDP port (0: any free one). Raises `OSError`."""
        ...

    async def stop(self) -> None:
        """Drop all legs and stop listening."""
        ...

    def measured(self, call_id: str) -> Sequence[LegCounters]:
        """The counters of the call's legs, with the packets that came since this was last asked. One may ask."""
        ...

    def ice_servers(self, user_id: str) -> Sequence[IceServer]:
        """What this person's browser may ask for candidates besides the relay itself."""
        ...

    def counts(self) -> MediaCounts:
        """Sums since the start, ended legs included, for /metrics. Cheap; clears nothing."""
        ...


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call as it is kept. Times are milliseconds since 1970; `reason` and `ended_ms` are None while it runs,
    `connected_ms` when it never had media. `user_ids`: the caller first."""

    call_id: str
    match_id: str
    user_ids: tuple[str, ...]
    mode: CallMode
    video: bool
    started_ms: int
    connected_ms: int | None = None
    ended_ms: int | None = None
    reason: EndReason | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One second of a call: when, and the legs and cause of its `call_quality`, without texts and names."""

    at_ms: int
    data: Mapping[str, Any]


class CallLog(Protocol):
    """What calls were like, kept. An awaited call that returned is on disk in a durable implementation."""

    async def put(self, record: CallRecord) -> None:
        """Keep a call, or replace what is kept of it."""
        ...

    async def call(self, call_id: str) -> CallRecord | None:
        """One call."""
        ...

    async def calls_of(self, user_id: str, *, before: str | None = None, limit: int) -> list[CallRecord]:
        """Calls that the person was in, the newest first; with `before` those older than this call."""
        ...

    async def add_seconds(self, call_id: str, entries: Sequence[TimelineEntry]) -> None:
        """Add to the timeline; a second that is there already is replaced."""
        ...

    async def timeline(self, call_id: str, *, after_ms: int = -1, limit: int) -> list[TimelineEntry]:
        """At most `limit` seconds later than `after_ms`, ascending."""
        ...


__all__ = ["CallClaims", "CallLog", "CallRecord", "MediaPlane", "TimelineEntry"]
