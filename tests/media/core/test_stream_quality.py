"""Streams second by second: what a meter finds in packets through an impaired path."""

import pytest

from media.core.arrival import Arrival
from media.core.audio_quality import Concealment
from media.core.stream_quality import Scale, Second, StreamMeter
from tests.support.impair import Channel, Profile

AUDIO_RATE = 48_000
VIDEO_RATE = 90_000


def audio(seconds: float, profile: Profile | None = None, seed: str = "a") -> list[Arrival]:
    channel = Channel(profile or Profile(), seed)
    outs = ((channel.offer(number * 0.02, 120), number) for number in range(round(seconds * 50)))
    return sorted(Arrival(out, number * 960, number, 100, level=30) for out, number in outs if out is not None)


def video(seconds: float, profile: Profile | None = None, fps: int = 30, octets: int = 1000) -> list[Arrival]:
    """Three packets a picture, a key frame of twelve every three seconds."""
    channel, found, sequence = Channel(profile or Profile(), "v"), [], 0
    for picture in range(round(seconds * fps)):
        parts = 12 if picture % (3 * fps) == 0 else 3
        for part in range(parts):
            out = channel.offer(picture / fps + part * 0.0005, octets)
            if out is not None:
                ticks = round(picture * VIDEO_RATE / fps)
                found.append(Arrival(out, ticks, sequence, octets, marker=part == parts - 1))
            sequence += 1
    return sorted(found)


def measured(packets: list[Arrival], kind: str = "audio", scale: Scale | None = None) -> StreamMeter:
    meter = StreamMeter("video", VIDEO_RATE) if kind == "video" else StreamMeter("audio", AUDIO_RATE, scale)
    for packet in packets:
        meter.advance(packet.arrival)
        meter.packet(packet)
    meter.finish()
    return meter


@pytest.mark.parametrize(("concealment", "best"), [("browser", 4.47), ("opus", 4.38)])
def test_a_clear_call_has_the_best_score_in_each_second(concealment: Concealment, best: float) -> None:
    meter = measured(audio(10), scale=Scale(concealment))
    for second in (*meter.recorded(10), meter.total(10)):
        assert second.mos == pytest.approx(best)
        assert (second.lost, second.late, second.fps, second.freezes, second.freeze_ratio) == (0, 0, None, None, None)
        assert second.bitrate == pytest.approx(40_000, rel=0.03)
        assert not second.gone


def test_scores_are_in_the_order_of_the_trouble() -> None:
    paths = (
        Profile(), Profile(loss=0.01), Profile(loss=0.03), Profile(loss=0.05), Profile(loss=0.1), Profile(loss=0.3),
    )  # fmt: skip
    scores = [measured(audio(60, path)).total(60).mos or 0 for path in paths]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] > 3.7
    assert scores[4] < 2


def test_jitter_is_seen_though_nothing_is_lost_and_more_by_a_player_that_can_not_stretch() -> None:
    path = Profile(jitter=0.06)
    rigid, browser = (measured(audio(60, path), scale=Scale(kind)).total(60) for kind in ("opus", "browser"))
    assert rigid.lost == browser.lost == 0
    assert rigid.late > 0
    assert (rigid.mos or 0) < (browser.mos or 0) < 4.47
    assert 0.01 < rigid.jitter_s < 0.06


def test_fec_saves_a_stream_with_single_losses() -> None:
    packets = audio(60, Profile(loss=0.1))
    plain, fec = (measured(packets, scale=Scale("opus", fec)).total(60).mos or 0 for fec in (False, True))
    assert fec > plain + 1


def test_an_outage_is_in_its_seconds_and_gone() -> None:
    packets = [packet for packet in audio(10) if not 3 <= packet.arrival < 6]
    seconds = measured(packets).recorded(10)
    assert [second.gone for second in seconds] == [3 <= number < 6 for number in range(10)]
    assert [second.lost for second in seconds] == [50 if 3 <= number < 6 else 0 for number in range(10)]


