"""Continuity of one outgoing stream over changing sources.

A receiver must see one SSRC whose sequence numbers and timestamps go on, whoever is behind it. Within a
route the offsets are constant, so that loss, reordering and duplicates of the source stay what they are.
Contract: ``begin`` at the first packet of each source, then ``place`` for every packet; ``source`` turns a
sequence number that the receiver asks for back into the source's. No clock: ``arrival`` is in seconds.
"""

# How far below its first packet the very first source may reach: early packets that overtook each other.
EARLY_PACKETS = 0x1000
# The first number sent keeps this many low bits of the source's, above EARLY_PACKETS: it must lie in the lower half of
# the circle. A receiver that loses everything up to the first wrap would guess the roll-over counter wrongly and could
# not authenticate one packet any more (RFC 3711 3.3.1).
_START_MASK = 0x3FFF


class Continuity:
    """Offsets of the present source, and where the stream stands."""

    __slots__ = ("_arrival", "_first", "_highest", "_started", "_timestamp", "sequence_offset", "timestamp_offset")

    def __init__(self) -> None:
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self._started = False
        self._first = 0
        self._highest = 0  # extended, of the source
        self._timestamp = 0  # of the packet with the highest number
        self._arrival = 0.0

    @property
    def started(self) -> bool:
        """Whether a packet was ever sent."""
        return self._started

    def begin(self, sequence: int, timestamp: int, arrival: float, clock_rate: int) -> None:
        """Take a new source whose first forwarded packet has these (extended) numbers.

        A stream that runs goes on with the next sequence number, and with a timestamp that has moved by the time that
        passed, by one tick at least: equal timestamps would glue two frames together.
        """
        if self._started:
            passed = max(1, round((arrival - self._arrival) * clock_rate))
            resumed = self._timestamp + self.timestamp_offset + passed
            self.sequence_offset += self._highest + 1 - sequence
            self.timestamp_offset = (resumed - timestamp) & 0xFFFFFFFF
            self._first = sequence
        else:
            self.sequence_offset = EARLY_PACKETS + (sequence & _START_MASK) - sequence
            self._first = sequence - EARLY_PACKETS
            self._started = True
        self._highest = sequence
        self._timestamp = timestamp
        self._arrival = arrival

    def place(self, sequence: int, timestamp: int, arrival: float) -> int:
        """Return ``sequence << 32 | timestamp`` as sent (octets 2 to 7 of the header); -1: before this source began."""
        if sequence > self._highest:
            self._highest = sequence
            self._timestamp = timestamp
            self._arrival = arrival
        elif sequence < self._first:
            return -1
        return ((sequence + self.sequence_offset) & 0xFFFF) << 32 | (timestamp + self.timestamp_offset) & 0xFFFFFFFF

    def source(self, sequence: int) -> int | None:
        """Return the source's extended number for a sent 16-bit number; None if it was not sent from this source."""
        reached = self._highest + self.sequence_offset
        extended = reached + ((sequence - reached + 0x8000) & 0xFFFF) - 0x8000 - self.sequence_offset
        return extended if self._first <= extended <= self._highest else None

    def timestamp_at(self, now: float, clock_rate: int) -> int:
        """Timestamp that a packet would carry if it were captured now, by the clock of arrivals."""
        passed = round((now - self._arrival) * clock_rate)
        return (self._timestamp + self.timestamp_offset + passed) & 0xFFFFFFFF
