"""Received RTP packets as the measuring cores take them, and the numbers in them without their wraps."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from media.core.seqnum import timestamp_distance, unwrap

_SEQUENCE_MAX: Final = 0xFFFF
_TIMESTAMP_MAX: Final = 0xFFFFFFFF
# Packets of a stretch. What is looked at in vain costs up to so much at each packet; fewer make more of one feed.
STRETCH_MAX: Final = 128


class Arrival(NamedTuple):
    """A packet, in the order of arrival. `sequence` and `timestamp` are extended: they do not wrap."""

    arrival: float  # seconds, of any clock that does not jump
    timestamp: int  # RTP clock ticks
    sequence: int
    size: int  # octets of the RTP packet without SRTP tag
    level: int | None = None  # RFC 6464: -dBov, 0 loudest, 127 digital silence; None: no extension
    marker: bool = False
    retransmitted: bool = False  # it came as an answer to a NACK, so its arrival says nothing about the path


class Arrivals:
    """Packets of one stream in the order of arrival, by column: whole columns cost less than an object a packet.

    `stretches` has where each run of packets that follow one another ends: sequence numbers without a gap, none of them
    a retransmission, `STRETCH_MAX` at most. A retransmission is a stretch of its own."""

    __slots__ = ("_stretches", "levels", "markers", "retransmitted", "sequences", "sizes", "times", "timestamps")

    def __init__(
        self,
        times: Sequence[float] = (),
        timestamps: Sequence[int] = (),
        sequences: Sequence[int] = (),
        sizes: Sequence[int] = (),
        *,
        levels: Sequence[int | None] = (),
        markers: Sequence[int] = (),
        retransmitted: Sequence[int] = (),
    ) -> None:
        """The fields of `Arrival`, in columns of one length; flags are 0 or 1."""
        self.times = times
        self.timestamps = timestamps
        self.sequences = sequences
        self.sizes = sizes
        self.levels = levels
        self.markers = markers
        self.retransmitted = retransmitted
        self._stretches: Sequence[int] | None = None

    @classmethod
    def of(cls, packets: Iterable[Arrival]) -> "Arrivals":
        """The same packets by column."""
        rows = list(packets)
        if not rows:
            return cls()
        times, timestamps, sequences, sizes, levels, markers, retransmitted = zip(*rows, strict=True)
        return cls(
            times,
            timestamps,
            sequences,
            sizes,
            levels=levels,
            markers=bytes(markers),
            retransmitted=bytes(retransmitted),
        )

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, index: int) -> Arrival:
        return Arrival(
            self.times[index],
            self.timestamps[index],
            self.sequences[index],
            self.sizes[index],
            self.levels[index],
            bool(self.markers[index]),
            bool(self.retransmitted[index]),
        )

    def __iter__(self) -> Iterator[Arrival]:
        return (self[index] for index in range(len(self)))

    @property
    def stretches(self) -> Sequence[int]:
        """See the class."""
        if self._stretches is None:
            self._stretches = self._find_stretches()
        return self._stretches

    def renumbered(self, sequences: Sequence[int], timestamps: Sequence[int]) -> "Arrivals":
        """The same packets with other numbers."""
        return Arrivals(
            self.times,
            timestamps,
            sequences,
            self.sizes,
            levels=self.levels,
            markers=self.markers,
            retransmitted=self.retransmitted,
        )

    def _in_a_row(self) -> bool:
        """Whether they are one stretch."""
        sequences = self.sequences
        expected = range(sequences[0], sequences[0] + len(sequences))
        return (sequences == expected or tuple(sequences) == tuple(expected)) and 1 not in self.retransmitted

    def _find_stretches(self) -> Sequence[int]:
        count = len(self)
        if count == 0 or self._in_a_row():
            return (*range(STRETCH_MAX, count, STRETCH_MAX), count)
        ends, start = [], 0
        expected, before = self.sequences[0], self.retransmitted[0]
        for index, (sequence, again) in enumerate(zip(self.sequences, self.retransmitted, strict=True)):
            if sequence != expected or (index and (again or before)) or index - start == STRETCH_MAX:
                ends.append(index)
                start = index
            expected, before = sequence + 1, again
        ends.append(count)
        return ends


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

    def extend_all(self, packets: Arrivals) -> Arrivals:
        """The packets with extended numbers: as `extend` for one after the other."""
        highest = self._sequence
        if highest is None or self._whole_sequences or self._whole_timestamps or not packets:
            return self._extend_each(packets)
        sequences = _shifted(packets.sequences, highest, _SEQUENCE_MAX)
        timestamps = _shifted(packets.timestamps, self._timestamp, _TIMESTAMP_MAX)
        if sequences is None or timestamps is None:
            return self._extend_each(packets)
        found = packets.renumbered(sequences, timestamps)
        self._follow(found, highest)
        return found

    def _follow(self, packets: Arrivals, highest: int) -> None:
        """Go on from the highest number that came by itself."""
        sequences = packets.sequences
        if 1 in packets.retransmitted:
            sequences = [
                highest if again else sequence for sequence, again in zip(sequences, packets.retransmitted, strict=True)
            ]
        reached = max(sequences)
        if reached > highest:
            self._sequence, self._timestamp = reached, packets.timestamps[sequences.index(reached)]

    def _extend_each(self, packets: Arrivals) -> Arrivals:
        sequences, timestamps = [], []
        for sequence, timestamp, again in zip(
            packets.sequences, packets.timestamps, packets.retransmitted, strict=True
        ):
            sequence, timestamp = self.extend(sequence, timestamp, retransmitted=bool(again))
            sequences.append(sequence)
            timestamps.append(timestamp)
        return packets.renumbered(sequences, timestamps)

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


def _shifted(numbers: Sequence[int], base: int, largest: int) -> Sequence[int] | None:
    """Numbers of at most `largest` that lie around the extended `base`, extended; None: some may have wrapped, or are
    whole. Those within half a circle have not, in whatever order they come."""
    wrapped = base & largest
    lowest, highest = min(numbers), max(numbers)
    if highest > largest or 2 * (max(highest, wrapped) - min(lowest, wrapped)) > largest:
        return None
    shift = base - wrapped
    return [number + shift for number in numbers] if shift else numbers
