"""RTCP: bytes to records and back, and the arithmetic of reports. Pure; wall-clock times come in as NTP numbers.

RFC 3550 6 (SR, RR, SDES, BYE), RFC 4585 6 (generic NACK, PLI), RFC 5104 4.3.1 (FIR), RFC 5506 (reduced size),
draft-alvestrand-rmcat-remb-03 (REMB). Types that the relay has no use for are skipped by ``parse``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple, TypeAlias

from media.core.seqnum import timestamp_distance

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
_FMT_NACK, _FMT_PLI, _FMT_FIR, _FMT_AFB = 1, 1, 4, 15

_HEADER = Struct("!BBH")
_U32 = Struct("!I")
_FEEDBACK = Struct("!BBHII")
_SENDER_INFO = Struct("!IQIII")
_PAIR = Struct("!HH")
_TWO_SSRCS = Struct("!II")
_BLOCK = Struct("!IIIIII")
_NTP_EPOCH = 2_208_988_800  # 1900-01-01 to 1970-01-01 in seconds
_VERSION = 2
_SDES_CNAME = 1
_BLOCK_SIZE = 24
_BLP_BITS = 16
_NACK_MIN = 12  # two SSRCs and one entry
_REMB_MIN = 16  # two SSRCs, name, count and value
_MANTISSA_BITS = 18
# By how much a round trip may come out negative because both ends round, in 1/65536 s (10 ms).
_ROUNDING = 655
# Sequence numbers that one NACK may ask for; more is no repair any more but a flood.
NACK_LIMIT = 1024


class RtcpError(ValueError):
    """The datagram is not RTCP, or one of its packets contradicts its own length."""


class ReportBlock(NamedTuple):
    """RFC 3550 6.4.1; ``lost`` is signed, ``jitter`` in clock ticks, ``dlsr`` in 1/65536 s."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int  # 64 bit
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Nack:
    """Generic NACK: these 16-bit numbers of ``media_ssrc`` are missing, in the order asked."""

    ssrc: int
    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """PLI (``fir_number`` None) or one entry of a FIR."""

    ssrc: int
    media_ssrc: int
    fir_number: int | None = None


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver's estimate of what the path to it carries, in bit/s, over all of ``media_ssrcs`` together."""

    ssrc: int
    bitrate: int
    media_ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


Packet: TypeAlias = SenderReport | ReceiverReport | Nack | KeyFrameRequest | Remb | Bye

# ---- reading


def parse(datagram: bytes) -> list[Packet]:
    """Return the known packets of a compound or reduced-size datagram in order.

    Raises ``RtcpError`` when any packet in it is malformed; nothing of such a datagram is to be believed.
    """
    packets: list[Packet] = []
    at, end = 0, len(datagram)
    if end == 0:
        raise RtcpError("empty datagram")
    while at < end:
        if end - at < _HEADER.size:
            raise RtcpError("shorter than a header")
        first, kind, words = _HEADER.unpack_from(datagram, at)
        if first >> 6 != _VERSION:
            raise RtcpError("version is not 2")
        after = at + 4 + 4 * words
        if after > end:
            raise RtcpError("longer than the datagram")
        body = datagram[at + 4 : after]
        if first & 0x20:
            body = _without_padding(body, last=after == end)
        reader = _READERS.get(kind)
        if reader is not None:
            packets.extend(reader(first & 0x1F, body))
        at = after
    return packets


def _without_padding(body: bytes, *, last: bool) -> bytes:
    """RFC 3550 6.4.1: padding is a multiple of four and only on the last packet of a compound."""
    if not last or not body or body[-1] == 0 or body[-1] % 4 or body[-1] > len(body):
        raise RtcpError("bad padding")
    return body[: -body[-1]]


def _blocks(count: int, body: bytes, at: int) -> tuple[ReportBlock, ...]:
    if len(body) < at + count * _BLOCK_SIZE:
        raise RtcpError("report blocks cut short")
    found = []
    for start in range(at, at + count * _BLOCK_SIZE, _BLOCK_SIZE):
        ssrc, loss, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, start)
        lost = loss & 0xFFFFFF
        found.append(ReportBlock(ssrc, loss >> 24, lost - ((lost & 0x800000) << 1), highest, jitter, lsr, dlsr))
    return tuple(found)


