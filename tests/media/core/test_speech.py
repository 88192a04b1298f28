"""Speech from levels: made levels for each rule, and real speech in noise."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Arrival, Arrivals
from media.core.speech import Span, SpeechDetector
from media.core.talk import joined
from tests.support import speech as spoken
from tests.support.impair import Channel, Profile

RATE = 48_000
TEXTS = {
    "en-us": (
        "Hi, it is really nice to finally hear your voice. How was your weekend?",
        "I went hiking near the lake on Saturday, and then we cooked dinner with some friends.",
    ),
    "cmn": ("你好，很高兴终于听到你的声音，周末过得怎么样？", "周六我去爬山了，晚上和朋友一起做饭，非常开心。"),
}


def levels(*parts: tuple[int, float], frame: float = 0.02, start: float = 0.0) -> list[Arrival]:
    """(-dBov, seconds) one after the other, as packets that are on time."""
    found: list[Arrival] = []
    for level, seconds in parts:
        for _ in range(round(seconds / frame)):
            number = len(found)
            ticks = round(number * frame * RATE)
            found.append(Arrival(start + ticks / RATE, ticks, number, 80, level=level))
    return found


def detect(packets: list[Arrival]) -> SpeechDetector:
    detector = SpeechDetector(RATE)
    for packet in packets:
        detector.packet(packet)
    return detector


def spans(packets: list[Arrival]) -> list[Span]:
    return [Span(round(span.start, 3), round(span.end, 3)) for span in detect(packets).spans()]


@pytest.mark.parametrize("frame", [0.01, 0.02, 0.06])
@pytest.mark.parametrize("quiet", [127, 70, 45])
def test_speech_stands_out_of_silence_and_of_noise_alike(quiet: int, frame: float) -> None:
    packets = levels((quiet, 1.2), (26, 1.2), (quiet, 1.2), frame=frame, start=100.0)
    assert spans(packets) == [pytest.approx((101.2, 102.4), abs=0.011)]


def test_steady_noise_is_no_speech_however_loud() -> None:
    assert spans(levels((20, 30.0))) == []


def test_what_is_too_quiet_is_no_speech_whatever_the_floor() -> None:
    assert spans(levels((90, 1.0), (61, 1.0), (90, 1.0))) == []
    assert spans(levels((90, 1.0), (59, 1.0), (90, 1.0))) == [Span(1.0, 2.0)]


def test_a_short_pause_belongs_to_the_speech_and_a_longer_one_does_not() -> None:
    assert spans(levels((70, 1), (26, 0.5), (70, 0.12), (26, 0.5), (70, 1))) == [Span(1.0, 2.12)]
    assert spans(levels((70, 1), (26, 0.5), (70, 0.3), (26, 0.5), (70, 1))) == [Span(1.0, 1.5), Span(1.8, 2.3)]


def test_a_knock_is_no_speech_and_does_not_lengthen_what_follows() -> None:
    assert spans(levels((70, 1), (10, 0.04), (70, 1))) == []
    assert spans(levels((70, 1), (10, 0.04), (70, 0.12), (26, 1), (70, 1))) == [Span(1.16, 2.16)]


def test_the_floor_follows_noise_that_begins() -> None:
    found = spans(levels((80, 10.0), (45, 30.0), (25, 1.0), (45, 1.0)))
    assert found[-1] == Span(40.0, 41.0)
    assert found[0].start == 10.0
    assert found[0].end < 20.5


def test_the_voice_bit_is_nowhere_and_no_level_is_no_finding() -> None:
    detector = detect([Arrival(number * 0.02, number * 960, number, 80) for number in range(100)])
    assert detector.spans() == []
    assert detector.speech_end is None
    assert not detector.heard_level


def test_speech_that_goes_on_is_told_with_its_length() -> None:
    detector = detect(levels((70, 1), (26, 0.06)))
    assert detector.speaking_s == 0.0
    assert detector.speech_end is None
    detector = detect(levels((70, 1), (26, 0.5)))
    assert detector.speaking_s == pytest.approx(0.5)
    assert detector.speech_end == pytest.approx(1.5)
    detector.advance(1.6)
    assert detector.speaking_s == pytest.approx(0.5)
    detector.advance(1.7)
    assert detector.speaking_s == 0.0
    assert detector.speech_end == pytest.approx(1.5)
    assert detector.spans() == [pytest.approx((1.0, 1.5))]


def test_where_the_sender_sends_nothing_there_is_silence() -> None:
    packets = levels((70, 1), (26, 1), (70, 5), (26, 1), (70, 1))
    kept = [packet for packet in packets if not 2.0 <= packet.arrival < 7.0 or packet.sequence % 20 == 0]
    thinned = [packet._replace(sequence=number) for number, packet in enumerate(kept)]
    assert spans(thinned) == [Span(1.0, 2.0), Span(7.0, 8.0)]


def test_a_comfort_noise_packet_in_silence_is_no_speech() -> None:
    packets = levels((50, 1), (26, 1))
    for number in range(10):
        packets.append(Arrival(2.4 + 0.4 * number, (120 + 20 * number) * 960, 100 + number, 20, level=40))
    assert spans(packets) == [Span(1.0, 2.0)]


def test_a_hole_in_speech_is_bridged_and_a_long_one_is_not() -> None:
    packets = levels((70, 1), (26, 3), (70, 1))
    assert spans([packet for packet in packets if not 2.0 <= packet.arrival < 2.4]) == [Span(1.0, 4.0)]
    split = spans([packet for packet in packets if not 2.0 <= packet.arrival < 2.8])
    assert split == [Span(1.0, 2.0), Span(2.8, 4.0)]


def test_packets_out_of_order_and_twice_change_nothing() -> None:
    packets = levels((70, 1), (26, 1), (70, 1))
    mixed = [packet for packet in packets for _ in range(2)]
    mixed[130], mixed[133] = mixed[133], mixed[130]
    assert spans(mixed) == [Span(1.0, 2.0)]


@pytest.mark.parametrize(("reorder", "within"), [(False, 0.021), (True, 0.1)])
def test_times_are_of_capture_whatever_the_jitter_of_the_path(reorder: bool, within: float) -> None:
    channel = Channel(Profile(delay=0.05, jitter=0.03, reorder=reorder), "speech")
    sent = levels((70, 3), (26, 2), (70, 2))
    arrivals = [(channel.offer(packet.arrival, packet.size), packet) for packet in sent]
    packets = [packet._replace(arrival=arrival) for arrival, packet in arrivals if arrival is not None]
    assert spans(sorted(packets)) == [pytest.approx((3.05, 5.05), abs=within)]


def test_a_pause_without_packets_is_the_same_at_once_and_one_by_one() -> None:
    paused = 0.4
    packets = levels((70, 0.4), (26, 1), (70, 1))
    packets[20:] = [
        packet._replace(arrival=packet.arrival + paused, timestamp=packet.timestamp + round(paused * RATE))
        for packet in packets[20:]
    ]
    at_once = SpeechDetector(RATE)
    at_once.packets(Arrivals.of(packets))
    assert at_once.spans() == detect(packets).spans()
    assert spans(packets) == [pytest.approx((0.8, 1.8), abs=0.021)]  # what a pause ends with may be a single packet


def test_a_retransmission_does_not_move_the_clock() -> None:
    packets = levels((70, 1), (26, 1), (70, 1))
    packets[0] = packets[0]._replace(arrival=-5.0, retransmitted=True)
    assert spans(packets) == [Span(1.0, 2.0)]


def test_a_source_that_begins_anew_is_silence_in_between_and_then_counts() -> None:
    first = levels((70, 1), (26, 1))
    again = [
        packet._replace(timestamp=packet.timestamp + (1 << 31), sequence=packet.sequence + 100)
        for packet in levels((70, 1), (26, 1), (70, 1), start=2.0)
    ]
    assert spans(first + again) == [Span(1.0, 2.0), Span(3.0, 4.0)]


@given(st.lists(st.tuples(st.integers(-2, 5), st.integers(-960, 9600), st.integers(0, 127)), max_size=200))
def test_whatever_comes_spans_are_in_order_and_long_enough(steps: list[tuple[int, int, int]]) -> None:
    detector, sequence, timestamp = SpeechDetector(RATE), 0, 0
    for number, (forward, ticks, level) in enumerate(steps):
        sequence, timestamp = sequence + forward, timestamp + ticks
        detector.packet(Arrival(number * 0.02, timestamp, sequence, 80, level=level))
    for span in detector.spans():
        assert span.end - span.start >= 0.08 - 1e-5


def clip(voice: str) -> spoken.Samples:
    parts = [spoken.silence(1.5)]
    for text in TEXTS[voice]:
        parts += [spoken.sentence(text, voice), spoken.silence(1.2)]
    return np.concatenate(parts)


def activity(spans: list[Span], frames: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.zeros(frames, bool)
    for span in spans:
        found[round(span.start * 50) : round(span.end * 50)] = True
    return found


@pytest.mark.needs("espeak-ng")
@pytest.mark.parametrize("voice", sorted(TEXTS))
@pytest.mark.parametrize(("snr", "agreement"), [(60, 0.98), (20, 0.95), (10, 0.88)])
def test_real_speech_is_found_in_noise(voice: str, snr: float, agreement: float) -> None:
    clean = clip(voice)
    found = joined(detect(spoken.packets(spoken.noisy(clean, snr, seed=5))).spans(), spoken.PAUSE_S)
    wanted = activity(spoken.truth(clean), len(clean) // spoken.FRAME)
    got = activity(found, len(wanted))
    assert 2 * (wanted & got).sum() / (wanted.sum() + got.sum()) >= agreement
    # Where a sentence begins and ends, to 100 ms; a faint end drowns in loud noise before it is over.
    gaps = [joined(spans, 0.8) for spans in (spoken.truth(clean), found)]
    if snr > 10:
        assert [tuple(span) for span in gaps[1]] == [pytest.approx(span, abs=0.1) for span in gaps[0]]


def test_a_second_of_packets_costs_under_five_milliseconds() -> None:
    packets = levels(*[(level, 0.1) for level in (70, 26, 40, 30, 68, 90)] * 50)
    began = time.process_time()
    detect(packets)
    assert (time.process_time() - began) / packets[-1].arrival < 0.005
