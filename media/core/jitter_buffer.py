"""A listener's jitter buffer that holds no sound: which packets would have been there when their moment came.

Contract: `packet` for each packet of one stream in the order of arrival, `advance` with the present time when none
comes; `take` returns and clears what has become certain since, `seconds` holds it by second of the stream. A packet
that is not there at its moment is concealed by the listener, whether it comes later (`late`) or never (`lost`).

The moments are those of `media.core.playout`; when its offset grows, the listener has to invent sound (`filler`). Loss
alone ranks impaired calls well only when loss is the only impairment; with late packets and filler the rank holds
(docs/quality.md).
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from operator import sub
from typing import Final

from media.core.arrival import Arrival, Arrivals
from media.core.playout import STEP_S, PlayoutOffset
from media.core.transit import JUMP_S, LeastTransit

# Of the player that the curves for Opus were made with; browsers wait longer before they give packets up.
OFFSET_MAX_S: Final = 0.4
# Packets remembered as missing. More than these of one outage are counted and no longer waited for (RFC 3550 A.1).
MISSING_MAX: Final = 3000
# So are those that nobody can have sent in the time since the packet before: the numbers have jumped. Lower forgets
# packets of a fast stream that may still come, higher lets nonsense cost time and memory.
_BURST_MAX: Final = 50
_RATE_MAX: Final = 500.0  # packets a second
_FRAME_MIN_S: Final = 0.0025  # shortest and longest packet of Opus (RFC 6716 2.1.4)
_FRAME_MAX_S: Final = 0.12
# A retransmission is compared with the places of so many missing packets when its number says nothing.
_SEARCHED: Final = 64
_SAME_TIME_S: Final = 0.001
_SAME_PLACE_S: Final = 1.0  # a number may hit a hole by chance, but hardly in the same second
# Fewer packets cost less one by one.
_RUN_MIN: Final = 3
# Packets of nearly a second whose transits lie so close can not be of two sources.
_NEAR_S: Final = JUMP_S - 2.0


@dataclass(slots=True)
class Tally:
    """Packets by what became of them at their play-out moment."""

    expected: int = 0
    missing: int = 0  # not there at its moment
    late: int = 0  # of the missing: came afterwards
    repairable: int = 0  # of the missing: the next packet was there, and may carry a copy (RFC 6716 2.1.7)
    filler: float = 0.0  # packets' worth of sound invented to grow the buffer

    @property
    def lost(self) -> int:
        """Never came, as far as is known. Read it of whole calls or of seconds that are long past."""
        return max(0, self.missing - self.late)

    def add(self, other: "Tally") -> None:
        """Count the other in."""
        self.expected += other.expected
        self.missing += other.missing
        self.late += other.late
        self.repairable += other.repairable
        self.filler += other.filler


@dataclass(slots=True)
class _Missed:
    media: float
    second: int
    came: bool = False


class JitterBuffer:
    """See the module. `clock_rate` in ticks per second; the buffer holds packets for `offset_max_s` seconds at most."""

    __slots__ = (
        "_before", "_clock_rate", "_frame", "_highest", "_highest_media", "_holes", "_lowest", "_missed", "_now",
        "_origin", "_playout", "_shift", "_started", "_transit", "seconds",
    )  # fmt: skip

    def __init__(self, clock_rate: int, offset_max_s: float = OFFSET_MAX_S) -> None:
        self.seconds: dict[int, Tally] = {}  # since the first packet, by when it should have come
        self._clock_rate = clock_rate
        self._playout = PlayoutOffset(offset_max_s)
        self._transit = LeastTransit()
        self._started = False
        self._lowest = self._highest = 0
        self._highest_media = 0.0
        self._frame = STEP_S
        self._shift = 0.0  # from media time to the time since the first arrival
        self._origin = 0.0  # the first arrival
        self._before = self._now = 0.0  # the last two arrivals
        self._holes: dict[int, float] = {}  # sequence number -> media time, still waited for
        self._missed: dict[int, _Missed] = {}

    @property
    def expected(self) -> int:
        """Sequence numbers from the lowest to the highest."""
        return self._highest - self._lowest + 1 if self._started else 0

    @property
    def frame_s(self) -> float:
        """The time between two packets, or pictures, as far as timestamps have told it."""
        return self._frame

    @property
    def delay_s(self) -> float:
        """How long a packet that took the fastest way waits for its moment."""
        return max(0.0, self._playout.offset - self._transit.least) if self._started else 0.0

    @property
    def queue_s(self) -> float:
        """By how much the middle one of the last packets was slower than the fastest of the last half minute."""
        middle = self._playout.middle()
        return 0.0 if middle is None else middle - self._transit.least

    @property
    def spread_s(self) -> float:
        """From the 5 % to the 95 % quantile of the last packets' transit."""
        high, low = self._playout.quantile(0.95), self._playout.quantile(0.05)
        return 0.0 if high is None or low is None else high - low

    def packet(self, packet: Arrival) -> int | None:
        """Take a packet with extended numbers, and return the sequence number it stands for; None: it is of no use,
        having been here before or being a retransmission of nothing that is known to be missing."""
        media = packet.timestamp / self._clock_rate
        return self._take(packet.sequence, media, packet.arrival, retransmitted=packet.retransmitted)

    def packets(self, packets: Arrivals) -> Sequence[int | None]:
        """Take packets: as `packet` for one after the other, whose answers are returned."""
        clock_rate, times = self._clock_rate, packets.times
        media = [timestamp / clock_rate for timestamp in packets.timestamps]
        transits = list(map(sub, times, media))
        places: list[int | None] = list(packets.sequences)
        at = 0
        for end in packets.stretches:
            while at < end:
                sequence, again = packets.sequences[at], bool(packets.retransmitted[at])
                taken = 0
                if end - at >= _RUN_MIN and sequence == self._highest + 1 and not again:
                    taken = self._went_on(sequence, times[at:end], media[at:end], transits[at:end])
                if taken == 0:
                    places[at] = self._take(sequence, media[at], times[at], retransmitted=again)
                    taken = 1
                at += taken
        return places

    def advance(self, now: float) -> None:
        """Time has come this far: what should have been played is missing."""
        while self._holes:
            sequence, media = next(iter(self._holes.items()))
            if media + self._playout.offset >= now:
                return
            del self._holes[sequence]
            self._miss(sequence, media)

    def take(self) -> Tally:
        """What became certain since the last `take`, whichever second it belongs to."""
        total = Tally()
        for tally in self.seconds.values():
            total.add(tally)
        self.seconds.clear()
        return total

    def finish(self) -> None:
        """Nothing more will come: what is still waited for is missing."""
        self.advance(math.inf)

    def _take(self, sequence: int, media: float, arrival: float, *, retransmitted: bool) -> int | None:
        if retransmitted:
            self.advance(arrival)
            original = self._original(sequence, media)
            return None if original is None else self._place(original, media, arrival, retransmitted=True)
        self._before, self._now = self._now, arrival
        if self._transit.add(media, arrival):
            self._begin(sequence, media, arrival)
        self.advance(arrival)
        return self._place(sequence, media, arrival)

    def _went_on(self, first: int, times: Sequence[float], media: Sequence[float], transits: Sequence[float]) -> int:
        """Take those of these packets, which go on from the highest number, with which nothing is late, falls due or
        begins anew. Returns how many."""
        transit = self._transit
        if not self._started or transits[0] < transit.least or self._playout.offset - transit.least > _NEAR_S:
            return 0
        count = bisect_left(times, transit.holds_until)
        if count == 0 or transit.jumped(media[0], times[0]):
            return 0
        self.advance(times[0])
        hole = next(iter(self._holes.values()), math.inf)
        count = self._playout.went_on(transits[:count], times[:count], transit.least, hole)
        if count:
            transit.went_on(media[count - 1], times[count - 1], min(transits[:count]))
            self._before, self._now = times[count - 2] if count > 1 else self._now, times[count - 1]
            self._repair(first - 1)
            self._count_in(media[:count])
            self._learn_last_frame(media[:count])
            self._highest, self._highest_media = first + count - 1, media[count - 1]
        return count

    def _count_in(self, media: Sequence[float]) -> None:
        """All of these are there in time."""
        first, last = self._second(min(media)), self._second(max(media))
        if first == last:
            self._tally_of(first).expected += len(media)
        else:
            for second, count in Counter(map(self._second, media)).items():
                self._tally_of(second).expected += count

    def _begin(self, sequence: int, media: float, arrival: float) -> None:
        """The first packet, or the first of a source whose timestamps have nothing to do with those before."""
        self.finish()
        if not self._started:
            self._started = True
            self._origin = arrival
            self._lowest = sequence
            self._highest = sequence - 1
        self._playout.begin(arrival - media)
        self._shift = arrival - self._origin - media
        self._highest_media = media

    def _original(self, sequence: int, media: float) -> int | None:
        """What a retransmission replaces: by its number, or by time where it has numbers of its own (RFC 4588 4)."""
        missed = self._missed.get(sequence)
        at = self._holes.get(sequence) if missed is None or missed.came else missed.media
        if at is not None and abs(at - media) < _SAME_PLACE_S:
            return sequence
        for number, at in islice(self._holes.items(), _SEARCHED):
            if abs(at - media) < _SAME_TIME_S:
                return number
        for number, one in islice(reversed(self._missed.items()), _SEARCHED):
            if not one.came and abs(one.media - media) < _SAME_TIME_S:
                return number
        return None

    def _place(self, sequence: int, media: float, arrival: float, *, retransmitted: bool = False) -> int | None:
        if sequence > self._highest:
            self._gap(self._highest + 1, sequence, media)
            self._highest, self._highest_media = sequence, media
        elif sequence < self._lowest:
            self._gap(sequence + 1, self._lowest, self._highest_media)
            self._lowest = sequence
        elif sequence in self._holes:
            del self._holes[sequence]
        else:
            return self._too_late(sequence, media, arrival, retransmitted=retransmitted)
        self._arrived(sequence, media, arrival, retransmitted=retransmitted)
        return sequence

    def _gap(self, first: int, end: int, media: float) -> None:
        """`first` to `end` - 1 are not here yet; `media` is the time of the packet after them."""
        count = end - first
        if count == 0:
            self._learn_frame(media)
            return
        excess = max(0, count - self._waited_for())
        if excess:
            tally = self._tally(self._highest_media)
            tally.expected += excess
            tally.missing += excess
        before = self._highest_media
        step = (media - before) / (count + 1) if media > before else 0.0
        for number in range(excess, count):
            self._holes[first + number] = before + step * (number + 1)

    def _waited_for(self) -> int:
        """How many packets of a gap that ends now may still come."""
        return min(MISSING_MAX, int(_BURST_MAX + _RATE_MAX * max(0.0, self._now - self._before)))

    def _learn_frame(self, media: float) -> None:
        step = media - self._highest_media
        if _FRAME_MIN_S <= step <= _FRAME_MAX_S:
            self._frame = step

    def _learn_last_frame(self, media: Sequence[float]) -> None:
        """The same for many that follow the highest: the last one counts."""
        for index in range(len(media) - 1, -1, -1):
            step = media[index] - (media[index - 1] if index else self._highest_media)
            if _FRAME_MIN_S <= step <= _FRAME_MAX_S:
                self._frame = step
                return

    def _arrived(self, sequence: int, media: float, arrival: float, *, retransmitted: bool) -> None:
        """A packet that was not missed so far; it may be just too late."""
        late = self._playout.late(arrival - media)
        if late:
            self._miss(sequence, media, came=True)
        else:
            self._tally(media).expected += 1
            self._repair(sequence - 1)
        if not retransmitted:
            self._adapt(arrival - media, late=late)

    def _too_late(self, sequence: int, media: float, arrival: float, *, retransmitted: bool) -> int | None:
        missed = self._missed.get(sequence)
        if missed is None or missed.came:
            return None
        missed.came = True
        self._tally_of(missed.second).late += 1
        if not retransmitted:
            self._adapt(arrival - media, late=True)
        return sequence

    def _miss(self, sequence: int, media: float, *, came: bool = False) -> None:
        missed = self._missed[sequence] = _Missed(media, self._second(media), came)
        tally = self._tally_of(missed.second)
        tally.expected += 1
        tally.missing += 1
        tally.late += came
        after = sequence + 1
        if after <= self._highest and after not in self._holes and after not in self._missed:
            tally.repairable += 1
        if len(self._missed) > MISSING_MAX:
            del self._missed[next(iter(self._missed))]

    def _repair(self, sequence: int) -> None:
        """The packet after this one has come in time."""
        missed = self._missed.get(sequence)
        if missed is not None:
            self._tally_of(missed.second).repairable += 1

    def _adapt(self, transit: float, *, late: bool) -> None:
        grown = self._playout.add(transit, self._transit.least, late=late)
        if grown > 0:
            self._tally(self._highest_media).filler += grown / self._frame

    def _second(self, media: float) -> int:
        return max(0, int(media + self._shift + 1e-6))

    def _tally(self, media: float) -> Tally:
        return self._tally_of(self._second(media))

    def _tally_of(self, second: int) -> Tally:
        tally = self.seconds.get(second)
        if tally is None:
            tally = self.seconds[second] = Tally()
        return tally
