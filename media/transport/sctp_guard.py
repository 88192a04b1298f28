"""What an SCTP packet must be before aiortc may see it (RFC 9260, RFC 3758, RFC 6525).

aiortc 1.16 never ends on a parameter of length 0, walks 65,536 numbers per SACK gap block, keeps
whatever is sent ahead of a gap and lets `struct.error` and `AssertionError` out. Here each is closed:
`check_packet` raises `SctpRefused` and nothing else. Pure function; the checksum is aiortc's part.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from .refusals import TransportRefusal

# Streams we negotiate; a browser that wants more gets so many (RFC 9260 3.3.2).
MAX_STREAMS: Final = 256
# DATA so far ahead of the last one in order is dropped, the sender repeats it. A full window of 1 MiB
# in packets of full size is 900; higher makes one packet with many small chunks dearer (0.1 ms each).
MAX_TSN_AHEAD: Final = 1024
# Chunks bundled in one packet of 1,200 bytes: more are not useful.
MAX_CHUNKS: Final = 80
# Highest number a SACK gap block may name; our own flight is far below.
MAX_GAP: Final = 16_384
MAX_COOKIE: Final = 1024

_COMMON_HEADER, _CHUNK_HEADER = 12, 4
_INIT, _INIT_ACK, _DATA, _SACK, _FORWARD_TSN, _RECONFIG = 1, 2, 0, 3, 192, 130
_RESET_OUTGOING, _RESET_RESPONSE, _ADD_OUTGOING = 13, 16, 17

_chunk = Struct("!BBH")
_parameter = Struct("!HH")
_data = Struct("!LHHL")
_sack = Struct("!LLHH")
_u32 = Struct("!L")


class SctpRefused(ValueError):
    """The packet was refused; `kind` says as what."""

    def __init__(self, kind: TransportRefusal = TransportRefusal.SCTP_MALFORMED) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Window(NamedTuple):
    """What may come in. `last_tsn`: the last TSN in order, None before INIT; `room`: bytes."""

    last_tsn: int | None
    room: int


def check_packet(packet: bytes, window: Window) -> None:
    """Raise `SctpRefused` for a packet that aiortc must not see."""
    at, size = _COMMON_HEADER, len(packet)
    kinds: list[int] = []
    while at <= size - _CHUNK_HEADER:
        kind, _flags, length = _chunk.unpack_from(packet, at)
        if length < _CHUNK_HEADER or at + length > size or len(kinds) == MAX_CHUNKS:
            raise SctpRefused
        kinds.append(kind)
        body = packet[at + _CHUNK_HEADER : at + length]
        check = _CHECKS.get(kind)
        if check is not None:
            check(body, window)
        at += length + 3 & ~3
    # INIT and INIT ACK stand alone (RFC 9260 6.10).
    if not kinds or (len(kinds) > 1 and (_INIT in kinds or _INIT_ACK in kinds)):
        raise SctpRefused


def parameters(body: bytes, begin: int = 0) -> list[tuple[int, bytes]]:
    """Type and value of each parameter (RFC 9260 3.2.1), padding left out."""
    found, at, size = [], begin, len(body)
    while at <= size - _parameter.size:
        kind, length = _parameter.unpack_from(body, at)
        if length < _parameter.size or at + length > size:
            raise SctpRefused
        found.append((kind, body[at + _parameter.size : at + length]))
        at += length + 3 & ~3
    return found


def _check_data(body: bytes, window: Window) -> None:
    if len(body) <= _data.size:
        raise SctpRefused  # RFC 9260 3.3.1: at least one byte of user data
    tsn, stream, _sequence, _protocol = _data.unpack_from(body)
    _check_stream(stream)
    if window.last_tsn is None:
        raise SctpRefused
    ahead = (tsn - window.last_tsn) % 2**32
    if 1 < ahead < 2**31 and (ahead > MAX_TSN_AHEAD or len(body) - _data.size > window.room):
        raise SctpRefused(TransportRefusal.SCTP_LIMIT)


def _check_stream(stream: int) -> None:
    if stream >= MAX_STREAMS:
        raise SctpRefused(TransportRefusal.SCTP_LIMIT)


def _check_init(body: bytes, _window: Window) -> None:
    if len(body) < 16 or not _u32.unpack_from(body)[0]:  # noqa: PLR2004 (RFC 9260 3.3.2)
        raise SctpRefused
    parameters(body, 16)


def _check_sack(body: bytes, window: Window) -> None:
    if len(body) < _sack.size or window.last_tsn is None:
        raise SctpRefused
    _tsn, _room, gaps, duplicates = _sack.unpack_from(body)
    if len(body) != _sack.size + 4 * (gaps + duplicates):
        raise SctpRefused
    last = 0
    for at in range(_sack.size, _sack.size + 4 * gaps, 4):
        begin, end = _parameter.unpack_from(body, at)
        if not last < begin <= end <= MAX_GAP:
            raise SctpRefused
        last = end


def _check_parameters(body: bytes, _window: Window) -> None:
    parameters(body)


def _check_shutdown(body: bytes, window: Window) -> None:
    if len(body) != _u32.size or window.last_tsn is None:
        raise SctpRefused


def _check_cookie(body: bytes, _window: Window) -> None:
    if len(body) > MAX_COOKIE:
        raise SctpRefused


def _check_reconfig(body: bytes, window: Window) -> None:
    for kind, value in parameters(body):
        size = len(value)
        fits = {
            _RESET_OUTGOING: size >= 12 and not size & 1,  # noqa: PLR2004 (RFC 6525 4.1)
            _RESET_RESPONSE: size in (8, 16),  # RFC 6525 4.4
            _ADD_OUTGOING: size == 8,  # noqa: PLR2004 (RFC 6525 4.5)
        }.get(kind, True)
        if not fits or window.last_tsn is None:
            raise SctpRefused


def _check_forward_tsn(body: bytes, window: Window) -> None:
    if len(body) < _u32.size or len(body) & 3 or window.last_tsn is None:
        raise SctpRefused
    for at in range(_u32.size, len(body), 4):
        _check_stream(_parameter.unpack_from(body, at)[0])


_CHECKS: Final[dict[int, Callable[[bytes, Window], None]]] = {
    _DATA: _check_data,
    _INIT: _check_init,
    _INIT_ACK: _check_init,
    _SACK: _check_sack,
    4: _check_parameters,  # HEARTBEAT
    5: _check_parameters,  # HEARTBEAT ACK
    6: _check_parameters,  # ABORT
    7: _check_shutdown,
    9: _check_parameters,  # ERROR
    10: _check_cookie,  # COOKIE ECHO
    _RECONFIG: _check_reconfig,
    _FORWARD_TSN: _check_forward_tsn,
}

__all__ = ["MAX_STREAMS", "MAX_TSN_AHEAD", "SctpRefused", "Window", "check_packet", "parameters"]
