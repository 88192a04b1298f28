"""The certificate a process shows in DTLS, and the parameters it accepts (RFC 8827 6.5)."""

import datetime
import secrets
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from media.engine.api import SrtpProfile

# UDP payload of a handshake datagram: fits the minimum MTU of IPv6 with room for tunnels.
MTU: Final = 1200
# OpenSSL's name of a profile -> (ours, bytes of a key, bytes of a salt), best first (RFC 7714, RFC 5764 4.1.2).
PROFILES: Final[dict[bytes, tuple[SrtpProfile, int, int]]] = {
    b"SRTP_AEAD_AES_128_GCM": ("AEAD_AES_128_GCM", 16, 12),
    b"SRTP_AES128_CM_SHA1_80": ("AES128_CM_SHA1_80", 16, 14),
}
_DTLS_1_2: Final = 0xFEFD
_CIPHERS: Final = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
)
# A process that runs longer still works: peers look at the fingerprint only.
_VALID_FOR: Final = datetime.timedelta(days=365)


def fingerprint_of(certificate: x509.Certificate, digest: hashes.HashAlgorithm) -> str:
    """Upper-case hex pairs with colons, as in `a=fingerprint` (RFC 8122 5)."""
    return certificate.fingerprint(digest).hex(":").upper()


class DtlsIdentity:
    """A self-signed ECDSA P-256 certificate and the OpenSSL context around it. Made once per process."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        # ("sha-256", "AB:CD:...") for the answer.
        self.fingerprint: Final = ("sha-256", fingerprint_of(certificate, hashes.SHA256()))
        self._context = _context(key, certificate)

    def connection(self) -> SSL.Connection:
        """A fresh server-side connection over memory buffers."""
        connection = SSL.Connection(self._context)
        connection.set_ciphertext_mtu(MTU)
        connection.set_accept_state()
        return connection


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    # A random name, so that certificates of different servers can not be told apart by it.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(16))])
    now = datetime.datetime.now(tz=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .sign(key, hashes.SHA256())
    )


def _context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_COMPRESSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Certificates are self-signed; the fingerprint in the offer is what counts (RFC 8827 6.5).
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(PROFILES))
    return context


__all__ = ["MTU", "PROFILES", "DtlsIdentity", "fingerprint_of"]
