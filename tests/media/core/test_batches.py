"""Packets taken at once give the same as packets taken one by one, whatever the stream and however it is cut."""

import sys
from time import thread_time
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Arrival, Arrivals, Unwrapper
from media.core.freeze import FreezeMeter
from media.core.jitter_buffer import JitterBuffer
from media.core.pictures import PictureAssembler
from media.core.rtpstats import InterarrivalJitter, ReceiverStatistics
from media.core.speech import SpeechDetector
from media.core.stream_quality import Kind, Second, StreamMeter
from tests.media.core.streams import CUTS, RATES, cut, streams

KINDS: tuple[Kind, ...] = ("audio", "video")
ANY = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), streams(kind)))


def extended(packets: list[Arrival]) -> list[Arrival]:
    """The packets with whole numbers."""
    unwrapper, found = Unwrapper(), []
    for packet in packets:
        sequence, timestamp = unwrapper.extend(packet.sequence, packet.timestamp, retransmitted=packet.retransmitted)
        found.append(packet._replace(sequence=sequence, timestamp=timestamp))
    return found


def close(second: Second) -> Any:
    """Equal but for the last digits of floats."""
    return [value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9) for value in values(second)]


def values(second: Second) -> list[Any]:
    return [getattr(second, name) for name in Second.__slots__]


@given(ANY, CUTS)
def test_numbers_are_extended_alike(stream: tuple[Kind, list[Arrival]], sizes: list[int]) -> None:
    unwrapper = Unwrapper()
    found = [packet for part in cut(stream[1], sizes) for packet in unwrapper.extend_all(Arrivals.of(part))]
    assert found == extended(stream[1])


@given(ANY, CUTS)
def test_whole_numbers_stay_as_they_are(stream: tuple[Kind, list[Arrival]], sizes: list[int]) -> None:
    packets, unwrapper = extended(stream[1]), Unwrapper()
    packets = [
        packet._replace(sequence=packet.sequence + (1 << 17), timestamp=packet.timestamp + (1 << 33))
        for packet in packets
        if not packet.retransmitted
    ]
    assert [packet for part in cut(packets, sizes) for packet in unwrapper.extend_all(Arrivals.of(part))] == packets


@given(ANY, CUTS)
def test_the_jitter_buffer_is_the_same(stream: tuple[Kind, list[Arrival]], sizes: list[int]) -> None:
    kind, packets = stream[0], extended(stream[1])
    single, batched = JitterBuffer(RATES[kind]), JitterBuffer(RATES[kind])
    for part in cut(packets, sizes):
        places = [single.packet(packet) for packet in part]
        assert list(batched.packets(Arrivals.of(part))) == places
        assert batched.seconds == single.seconds
        assert (batched.expected, batched.frame_s) == (single.expected, single.frame_s)
        found = batched.delay_s, batched.queue_s, batched.spread_s
        assert found == pytest.approx((single.delay_s, single.queue_s, single.spread_s), abs=1e-9)
    for buffer in (single, batched):
        buffer.finish()
    assert batched.take() == single.take()


@given(streams("video"), CUTS)
def test_pictures_and_their_freezes_are_the_same(stream: list[Arrival], sizes: list[int]) -> None:
    packets, single, batched = extended(stream), PictureAssembler(), PictureAssembler()
    buffer, frozen, thawed = JitterBuffer(RATES["video"]), FreezeMeter(100.0), FreezeMeter(100.0)
    for part in cut(packets, sizes):
        places = [buffer.packet(packet) for packet in part]
        wanted = []
        for at, (packet, place) in enumerate(zip(part, places, strict=True)):
            found = [single.advance(packet.arrival)]
            frozen.advance(packet.arrival)
            if place is not None:
                found.append(single.packet(packet._replace(sequence=place)))
            for octets in filter(None, found):
                wanted.append((at, len(octets)))
                frozen.shown(packet.arrival)
        shown = batched.packets(Arrivals.of(part), places)
        assert shown == wanted
        thawed.passed([packet.arrival for packet in part], [at for at, _ in shown])
        assert thawed.freezes == frozen.freezes
        assert thawed.frozen_s == pytest.approx(frozen.frozen_s, abs=1e-9)


@given(streams("audio"), CUTS, st.lists(st.integers(0, 400), max_size=9))
def test_speech_is_the_same(stream: list[Arrival], sizes: list[int], unheard: list[int]) -> None:
    packets, single, batched = extended(stream), SpeechDetector(RATES["audio"]), SpeechDetector(RATES["audio"])
    for number in unheard:
        if number < len(packets):
            packets[number] = packets[number]._replace(level=None)
    for part in cut(packets, sizes):
        for packet in part:
            single.packet(packet)
        batched.packets(Arrivals.of(part))
        assert batched.spans() == single.spans()
        assert (batched.speaking_s, batched.speech_end) == (single.speaking_s, single.speech_end)
        for detector in (single, batched):
            detector.advance(part[-1].arrival)
    assert batched.heard_level == single.heard_level


