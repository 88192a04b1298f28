"""Statistics of one received SSRC for receiver reports, RFC 3550 6.4 and appendix A.

Contract: ``packet`` for each authentic packet that came under the SSRC itself (not for what a retransmission
stream brought, RFC 4588 4), ``report`` once per interval. There is no probation (A.1): SRTP has vouched for
the packet, and its replay window has removed duplicates.
"""

from collections.abc import Iterable
from typing import NamedTuple

from media.core.seqnum import timestamp_distance

_LOST_MAX = 0x7FFFFF
_LOST_MIN = -0x800000


class Reception(NamedTuple):
    """What a report block says about a source (RFC 3550 6.4.1)."""

    fraction: int  # 0..255, of the interval since the last report
    lost: int  # cumulative, clamped to 24 bits, may be negative
    highest: int  # extended highest sequence number, 32 bits
    jitter: int  # in clock ticks


class ReceiverStatistics:
    """Counters of one SSRC; ``clock_rate`` in ticks per second."""

    __slots__ = (
        "_arrival", "_base", "_clock_rate", "_expected_reported", "_received_reported", "_timestamp",
        "fraction", "highest", "jitter_ticks", "received",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._base = 0
        self._arrival = 0.0
        self._timestamp = -1
        self._expected_reported = 0
        self._received_reported = 0
        self.highest = -1  # extended; meaningless while nothing was received
        self.received = 0
        self.jitter_ticks = 0.0
        self.fraction = 0  # of the last report

    @property
    def expected(self) -> int:
        return self.highest - self._base + 1 if self.received else 0

    @property
    def lost(self) -> int:
        """Expected minus received, not clamped."""
        return self.expected - self.received

    @property
    def jitter(self) -> float:
        """Interarrival jitter in seconds."""
        return self.jitter_ticks / self._clock_rate

    def packet(self, sequence: int, timestamp: int, arrival: float) -> int:
        """Count a packet and return its extended sequence number.

        Jitter follows A.8, but packets with the timestamp of the packet before are left out: parts of one
        picture are paced by the sender, which says nothing about the path (libwebrtc does the same).
        """
        highest = self.highest
        if self.received:
            extended = highest + ((sequence - highest + 0x8000) & 0xFFFF) - 0x8000
            if extended > highest:
                self.highest = extended
            elif extended < self._base:
                self._base = extended
        else:
            extended = self.highest = self._base = sequence
        self.received += 1
        before = self._timestamp
        if timestamp != before:
            if before >= 0:
                ticks = (arrival - self._arrival) * self._clock_rate
                self.jitter_ticks += (abs(ticks - timestamp_distance(timestamp, before)) - self.jitter_ticks) / 16
            self._timestamp = timestamp
            self._arrival = arrival
        return extended

    def report(self) -> Reception:
        """Close the interval (A.3)."""
        expected = self.expected
        expected_interval = expected - self._expected_reported
        lost_interval = expected_interval - (self.received - self._received_reported)
        self._expected_reported = expected
        self._received_reported = self.received
        if expected_interval <= 0 or lost_interval <= 0:
            self.fraction = 0
        else:
            self.fraction = min(255, (lost_interval << 8) // expected_interval)
        lost = max(_LOST_MIN, min(_LOST_MAX, self.lost))
        return Reception(self.fraction, lost, self.highest & 0xFFFFFFFF, int(self.jitter_ticks))


class InterarrivalJitter:
    """The same jitter alone, of packets that come many at once; ``ticks`` of the clock."""

    __slots__ = ("_arrival", "_clock_rate", "_timestamp", "ticks")

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._timestamp: int | None = None
        self._arrival = 0.0
        self.ticks = 0.0

    @property
    def jitter(self) -> float:
        """Interarrival jitter in seconds."""
        return self.ticks / self._clock_rate

    def packets(self, timestamps: Iterable[int], arrivals: Iterable[float]) -> None:
        """Take packets, each of which came under the SSRC itself. Timestamps may be wrapped or not."""
        before, at, ticks, clock_rate = self._timestamp, self._arrival, self.ticks, self._clock_rate
        for timestamp, arrival in zip(timestamps, arrivals, strict=True):
            if before is None:
                before, at = timestamp, arrival
            # `timestamp_distance`, written out: this is done for each packet.
            step = ((timestamp - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            if step:
                ticks += (abs((arrival - at) * clock_rate - step) - ticks) / 16
                before, at = timestamp, arrival
        self._timestamp, self._arrival, self.ticks = before, at, ticks
