"""A DTLS client without sockets, which can lose what it is sent."""

import contextlib
from collections.abc import Iterable

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    SRTPProtectionProfile,
)
from OpenSSL import SSL

from media.transport.dtls import pack_records
from media.transport.dtls_identity import MTU

ALL = (SRTP_AEAD_AES_256_GCM, SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80)


class OpensslClient:
    """A client that can lose what it is sent."""

    def __init__(self, profiles: Iterable[SRTPProtectionProfile] = ALL) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        context = self.certificate._create_ssl_context(list(profiles))
        context.set_options(SSL.OP_NO_QUERY_MTU)
        self.ssl = SSL.Connection(context)
        self.ssl.set_ciphertext_mtu(MTU)
        self.ssl.set_connect_state()

    @property
    def fingerprints(self) -> list[tuple[str, str]]:
        return [(print_.algorithm, print_.value) for print_ in self.certificate.getFingerprints()]

    def step(self, datagrams: Iterable[bytes] = ()) -> list[bytes]:
        """Take datagrams, go on with the handshake, return what it says."""
        for datagram in datagrams:
            self.ssl.bio_write(datagram)
        with contextlib.suppress(SSL.WantReadError):
            self.ssl.do_handshake()
        return self.outgoing()

    def outgoing(self) -> list[bytes]:
        try:
            return pack_records(self.ssl.bio_read(65536))
        except SSL.WantReadError:
            return []
