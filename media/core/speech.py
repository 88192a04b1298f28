"""Who speaks when, from the audio levels in RTP headers (RFC 6464), without decoding.

Contract: `packet` for each packet of one audio stream in the order of arrival, or `packets` for many; a packet that
comes after a later one is left out. `advance` tells how far time has come when no packet does. `spans`, `speaking_s`
and `speech_end` can be read at any time. Times are on the clock of the arrivals, taken from the RTP timestamps: when a
packet would have come had the path never been slower than its best, which is capture time plus the shortest one-way
delay.

Speech is where the level stands clear of an adaptive floor; the floor is the lowest tenth of the last ten seconds, so
that noise does not count whatever its strength. The V bit is not used: browsers set it in silence too.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from operator import sub
from typing import Final, NamedTuple

from media.core.arrival import Arrival, Arrivals
from media.core.transit import JUMP_S, LeastTransit

# dB above the floor. Lower takes swells of noise for speech, higher loses the ends of words: with espeak-ng in pink
# noise of 20 and 10 dB, F1 is 0.98 and 0.92 with this, 0.97 and 0.90 with 4, 0.96 and 0.86 with 5.
MARGIN_DB: Final = 3.5
# Nothing below this is speech, however quiet the room. A close microphone gives -26, a far one -45.
QUIETEST_DBOV: Final = -60.0
# Digital silence says nothing about the noise that may come with the first word.
FLOOR_MIN_DBOV: Final = -90.0
FLOOR_S: Final = 10.0  # longer follows a fan that was switched on more slowly, shorter takes a long sentence for noise
FLOOR_SHARE: Final = 0.1
SMOOTH_S: Final = 0.06  # mean over three usual packets: single ones jump by several dB
# A pause this short is inside a word or phrase. Longer joins turns of the other side into one; shorter cuts sentences.
HANGOVER_S: Final = 0.16
BLIP_S: Final = 0.08  # what is shorter is a knock or a click
# A step of the timestamp with no sequence number missing: the sender sent nothing, so there was silence (Opus DTX,
# RFC 7587 3.1.3). The longest Opus packet is 0.12 s.
DTX_STEP_S: Final = 0.13
# Speech is taken to go on through a hole in the sequence that is no longer; nobody knows what was in a longer one.
HOLE_S: Final = 0.5
_FRAME_S: Final = 0.02
_ROUNDING_S: Final = 1e-6
_FRAME_MIN_S: Final = 0.0025  # of Opus; bounds the memory that a nonsensical stream can take
_LEVEL_MAX: Final = -FLOOR_MIN_DBOV
_RUN_MIN: Final = 3  # packets in order; fewer cost less one by one


class Span(NamedTuple):
    """A stretch of time in seconds."""

    start: float
    end: float


class SpeechDetector:
    """See the module. `heard_level` is whether any packet carried a level: without one nothing can be said."""

    __slots__ = (
        "_active", "_clock_rate", "_closed", "_end", "_floors", "_frame", "_last", "_loud_until", "_recent",
        "_sequence", "_sorted", "_start", "_transit", "heard_level",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self.heard_level = False
        self._clock_rate = clock_rate
        self._transit = LeastTransit()
        self._closed: list[Span] = []
        self._active = False  # a run is open, from _start to _end
        self._start = self._end = 0.0
        self._loud_until = 0.0  # where the smoothed level last stood out; it lags behind _end
        self._sequence: int | None = None
        self._last = 0.0  # media time of the last packet
        self._frame = _FRAME_S
        self._recent: deque[float] = deque()
        self._floors: deque[float] = deque()
        self._sorted: list[float] = []

    def packet(self, packet: Arrival) -> None:
        """Take a packet. One without a level is left out."""
        level, before = packet.level, self._sequence
        if level is None or (before is not None and packet.sequence <= before):
            return
        self.heard_level = True
        media = packet.timestamp / self._clock_rate
        if not packet.retransmitted:
            self._transit.add(media, packet.arrival)
        at = media + self._transit.least
        if before is not None:
            self._step(packet.sequence - before, media, at)
        self._sequence, self._last = packet.sequence, media
        self._judge(level, at)

    def packets(self, packets: Arrivals) -> None:
        """Take packets: as `packet` for one after the other."""
        clock_rate = self._clock_rate
        media = [timestamp / clock_rate for timestamp in packets.timestamps]
        transits = list(map(sub, packets.times, media))
        at = 0
        for end in packets.stretches:
            while at < end:
                taken = 0
                if self._goes_on(packets, at, end) and transits[at] >= self._transit.least:
                    taken = self._went_on(packets, at, media[at:end], transits[at:end])
                if taken == 0:
                    self.packet(packets[at])
                    taken = 1
                at += taken

    def advance(self, at: float) -> None:
        """Nothing that was not taken yet is from before this time."""
        if self._active and at - self._loud_until >= HANGOVER_S - _ROUNDING_S:
            if self.speaking_s:
                self._closed.append(Span(self._start, self._end))
            self._active = False

    def spans(self) -> list[Span]:
        """Stretches of speech so far, the last one possibly still going on."""
        return [*self._closed, Span(self._start, self._end)] if self.speaking_s else list(self._closed)

    @property
    def speaking_s(self) -> float:
        """How long the speech lasts that goes on now; 0.0 if nobody speaks."""
        length = self._end - self._start
        return length if self._active and length >= BLIP_S - _ROUNDING_S else 0.0

    @property
    def speech_end(self) -> float | None:
        """When speech was last heard; None: never."""
        if self.speaking_s:
            return self._end
        return self._closed[-1].end if self._closed else None

    def _goes_on(self, packets: Arrivals, at: int, end: int) -> bool:
        """Whether some packets go on in order, and tell levels."""
        return (
            end - at >= _RUN_MIN
            and not packets.retransmitted[at]
            and self._sequence is not None
            and packets.sequences[at] == self._sequence + 1
            and packets.levels[at] is not None
        )

    def _went_on(self, packets: Arrivals, at: int, media: Sequence[float], transits: Sequence[float]) -> int:
        """Take packets in order for as long as they leave the clock as it is. Returns how many."""
        transit, times = self._transit, packets.times
        count = bisect_left(times, transit.holds_until, at, at + len(media)) - at
        if count == 0 or transit.jumped(media[0], times[at]):
            return 0
        count = self._take(packets.levels[at : at + count], media[:count], transits[:count])
        if count:
            transit.went_on(media[count - 1], times[at + count - 1], min(transits[:count]))
            self.heard_level = True
            self._sequence = packets.sequences[at + count - 1]
        return count

    def _take(self, levels: Sequence[int | None], media: Sequence[float], transits: Sequence[float]) -> int:
        """Take what comes of these in even steps, with a level, and not faster than all before."""
        least, before = self._transit.least, self._last
        for count, (level, now, transit) in enumerate(zip(levels, media, transits, strict=True)):
            step = now - before
            if transit < least or not -JUMP_S <= step <= DTX_STEP_S or level is None:
                return count
            if step > 0:
                self._frame = max(step, _FRAME_MIN_S)
            self._judge(level, now + least)
            self._last = before = now
        return len(media)

    def _judge(self, level: int, at: float) -> None:
        """Take the level of a packet that begins at this time."""
        recent, floors, ordered, frame = self._recent, self._floors, self._sorted, self._frame
        recent.append(-level if level < _LEVEL_MAX else FLOOR_MIN_DBOV)
        wanted = round(SMOOTH_S / frame) or 1
        while len(recent) > wanted:
            recent.popleft()
        mean = sum(recent) / len(recent)
        floors.append(mean)
        insort(ordered, mean)
        while len(floors) > FLOOR_S / frame:
            del ordered[bisect_left(ordered, floors.popleft())]
        threshold = ordered[int(len(ordered) * FLOOR_SHARE)] + MARGIN_DB
        end = at + frame
        if mean > threshold:
            self._loud_until = end
            if -level > threshold and -level > QUIETEST_DBOV:
                if not (self._active and (self.speaking_s or at - self._end < BLIP_S)):
                    self._start = at  # anew after a blip too, which must not lengthen what comes after it
                self._active = True
                self._end = end
        if self._active:
            self.advance(end)

    def _step(self, packets: int, media: float, at: float) -> None:
        step = media - self._last
        if packets > 1:
            missing = step - self._frame
            if self._active and 0 < missing <= HOLE_S:
                self._end += missing
                self._loud_until += missing
            else:
                self.advance(at)
        elif step > DTX_STEP_S:
            self.advance(at)
            self._recent.extend([FLOOR_MIN_DBOV] * len(self._recent))
        elif step > 0:
            self._frame = max(step, _FRAME_MIN_S)