def _sender_report(count: int, body: bytes) -> Iterable[Packet]:
    if len(body) < _SENDER_INFO.size:
        raise RtcpError("sender report cut short")
    ssrc, ntp, timestamp, packets, octets = _SENDER_INFO.unpack_from(body)
    yield SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(count, body, _SENDER_INFO.size))


def _receiver_report(count: int, body: bytes) -> Iterable[Packet]:
    if len(body) < _U32.size:
        raise RtcpError("receiver report cut short")
    yield ReceiverReport(_U32.unpack_from(body)[0], _blocks(count, body, _U32.size))


def _bye(count: int, body: bytes) -> Iterable[Packet]:
    if len(body) < count * 4:
        raise RtcpError("bye cut short")
    yield Bye(tuple(_U32.unpack_from(body, 4 * index)[0] for index in range(count)))


def _transport_feedback(fmt: int, body: bytes) -> Iterable[Packet]:
    if fmt != _FMT_NACK:
        return
    if len(body) < _NACK_MIN or len(body) % 4:
        raise RtcpError("nack cut short")
    ssrc, media_ssrc = _TWO_SSRCS.unpack_from(body)
    sequences: list[int] = []
    for at in range(8, len(body), 4):
        pid, bits = _PAIR.unpack_from(body, at)
        sequences.append(pid)
        sequences.extend((pid + 1 + bit) & 0xFFFF for bit in range(_BLP_BITS) if bits >> bit & 1)
    yield Nack(ssrc, media_ssrc, tuple(sequences[:NACK_LIMIT]))


def _payload_feedback(fmt: int, body: bytes) -> Iterable[Packet]:
    if len(body) < _TWO_SSRCS.size:
        raise RtcpError("feedback cut short")
    ssrc, media_ssrc = _TWO_SSRCS.unpack_from(body)
    if fmt == _FMT_PLI:
        yield KeyFrameRequest(ssrc, media_ssrc)
    elif fmt == _FMT_FIR:
        if len(body) % 8:
            raise RtcpError("fir cut short")
        for at in range(8, len(body), 8):
            yield KeyFrameRequest(ssrc, _U32.unpack_from(body, at)[0], body[at + 4])
    elif fmt == _FMT_AFB and body[8:12] == b"REMB":
        yield _remb(ssrc, body)


def _remb(ssrc: int, body: bytes) -> Remb:
    if len(body) < _REMB_MIN or len(body) < _REMB_MIN + 4 * body[12]:
        raise RtcpError("remb cut short")
    exponent = body[13] >> 2
    mantissa = (body[13] & 3) << 16 | body[14] << 8 | body[15]
    ssrcs = tuple(_U32.unpack_from(body, 16 + 4 * index)[0] for index in range(body[12]))
    return Remb(ssrc, mantissa << exponent, ssrcs)


_READERS: dict[int, Callable[[int, bytes], Iterable[Packet]]] = {
    SR: _sender_report,
    RR: _receiver_report,
    BYE: _bye,
    RTPFB: _transport_feedback,
    PSFB: _payload_feedback,
}

# ---- writing


def _report_blocks(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        _BLOCK.pack(b.ssrc, b.fraction << 24 | b.lost & 0xFFFFFF, b.highest, b.jitter, b.lsr, b.dlsr) for b in blocks
    )


