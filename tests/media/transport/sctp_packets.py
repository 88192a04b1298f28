"""SCTP chunks, good ones and bad ones; the bad ones are the corpus of what has broken SCTP stacks."""

import struct

from media.transport.refusals import TransportRefusal
from media.transport.sctp_guard import MAX_CHUNKS, MAX_COOKIE, MAX_GAP, MAX_STREAMS, MAX_TSN_AHEAD

HEADER = struct.pack("!HHLL", 5000, 5000, 1, 0)
LIMIT, MALFORMED = TransportRefusal.SCTP_LIMIT, TransportRefusal.SCTP_MALFORMED


def chunk(kind: int, body: bytes = b"", flags: int = 3) -> bytes:
    return struct.pack("!BBH", kind, flags, len(body) + 4) + body + bytes(-len(body) % 4)


def parameter(kind: int, value: bytes, length: int | None = None) -> bytes:
    size = len(value) + 4 if length is None else length
    return struct.pack("!HH", kind, size) + value + bytes(-len(value) % 4)


def data(tsn: int = 1001, stream: int = 0, payload: bytes = b"hello") -> bytes:
    return chunk(0, struct.pack("!LHHL", tsn % 2**32, stream, 0, 51) + payload)


def sack(*gaps: tuple[int, int], duplicates: int = 0) -> bytes:
    body = struct.pack("!LLHH", 1, 1, len(gaps), duplicates)
    return chunk(3, body + b"".join(struct.pack("!HH", *gap) for gap in gaps) + bytes(4 * duplicates))


INIT_BODY = struct.pack("!LLHHL", 7, 65536, 10, 10, 1)
GOOD = {
    "data": data(),
    "data across the wrap": data(5),
    "data again": data(1000),
    "data of long ago": data(1000 - 2**30),
    "data ahead": data(1000 + MAX_TSN_AHEAD),
    "init": chunk(1, INIT_BODY + parameter(0xC000, b"")),
    "init ack": chunk(2, INIT_BODY),
    "sack": sack((2, 2), (4, 9), duplicates=2),
    "heartbeat": chunk(4, parameter(1, b"12345")),
    "heartbeat ack": chunk(5, parameter(1, b"123456")),
    "abort": chunk(6),
    "shutdown": chunk(7, bytes(4)),
    "shutdown ack": chunk(8),
    "error": chunk(9, parameter(1, b"1234")),
    "cookie echo": chunk(10, bytes(24)),
    "cookie ack": chunk(11),
    "reset": chunk(130, parameter(13, bytes(14))),
    "reset answer": chunk(130, parameter(16, bytes(8))),
    "add streams": chunk(130, parameter(17, bytes(8))),
    "reset of a kind we do not know": chunk(130, parameter(99, b"1")),
    "forward tsn": chunk(192, bytes(12)),
    "unknown chunk": chunk(77, b"whatever"),
    "bundle": data() + sack() + data(1002),
    "as many chunks as may be": data() * MAX_CHUNKS,
}
BAD = {
    "nothing": (b"", MALFORMED),
    "chunk shorter than its header": (struct.pack("!BBH", 4, 0, 3), MALFORMED),
    "chunk beyond the end": (struct.pack("!BBH", 4, 0, 9), MALFORMED),
    "too many chunks": (data() * (MAX_CHUNKS + 1), MALFORMED),
    "parameter of length 0": (chunk(4, struct.pack("!HH", 1, 0)), MALFORMED),
    "parameter of length 3": (chunk(4, struct.pack("!HH", 1, 3)), MALFORMED),
    "parameter beyond the end": (chunk(4, parameter(1, b"1234", length=9)), MALFORMED),
    "init parameter of length 0": (chunk(1, INIT_BODY + bytes(4)), MALFORMED),
    "init too short": (chunk(1, INIT_BODY[:15]), MALFORMED),
    "init with tag 0": (chunk(1, bytes(16)), MALFORMED),
    "init with company": (chunk(1, INIT_BODY) + data(), MALFORMED),
    "init ack with company": (chunk(11) + chunk(2, INIT_BODY), MALFORMED),
    "data without data": (data(payload=b""), MALFORMED),
    "data far ahead": (data(1001 + MAX_TSN_AHEAD), LIMIT),
    "data on a stream too high": (data(stream=MAX_STREAMS), LIMIT),
    "sack too short": (chunk(3, bytes(11)), MALFORMED),
    "sack of another size": (chunk(3, bytes(16)), MALFORMED),
    "sack gap backwards": (sack((5, 4)), MALFORMED),
    "sack gaps overlapping": (sack((2, 5), (5, 6)), MALFORMED),
    "sack gap of zero": (sack((0, 4)), MALFORMED),
    "sack gap without end": (sack((2, MAX_GAP + 1)), MALFORMED),
    "shutdown of another size": (chunk(7, bytes(3)), MALFORMED),
    "cookie too long": (chunk(10, bytes(MAX_COOKIE + 1)), MALFORMED),
    "reset too short": (chunk(130, parameter(13, bytes(10))), MALFORMED),
    "reset of odd size": (chunk(130, parameter(13, bytes(13))), MALFORMED),
    "reset answer too short": (chunk(130, parameter(16, bytes(4))), MALFORMED),
    "add streams too short": (chunk(130, parameter(17, bytes(4))), MALFORMED),
    "forward tsn too short": (chunk(192, b"123"), MALFORMED),
    "forward tsn of odd size": (chunk(192, bytes(6)), MALFORMED),
    "forward tsn stream too high": (chunk(192, bytes(4) + struct.pack("!HH", MAX_STREAMS, 0)), LIMIT),
}
