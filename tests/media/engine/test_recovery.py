"""Two legs with lossy, jittery paths between clients that behave as browsers do: does video get through?

The paths are seeded; time is the test's. Each client answers NACKs with retransmissions and asks for what it misses.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from media import rtcp
from media.engine.api import StreamSnapshot
from media.engine.headers import from_rtx
from media.engine.nack import NackGenerator
from tests.media.engine.peers import (
    A_AUDIO,
    A_RTX,
    A_VIDEO,
    TO_B_AUDIO,
    TO_B_RTX,
    TO_B_VIDEO,
    VP8_INTER,
    VP8_KEY,
    OneWay,
    Rtp,
    one_way,
)

PER_FRAME = 5
SECONDS = 20
TICK = 0.02


@dataclass(slots=True)
class Path:
    """One direction of a leg: seeded loss, delay and jitter (which reorders)."""

    seed: int
    loss: float = 0.0
    delay: float = 0.02
    jitter: float = 0.0
    chance: random.Random = field(init=False)
    lost: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def arrival(self, now: float) -> float | None:
        if self.chance.random() < self.loss:
            self.lost += 1
            return None
        return now + self.delay + self.chance.random() * self.jitter


class Network:
    """Both legs over their paths, on one event queue."""

    def __init__(self, up: Path, down: Path) -> None:
        self.call: OneWay = one_way()
        self.up, self.down = up, down
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        world = self.call.world
        self.call.sender.drop = lambda datagram: self._later(up, lambda: self._to_sender(datagram))
        self.call.receiver.drop = lambda datagram: self._later(down, lambda: self._to_receiver(datagram))
        self.history: dict[int, Rtp] = {}
        self.rtx_number = 0
        self.key_frames = 0
        self.wants_key = False
        self.received: dict[int, bytes] = {}
        self.twice = 0
        self.sound: set[bytes] = set()
        self.nack = NackGenerator()
        self.highest: int | None = None
        self.engine = world.engine
        self._at(world.now + TICK, self._tick)

    def _at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._count), action))

    def _later(self, path: Path, action: Callable[[], None]) -> bool:
        when = path.arrival(self.call.world.now)
        if when is not None:
            self._at(when, action)
        return True

    def run(self, until: float) -> None:
        world = self.call.world
        while self._queue and self._queue[0][0] <= until:
            world.now, _, action = heapq.heappop(self._queue)
            action()

    def _tick(self) -> None:
        world = self.call.world
        world.engine.tick(world.now)
        if self.nack.deadline is not None and self.nack.deadline <= world.now:
            numbers = [number & 0xFFFF for number in self.nack.due(world.now, 2 * self.down.delay)]
            if numbers:
                self._up(self.call.receiver.srtp.protect_rtcp(rtcp.nack(1, TO_B_VIDEO, numbers)), 2, self.down)
        self._at(world.now + TICK, self._tick)

    def _up(self, datagram: bytes, leg: int, path: Path) -> None:
        self._later(path, lambda: self.engine.receive(leg, datagram, self.call.world.now))

    def send(self, packet: Rtp) -> None:
        self._up(self.call.sender.srtp.protect(bytes(packet)), 1, self.up)

    def picture(self, number: int) -> None:
        """One frame in several packets; a key frame when somebody asked for one."""
        begins = VP8_KEY if self.wants_key or number == 0 else VP8_INTER
        self.key_frames += begins is VP8_KEY
        self.wants_key = False
        for part in range(PER_FRAME):
            sequence = number * PER_FRAME + part
            payload = (begins if part == 0 else b"\x00") + b"%d" % sequence
            packet = Rtp(96, sequence & 0xFFFF, number * 3000, A_VIDEO, payload, part == PER_FRAME - 1)
            self.history[sequence & 0xFFFF] = packet
            self.send(packet)

    def _to_sender(self, datagram: bytes) -> None:
        for packet in rtcp.parse(self.call.sender.srtp.unprotect_rtcp(datagram)):
            if isinstance(packet, rtcp.KeyFrameRequest):
                self.wants_key = True
            elif isinstance(packet, rtcp.Nack):
                for number in packet.sequences:
                    original = self.history[number]
                    payload = number.to_bytes(2, "big") + original.payload
                    self.send(Rtp(97, self.rtx_number, original.ts, A_RTX, payload, original.marker))
                    self.rtx_number += 1

    def _to_receiver(self, datagram: bytes) -> None:
        srtp = self.call.receiver.srtp
        if 192 <= datagram[1] <= 223:
            for report in rtcp.parse(srtp.unprotect_rtcp(datagram)):
                if isinstance(report, rtcp.SenderReport):
                    block = rtcp.ReportBlock(report.ssrc, 0, 0, 0, 0, rtcp.middle(report.ntp), 0)
                    answer = rtcp.receiver_report(rtcp.ReceiverReport(1, (block,)))
                    self._up(srtp.protect_rtcp(answer), 2, self.down)
            return
        octets = srtp.unprotect(datagram)
        recovered = Rtp.parse(octets).ssrc == TO_B_RTX
        if recovered:
            octets = from_rtx(octets, 12, 120, TO_B_VIDEO.to_bytes(4, "big")) or b""
        packet = Rtp.parse(octets)
        if packet.ssrc == TO_B_AUDIO:
            self.sound.add(packet.payload)
            return
        now, number = self.call.world.now, packet.seq
        if number in self.received:
            self.twice += 1
        self.received[number] = packet.payload
        if self.highest is None or number > self.highest:
            if self.highest is not None and number > self.highest + 1:
                self.nack.gap(self.highest + 1, number, now)
            self.highest = number
        else:
            self.nack.arrived(number, now, recovered=recovered)

    def up_snapshot(self) -> StreamSnapshot:
        streams = [s for leg in self.engine.snapshot(self.call.world.now) for s in leg.streams]
        return next(s for s in streams if s.stream_id == self.call.video)


def run(up: Path, down: Path) -> Network:
    """A call of 20 s at 30 pictures and 50 sound packets a second, and two seconds for the rest to come."""
    network = Network(up, down)
    start = network.call.world.now
    for number in range(SECONDS * 50):
        # Defaults bind the number of this turn; mypy can not infer such lambdas.
        network._at(start + number / 50, lambda n=number: network.send(Rtp(111, n, n * 960, A_AUDIO, b"s%d" % n)))  # type: ignore[misc]
    for number in range(SECONDS * 30):
        network._at(start + number / 30, lambda n=number: network.picture(n))  # type: ignore[misc]  # bound by default
    network.run(start + SECONDS + 2)
    return network


def missing(network: Network) -> set[int]:
    """Pictures' packets that never came, after the first one that did: a receiver cannot miss earlier ones."""
    got = {int(payload.lstrip(b"\x10\x00\x01")) for payload in network.received.values()}
    return set(range(min(got), SECONDS * 30 * PER_FRAME - PER_FRAME)) - got


