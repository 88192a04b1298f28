"""Streams of any kind for property tests: packets as they come, with all that can happen to them on the way."""

from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from media.core.arrival import Arrival
from media.core.stream_quality import Kind

RATES: Final[dict[Kind, int]] = {"audio": 48_000, "video": 90_000}
WHAT: Final = (
    "lost", "outage", "again", "again under its own number", "late", "twice", "restart", "silence", "jump", "overtaken",
)  # fmt: skip


@dataclass
class Sender:
    """Sends packets, and puts them where they come out."""

    kind: Kind
    sequence: int
    timestamp: int
    delays: list[float]
    rows: list[Arrival]
    at: float = 100.0
    own: int = 300  # number of the next retransmission in a stream of its own

    def next(self, number: int, *, sent: bool = True) -> Arrival:
        """The next packet, on its way or not."""
        self.sequence += 1
        parts = 4 if self.kind == "video" else 1
        marker = self.kind == "video" and number % parts == parts - 1
        level = None if self.kind == "video" else (26, 30, 70, 127)[number // 9 % 4]
        if number % parts == 0:
            self._pass(1 / 30 if self.kind == "video" else 0.02)
        delay = self.delays[number % len(self.delays)]
        at = self.at + number % parts * 0.001 + delay
        # Numbers as on the wire; a picture in thirty is large.
        size = 1000 if number % 120 < parts else 300
        packet = Arrival(at, self.timestamp & 0xFFFFFFFF, self.sequence & 0xFFFF, size, level, marker)
        if sent:
            self.rows.append(packet)
        return packet

    def happen(self, what: str, number: int, amount: float) -> None:
        """Let something happen that takes or lasts so long."""
        if what == "silence":
            self._pass(10 * amount)
        elif what == "restart":
            self.timestamp += int(1e9 * (amount - 0.4))
        elif what == "jump":
            self.sequence += int(30_000 * amount)
        elif what == "outage":
            for lost in range(int(60 * amount)):
                self.next(number + lost, sent=False)
        else:
            self._mishap(what, self.next(number, sent=what == "twice"), amount)

    def _mishap(self, what: str, packet: Arrival, amount: float) -> None:
        late = packet._replace(arrival=packet.arrival + amount)
        if what in ("late", "twice"):
            self.rows.append(late)
        elif what == "overtaken":
            self.rows.append(packet._replace(arrival=packet.arrival + 0.1 * amount))
        elif what == "again":
            self.rows.append(late._replace(retransmitted=True))
        elif what == "again under its own number":
            self.rows.append(late._replace(sequence=self.own, retransmitted=True))
            self.own += 1

    def _pass(self, seconds: float) -> None:
        self.at += seconds
        self.timestamp += round(seconds * RATES[self.kind])


@st.composite
def streams(draw: st.DrawFn, kind: Kind) -> list[Arrival]:
    """Runs of packets in order with something after each; jitter from none to much; numbers that may soon wrap."""
    delay = st.floats(0, draw(st.sampled_from([0.0, 0.004, 0.03, 0.15])))
    sender = Sender(
        kind,
        draw(st.sampled_from([0, 65_500, 40_000])),
        draw(st.sampled_from([0, 0xFFFFFFFF - 90_000, 1 << 31])),
        draw(st.lists(delay, min_size=1, max_size=23)),
        [],
    )
    number = 0
    happenings = st.tuples(st.integers(0, 130), st.sampled_from(WHAT), st.floats(0, 1))
    for count, what, amount in draw(st.lists(happenings, min_size=1, max_size=12)):
        for _ in range(count):
            sender.next(number)
            number += 1
        sender.happen(what, number, amount)
        number += 1
    return sorted(sender.rows, key=lambda packet: packet.arrival)


CUTS: Final = st.lists(st.integers(1, 120), min_size=1, max_size=8)


def cut(packets: list[Arrival], sizes: list[int]) -> list[list[Arrival]]:
    """The packets in parts of these sizes, again and again."""
    found: list[list[Arrival]] = []
    at = 0
    while at < len(packets):
        size = sizes[len(found) % len(sizes)]
        found.append(packets[at : at + size])
        at += size
    return found


__all__ = ["CUTS", "RATES", "cut", "streams"]