def test_silence_that_is_not_sent_has_no_score() -> None:
    packets = [packet for packet in audio(10) if not 3 <= packet.arrival < 6]
    seconds = measured([packet._replace(sequence=number) for number, packet in enumerate(packets)]).recorded(10)
    assert [second.mos is None for second in seconds] == [3 <= number < 6 for number in range(10)]
    assert not any(second.gone for second in seconds)


def test_taking_it_each_second_finds_what_the_record_holds() -> None:
    meter, due, taken = StreamMeter("audio", AUDIO_RATE), 1.0, []
    for packet in audio(20, Profile(loss=0.1, burst=3, jitter=0.01)):
        while packet.arrival >= due:
            meter.advance(due)
            taken.append(meter.take(1.0))
            due += 1
        meter.packet(packet)
    meter.finish()
    taken.append(meter.take(1.0))
    whole = measured(audio(20, Profile(loss=0.1, burst=3, jitter=0.01))).total(20)
    assert sum(second.expected for second in taken) == whole.expected
    assert sum(second.lost + second.late for second in taken) == whole.lost + whole.late
    assert sum(second.bitrate for second in taken) == pytest.approx(20 * whole.bitrate)


def test_video_without_trouble() -> None:
    meter = measured(video(12), "video")
    for second in meter.recorded(12)[1:-1]:
        assert second.fps == pytest.approx(30, abs=1)
        assert (second.freezes, second.freeze_ratio) == (0, 0)
        assert (second.mos or 0) > 3.9
    total = meter.total(12)
    assert (total.lost, total.freezes, total.freeze_ratio) == (0, 0, 0)
    assert (total.mos or 0) > 3.9


def test_lost_pictures_freeze_the_screen_though_packets_go_on() -> None:
    clear, lossy = (measured(video(30, path), "video").total(30) for path in (Profile(), Profile(loss=0.02)))
    assert lossy.bitrate > 0.95 * clear.bitrate
    assert (lossy.freeze_ratio or 0) > 0.3
    assert (lossy.freezes or 0) >= 5
    assert (lossy.mos or 0) < (clear.mos or 0) - 1.5


def test_retransmissions_keep_it_going() -> None:
    sent = video(30)
    lost = [packet for packet in sent if packet.sequence % 37 == 5]
    again = [packet._replace(arrival=packet.arrival + 0.08, retransmitted=True) for packet in lost]
    kept = [packet for packet in sent if packet.sequence % 37 != 5]
    assert (measured(kept, "video").total(30).freeze_ratio or 0) > 0.3
    repaired = measured(sorted(kept + again), "video").total(30)
    assert repaired.lost == 0
    assert repaired.freeze_ratio == 0


def test_a_stalled_picture_is_frozen_while_it_lasts_unless_the_camera_is_off() -> None:
    meter = StreamMeter("video", VIDEO_RATE)
    meter.advance(-1.0)
    for packet in video(3):
        meter.packet(packet)
    first = meter.take(3.0)
    assert first.freeze_ratio == 0
    meter.advance(4.0)
    second = meter.take(1.0)
    assert second.freeze_ratio == pytest.approx(1, abs=0.1)
    assert second.freezes == 1
    assert second.mos == pytest.approx(1, abs=0.1)
    assert second.gone
    meter.stop()
    meter.advance(5.0)
    third = meter.take(1.0)
    assert (third.mos, third.freeze_ratio, third.gone) == (None, 0, False)


def test_fewer_pictures_than_the_camera_made_are_missed() -> None:
    slow = video(10, fps=30) + [
        packet._replace(
            arrival=packet.arrival + 10, timestamp=packet.timestamp + 900_000, sequence=packet.sequence + 2700
        )
        for packet in video(10, fps=10, octets=3000)
    ]
    meter = measured(slow, "video")
    before, after = meter.recorded(20)[5], meter.recorded(20)[15]
    assert before.fps == pytest.approx(30, abs=1)
    assert after.fps == pytest.approx(10, abs=1)
    assert (after.mos or 0) < (before.mos or 0) - 1


def test_nothing_at_all_is_no_finding() -> None:
    meter = StreamMeter("video", VIDEO_RATE)
    meter.finish()
    assert meter.take(1.0) == Second(None, 0, 0, 0, 0.0, 0.0, fps=0.0, freezes=0, freeze_ratio=0.0)
