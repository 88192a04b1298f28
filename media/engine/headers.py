"""RTP headers on raw octets: lengths, header extensions (RFC 8285), retransmission payloads (RFC 4588).

Nothing here allocates more than the packet it returns. Whoever sent the octets may have meant harm:
``header_length`` is called first and says whether the rest may be trusted.
"""

from struct import Struct
from typing import Final, TypeAlias

from media.engine.api import NO_LEVEL

RTP_VERSION: Final = 2
FIXED_HEADER: Final = 12
_ONE_BYTE_PROFILE: Final = 0xBEDE
_TWO_BYTE_PROFILE: Final = 0x1000  # the low four bits are free
_LAST_ONE_BYTE_ID: Final = 14
_STOP_ID: Final = 15
_ORIGINAL_NUMBER: Final = 2  # octets before the payload of a retransmission
_SEND_TIME_SIZE: Final = 3
_SEND_TIME_UNITS: Final = 1 << 18  # a second in 6.18 fixed point
# Octets 0 to 11: flags, marker and payload type, sequence number, timestamp, SSRC.
_FIXED: Final = Struct("!BBHI4s")


def header_length(packet: bytes) -> int:
    """Return the offset of the payload, or -1: header, extension or padding contradict the length (RFC 3550 5.1)."""
    size = len(packet)
    if size < FIXED_HEADER:
        return -1
    first = packet[0]
    if first >> 6 != RTP_VERSION:
        return -1
    length = FIXED_HEADER + 4 * (first & 0x0F)
    if first & 0x10:
        if size < length + 4:
            return -1
        length += 4 + 4 * (packet[length + 2] << 8 | packet[length + 3])
    if length > size:
        return -1
    if first & 0x20:
        padding = packet[-1]
        if padding == 0 or length + padding > size:
            return -1
    return length


def payload_size(packet: bytes, payload_at: int) -> int:
    """Octets of payload without padding, of a packet that ``header_length`` accepted."""
    return len(packet) - payload_at - (packet[-1] if packet[0] & 0x20 else 0)


def find_extension(packet: bytes | bytearray, wanted: int, payload_at: int) -> tuple[int, int] | None:
    """Return (offset, length) of the data of the extension with this id; None if the packet has none."""
    if not packet[0] & 0x10:
        return None
    at = FIXED_HEADER + 4 * (packet[0] & 0x0F)
    profile = packet[at] << 8 | packet[at + 1]
    if profile == _ONE_BYTE_PROFILE:
        header = 1
    elif profile & 0xFFF0 == _TWO_BYTE_PROFILE:
        header = 2
    else:
        return None
    at += 4
    while at + header <= payload_at:
        octet = packet[at]
        if octet == 0:
            at += 1
            continue
        if header == 1:
            found, length = octet >> 4, (octet & 0x0F) + 1
            if found == _STOP_ID:
                return None
        else:
            found, length = octet, packet[at + 1]
        at += header
        if at + length > payload_at:
            return None
        if found == wanted:
            return at, length
        at += length
    return None


def audio_level(packet: bytes, extension_id: int, payload_at: int) -> int:
    """Return the level in -dBov, 0 loudest to 127 (RFC 6464 3), or ``NO_LEVEL``. The V bit is no use and ignored."""
    found = find_extension(packet, extension_id, payload_at)
    return packet[found[0]] & 0x7F if found and found[1] else NO_LEVEL


# Which bits were looked at, what they were, which go over as they are, and what takes the place of the others.
_Shape: TypeAlias = tuple[int, int, int, int]
# Shapes that one map remembers. A stream has a few; more only cost memory, and a sender may send any.
_SHAPES: Final = 16


class _Reading:
    """What the reading of one header depended on, and what becomes of each of its octets."""

    __slots__ = ("_header", "kept", "put", "seen")

    def __init__(self, header: bytes, at: int) -> None:
        """``at`` is where the extension's profile stands; all before it and its own four octets go over."""
        size, begin = len(header), at + 4
        self._header = header
        self.seen = bytearray(at) + b"\xff" * 4 + bytearray(size - begin)
        self.kept = bytearray(b"\xff" * begin + bytes(size - begin))
        self.put = bytearray(size)

    def shape(self) -> _Shape:
        seen, kept, put = (int.from_bytes(octets, "big") for octets in (self.seen, self.kept, self.put))
        return seen, seen & int.from_bytes(self._header, "big"), kept, put


