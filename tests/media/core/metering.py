"""A call on a virtual clock: two people whose packets pass impaired paths to a relay that counts as the engine does."""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from media.core.arrival import Arrival, Arrivals
from media.core.call_meter import CallMeter, CallSecond
from media.core.leg_meter import LegCounters, StreamCounters
from media.core.rtpstats import ReceiverStatistics
from media.core.silence import Output
from media.core.stream_quality import Kind
from media.engine.link import RTT_WEIGHT
from tests.support.impair import CLEAR, Channel, Profile

FEED_S = 0.5
QUIET, LOUD = 70, 26
Spoken = list[tuple[float, float]]
During = dict[tuple[float, float], Profile]
RATES: dict[Kind, int] = {"audio": 48_000, "video": 90_000}


class _Way:
    """One direction of a path, impaired at times. `cut` takes all."""

    def __init__(self, during: During, seed: str) -> None:
        self._during = {span: Channel(profile, f"{seed}{span}") for span, profile in during.items()}
        self._clear = Channel(CLEAR, seed)

    def offer(self, now: float, octets: int) -> float | None:
        for (start, end), channel in self._during.items():
            if start <= now < end:
                return channel.offer(now, octets)
        return self._clear.offer(now, octets)


@dataclass
class Stream:
    """What one person sends of a kind, and how the relay and the other person count it."""

    kind: Kind
    stream_id: int
    ssrc: int = 1
    sequence: int = 65_000
    waiting: list[Arrival] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    packets: int = 0
    lost_before: int = 0
    heard: list[tuple[float, int, int]] = field(default_factory=list)  # by the other: arrival, sequence, timestamp
    reported: tuple[int, float] = (0, 0.0)  # lost, jitter

    def __post_init__(self) -> None:
        self.up = ReceiverStatistics(RATES[self.kind])
        self.down = ReceiverStatistics(RATES[self.kind])

    def send(self, way: _Way, now: float, *, parts: int = 1, level: int | None = None, size: int = 100) -> None:
        for part in range(parts):
            out = way.offer(now, size)
            ticks = round(now * RATES[self.kind]) & 0xFFFFFFFF
            if out is not None:
                number = self.sequence & 0xFFFF
                packet = Arrival(out, ticks, number, size, level=level, marker=part == parts - 1)
                self.waiting.append(packet)
            self.sequence += 1

    def relay(self, way: _Way, now: float) -> None:
        due = sorted(packet for packet in self.waiting if packet.arrival <= now)
        self.waiting = [packet for packet in self.waiting if packet.arrival > now]
        for packet in due:
            extended = self.up.packet(packet.sequence, packet.timestamp, packet.arrival)
            self.packets += 1
            self.arrivals.append(packet._replace(sequence=extended & 0xFFFFFFFF))
            out = way.offer(packet.arrival, packet.size)
            if out is not None:
                self.heard.append((out, packet.sequence, packet.timestamp))

    def report(self, now: float) -> None:
        for arrival, sequence, timestamp in sorted(heard for heard in self.heard if heard[0] <= now):
            self.down.packet(sequence, timestamp, arrival)
        self.heard = [heard for heard in self.heard if heard[0] > now]
        self.reported = self.down.lost, self.down.jitter

    def restart(self) -> None:
        """Another SSRC."""
        self.ssrc += 1
        self.lost_before += self.up.lost
        self.up, self.sequence = ReceiverStatistics(RATES[self.kind]), 7
        self.down = ReceiverStatistics(RATES[self.kind])

    def counters_up(self) -> StreamCounters:
        arrivals, self.arrivals = self.arrivals, []
        lost = self.lost_before + self.up.lost
        return StreamCounters(
            self.stream_id, self.ssrc, "up", self.kind, RATES[self.kind],
            self.packets, 100 * self.packets, lost, 0, self.up.jitter, arrivals=Arrivals.of(arrivals),
        )  # fmt: skip

    def counters_down(self) -> StreamCounters:
        lost, jitter = self.reported
        return StreamCounters(
            self.stream_id + 100, 9, "down", self.kind, RATES[self.kind],
            self.packets, 100 * self.packets, lost, 0, jitter,
        )  # fmt: skip


