"""`visavis speech` and `visavis quality` on recorded packet logs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.core.arrival import Arrival
from tests.support import speech as spoken
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
