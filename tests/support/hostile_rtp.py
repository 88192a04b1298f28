"""RTP and RTCP whose content is malformed although they are authentic: what only somebody with keys can send.

Functions take a random generator and what they change, in clear; they return what is to be protected. SRTP looks at the
fixed header, the CSRC count and the extension's length before it looks at the key, so those can not lie in an authentic
packet: `lying_header` breaks a protected one.
"""

import random
from collections.abc import Callable
from struct import Struct
from typing import Final, TypeAlias

from media import rtcp

_U32: Final = Struct("!I")
_HEADER: Final = Struct("!BBH")
_FIXED: Final = 12  # octets of an RTP header without CSRCs and extension
_XR, _APP, _TRANSPORT_WIDE, _NO_FORMAT = 207, 204, 15, 9
_CUT_TO: Final = (1, 2, 3, 5, 7)  # octets of RTCP that are no whole word
NOBODY: Final = 4_000_000_000  # an SSRC of no stream

Random: TypeAlias = random.Random
Malform: TypeAlias = Callable[[Random, bytes], bytes]


def _packet(kind: int, count: int, body: bytes, *, words: int | None = None) -> bytes:
    """An RTCP packet; `words` instead of its true length in 32-bit words less one (RFC 3550 6.4.1)."""
    padded = body + bytes(-len(body) % 4)
    return _HEADER.pack(0x80 | count, kind, len(padded) // 4 if words is None else words) + padded


# ---- RTP


def lying_padding(random_: Random, packet: bytes) -> bytes:
    """The padding bit is set, and the last octet counts nothing, or more than there is (RFC 3550 5.1)."""
    padding = random_.choice((0, 255, 240))  # of a packet of less than 240 octets
    return bytes((packet[0] | 0x20,)) + packet[1:-1] + bytes((padding,))


def lying_header(random_: Random, protected: bytes) -> bytes:
    """More CSRCs, or a longer extension, than the packet has octets."""
    out = bytearray(protected)
    if random_.random() < 0.5:
        out[0] |= 0x0F
        del out[_FIXED + 4 * random_.randrange(15) :]
    else:
        out[14:16] = random_.randint(len(out) // 4, 0xFFFF).to_bytes(2, "big")
    return bytes(out)


def odd_but_legal(random_: Random, packet: bytes) -> bytes:
    """CSRCs that are payload, padding that is payload, extension elements that do not fit the extension."""
    out = bytearray(packet)
    at = 16
    end = at + 4 * int.from_bytes(out[14:16], "big")
    match random_.randrange(4):
        case 0:
            out[0] |= random_.randint(1, 15)
            out[14 + 4 * (out[0] & 15) : 16 + 4 * (out[0] & 15)] = b"\0\1"
        case 1:
            out[0] |= 0x20
            out[-1] = random_.randint(1, 100)
        case 2:
            out[at:end] = random_.randbytes(end - at)
        case _:
            out[12:14] = random_.choice((b"\x10\x00", b"\xbe\xdf", b"\0\0"))
            out[at:end] = random_.randbytes(end - at)
    return bytes(out)


# ---- RTCP


def lying_lengths(random_: Random, compound: bytes) -> bytes:
    """A good compound with a packet behind it that is cut, goes beyond the end, or has another version."""
    tail = random_.choice(
        (
            _packet(rtcp.RR, 0, bytes(4), words=random_.randint(2, 0xFFFF)),
            _packet(rtcp.SDES, 1, bytes(8), words=0xFFFF),
            bytes(random_.choice(_CUT_TO)),
            b"\x40" + _packet(rtcp.RR, 0, bytes(4))[1:],
            bytes((0xA0,)) + _packet(rtcp.RR, 0, bytes(4) + b"\0\0\0\x05")[1:],  # padding of five octets
            bytes((0xA0,))
            + _packet(rtcp.RR, 0, bytes(4))[1:]
            + _packet(rtcp.RR, 0, bytes(4)),  # padding before the end
        )
    )
    return compound + tail


def false_counts(random_: Random, compound: bytes) -> bytes:
    """A good compound with a packet behind it that counts more blocks, names or entries than it holds."""
    pair = bytes(8)
    tail = random_.choice(
        (
            _packet(rtcp.SR, random_.randint(1, 31), bytes(24)),
            _packet(rtcp.SR, 0, bytes(4 * random_.randrange(6))),
            _packet(rtcp.RR, random_.randint(2, 31), bytes(4 + 24)),
            _packet(rtcp.RR, 0, b""),
            _packet(rtcp.BYE, random_.randint(2, 31), bytes(4)),
            _packet(rtcp.RTPFB, 1, bytes(4 * random_.randrange(3))),
            _packet(rtcp.PSFB, random_.choice((1, 4, 15)), bytes(4)),
            _packet(rtcp.PSFB, 4, pair + bytes(4)),
            _packet(rtcp.PSFB, 15, pair + b"REMB"),
            _packet(rtcp.PSFB, 15, pair + b"REMB" + bytes((random_.randint(2, 255), 0, 0, 1)) + bytes(4)),
        )
    )
    return compound + tail


def useless_feedback(random_: Random, compound: bytes) -> bytes:
    """A good compound with a packet behind it that says nothing true, or nothing to the relay."""
    junk = random_.randbytes(4 * random_.randint(3, 50))
    pair = _U32.pack(NOBODY) + _U32.pack(NOBODY)
    blocks = tuple(rtcp.ReportBlock(NOBODY, 255, -0x800000, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0) for _ in range(31))
    tail = random_.choice(
        (
            _packet(rtcp.RTPFB, _TRANSPORT_WIDE, junk),
            _packet(rtcp.RTPFB, 1, pair + junk),
            _packet(rtcp.RTPFB, random_.choice((0, 2, _NO_FORMAT, 31)), junk),
            _packet(rtcp.PSFB, 15, pair + b"BMER" + junk),
            _packet(rtcp.PSFB, random_.choice((0, 2, 3, _NO_FORMAT)), pair + junk),
            _packet(rtcp.PSFB, 1, pair),
            _packet(_XR, random_.randrange(32), junk),
            _packet(_APP, random_.randrange(32), junk),
            _packet(rtcp.SDES, random_.randint(1, 31), junk),
            _packet(random_.choice((192, 195, 208, 223)), random_.randrange(32), junk),
            rtcp.receiver_report(rtcp.ReceiverReport(NOBODY, blocks)),
            rtcp.sender_report(rtcp.SenderReport(NOBODY, 2**64 - 1, 0, 0, 0, blocks)),
            _packet(rtcp.BYE, 1, _U32.pack(NOBODY)),
        )
    )
    return compound + tail


def false_claims(random_: Random, own: int, ssrc: int, newest: int) -> bytes:
    """The word of `own` on what it gets under `ssrc`, as far from the truth as can be. `newest`: the last number."""
    block = rtcp.ReportBlock(ssrc, 255, random_.choice((0x7FFFFF, -0x800000)), random_.getrandbits(32), 2**32 - 1, 0, 0)
    entries = b"".join(((newest - 17 * back) & 0xFFFF).to_bytes(2, "big") + b"\xff\xff" for back in range(1, 41))
    exponent, mantissa = random_.choice(((0, 0), (63, 0x3FFFF), (63, 1), (0, 1)))
    value = _U32.pack(1 << 24 | exponent << 18 | mantissa)
    return random_.choice(
        (
            rtcp.receiver_report(rtcp.ReceiverReport(own, (block,) * 31)),
            _packet(rtcp.RTPFB, 1, _U32.pack(own) + _U32.pack(ssrc) + entries),
            _packet(rtcp.RTPFB, 1, _U32.pack(own) + _U32.pack(ssrc) + random_.randbytes(160)),
            _packet(rtcp.PSFB, 15, _U32.pack(own) + bytes(4) + b"REMB" + value + _U32.pack(ssrc)),
            rtcp.pli(own, ssrc),
            _packet(rtcp.PSFB, 4, _U32.pack(own) + bytes(4) + rtcp.fir(own, ssrc, 1)[12:] * 40),
        )
    )
