"""STUN Binding requests and their answers, as an ICE-lite server needs them (RFC 8489, RFC 8445).

Own codec instead of a library's: every byte comes from strangers, a check must cost little, and the
only thing that may be raised is `StunMalformed` or `StunUnexpected`. Pure functions.
"""

import binascii
import hmac
import socket
from struct import Struct, pack
from typing import Any, Final

HEADER_SIZE: Final = 20
COOKIE: Final = 0x2112A442
# A check of a browser has about 100 bytes and 7 attributes; larger values only make junk dearer.
MAX_SIZE: Final = 576
MAX_ATTRIBUTES: Final = 24
MAX_USERNAME: Final = 513  # RFC 8489 14.3

BINDING_REQUEST: Final = 0x0001
BINDING_SUCCESS: Final = 0x0101
BINDING_ERROR: Final = 0x0111

USERNAME: Final = 0x0006
MESSAGE_INTEGRITY: Final = 0x0008
ERROR_CODE: Final = 0x0009
UNKNOWN_ATTRIBUTES: Final = 0x000A
XOR_MAPPED_ADDRESS: Final = 0x0020
PRIORITY: Final = 0x0024
USE_CANDIDATE: Final = 0x0025
FINGERPRINT: Final = 0x8028
ICE_CONTROLLED: Final = 0x8029
COMPREHENSION_OPTIONAL: Final = 0x8000  # RFC 8489 14: types from here on may be ignored

_INTEGRITY_SIZE: Final = 24  # attribute header and HMAC-SHA1
_FINGERPRINT_SIZE: Final = 8
_FINGERPRINT_XOR: Final = 0x5354554E
_KNOWN: Final = frozenset({USERNAME, PRIORITY, USE_CANDIDATE})
_IPV4, _IPV6 = 1, 2

_header = Struct("!HHI12s")
_attribute = Struct("!HH")
_u32 = Struct("!I")


class StunMalformed(ValueError):
    """Not a STUN message."""


class StunUnexpected(ValueError):
    """A STUN message, but no Binding request: an indication, a response, another method."""