@given(ANY, CUTS)
def test_jitter_is_that_of_receiver_reports(stream: tuple[Kind, list[Arrival]], sizes: list[int]) -> None:
    kind, packets = stream[0], [packet for packet in stream[1] if not packet.retransmitted]
    statistics, jitter = ReceiverStatistics(RATES[kind]), InterarrivalJitter(RATES[kind])
    for part in cut(packets, sizes):
        for packet in part:
            statistics.packet(packet.sequence, packet.timestamp, packet.arrival)
        jitter.packets([packet.timestamp for packet in part], [packet.arrival for packet in part])
        assert jitter.jitter == pytest.approx(statistics.jitter, abs=1e-9)


@given(ANY, CUTS, st.booleans())
def test_each_second_is_the_same(stream: tuple[Kind, list[Arrival]], sizes: list[int], live: bool) -> None:
    kind, packets = stream[0], extended(stream[1])
    single, batched = (StreamMeter(kind, RATES[kind]) for _ in range(2))
    for part in cut(packets, sizes):
        for packet in part:
            single.packet(packet)
        batched.packets(Arrivals.of(part))
        for meter in (single, batched):
            meter.advance(part[-1].arrival + 0.003)
        if live:
            assert values(batched.take(0.5)) == close(single.take(0.5))
    for meter in (single, batched):
        meter.finish()
    for one, other in zip(single.recorded(30), batched.recorded(30), strict=True):
        assert values(other) == close(one)
    assert values(batched.total(30)) == close(single.total(30))


def test_sound_whose_timestamps_stand_still_is_the_same() -> None:
    packets = [Arrival(n * 0.02, n // 3 * 2880, n, 80, level=26 if n > 60 else 70) for n in range(120)]
    single, batched = SpeechDetector(RATES["audio"]), SpeechDetector(RATES["audio"])
    for packet in packets:
        single.packet(packet)
    batched.packets(Arrivals.of(packets))
    assert batched.spans() == single.spans() != []


def test_no_packets_are_nothing() -> None:
    meter = StreamMeter("video", RATES["video"])
    meter.packets(Arrivals())
    meter.packet(Arrival(0.0, 0, 0, 100, marker=True))
    meter.packets(Arrivals())
    assert meter.recorded(1)[0].bitrate == 800


def calls(work: Any) -> int:
    """How many functions of Python `work` enters."""
    entered = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal entered
        entered += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return entered


@pytest.mark.parametrize(("kind", "most"), [("audio", 2), ("video", 5)])
def test_usual_packets_are_taken_at_once(kind: Kind, most: int) -> None:
    packets = []
    for number in range(1000):
        part = number % 4 if kind == "video" else 0
        at = (number - part) * 0.02
        ticks = round(at * RATES[kind])
        packets.append(Arrival(at + part * 0.001 + 0.003 * (number % 3), ticks, number, 100, 30, part == 3))
    meter = StreamMeter(kind, RATES[kind])
    meter.packets(Arrivals.of(packets[:200]))
    parts = [Arrivals.of(part) for part in cut(packets[200:], [50])]

    def work() -> None:
        for part in parts:
            meter.packets(part)

    # One by one they are 34 and 45 a packet.
    assert calls(work) < most * (len(packets) - 200)


def test_stretches_end_where_numbers_leap_and_around_retransmissions() -> None:
    numbers = [*range(10, 300), 301, 302, 300, 303, 304, 304]
    packets = [Arrival(0.0, 0, number, 100, retransmitted=number == 300) for number in numbers]
    assert list(Arrivals.of(packets).stretches) == [128, 256, 290, 292, 293, 295, 296]
    assert list(Arrivals.of(packets[:290]).stretches) == [128, 256, 290]
    assert list(Arrivals.of(packets[:20]).stretches) == [20]


HOSTILE = {
    "each is faster than all before": lambda n: Arrival(n / 10_000, 100 * n, n, 100, 30, n % 5 == 4),
    "timestamps leap to and fro": lambda n: Arrival(n / 10_000, 5 * n - 300 * (n % 3), n, 100, 30, n % 5 == 4),
    "the same numbers again and again": lambda n: Arrival(n / 10_000, n % 128, n % 128, 100, 30),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_many_packets_at_once_cost_each_as_much_as_few(name: str) -> None:
    packets = [HOSTILE[name](number) for number in range(20_000)]

    def cost(size: int) -> float:
        parts = [Arrivals.of(part) for part in cut(packets, [size])]
        meter, detector, began = StreamMeter("video", RATES["video"]), SpeechDetector(RATES["audio"]), thread_time()
        for part in parts:
            meter.packets(part)
            detector.packets(part)
        return thread_time() - began

    # Without a bound on what is looked at in vain it is four times as much and more.
    assert min(cost(len(packets)) for _ in range(2)) < 2.5 * min(cost(50) for _ in range(2))
