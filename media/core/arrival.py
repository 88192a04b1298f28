"""One received RTP packet as the measuring cores take it, and the numbers in it without their wraps."""

from typing import Final, NamedTuple

from media.core.seqnum import timestamp_distance, unwrap

_SEQUENCE_MAX: Final = 0xFFFF
_TIMESTAMP_MAX: Final = 0xFFFFFFFF


class Arrival(NamedTuple):
    """A packet, in the order of arrival. `sequence` and `timestamp` are extended: they do not wrap."""

    arrival: float  # seconds, of any clock that does not jump
    timestamp: int  # RTP clock ticks
    sequence: int
    size: int  # octets of the RTP packet without SRTP tag
    level: int | None = None  # RFC 6464: -dBov, 0 loudest, 127 digital silence; None: no extension
    marker: bool = False
    retransmitted: bool = False  # it came as an answer to a NACK, so its arrival says nothing about the path


class Unwrapper:
    """Extends the numbers of one stream, packet by packet in the order of arrival.

    Numbers may come wrapped (16 and 32 bit, RFC 3550 5.1) or whole. A number that does not fit in a wrapped one
    gives away that they are whole; before that both readings agree, unless more than half a circle is missing.
    """

    __slots__ = ("_sequence", "_timestamp", "_whole_sequences", "_whole_timestamps")

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._timestamp = 0
        self._whole_sequences = False
        self._whole_timestamps = False

    def extend(self, sequence: int, timestamp: int, *, retransmitted: bool = False) -> tuple[int, int]:
        """Return both numbers extended. A retransmission moves nothing: its numbers may be those of a stream of its
        own (RFC 4588 4)."""
        highest = self._sequence
        if highest is None:
            if not retransmitted:
                self._sequence, self._timestamp = sequence, timestamp
                self._whole_sequences = sequence > _SEQUENCE_MAX
                self._whole_timestamps = timestamp > _TIMESTAMP_MAX
            return sequence, timestamp
        whole = self._whole_sequences or sequence > _SEQUENCE_MAX
        extended = sequence if whole else unwrap(sequence, highest)
        whole_time = self._whole_timestamps or timestamp > _TIMESTAMP_MAX
        time = timestamp if whole_time else self._timestamp + timestamp_distance(timestamp, self._timestamp)
        if not retransmitted:
            self._whole_sequences, self._whole_timestamps = whole, whole_time
            if extended > highest:
                self._sequence, self._timestamp = extended, time
        return extended, time