class BindingRequest:
    """A parsed, not yet authenticated Binding request.

    `ufrag` is the receiver's half of USERNAME (RFC 8445 7.2.2), None without USERNAME.
    `controlled` says that the sender takes itself for the controlled side.
    `unknown` holds the types that must be understood and are not.
    """

    __slots__ = ("_data", "_integrity_at", "controlled", "transaction_id", "ufrag", "unknown", "use_candidate")

    def __init__(self, data: bytes, transaction_id: bytes) -> None:
        self._data = data
        self._integrity_at = 0
        self.transaction_id = transaction_id
        self.ufrag: bytes | None = None
        self.use_candidate = False
        self.controlled = False
        self.unknown: tuple[int, ...] = ()

    def authentic(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and made with `key` (RFC 8489 14.5)."""
        at = self._integrity_at
        if not at:
            return False
        covered = self._data[:2] + pack("!H", at + _INTEGRITY_SIZE - HEADER_SIZE) + self._data[4:at]
        mac = hmac.digest(key, covered, "sha1")
        return hmac.compare_digest(mac, self._data[at + 4 : at + _INTEGRITY_SIZE])

    def _take(self, kind: int, at: int, size: int) -> None:
        """Note one attribute whose value lies at `at`."""
        if kind == USERNAME:
            if size > MAX_USERNAME:
                raise StunMalformed("USERNAME too long")
            self.ufrag = self._data[at : at + size].partition(b":")[0]
        elif kind == MESSAGE_INTEGRITY:
            if size != _INTEGRITY_SIZE - 4:
                raise StunMalformed("MESSAGE-INTEGRITY of a wrong size")
            self._integrity_at = at - 4
        elif kind == USE_CANDIDATE:
            self.use_candidate = True
        elif kind == ICE_CONTROLLED:
            self.controlled = True
        elif kind < COMPREHENSION_OPTIONAL and kind not in _KNOWN:
            self.unknown += (kind,)


def parse_request(data: bytes) -> BindingRequest:
    """Parse a Binding request. Raises `StunMalformed` or `StunUnexpected`, nothing else."""
    size = len(data)
    if not HEADER_SIZE <= size <= MAX_SIZE:
        raise StunMalformed("size")
    kind, length, cookie, transaction_id = _header.unpack_from(data)
    if cookie != COOKIE or length != size - HEADER_SIZE or length & 3:
        raise StunMalformed("header")
    if kind != BINDING_REQUEST:
        raise StunUnexpected("no Binding request")
    request = BindingRequest(data, transaction_id)
    at = HEADER_SIZE
    authenticated = False
    for _ in range(MAX_ATTRIBUTES):
        if at == size:
            return request
        kind, length = _attribute.unpack_from(data, at)  # sizes are multiples of 4: four bytes are there
        value = at + 4
        following = value + (length + 3 & ~3)
        if following > size:
            raise StunMalformed("attribute beyond the end")
        if kind == FINGERPRINT:
            _check_fingerprint(data, at, following)
        # What follows MESSAGE-INTEGRITY is not covered by it and ignored (RFC 8489 14.5).
        elif not authenticated:
            request._take(kind, value, length)
            authenticated = kind == MESSAGE_INTEGRITY
        at = following
    if at == size:
        return request
    raise StunMalformed("too many attributes")


def _check_fingerprint(data: bytes, at: int, following: int) -> None:
    """FINGERPRINT must be the last attribute and right (RFC 8489 14.7)."""
    if following != len(data) or following - at != _FINGERPRINT_SIZE:
        raise StunMalformed("FINGERPRINT is not at the end")
    if _u32.unpack_from(data, at + 4)[0] != binascii.crc32(data[:at]) ^ _FINGERPRINT_XOR:
        raise StunMalformed("FINGERPRINT does not match")


def success_response(request: BindingRequest, address: tuple[Any, ...], key: bytes) -> bytes:
    """The answer to a good check: XOR-MAPPED-ADDRESS of the sender (RFC 8445 7.3.1.2)."""
    mapped = _xor_address(address, request.transaction_id)
    return _sealed(BINDING_SUCCESS, request, _attribute.pack(XOR_MAPPED_ADDRESS, len(mapped)) + mapped, key)


def error_response(request: BindingRequest, code: int, key: bytes) -> bytes:
    """An ERROR-CODE answer: 420 lists `request.unknown` (RFC 8489 6.3.1), 487 is a role conflict."""
    body = _attribute.pack(ERROR_CODE, 4) + pack("!HBB", 0, code // 100, code % 100)
    if code == 420:  # noqa: PLR2004 (the number is its name)
        types = b"".join(pack("!H", kind) for kind in request.unknown)
        body += _attribute.pack(UNKNOWN_ATTRIBUTES, len(types)) + types + bytes(-len(types) % 4)
    return _sealed(BINDING_ERROR, request, body, key)


def _xor_address(address: tuple[Any, ...], transaction_id: bytes) -> bytes:
    """RFC 8489 14.2; `address` is what the socket gave: (host, port, ...)."""
    host: str = address[0].partition("%")[0]
    if ":" in host:
        family, raw = _IPV6, socket.inet_pton(socket.AF_INET6, host)
        mask = _u32.pack(COOKIE) + transaction_id
    else:
        family, raw = _IPV4, socket.inet_aton(host)
        mask = _u32.pack(COOKIE)
    value = int.from_bytes(raw, "big") ^ int.from_bytes(mask, "big")
    return pack("!BBH", 0, family, address[1] ^ COOKIE >> 16) + value.to_bytes(len(raw), "big")


def _sealed(kind: int, request: BindingRequest, body: bytes, key: bytes) -> bytes:
    """Header, MESSAGE-INTEGRITY and FINGERPRINT around `body`."""
    size = len(body) + _INTEGRITY_SIZE
    message = _header.pack(kind, size, COOKIE, request.transaction_id) + body
    message += _attribute.pack(MESSAGE_INTEGRITY, _INTEGRITY_SIZE - 4) + hmac.digest(key, message, "sha1")
    message = message[:2] + pack("!H", size + _FINGERPRINT_SIZE) + message[4:]
    return message + pack("!HHI", FINGERPRINT, 4, binascii.crc32(message) ^ _FINGERPRINT_XOR)


__all__ = ["BindingRequest", "StunMalformed", "StunUnexpected", "error_response", "parse_request", "success_response"]
