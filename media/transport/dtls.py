"""The server's half of DTLS 1.2 over somebody else's sockets (RFC 6347, RFC 5764).

Contract: `receive(datagram)` and `handle_timeout()` return datagrams to send and what happened; the
caller calls `handle_timeout` now and then while the handshake runs (OpenSSL keeps the time itself).
Datagrams must come from an address that passed an ICE check: there is no cookie exchange, because the
check has already shown that the address is real. Alerts that are not encrypted are never shown to
OpenSSL, so that a forged one ends nothing. Raises only `DtlsMalformed`, with a refusal as its kind.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from media.engine.api import LegKeys

from .dtls_identity import MTU, PROFILES, DtlsIdentity, fingerprint_of
from .refusals import TransportRefusal

# What a browser sends in a handshake is below 4 KiB; retransmissions over a bad path included.
MAX_HANDSHAKE_BYTES: Final = 65_536
# Handshakes begun anew after an error, so that one bad record is not the end of a call's set-up.
MAX_ATTEMPTS: Final = 4

_RECORD_HEADER: Final = 13  # RFC 6347 4.1
_CHANGE_CIPHER_SPEC, _ALERT, _APPLICATION_DATA = 20, 21, 23
_VERSIONS: Final = (b"\xfe\xff", b"\xfe\xfd")  # a ClientHello still says DTLS 1.0
_EXPORTER_LABEL: Final = b"EXTRACTOR-dtls_srtp"  # RFC 5764 4.2
_READ_SIZE: Final = 16_384
_DIGESTS: Final[dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


class DtlsMalformed(ValueError):
    """The datagram was refused; `kind` says as what."""

    def __init__(self, kind: TransportRefusal) -> None:
        super().__init__(kind.value)
        self.kind = kind


class DtlsEvent(StrEnum):
    """What a datagram has led to."""

    SECURED = "secured"  # handshake done, fingerprint agreed: `keys()` may be asked for
    BAD_FINGERPRINT = "bad_fingerprint"
    FAILED = "failed"  # no common parameters, or too many attempts
    PEER_CLOSED = "peer_closed"


class DtlsResult(NamedTuple):
    """`datagrams` to send, decrypted `messages`, and at most one `event`."""

    datagrams: list[bytes]
    messages: list[bytes]
    event: DtlsEvent | None = None


class _Record(NamedTuple):
    kind: int
    epoch: int
    data: bytes


def split_records(datagram: bytes) -> list[_Record]:
    """The records of a datagram (RFC 6347 4.1). Raises `DtlsMalformed` if it is not made of whole ones."""
    records: list[_Record] = []
    at, size = 0, len(datagram)
    while at < size:
        end = at + _RECORD_HEADER
        if end > size:
            raise DtlsMalformed(TransportRefusal.DTLS_MALFORMED)
        end += datagram[end - 2] << 8 | datagram[end - 1]
        kind = datagram[at]
        known = _CHANGE_CIPHER_SPEC <= kind <= _APPLICATION_DATA and datagram[at + 1 : at + 3] in _VERSIONS
        if end > size or not known:
            raise DtlsMalformed(TransportRefusal.DTLS_MALFORMED)
        records.append(_Record(kind, datagram[at + 3] << 8 | datagram[at + 4], datagram[at:end]))
        at = end
    return records


def pack_records(stream: bytes) -> list[bytes]:
    """Datagrams of at most `MTU` bytes from what OpenSSL wrote, cut between records only."""
    datagrams: list[bytes] = []
    begin = at = 0
    while at < len(stream):
        end = at + _RECORD_HEADER + (stream[at + 11] << 8 | stream[at + 12])
        if end - begin > MTU and at > begin:
            datagrams.append(stream[begin:at])
            begin = at
        at = end
    if at > begin:
        datagrams.append(stream[begin:])
    return datagrams


def fingerprint_matches(certificate: x509.Certificate, fingerprints: Sequence[tuple[str, str]]) -> bool:
    """Every fingerprint of a known algorithm must be the certificate's, and there must be one (RFC 8122 5)."""
    known = [(_DIGESTS[name.lower()], value) for name, value in fingerprints if name.lower() in _DIGESTS]
    return bool(known) and all(value.upper() == fingerprint_of(certificate, digest()) for digest, value in known)


