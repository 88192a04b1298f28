"""`visavis speech` and `visavis quality` on recorded packet logs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.core.arrival import Arrival
from tests.support import speech as spoken
from tests.support.impair import Channel, Profile
from tests.visavis.test_cli import one_line
from visavis.cli import main

Capture = pytest.CaptureFixture[str]


def written(path: Path, packets: Iterable[Arrival]) -> str:
    """The packets as a log; returns its path as an argument."""
    with path.open("w") as file:
        for packet in packets:
            line: dict[str, Any] = {"seq": packet.sequence & 0xFFFF, "ts": packet.timestamp & 0xFFFFFFFF}
            line |= {"arrival": packet.arrival, "size": packet.size}
            if packet.level is not None:
                line["level"] = packet.level
            if packet.marker:
                line["marker"] = True
            if packet.retransmitted:
                line["rtx"] = True
            file.write(json.dumps(line) + "\n")
    return str(path)


def printed(capsys: Capture, *argv: str) -> list[Any]:
    assert main(argv, env={}) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def leveled(*parts: tuple[int, float], start: float = 0.0) -> list[Arrival]:
    """Packets of 20 ms from (-dBov, seconds), from numbers that wrap soon."""
    found: list[Arrival] = []
    for level, seconds in parts:
        for _ in range(round(seconds * 50)):
            number = len(found)
            ticks = 0xFFFFFFFF - 48_000 + number * 960
            found.append(Arrival(start + number * 0.02, ticks, 65_500 + number, 80, level=level))
    return found


def impaired(seconds: float, profile: Profile) -> list[Arrival]:
    """Speech packets through a path, in the order in which they come out."""
    channel = Channel(profile, "log")
    outs = ((channel.offer(packet.arrival, 120), packet) for packet in leveled((30, seconds)))
    return sorted(packet._replace(arrival=out) for out, packet in outs if out is not None)


def test_speech_of_one_log(tmp_path: Path, capsys: Capture) -> None:
    log = written(tmp_path / "a.jsonl", leveled((70, 1), (26, 2), (70, 2), (26, 1.5), (70, 1)))
    assert printed(capsys, "speech", log) == [{"speech": [[1.0, 3.0], [5.0, 6.5]]}]


def test_talk_of_two_logs(tmp_path: Path, capsys: Capture) -> None:
    first = written(tmp_path / "a.jsonl", leveled((70, 1), (26, 3), (70, 6), (26, 2), (70, 1), start=50.0))
    second = written(tmp_path / "b.jsonl", leveled((70, 3.2), (26, 2.4), (70, 8), start=50.0))
    assert printed(capsys, "speech", first, second) == [
        {
            "speech": [[[51.0, 54.0], [60.0, 62.0]], [[53.2, 55.6]]],
            "turns": [
                {"who": 0, "start": 51.0, "end": 54.0},
                {"who": 1, "start": 53.2, "end": 55.6},
                {"who": 0, "start": 60.0, "end": 62.0},
            ],
            "overlaps": [[53.2, 54.0]],
            "silences": [[55.6, 60.0]],
        }
    ]


def test_another_clock_rate_is_another_time(tmp_path: Path, capsys: Capture) -> None:
    packets = [packet._replace(timestamp=packet.timestamp // 6) for packet in leveled((70, 1), (26, 2), (70, 1))]
    log = written(tmp_path / "a.jsonl", packets)
    assert printed(capsys, "speech", log, "--clock-rate", "8000") == [{"speech": [[1.0, 3.0]]}]


@pytest.mark.needs("espeak-ng")
def test_real_speech_of_two_people_is_found_to_a_tenth_of_a_second(tmp_path: Path, capsys: Capture) -> None:
    hello = spoken.sentence("Hello, how are you today?")
    answer = spoken.sentence("I am fine, thank you. And you, what have you been doing?")
    first = np.concatenate([spoken.silence(1), hello, spoken.silence(12)])
    pause = 1 + len(hello) / spoken.RATE + 0.3
    second = np.concatenate([spoken.silence(pause), answer, spoken.silence(13)])[: len(first)]
    logs = [
        written(tmp_path / f"{seed}.jsonl", spoken.packets(spoken.noisy(samples, 20, seed)))
        for seed, samples in enumerate((first, second))
    ]
    (found,) = printed(capsys, "speech", *logs)
    assert [turn["who"] for turn in found["turns"]] == [0, 1]
    assert found["turns"][0]["start"] == pytest.approx(1, abs=0.1)
    assert found["turns"][1]["start"] == pytest.approx(pause, abs=0.1)
    assert found["overlaps"] == []
    end = pause + len(answer) / spoken.RATE
    assert found["silences"] == [[pytest.approx(end, abs=0.1), pytest.approx(len(first) / spoken.RATE, abs=0.1)]]


@pytest.mark.parametrize("argv", [["speech"], ["speech", "a", "b", "c"], ["speech", "absent.jsonl"]])
def test_speech_says_in_one_line_what_it_can_not_do(argv: list[str], capsys: Capture) -> None:
    assert main(argv, env={}) == 2
    one_line(capsys)


@pytest.mark.parametrize("rate", ["0", "-1", "x", "1e9", "48000.0"])
def test_a_clock_rate_is_a_whole_number_of_hertz(rate: str, tmp_path: Path, capsys: Capture) -> None:
    log = written(tmp_path / "a.jsonl", leveled((70, 1)))
    assert main(["speech", log, "--clock-rate", rate], env={}) == 2
    assert "--clock-rate" in one_line(capsys)


def test_speech_needs_levels_and_prints_nothing_when_one_log_is_bad(tmp_path: Path, capsys: Capture) -> None:
    bare = written(tmp_path / "bare.jsonl", [packet._replace(level=None) for packet in leveled((70, 1))])
    assert main(["speech", bare], env={}) == 2
    assert one_line(capsys) == f"visavis: {bare}: no packet carries a level\n"
    good = written(tmp_path / "good.jsonl", leveled((70, 1)))
    (tmp_path / "bad.jsonl").write_text('{"seq": 1}\n')
    assert main(["speech", good, str(tmp_path / "bad.jsonl")], env={}) == 2
    assert ", line 1: arrival" in one_line(capsys)


def test_quality_of_a_clear_log(tmp_path: Path, capsys: Capture) -> None:
    log = written(tmp_path / "a.jsonl", leveled((30, 10)))
    second = {"mos": 4.47, "level": "good", "expected": 50, "lost": 0, "late": 0, "jitterMs": 0.0, "bitrate": 32_000}
    (found,) = printed(capsys, "quality", log)
    assert found.pop("perSecond") == [second] * 10
    assert found == second | {"expected": 500}
    (opus,) = printed(capsys, "quality", log, "--concealment", "opus")
    assert opus["mos"] == 4.38


def test_quality_counts_what_was_lost_late_and_when(tmp_path: Path, capsys: Capture) -> None:
    packets = leveled((30, 10))
    late = packets[120]._replace(arrival=packets[120].arrival + 0.3)
    kept = [packet for number, packet in enumerate(packets) if number not in (120, 200, 201, 202)]
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", sorted([*kept, late])))
    assert (found["expected"], found["lost"], found["late"]) == (500, 3, 1)
    assert [(second["lost"], second["late"]) for second in found["perSecond"]] == [
        (0, 0), (0, 0), (0, 1), (0, 0), (3, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0),
    ]  # fmt: skip
    assert min(second["mos"] for second in found["perSecond"]) == found["perSecond"][4]["mos"] < 3


def test_quality_jitter_is_that_of_rfc_3550(tmp_path: Path, capsys: Capture) -> None:
    arrivals = (0, 960, 2160, 2880, 4320, 5280)
    packets = [Arrival(ticks / 48_000, number * 960, number, 100) for number, ticks in enumerate(arrivals)]
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", packets))
    assert found["jitterMs"] == pytest.approx(1.118, abs=0.001)
    assert found["perSecond"] == []


def test_quality_of_several_logs_is_in_their_order(tmp_path: Path, capsys: Capture) -> None:
    paths = (Profile(loss=0.1), Profile(), Profile(loss=0.03), Profile(jitter=0.06))
    logs = [written(tmp_path / f"{number}.jsonl", impaired(30, path)) for number, path in enumerate(paths)]
    scores = [found["mos"] for found in printed(capsys, "quality", *logs)]
    assert scores[0] < scores[2] < scores[3] < scores[1]
    assert [found["level"] for found in printed(capsys, "quality", *logs)] == ["poor", "good", "fair", "good"]


def test_quality_with_fec_and_of_a_stream_without_it_differ(tmp_path: Path, capsys: Capture) -> None:
    log = written(tmp_path / "a.jsonl", impaired(60, Profile(loss=0.08)))
    plain, fec = (printed(capsys, "quality", log, "--concealment", "opus", *more)[0] for more in ((), ("--fec",)))
    assert fec["mos"] > plain["mos"] + 1
    assert (fec["lost"], fec["late"]) == (plain["lost"], plain["late"])


def test_quality_of_an_outage_is_lost_in_its_seconds(tmp_path: Path, capsys: Capture) -> None:
    packets = [packet for packet in leveled((30, 12)) if not 4 <= packet.arrival < 8]
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", packets))
    levels = [second["level"] for second in found["perSecond"]]
    assert levels == ["good"] * 4 + ["lost"] * 4 + ["good"] * 4


def test_quality_of_video_has_frozen_time(tmp_path: Path, capsys: Capture) -> None:
    packets = []
    for picture in range(300):
        for part in range(3):
            at = picture / 30 + part * 0.001
            packets.append(Arrival(at, picture * 3000, 3 * picture + part, 1100, marker=part == 2))
    kept = [packet for packet in packets if not 4 <= packet.arrival < 6]
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", kept), "--kind", "video")
    assert found["freezeRatio"] == pytest.approx(0.3, abs=0.11)
    assert found["freezes"] == 1
    assert [second["freezeRatio"] > 0.9 for second in found["perSecond"]][3:7] == [False, True, True, True]
    assert found["perSecond"][2]["fps"] == pytest.approx(30, abs=1)
    assert found["mos"] < found["perSecond"][2]["mos"] - 1
    (one,) = printed(capsys, "quality", written(tmp_path / "b.jsonl", packets[:1]), "--kind", "video")
    assert (one["mos"], one["level"], one["expected"]) == (None, "lost", 1)


def test_one_packet_is_a_log(tmp_path: Path, capsys: Capture) -> None:
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", leveled((30, 0.02))))
    assert (found["expected"], found["lost"], found["level"], found["perSecond"]) == (1, 0, "good", [])


def test_quality_of_nothing_but_retransmissions_is_told(tmp_path: Path, capsys: Capture) -> None:
    packets = [packet._replace(retransmitted=True) for packet in leveled((30, 1))]
    (found,) = printed(capsys, "quality", written(tmp_path / "a.jsonl", packets))
    assert (found["mos"], found["level"], found["expected"]) == (None, "lost", 0)


@pytest.mark.parametrize(
    "argv",
    [
        ["quality"],
        ["quality", "absent.jsonl"],
        ["quality", "x", "--kind", "text"],
        ["quality", "x", "--concealment", ""],
    ],
)
def test_quality_says_in_one_line_what_it_can_not_do(argv: list[str], capsys: Capture) -> None:
    assert main(argv, env={}) == 2
    one_line(capsys)


def test_one_bad_log_of_several_leaves_nothing_printed(tmp_path: Path, capsys: Capture) -> None:
    good = written(tmp_path / "good.jsonl", leveled((30, 2)))
    (tmp_path / "bad.jsonl").write_bytes(b"\x00")
    assert main(["quality", good, str(tmp_path / "bad.jsonl")], env={}) == 2
    assert one_line(capsys).endswith("bad.jsonl, line 1: not JSON\n")