class ExtensionMap:
    """How header extensions of one leg are told to another: ids changed, unknown ones blanked.

    A blanked element becomes padding (RFC 8285 4.1), so that no octet moves. The MID is another on each leg;
    it is replaced where it is as long, else blanked: slots have their SSRC in SDP, nobody needs the MID to route.

    A stream's headers are all alike but for the data in their elements, so a header is read element by element only
    when the octets that say where elements begin differ from those of the last one of its size.
    """

    __slots__ = ("_mid", "_mid_id", "_shapes", "_table", "identity")

    def __init__(self, ids: dict[int, int], mid_id: int | None, mid: bytes, source_mid: bytes) -> None:
        """``ids`` is source id -> id on the other leg; ``mid_id`` the source's id of the MID extension."""
        table = bytearray(256)
        for source, target in ids.items():
            table[source] = target
        self._table = bytes(table)
        self._mid_id = -1 if mid_id is None else mid_id
        self._mid = mid
        self._shapes: dict[int, _Shape] = {}  # by size and count of CSRCs
        same_mid = mid_id is None or mid_id not in ids or mid == source_mid
        # True: forward the block as it stands.
        self.identity = same_mid and all(source == target for source, target in ids.items())

    def translate(self, header: bytes) -> bytes:
        """Return the header of a packet that ``header_length`` accepted, up to its payload, with the other leg's ids.

        A block of unknown form is blanked.
        """
        first, size = header[0], len(header)
        if not first & 0x10:
            return header
        octets, key = int.from_bytes(header, "big"), size << 4 | first & 0x0F
        shape = self._shapes.get(key)
        if shape is None or octets & shape[0] != shape[1]:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            shape = self._shapes[key] = self._read(header)
        return (octets & shape[2] | shape[3]).to_bytes(size, "big")

    def _read(self, header: bytes) -> _Shape:
        """Read element by element; what could not be read is not passed on."""
        at = FIXED_HEADER + 4 * (header[0] & 0x0F)
        profile = header[at] << 8 | header[at + 1]
        reading = _Reading(header, at)
        at += 4
        if profile == _ONE_BYTE_PROFILE:
            self._one_byte(header, at, reading)
        elif profile & 0xFFF0 == _TWO_BYTE_PROFILE:
            self._two_byte(header, at, reading)
        return reading.shape()

    def _one_byte(self, header: bytes, at: int, reading: _Reading) -> None:
        end = len(header)
        while at < end:
            octet = header[at]
            reading.seen[at] = 0xFF
            if octet == 0:
                at += 1
                continue
            source = octet >> 4
            after = at + 2 + (octet & 0x0F)
            if source == _STOP_ID or after > end:
                break
            target = self._table[source]
            if target <= _LAST_ONE_BYTE_ID and self._goes_over(source, after - at - 1):
                self._element(reading, source, at, bytes([target << 4 | octet & 0x0F]), after)
            at = after

    def _two_byte(self, header: bytes, at: int, reading: _Reading) -> None:
        end = len(header)
        while at < end:
            source = header[at]
            reading.seen[at] = 0xFF
            if source == 0:
                at += 1
                continue
            if at + 2 > end:
                break
            size = header[at + 1]
            reading.seen[at + 1] = 0xFF
            after = at + 2 + size
            if after > end:
                break
            if self._goes_over(source, size):
                self._element(reading, source, at, bytes([self._table[source], size]), after)
            at = after

    def _goes_over(self, source: int, size: int) -> bool:
        """Whether the other leg has this element, of so many octets of data."""
        return self._table[source] != 0 and (source != self._mid_id or size == len(self._mid))

    def _element(self, reading: _Reading, source: int, at: int, head: bytes, after: int) -> None:
        """Put an element from ``at`` to ``after`` over, under another head."""
        begin = at + len(head)
        reading.put[at:begin] = head
        if source == self._mid_id:
            reading.put[begin:after] = self._mid
        else:
            reading.kept[begin:after] = b"\xff" * (after - begin)


def advance_send_time(packet: bytearray, extension_id: int, payload_at: int, seconds: float) -> None:
    """Move abs-send-time (6.18 fixed point seconds) by the time a packet waited before it is sent again.

    Without it the receiver's delay estimate would take the wait for a queue on its path.
    """
    found = find_extension(packet, extension_id, payload_at)
    if found and found[1] == _SEND_TIME_SIZE:
        at = found[0]
        stamp = int.from_bytes(packet[at : at + 3], "big") + round(seconds * _SEND_TIME_UNITS)
        packet[at : at + 3] = (stamp & 0xFFFFFF).to_bytes(3, "big")


def to_rtx(packet: bytearray, payload_at: int, payload_type: int, sequence: int, ssrc: bytes) -> bytes:
    """Wrap a packet for the retransmission stream: own number, type and SSRC; original number before the payload."""
    original = bytes(packet[2:4])
    packet[1] = packet[1] & 0x80 | payload_type
    packet[2:4] = sequence.to_bytes(2, "big")
    packet[8:12] = ssrc
    return b"".join((packet[:payload_at], original, packet[payload_at:]))


def from_rtx(packet: bytes, payload_at: int, payload_type: int, ssrc: bytes) -> bytes | None:
    """Unwrap a retransmission; None when there is no original inside (padding that probes the path)."""
    if payload_size(packet, payload_at) < _ORIGINAL_NUMBER:
        return None
    first, second, _, timestamp, _ = _FIXED.unpack_from(packet)
    original = packet[payload_at] << 8 | packet[payload_at + 1]
    fixed = _FIXED.pack(first, second & 0x80 | payload_type, original, timestamp, ssrc)
    return b"".join((fixed, packet[FIXED_HEADER:payload_at], packet[payload_at + 2 :]))
