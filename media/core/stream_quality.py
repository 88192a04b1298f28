"""One RTP stream as its receiver finds it, second by second: live calls and recorded logs go through here.

Contract: `packets` with packets in the order of arrival and with extended numbers, as many at once as there are, and
`advance` with the time in between. A live call asks `take` once a second for what became certain; of a recorded log,
after `finish`, `recorded` tells each second by when its packets should have come, and `total` all of it. Times in
seconds.
"""

from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass
from itertools import compress
from typing import Final, Literal, TypeAlias

from media.core.arrival import Arrival, Arrivals
from media.core.audio_quality import OFFSET_MAX_S, Concealment, listening_mos
from media.core.freeze import FreezeMeter
from media.core.jitter_buffer import JitterBuffer, Tally
from media.core.pictures import PictureAssembler
from media.core.rtpstats import InterarrivalJitter
from media.core.video_quality import picture_mos, watching_mos

Kind: TypeAlias = Literal["audio", "video"]

GONE_SHARE: Final = 0.9  # of the packets: what is left of the sound is no longer speech
# What a camera makes when it is asked for nothing else; no picture rate above it is missed.
FPS_MAX: Final = 30.0
_FPS_SECONDS: Final = 30  # in which the camera has shown what it can do


@dataclass(frozen=True, slots=True)
class Scale:
    """What the listener makes of missing sound, and whether Opus carries copies of it."""

    concealment: Concealment = "browser"
    fec: bool = False


@dataclass(frozen=True, slots=True)
class Second:
    """An interval of a stream. `mos` is None when nothing was to come: silence that was not sent. `fps`, `freezes` and
    `freeze_ratio` (0..1) are of video."""

    mos: float | None
    expected: int
    lost: int  # never came, as far as is known
    late: int
    jitter_s: float  # RFC 3550, at the end
    bitrate: float  # bit/s of RTP
    fps: float | None = None
    freezes: int | None = None
    freeze_ratio: float | None = None

    @property
    def gone(self) -> bool:
        """Media was to come, and nearly none could be played or shown."""
        if self.fps is not None:
            return self.bitrate == 0 and self.mos is not None
        return self.expected > 0 and self.lost + self.late >= GONE_SHARE * self.expected


class StreamMeter:
    """See the module. `buffer` has what causes are read from."""

    def __init__(self, kind: Kind, clock_rate: int, scale: Scale | None = None) -> None:
        self.kind: Kind = kind
        self._scale = scale or Scale()
        self.buffer = JitterBuffer(clock_rate, OFFSET_MAX_S[self._scale.concealment])
        self._jitter = InterarrivalJitter(clock_rate)
        self._pictures = PictureAssembler()
        self._origin: float | None = None
        self._last = 0.0
        # By whole second since the first arrival, as in the buffer.
        self._octets: Counter[int] = Counter()
        self._shown: Counter[int] = Counter()
        self._jitter_s: dict[int, float] = {}
        self._freezes = FreezeMeter(0.0)
        self._fps: deque[float] = deque(maxlen=_FPS_SECONDS)

    def packet(self, packet: Arrival) -> None:
        """Take one packet."""
        self.packets(Arrivals.of([packet]))

    def packets(self, packets: Arrivals) -> None:
        """Take packets, each after `advance` to its time. One by one or all at once is the same."""
        if not packets:
            return
        times = packets.times
        if self._origin is None:
            self._origin = times[0]
            self._freezes = FreezeMeter(times[0])
        self._last = times[-1]
        self._count(packets)
        places = self.buffer.packets(packets)
        if self.kind == "video":
            shown = self._pictures.packets(packets, places)
            self._freezes.passed(times, [at for at, _ in shown])
            for at, pictures in shown:
                self._shown[self._second_of(times[at])] += pictures

    def advance(self, now: float) -> None:
        """Time has come this far."""
        self.buffer.advance(now)
        if self._origin is not None and self.kind == "video":
            self._show(self._pictures.advance(now), now)
            self._freezes.advance(now)

    def stop(self) -> None:
        """The sender has switched it off: no picture is no freeze."""
        self._freezes.stop()

    def finish(self) -> None:
        """Nothing more will come."""
        self.buffer.finish()
        self._freezes.advance(self._last)

    def take(self, seconds: float) -> Second:
        """What became certain since the last `take`, which was `seconds` ago."""
        found = self._all(seconds)
        for by_second in (self.buffer.seconds, self._octets, self._shown, self._jitter_s):
            by_second.clear()
        self._freezes.frozen_s.clear()
        self._freezes.freezes.clear()
        return found

    def recorded(self, count: int) -> list[Second]:
        """The first `count` seconds since the first arrival."""
        found, jitter = [], 0.0
        for number in range(count):
            jitter = self._jitter_s.get(number, jitter)
            tally = self.buffer.seconds.get(number, Tally())
            frozen, freezes = self._freezes.frozen_s.get(number, 0.0), self._freezes.freezes[number]
            found.append(self._second(tally, self._octets[number], self._shown[number], (freezes, frozen), 1.0, jitter))
        return found

    def total(self, seconds: float) -> Second:
        """All of it, in so many seconds."""
        self._fps.clear()  # the mean of a call is held against nothing but itself
        return self._all(seconds)

    def _all(self, seconds: float) -> Second:
        tally = Tally()
        for one in self.buffer.seconds.values():
            tally.add(one)
        freezing = self._freezes.freezes.total(), sum(self._freezes.frozen_s.values())
        octets, shown = self._octets.total(), self._shown.total()
        return self._second(tally, octets, shown, freezing, seconds, self._jitter.jitter)

    def _second(
        self, tally: Tally, octets: int, shown: int, freezing: tuple[int, float], seconds: float, jitter_s: float
    ) -> Second:
        bitrate = 8 * octets / seconds
        basis = tally.expected, tally.lost, tally.late, jitter_s, bitrate
        if self.kind == "audio":
            mos = listening_mos(tally, self._scale.concealment, fec=self._scale.fec) if tally.expected else None
            return Second(mos, *basis)
        freezes, frozen = freezing
        fps, ratio = shown / seconds, min(1.0, frozen / seconds)
        self._fps.append(min(fps, FPS_MAX))
        picture = picture_mos(bitrate, fps, max(self._fps))
        # A second in which nothing was shown is judged by the freeze alone.
        mos = watching_mos(picture, ratio) if shown or ratio else None
        return Second(mos, *basis, fps=fps, freezes=freezes, freeze_ratio=ratio)

    def _count(self, packets: Arrivals) -> None:
        """What is told by second of arrival: octets, and jitter."""
        times, start = packets.times, 0
        while start < len(times):
            second, end = self._second_of(times[start]), len(times)
            if self._second_of(times[-1]) != second:
                end = bisect_right(times, second, start, key=self._second_of)
            self._octets[second] += sum(packets.sizes[start:end])
            again = packets.retransmitted[start:end]
            if 1 not in again:
                self._jitter.packets(packets.timestamps[start:end], times[start:end])
            else:
                first = [not one for one in again]
                self._jitter.packets(compress(packets.timestamps[start:end], first), compress(times[start:end], first))
            if 0 in again:
                self._jitter_s[second] = self._jitter.jitter
            start = end

    def _show(self, sizes: list[int], now: float) -> None:
        if sizes:
            self._shown[self._second_of(now)] += len(sizes)
            self._freezes.shown(now)

    def _second_of(self, now: float) -> int:
        return int(now - (self._origin or 0.0) + 1e-6)