def sender_report(report: SenderReport) -> bytes:
    """RFC 3550 6.4.1; at most 31 blocks. Counters wrap at 32 bits."""
    info = _SENDER_INFO.pack(
        report.ssrc, report.ntp, report.timestamp, report.packets & 0xFFFFFFFF, report.octets & 0xFFFFFFFF
    )
    body = info + _report_blocks(report.blocks)
    return _HEADER.pack(0x80 | len(report.blocks), SR, len(body) // 4) + body


def receiver_report(report: ReceiverReport) -> bytes:
    """RFC 3550 6.4.2; at most 31 blocks."""
    body = _U32.pack(report.ssrc) + _report_blocks(report.blocks)
    return _HEADER.pack(0x80 | len(report.blocks), RR, len(body) // 4) + body


def source_description(ssrc: int, name: str) -> bytes:
    """SDES with one CNAME (RFC 3550 6.5); a name longer than 255 octets is cut.

    One chunk a packet: aiortc 1.16 misreads the padding between chunks and then drops the whole compound.
    """
    text = name.encode()[:255]
    chunk = _U32.pack(ssrc) + bytes((_SDES_CNAME, len(text))) + text
    chunk += bytes(4 - len(chunk) % 4)
    return _HEADER.pack(0x81, SDES, len(chunk) // 4) + chunk


def nack(ssrc: int, media_ssrc: int, sequences: Sequence[int]) -> bytes:
    """Generic NACK for 16-bit numbers in ascending (wrapping) order, packed by RFC 4585 6.2.1.

    No entry reaches over the wrap: aiortc 1.16 reads 65536 there.
    """
    entries: list[list[int]] = []
    for sequence in sequences:
        ahead = sequence - entries[-1][0] - 1 if entries else _BLP_BITS
        if 0 <= ahead < _BLP_BITS:
            entries[-1][1] |= 1 << ahead
        else:
            entries.append([sequence, 0])
    packed = b"".join(_PAIR.pack(pid, bits) for pid, bits in entries)
    return _FEEDBACK.pack(0x80 | _FMT_NACK, RTPFB, 2 + len(entries), ssrc, media_ssrc) + packed


def pli(ssrc: int, media_ssrc: int) -> bytes:
    """Picture loss indication, RFC 4585 6.3.1."""
    return _FEEDBACK.pack(0x80 | _FMT_PLI, PSFB, 2, ssrc, media_ssrc)


def fir(ssrc: int, media_ssrc: int, number: int) -> bytes:
    """Full intra request, RFC 5104 4.3.1.1; ``number`` moves with each new command, not with a repetition."""
    return _FEEDBACK.pack(0x80 | _FMT_FIR, PSFB, 4, ssrc, 0) + _U32.pack(media_ssrc) + bytes((number & 0xFF, 0, 0, 0))


def remb(ssrc: int, bitrate: int, media_ssrcs: Sequence[int]) -> bytes:
    """REMB; the value is rounded down to 18 significant bits."""
    exponent = max(0, bitrate.bit_length() - _MANTISSA_BITS)
    value = len(media_ssrcs) << 24 | exponent << 18 | bitrate >> exponent
    ssrcs = b"".join(_U32.pack(media_ssrc) for media_ssrc in media_ssrcs)
    head = _FEEDBACK.pack(0x80 | _FMT_AFB, PSFB, 4 + len(media_ssrcs), ssrc, 0)
    return head + b"REMB" + _U32.pack(value) + ssrcs


# ---- times


def ntp(unix_seconds: float) -> int:
    """64-bit NTP timestamp (RFC 3550 4) of a Unix time in seconds."""
    return round((unix_seconds + _NTP_EPOCH) * 4294967296) & 0xFFFFFFFFFFFFFFFF


def unix_seconds(ntp_timestamp: int) -> float:
    """Unix time of a 64-bit NTP timestamp, for the present era (until 2036)."""
    return ntp_timestamp / 4294967296 - _NTP_EPOCH


def middle(ntp_timestamp: int) -> int:
    """The middle 32 bits: what LSR holds."""
    return ntp_timestamp >> 16 & 0xFFFFFFFF


def round_trip(block: ReportBlock, now: int) -> float | None:
    """Round-trip time in seconds at NTP time ``now`` (RFC 3550 6.4.1); None without a report to answer.

    A negative result is an invention of the other side: None as well.
    """
    if block.lsr == 0:
        return None
    units = timestamp_distance(middle(now), (block.lsr + block.dlsr) & 0xFFFFFFFF)
    return None if units < -_ROUNDING else max(units, 0) / 65536