def test_a_clean_path_needs_no_repair() -> None:
    network = run(Path(1), Path(2))
    assert missing(network) == set()
    assert network.up_snapshot().nacks == 0
    assert network.rtx_number == 0
    assert len(network.sound) == SECONDS * 50


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.10])
def test_loss_before_the_relay_is_repaired_there(loss: float) -> None:
    network = run(Path(11, loss=loss), Path(12))
    lost = missing(network)
    assert len(lost) <= SECONDS * 30 * PER_FRAME * loss**4
    up = network.up_snapshot()
    assert up.lost is not None
    assert up.lost > 0
    assert up.retransmitted >= up.lost - len(lost) - PER_FRAME
    # Not much more is asked for than was lost.
    assert up.nacks <= 1.5 * up.lost + 20


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.10])
def test_loss_behind_the_relay_is_repaired_from_its_ring(loss: float) -> None:
    network = run(Path(21), Path(22, loss=loss))
    assert len(missing(network)) <= SECONDS * 30 * PER_FRAME * loss**4
    assert network.rtx_number == 0  # the sender was not bothered


def test_loss_on_both_paths_is_repaired() -> None:
    network = run(Path(31, loss=0.05), Path(32, loss=0.05))
    assert len(missing(network)) <= 3
    # A request of the receiver and the repair upstream may cross each other.
    assert network.twice <= network.up.lost / 2


def test_jitter_alone_causes_few_requests_and_loses_nothing() -> None:
    network = run(Path(41, jitter=0.06), Path(42))
    assert missing(network) == set()
    assert network.up_snapshot().nacks <= 0.15 * SECONDS * 30 * PER_FRAME
    assert network.twice <= 0.05 * SECONDS * 30 * PER_FRAME


# In half a second of round trip there is time for one request only, and it or its answer is lost in one of ten cases.
@pytest.mark.parametrize(("rtt", "left"), [(0.02, 0.0005), (0.2, 0.001), (0.5, 0.01)])
def test_repair_works_over_short_and_long_paths(rtt: float, left: float) -> None:
    network = run(Path(51, loss=0.05, delay=rtt / 2), Path(52))
    assert len(missing(network)) <= left * SECONDS * 30 * PER_FRAME


def test_sound_loses_no_more_than_the_paths_lost() -> None:
    network = run(Path(61, loss=0.05), Path(62, loss=0.05))
    assert SECONDS * 50 - len(network.sound) <= SECONDS * 50 * 0.0975 * 1.35
    up, down = Path(61, loss=0.05), Path(62, loss=0.05)
    assert (network.up.lost, network.down.lost) > (up.lost, down.lost)


def test_the_first_key_frame_arrives_though_requests_are_lost() -> None:
    network = run(Path(71, loss=0.3), Path(72))
    assert network.key_frames >= 2