class DtlsServer:
    """One association, passive role."""

    __slots__ = ("_attempts", "_connection", "_fingerprints", "_handshake_bytes", "_identity", "_over", "secured")

    def __init__(self, identity: DtlsIdentity, fingerprints: Sequence[tuple[str, str]]) -> None:
        """`fingerprints`: (algorithm, value) of the offer's `a=fingerprint` lines."""
        self._identity = identity
        self._fingerprints = tuple(fingerprints)
        self._connection: SSL.Connection | None = None
        self._attempts = 0
        self._handshake_bytes = 0
        self._over = False
        self.secured = False

    def receive(self, datagram: bytes) -> DtlsResult:
        """Take one datagram. Raises `DtlsMalformed` for what is refused."""
        records = split_records(datagram)
        if self._over:
            return DtlsResult([], [])
        if self.secured:
            # Epoch 0 is over; a repeated Finished comes in epoch 1 and is answered by OpenSSL.
            wanted = [record.data for record in records if record.epoch]
        else:
            wanted = [record.data for record in records if record.epoch or record.kind != _ALERT]
            if not wanted:
                raise DtlsMalformed(TransportRefusal.DTLS_PLAIN_ALERT)
            self._count_handshake(datagram)
        if not wanted:
            return DtlsResult([], [])
        connection = self._connection or self._begin()
        connection.bio_write(b"".join(wanted))
        return self._read(connection) if self.secured else self._handshake(connection)

    def handle_timeout(self) -> DtlsResult:
        """Send the last flight again if it is time (RFC 6347 4.2.4)."""
        connection = self._connection
        if connection is None or self._over or self.secured:
            return DtlsResult([], [])
        try:
            connection.DTLSv1_handle_timeout()
        except SSL.Error:
            return self._end(DtlsEvent.FAILED)
        return DtlsResult(self._outgoing(connection), [])

    def send(self, message: bytes) -> list[bytes]:
        """Encrypt one message of the layer above. Raises `ConnectionError` before or after the secured time."""
        if self._connection is None or self._over or not self.secured:
            raise ConnectionError("DTLS is not established")
        try:
            self._connection.send(message)
        except SSL.Error:
            raise ConnectionError("DTLS refuses to send") from None
        return self._outgoing(self._connection)

    def close(self) -> list[bytes]:
        """End it; the datagrams hold close_notify if there was a handshake."""
        connection, self._connection = self._connection, None
        over, self._over = self._over, True
        if connection is None or over or not self.secured:
            return []
        try:
            connection.shutdown()
        except SSL.Error:
            return []
        return self._outgoing(connection)

    def keys(self) -> LegKeys:
        """SRTP keys and salts of both directions (RFC 5764 4.2). Only after `SECURED`."""
        connection = self._connection
        if connection is None or not self.secured:
            raise ConnectionError("DTLS is not established")
        profile, key, salt = PROFILES[connection.get_selected_srtp_profile()]
        material = connection.export_keying_material(_EXPORTER_LABEL, 2 * (key + salt))
        salts = 2 * key
        return LegKeys(
            profile=profile,
            rx_key=material[:key],
            rx_salt=material[salts : salts + salt],
            tx_key=material[key:salts],
            tx_salt=material[salts + salt :],
        )

    def _begin(self) -> SSL.Connection:
        self._attempts += 1
        self._connection = self._identity.connection()
        return self._connection

    def _count_handshake(self, datagram: bytes) -> None:
        self._handshake_bytes += len(datagram)
        if self._handshake_bytes > MAX_HANDSHAKE_BYTES:
            raise DtlsMalformed(TransportRefusal.DTLS_LIMIT)

    def _handshake(self, connection: SSL.Connection) -> DtlsResult:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            return DtlsResult(self._outgoing(connection), [])
        except SSL.Error:
            if self._attempts >= MAX_ATTEMPTS:
                return self._end(DtlsEvent.FAILED)
            # Forget it: the next ClientHello begins anew.
            self._connection = None
            raise DtlsMalformed(TransportRefusal.DTLS_MALFORMED) from None
        certificate = connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not fingerprint_matches(certificate, self._fingerprints):
            return self._end(DtlsEvent.BAD_FINGERPRINT)
        if connection.get_selected_srtp_profile() not in PROFILES:
            return self._end(DtlsEvent.FAILED)
        self.secured = True
        final = self._outgoing(connection)
        rest = self._read(connection)
        return DtlsResult(final + rest.datagrams, rest.messages, rest.event or DtlsEvent.SECURED)

    def _read(self, connection: SSL.Connection) -> DtlsResult:
        messages: list[bytes] = []
        event = None
        try:
            while True:
                messages.append(connection.recv(_READ_SIZE))
        except SSL.WantReadError:
            pass
        except SSL.Error:
            # close_notify, or a fatal alert under the negotiated keys: the peer meant it.
            self._over = True
            event = DtlsEvent.PEER_CLOSED
        return DtlsResult(self._outgoing(connection), messages, event)

    def _end(self, event: DtlsEvent) -> DtlsResult:
        """Give up; the alert that OpenSSL has written, or close_notify, goes out."""
        connection, self._over = self._connection, True
        datagrams: list[bytes] = []
        if connection is not None:
            if event is DtlsEvent.BAD_FINGERPRINT:
                connection.shutdown()
            datagrams = self._outgoing(connection)
        self._connection = None
        return DtlsResult(datagrams, [], event)

    def _outgoing(self, connection: SSL.Connection) -> list[bytes]:
        stream = b""
        try:
            while True:
                stream += connection.bio_read(_READ_SIZE)
        except SSL.Error:
            return pack_records(stream)


__all__ = [
    "MAX_ATTEMPTS",
    "MAX_HANDSHAKE_BYTES",
    "DtlsEvent",
    "DtlsMalformed",
    "DtlsResult",
    "DtlsServer",
    "fingerprint_matches",
    "pack_records",
    "split_records",
]
