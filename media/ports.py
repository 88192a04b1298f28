"""What calls need from outside. `visavis/wiring.py` passes the implementations in."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from media.core.leg_meter import LegCounters
from protocol.calls import IceServer


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

    def measured(self) -> Mapping[str, Sequence[LegCounters]]:
        """The counters of all legs by call, with the packets that came since this was last asked. One may ask."""
        ...

    def ice_servers(self, user_id: str) -> Sequence[IceServer]:
        """What this person's browser may ask for candidates besides the relay itself."""
        ...


__all__ = ["CallClaims", "MediaPlane"]
