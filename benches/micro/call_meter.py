"""CPU per received packet of metering one call, from the engine's arrival logs to what callers are told.

    python -m benches.micro.call_meter [--seconds 60] [--rounds 5]

Both people send 50 audio and 150 video packets a second (30 pictures, a larger one each three seconds), read twice a
second as `media.meter` does: a clear path with some jitter, one that loses 2 % for good, one that loses 10 % and brings
video back by retransmissions. Prints a JSON line: of the best round, CPU per packet in us and CPU per reading in ms
(median and worst; every second one closes a second). Reading the engine's counters is not in it.
"""

import argparse
import json
import time
from dataclasses import dataclass
from typing import Final

from media.core.call_meter import CallMeter
from media.counters import leg_counters
from media.engine.api import ARRIVAL, FLAG_MARKER, FLAG_RECOVERED, NO_LEVEL, Kind, LegSnapshot, StreamSnapshot
from tests.support.impair import Channel, Profile

FEED_S: Final = 0.5
USERS: Final = ("ann", "bob")
RATES: Final[dict[Kind, int]] = {"audio": 48_000, "video": 90_000}
FPS: Final = 30
PACE_S: Final = 0.0027  # a browser spreads the packets of a picture at two and a half times its bit rate
AUDIO_SIZE, VIDEO_SIZE = 160, 1080
RTX_S: Final = 0.08  # from the moment a packet should have come until its retransmission does
PATHS: Final[dict[str, tuple[Profile, bool]]] = {
    "steady": (Profile(delay=0.03, jitter=0.004), False),
    "loss_2": (Profile(delay=0.03, jitter=0.004, loss=0.02), False),
    "loss_10_rtx": (Profile(delay=0.03, jitter=0.004, loss=0.1), True),
}


@dataclass(slots=True)
class Stream:
    """Records of an arrival log in the order of arrival, and how many of them were read."""

    stream_id: int
    kind: Kind
    rows: list[tuple[float, int, int, int, int, int]]
    read: int = 0
    octets: int = 0

    def snapshot(self, now: float) -> StreamSnapshot:
        """What the engine would say now."""
        log = bytearray()
        while self.read < len(self.rows) and self.rows[self.read][0] <= now:
            log += ARRIVAL.pack(*self.rows[self.read])
            self.octets += self.rows[self.read][3]
            self.read += 1
        return StreamSnapshot(
            stream_id=self.stream_id, direction="up", kind=self.kind, mid="0", ssrc=self.stream_id,
            clock_rate=RATES[self.kind], packets=self.read, octets=self.octets, lost=0, loss=0.0, jitter=0.004,
            rtt=0.06, retransmitted=0, retransmitted_octets=0, nacks=0, plis=0, duplicates=0, levels=(),
            arrivals=bytes(log), arrivals_dropped=0,
        )  # fmt: skip


def level(number: int) -> int:
    """Syllables of a fifth of a second, sentences of two."""
    return 70 if number // 100 % 2 else 26 + number % 10


def sent(kind: Kind, seconds: float) -> list[tuple[float, int, int, int, int]]:
    """Packets as (time, timestamp, size, level, flags)."""
    if kind == "audio":
        return [
            (n / 50, 7_000 + n * 960, AUDIO_SIZE, level(n), FLAG_MARKER * (n == 0)) for n in range(int(seconds * 50))
        ]
    found = []
    for picture in range(int(seconds * FPS)):
        parts = 15 if picture % (3 * FPS) == 0 else 5
        for part in range(parts):
            marker = FLAG_MARKER * (part == parts - 1)
            found.append((picture / FPS + part * PACE_S, 9_000 + picture * 3000, VIDEO_SIZE, NO_LEVEL, marker))
    return found


def stream(stream_id: int, kind: Kind, seconds: float, path: Profile, *, rtx: bool) -> Stream:
    """A stream after its path."""
    channel, rows = Channel(path, str(stream_id)), []
    for number, (at, timestamp, size, heard, flags) in enumerate(sent(kind, seconds), 60_000):
        out = channel.offer(at, size)
        if out is not None:
            rows.append((out, timestamp, number, size, heard, flags))
        elif rtx and kind == "video":
            rows.append((at + path.delay + RTX_S, timestamp, number, size, heard, flags | FLAG_RECOVERED))
    return Stream(stream_id, kind, sorted(rows, key=lambda row: row[0]))


def readings(seconds: float, path: Profile, *, rtx: bool) -> tuple[int, list[tuple[float, list[LegSnapshot]]]]:
    """How many packets come, and what is read at which time."""
    legs = [
        [stream(10 * leg + number, kind, seconds, path, rtx=rtx) for number, kind in enumerate(RATES)]
        for leg in range(len(USERS))
    ]
    found = []
    for number in range(1, int(seconds / FEED_S) + 1):
        now = number * FEED_S
        snapshots = [
            LegSnapshot(leg, now, 0.06, 0.06, None, None, {}, [each.snapshot(now) for each in streams])
            for leg, streams in enumerate(legs)
        ]
        found.append((now, snapshots))
    return sum(each.read for streams in legs for each in streams), found


def metered(read: list[tuple[float, list[LegSnapshot]]]) -> list[float]:
    """Meter a call; returns the CPU time of each reading in seconds."""
    meter = CallMeter(USERS, now=0.0)
    costs = []
    for number, (now, snapshots) in enumerate(read, 1):
        began = time.thread_time()
        meter.feed([leg_counters(USERS[leg.leg_id], leg, fec=True) for leg in snapshots], now=now)
        if number % 2 == 0:
            meter.second(now=now, host_lag_s=0.0)
        costs.append(time.thread_time() - began)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report: dict[str, dict[str, float]] = {}
    for name, (path, rtx) in PATHS.items():
        packets, read = readings(options.seconds, path, rtx=rtx)
        costs = sorted(min((metered(read) for _ in range(options.rounds)), key=sum))
        report[name] = {
            "packets": packets,
            "us_per_packet": round(sum(costs) / packets * 1e6, 2),
            "reading_ms_p50": round(costs[len(costs) // 2] * 1000, 3),
            "reading_ms_worst": round(costs[-1] * 1000, 3),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
