"""Broken WebSocket frames by the thousand: `broken_frames(seed)` yields bytes that break RFC 6455, and
`broken_messages(seed)` well-formed WebSocket messages that are no Engine.IO packets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.support.rawws import BINARY, CLOSE, PING, PONG, TEXT, Frame, close_frame


@dataclass(frozen=True)
class BrokenFrame:
    """Bytes on an open WebSocket that end it. `code`: the close code that the server answers with, None when the
    sender has to leave in the middle for it to be an error."""

    label: str
    sent: bytes
    code: int | None


_PROTOCOL, _TEXT, _TOO_BIG = 1002, 1007, 1009
MAX_FRAME: Final = 1024 * 1024
_CONTROLS = (CLOSE, PING, PONG)
_BAD_UTF8 = (
    b"\xff",
    b"\xc3",
    b"\xc0\xaf",
    b"\xe2\x28\xa1",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x9f",
    b'42["typing\x80"]',
)
_BAD_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)


def broken_frames(seed: int) -> Iterator[BrokenFrame]:
    """Violations of RFC 6455 without end, all families in turn."""
    random = Random(seed)
    while True:
        for label, make in _VIOLATIONS:
            frames, code = make(random)
            yield BrokenFrame(label, b"".join(frame.encode() for frame in frames), code)


Violation = Callable[[Random], tuple[list[Frame], int | None]]


def _some(random: Random) -> bytes:
    return random.choice([b"", b"x", b"2", b'42["typing",{}]', b"x" * 125, b"x" * 126, b"x" * 5000])


def _any_opcode(random: Random) -> int:
    return random.choice([TEXT, BINARY, CLOSE, PING, PONG])


def _short(random: Random) -> bytes:
    return random.choice([b"", b"x" * 125, b"\x03\xe8"])


def _unmasked(random: Random) -> tuple[list[Frame], int]:
    opcode = _any_opcode(random)
    payload = _short(random) if opcode in _CONTROLS else _some(random)
    return [Frame(opcode, payload, mask=None)], _PROTOCOL


def _reserved(random: Random) -> tuple[list[Frame], int]:
    return [Frame(_any_opcode(random), _short(random), reserved=random.randint(1, 7))], _PROTOCOL


def _unknown_opcode(random: Random) -> tuple[list[Frame], int]:
    return [Frame(random.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), _short(random))], _PROTOCOL


def _split_control(random: Random) -> tuple[list[Frame], int]:
    return [Frame(random.choice(_CONTROLS), b"\x03\xe8", fin=False)], _PROTOCOL


def _long_control(random: Random) -> tuple[list[Frame], int]:
    return [Frame(random.choice(_CONTROLS), b"\x03\xe8" + b"x" * random.choice([124, 1000, 70_000]))], _PROTOCOL


def _lone_continuation(random: Random) -> tuple[list[Frame], int]:
    return [Frame(0, _some(random), fin=random.random() < 0.5)], _PROTOCOL


def _interleaved(random: Random) -> tuple[list[Frame], int]:
    first = Frame(random.choice([TEXT, BINARY]), b"x", fin=False)
    return [first, Frame(PING, b"y"), Frame(random.choice([TEXT, BINARY]), _some(random))], _PROTOCOL


def _wide_length(random: Random) -> tuple[list[Frame], int]:
    width, size = random.choice([(2, 0), (2, 125), (8, 0), (8, 125), (8, 126), (8, 5000)])
    return [Frame(random.choice([TEXT, BINARY]), b"x" * size, width=width)], _PROTOCOL


def _negative_length(random: Random) -> tuple[list[Frame], int]:
    return [Frame(TEXT, b"x", length=2**63 + random.randint(0, 2**62), width=8)], _PROTOCOL


def _bad_text_frame(random: Random) -> tuple[list[Frame], int]:
    text = random.choice(_BAD_UTF8)
    if random.random() < 0.5:
        return [Frame(TEXT, text)], _TEXT
    at = random.randint(0, len(text))
    return [Frame(TEXT, text[:at], fin=False), Frame(0, text[at:])], _TEXT


def _too_big(random: Random) -> tuple[list[Frame], int]:
    over = MAX_FRAME + random.choice([1, 1000, 2**31, 2**40])
    if random.random() < 0.5:
        return [Frame(random.choice([TEXT, BINARY]), b"x", length=over, width=8)], _TOO_BIG
    return [Frame(BINARY, b"x" * 1000, fin=False), Frame(0, b"x", length=MAX_FRAME - 999, width=8)], _TOO_BIG


def _bad_close(random: Random) -> tuple[list[Frame], int]:
    if random.random() < 0.2:
        return [Frame(CLOSE, b"\x03")], _PROTOCOL
    if random.random() < 0.2:
        return [close_frame(1000, random.choice(_BAD_UTF8))], _TEXT
    return [close_frame(random.choice(_BAD_CODES), b"bye")], _PROTOCOL


def _cut_off(random: Random) -> tuple[list[Frame], None]:
    size = random.choice([10, 200, 70_000])
    return [Frame(random.choice([TEXT, BINARY]), b"x" * (size // 2), length=size)], None


def _unfinished(random: Random) -> tuple[list[Frame], None]:
    return [Frame(random.choice([TEXT, BINARY]), b"42", fin=False), Frame(0, b"x", fin=False)], None


_VIOLATIONS: tuple[tuple[str, Violation], ...] = (
    ("unmasked", _unmasked),
    ("reserved bit", _reserved),
    ("unknown opcode", _unknown_opcode),
    ("control in fragments", _split_control),
    ("control too long", _long_control),
    ("continuation of nothing", _lone_continuation),
    ("message inside a message", _interleaved),
    ("length too wide", _wide_length),
    ("length with the highest bit", _negative_length),
    ("text that is not UTF-8", _bad_text_frame),
    ("message too big", _too_big),
    ("bad close", _bad_close),
    ("frame cut off", _cut_off),
    ("message cut off", _unfinished),
)


def broken_messages(seed: int) -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of messages that no Engine.IO client sends to a server; each counts as `malformed_frame`."""
    random = Random(seed)
    while True:
        yield TEXT, random.choice(_NO_PACKETS).replace("{n}", str(random.randint(0, 10**9))).encode()
        yield BINARY, random.choice([b"", b"x", b'42["typing",{}]', random.randbytes(1000), bytes(100_000)])


_NO_PACKETS = (
    "",
    "7",
    "8{n}",
    "9",
    "-1",
    "x{n}",
    " 4",
    "\ufeff4",
    "４",
    "\x00",
    "b!",
    "bA",
    "bAAA",
    "b====",
    "bQUJD\n",
    "b好",
    "bQUJD{n}!",
    '0{"sid":"{n}"}',
    "0",
    "2",
    "2probe",
    "2{n}",
    "3probe",
    "3{n}",
    "1{n}",
    "5",
    "5{n}",
    "6",
    "6noop",
    "Infinity",
    "null",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "<script>{n}</script>",
)