@dataclass
class Person:
    """Speech as (start, end); `up` and `down`: the path at times; `no_audio`, `no_video`: when none of it is sent."""

    user_id: str
    spoken: Spoken = field(default_factory=list)
    up: During = field(default_factory=dict)
    down: During = field(default_factory=dict)
    rtt_s: float = 0.06  # as it is now; may be set
    no_audio: tuple[float, float] = (0, 0)
    no_video: tuple[float, float] = (0, 0)
    digital_silence: tuple[float, float] = (0, 0)
    video: bool = False

    def __post_init__(self) -> None:
        number = sum(map(ord, self.user_id))
        self.audio_stream = Stream("audio", number)
        self.video_stream = Stream("video", number + 1)
        self.way_up, self.way_down = _Way(self.up, self.user_id + "up"), _Way(self.down, self.user_id + "down")

    @property
    def streams(self) -> list[Stream]:
        return [self.audio_stream, self.video_stream] if self.video else [self.audio_stream]

    def level(self, now: float) -> int:
        if self.digital_silence[0] <= now < self.digital_silence[1]:
            return 127
        # A voice is not a tone: syllables of 0.2 s come and go.
        at = bisect_right(self.spoken, (now, math.inf)) - 1
        if at >= 0 and now < self.spoken[at][1]:
            return LOUD + round(10 * ((now * 5) % 1))
        return QUIET

    def send(self, tick: int) -> None:
        now = tick / 50
        if not self.no_audio[0] <= now < self.no_audio[1]:
            self.audio_stream.send(self.way_up, now, level=self.level(now))
        if self.video and tick % 2 == 0 and not self.no_video[0] <= now < self.no_video[1]:
            key = tick % 100 == 0
            self.video_stream.send(self.way_up, now, parts=12 if key else 3, size=1000)


class Link:
    """Two people and the relay between them."""

    def __init__(self, ann: Person, bob: Person) -> None:
        self.people = ann, bob
        self._tick = 0
        self._smoothed = [person.rtt_s for person in self.people]

    def counters(self, now: float) -> list[LegCounters]:
        """Let them send until now, and return what the relay has counted. Receivers report at each whole second."""
        while self._tick < now * 50:
            for person in self.people:
                person.send(self._tick)
            self._tick += 1
        for person, other in (self.people, self.people[::-1]):
            for stream in person.streams:
                stream.relay(other.way_down, now)
                if now == int(now):
                    stream.report(now)
        if now == int(now):
            for number, person in enumerate(self.people):
                self._smoothed[number] += (person.rtt_s - self._smoothed[number]) * RTT_WEIGHT
        return [
            LegCounters(
                person.user_id,
                smoothed,
                person.rtt_s,
                [stream.counters_up() for stream in person.streams]
                + [stream.counters_down() for stream in other.streams],
            )
            for person, other, smoothed in zip(self.people, self.people[::-1], self._smoothed, strict=True)
        ]


class VirtualCall:
    """Ann and Bob. `at` holds what happens besides packets: time -> function of the meter and that time."""

    def __init__(self, ann: Person, bob: Person) -> None:
        self.people = ann, bob
        self.meter = CallMeter([ann.user_id, bob.user_id], now=0.0)
        self.at: dict[float, Callable[[CallMeter, float], None]] = {}
        self.seconds: dict[int, CallSecond] = {}
        self.outputs: list[tuple[float, Output]] = []
        self.host_lag_s = 0.0
        self._link = Link(ann, bob)
        self._now = 0.0

    def run(self, until: float) -> "VirtualCall":
        """Let the call go on until this time."""
        while self._now < until:
            self._now += FEED_S
            self._feed(self._now)
        return self

    def _feed(self, now: float) -> None:
        for due in sorted(time for time in self.at if time <= now):
            self.at.pop(due)(self.meter, now)
        self.outputs += [(now, output) for output in self.meter.feed(self._link.counters(now), now=now)]
        if now == int(now):
            self.seconds[int(now)] = self.meter.second(now=now, host_lag_s=self.host_lag_s)

    def causes(self, start: int, end: int) -> list[tuple[str, str | None, str] | None]:
        """(kind, whose, direction) of each second after `start` up to `end`."""
        found = (self.seconds[second].cause for second in range(start + 1, end + 1))
        return [None if cause is None else (cause.kind, cause.user_id, cause.direction) for cause in found]

    def levels(self, user_id: str, direction: str, start: int, end: int) -> list[str]:
        return [
            leg.level.value
            for second in range(start + 1, end + 1)
            for leg in self.seconds[second].legs
            if (leg.user_id, leg.direction) == (user_id, direction)
        ]

    def notices(self) -> list[tuple[int, str, str]]:
        return [(at, *notice) for at, second in self.seconds.items() for notice in second.notices]


def taking_turns(start: float, end: float) -> tuple[Spoken, Spoken]:
    """The two talk by turns of 2 s, half a second apart."""
    sides: tuple[Spoken, Spoken] = ([], [])
    now, who = start, 0
    while now + 2 <= end:
        sides[who].append((now, now + 2))
        now, who = now + 2.5, 1 - who
    return sides


__all__ = ["FEED_S", "Link", "Person", "Profile", "Spoken", "VirtualCall", "taking_turns"]
