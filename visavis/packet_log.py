"""Reads a recorded packet log: a JSON object a line (wire contract, section 7), in the order of arrival.

    {"seq": 7, "ts": 6720, "arrival": 0.141, "size": 98, "marker": true, "level": 34, "rtx": false}

`seq` and `ts` may be wrapped or whole; `marker`, `level` and `rtx` may be absent or null; other keys are left alone.
Lines that are out of order by `arrival` are put in order. Anything else that is wrong raises `PacketLogError`, which
names the file and the line: a log that was cut or mixed up must not get a score.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from media.core.arrival import Arrival, Unwrapper

# A packet of the log takes about 100 octets; a longer line is another kind of file.
LINE_MAX: Final = 4096
# Ten hours of speech, or two of video. More only costs memory (about 200 octets each).
PACKETS_MAX: Final = 2_000_000
# A result has an entry a second; a wrong clock must not ask for millions of them.
SPAN_MAX_S: Final = 86_400.0
# More than any Unix time in seconds for the next thousand years, less than one in milliseconds.
_ARRIVAL_MAX: Final = 1e11
_NUMBER_MAX: Final = 1 << 48  # whole sequence numbers and timestamps: a thousand years of 90 kHz
_SIZE_MAX: Final = 65_535
_LEVEL_MAX: Final = 127


class PacketLogError(Exception):
    """The log can not be read. The text is one line and holds nothing of the log's content."""


def read_packet_log(path: Path) -> list[Arrival]:
    """Return the packets of a log, at least one, in the order of arrival and with extended numbers.

    Raises `PacketLogError`."""
    try:
        with path.open("rb") as file:
            packets = list(_packets(path, file))
    except OSError as error:
        raise PacketLogError(f"{path}: {error.strerror or 'can not be read'}") from None
    if not packets:
        raise PacketLogError(f"{path}: there is no packet in it")
    packets.sort(key=lambda packet: packet.arrival)
    if packets[-1].arrival - packets[0].arrival > SPAN_MAX_S:
        raise PacketLogError(f"{path}: first and last arrival are more than {SPAN_MAX_S:.0f} s apart")
    return list(_extended(packets))


def _packets(path: Path, file: BinaryIO) -> Iterator[Arrival]:
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        try:
            if len(line) > LINE_MAX:
                raise ValueError(f"longer than {LINE_MAX} octets")
            if number > PACKETS_MAX:
                raise ValueError(f"more than {PACKETS_MAX} lines")
            if line.strip():
                yield _packet(line)
        except ValueError as error:
            raise PacketLogError(f"{path}, line {number}: {error}") from None


def _packet(line: bytes) -> Arrival:
    """Check one line. Raises `ValueError` with what is wrong."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return Arrival(
        arrival=_seconds(found, "arrival"),
        timestamp=_whole(found, "ts", _NUMBER_MAX),
        sequence=_whole(found, "seq", _NUMBER_MAX),
        size=_whole(found, "size", _SIZE_MAX),
        level=None if found.get("level") is None else _whole(found, "level", _LEVEL_MAX),
        marker=_flag(found, "marker"),
        retransmitted=_flag(found, "rtx"),
    )


def _whole(found: dict[str, Any], key: str, largest: int) -> int:
    value = found.get(key)
    if type(value) is not int or not 0 <= value <= largest:
        raise ValueError(f"{key} is not a whole number from 0 to {largest}")
    return value


def _seconds(found: dict[str, Any], key: str) -> float:
    value = found.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _ARRIVAL_MAX:
        raise ValueError(f"{key} is not a number of seconds")
    return float(value)


def _flag(found: dict[str, Any], key: str) -> bool:
    value = found.get(key)
    if value is not None and type(value) is not bool:
        raise ValueError(f"{key} is not true or false")
    return value is True


def _extended(packets: list[Arrival]) -> Iterator[Arrival]:
    unwrapper = Unwrapper()
    for packet in packets:
        sequence, timestamp = unwrapper.extend(packet.sequence, packet.timestamp, retransmitted=packet.retransmitted)
        yield packet._replace(sequence=sequence, timestamp=timestamp)
