"""The reader of packet logs: what it takes, what it refuses and how it says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Arrival
from visavis import packet_log
from visavis.packet_log import LINE_MAX, PacketLogError, read_packet_log

GOOD: dict[str, Any] = {"seq": 1, "ts": 960, "arrival": 0.02, "size": 80}


def written(folder: Path, *lines: dict[str, Any] | bytes) -> Path:
    path = folder / "log.jsonl"
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return path


def refusal(path: Path) -> str:
    with pytest.raises(PacketLogError) as raised:
        read_packet_log(path)
    text = str(raised.value)
    assert "\n" not in text
    return text.removeprefix(str(path))


def test_each_key_has_its_place(tmp_path: Path) -> None:
    whole = GOOD | {"marker": True, "level": 34, "rtx": True}
    assert read_packet_log(written(tmp_path, GOOD, whole)) == [
        Arrival(arrival=0.02, timestamp=960, sequence=1, size=80),
        Arrival(0.02, 960, 1, 80, level=34, marker=True, retransmitted=True),
    ]


def test_null_is_absent_unknown_keys_and_blank_lines_are_left_alone(tmp_path: Path) -> None:
    lines = (b"", GOOD | {"level": None, "marker": None, "rtx": None, "ssrc": "x"}, b"  ")
    assert read_packet_log(written(tmp_path, *lines)) == [Arrival(0.02, 960, 1, 80)]


def test_numbers_are_extended_and_lines_put_in_the_order_of_arrival(tmp_path: Path) -> None:
    first = GOOD | {"seq": 65_535, "ts": 0xFFFFFFFF - 959, "arrival": 5}
    second = GOOD | {"seq": 0, "ts": 0, "arrival": 5.02}
    packets = read_packet_log(written(tmp_path, second, first))
    assert [(packet.sequence, packet.timestamp) for packet in packets] == [
        (65_535, 0x100000000 - 960),
        (65_536, 0x100000000),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 2000, "not JSON"),
        (b'{"seq": 1', "not JSON"),
        (b" " * LINE_MAX + b"{}", f"longer than {LINE_MAX} octets"),
        ({}, "arrival is not a number of seconds"),
        (GOOD | {"arrival": "1"}, "arrival is not a number of seconds"),
        (GOOD | {"arrival": True}, "arrival is not a number of seconds"),
        (GOOD | {"arrival": 1.7e12}, "arrival is not a number of seconds"),
        (b'{"seq": 1, "ts": 0, "arrival": NaN, "size": 1}', "not JSON"),
        (b'{"seq": 1, "ts": 0, "arrival": 1e999, "size": 1}', "not JSON"),
        (GOOD | {"seq": -1}, "seq is not a whole number from 0 to 281474976710656"),
        (GOOD | {"seq": 1.0}, "seq is not a whole number from 0 to 281474976710656"),
        (GOOD | {"seq": True}, "seq is not a whole number from 0 to 281474976710656"),
        (GOOD | {"ts": 1 << 80}, "ts is not a whole number from 0 to 281474976710656"),
        (GOOD | {"ts": None}, "ts is not a whole number from 0 to 281474976710656"),
        (GOOD | {"size": 65_536}, "size is not a whole number from 0 to 65535"),
        (GOOD | {"level": 128}, "level is not a whole number from 0 to 127"),
        (GOOD | {"level": 12.5}, "level is not a whole number from 0 to 127"),
        (GOOD | {"marker": 1}, "marker is not true or false"),
        (GOOD | {"rtx": "no"}, "rtx is not true or false"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, line: dict[str, Any] | bytes, said: str) -> None:
    assert refusal(written(tmp_path, GOOD, GOOD, line, GOOD)) == f", line 3: {said}"


def test_a_log_without_packets_or_that_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path)) == ": there is no packet in it"
    assert refusal(tmp_path / "absent") == ": No such file or directory"
    assert refusal(tmp_path) == ": Is a directory"


def test_a_log_is_bounded_in_lines_and_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = GOOD | {"arrival": 86_401}
    assert refusal(written(tmp_path, GOOD, late)) == ": first and last arrival are more than 86400 s apart"
    monkeypatch.setattr(packet_log, "PACKETS_MAX", 3)
    assert len(read_packet_log(written(tmp_path, GOOD, GOOD, GOOD))) == 3
    assert refusal(written(tmp_path, GOOD, GOOD, GOOD, GOOD)) == ", line 4: more than 3 lines"


@given(st.binary(max_size=300))
def test_no_content_gets_past_as_anything_but_packets_or_a_refusal(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)
    with pytest.raises(PacketLogError):
        read_packet_log(path)


VALUE: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, -1, 0, 127, 128, 65_536, 1 << 60, 0.5, 1e12, float("nan"), "1", [], {}]
)
LINE = st.dictionaries(st.sampled_from(["seq", "ts", "arrival", "size", "level", "rtx"]), VALUE, max_size=2)


@given(st.lists(LINE, max_size=5))
def test_whatever_the_values_are_packets_are_within_their_bounds(tmp_path_factory: Any, lines: list[Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "values.jsonl"
    path.write_text("\n".join(json.dumps(GOOD | line) for line in lines))
    try:
        packets = read_packet_log(path)
    except PacketLogError:
        return
    assert len(packets) == len(lines) > 0
    assert all(packet.level is None or 0 <= packet.level <= 127 for packet in packets)
    assert all(0 <= packet.size <= 65_535 and abs(packet.arrival) <= 1e11 for packet in packets)
