"""The client's half of ICE, DTLS and SRTP over one UDP socket, without the weight of a whole peer connection.

It sends real Binding requests (aioice's codec), shakes hands with OpenSSL and protects with libsrtp; what it knows of
the relay it takes from the answer. Datagrams carry the kernel's arrival time, so that a busy client measures well.
"""

import asyncio
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from aioice import stun
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from tests.media.transport.openssl_client import OpensslClient

PATIENCE_S: Final = 20.0
CHECK_AGAIN_S: Final = 0.25  # RFC 8445 14.3 begins at 500 ms; the path is loopback
_SO_TIMESTAMPNS: Final = 35
_BATCH: Final = 64
_KEY, _SALT = 16, 12  # of AEAD_AES_128_GCM (RFC 7714)
_timespec = Struct("@ll")
_ANCILLARY: Final = socket.CMSG_SPACE(_timespec.size)


@dataclass(frozen=True, slots=True)
class Remote:
    """What an answer says of the relay's transport."""

    address: tuple[str, int]
    ufrag: str
    pwd: str
    fingerprint: str

    @classmethod
    def of(cls, sdp: str) -> "Remote":
        """From an answer; the loopback candidate."""
        found = re.search(r"a=candidate:\S+ 1 udp \d+ (127\.0\.0\.1) (\d+) ", sdp)
        assert found is not None, sdp
        return cls((found[1], int(found[2])), _value(sdp, "ice-ufrag"), _value(sdp, "ice-pwd"), _fingerprint(sdp))


def _value(sdp: str, name: str) -> str:
    found = re.search(rf"a={name}:(\S+)", sdp)
    assert found is not None, (name, sdp)
    return found[1]


def _fingerprint(sdp: str) -> str:
    found = re.search(r"a=fingerprint:sha-256 (\S+)", sdp)
    assert found is not None, sdp
    return found[1]


def _session(key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    policy.window_size = 1024
    return Session(policy)


def _nobody(packet: bytes, arrival: float) -> None:
    """Nobody listens."""


class LightTransport:
    """Belongs to the event loop in which it was made.

    `on_rtp` and `on_rtcp` get each authentic packet in clear with its arrival (Unix seconds).
    """

    def __init__(
        self,
        on_rtp: Callable[[bytes, float], None] = _nobody,
        on_rtcp: Callable[[bytes, float], None] = _nobody,
    ) -> None:
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(16)
        self.refused = 0  # packets from the relay that were not authentic
        self.replayed = 0  # packets from the relay that came before, libsrtp says
        self.unsent = 0  # the socket was full
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        self._dtls = OpensslClient([SRTP_AEAD_AES_128_GCM])
        self._remote: Remote | None = None
        self._answers: dict[bytes, asyncio.Future[None]] = {}
        self._tx: Session | None = None
        self._rx: Session | None = None
        self._secured: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.sock.setblocking(False)
        self.sock.bind(("127.0.0.1", 0))
        self._loop.add_reader(self.sock.fileno(), self._readable)

    @property
    def fingerprint(self) -> str:
        """For `a=fingerprint:sha-256`."""
        return next(value for algorithm, value in self._dtls.fingerprints if algorithm == "sha-256")

    @property
    def remote(self) -> Remote:
        """The relay's side."""
        assert self._remote is not None, "connect first"
        return self._remote

    async def connect(self, remote: Remote) -> None:
        """ICE check, then DTLS as its client, up to the keys. Raises `TimeoutError`, `SSL.Error`."""
        self._remote = remote
        await self.check()
        self._send_all(self._dtls.step())
        async with asyncio.timeout(PATIENCE_S):
            while not self._secured.done():
                await asyncio.wait([self._secured], timeout=0.05)
                if not self._secured.done():
                    self._dtls.ssl.DTLSv1_handle_timeout()
                    self._send_all(self._dtls.outgoing())
        await self._secured

    async def check(self) -> None:
        """An authentic Binding request, repeated until its answer is here; then all that was sent before is read."""
        request = self.binding_request()
        done: asyncio.Future[None] = self._loop.create_future()
        self._answers[request[8:20]] = done
        async with asyncio.timeout(PATIENCE_S):
            while not done.done():
                self.send_raw(request)
                await asyncio.wait([done], timeout=CHECK_AGAIN_S)

    def binding_request(self, pwd: str | None = None) -> bytes:
        """A check that nominates this path (RFC 8445 7.2.2), under another password if one is given."""
        message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self.remote.ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1845501695
        message.attributes["ICE-CONTROLLING"] = 7
        message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity((pwd or self.remote.pwd).encode())
        return bytes(message)

    def protect(self, packet: bytes) -> bytes:
        """SRTP of a packet; each number once."""
        assert self._tx is not None, "connect first"
        return self._tx.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP of a packet."""
        assert self._tx is not None, "connect first"
        return self._tx.protect_rtcp(packet)

    def dtls_records(self, message: bytes) -> list[bytes]:
        """A message of the layer above DTLS (SCTP), encrypted."""
        self._dtls.ssl.send(message)
        return self._dtls.outgoing()

    def send_raw(self, datagram: bytes) -> None:
        """Put a datagram on the wire as it is."""
        try:
            self.sock.sendto(datagram, self.remote.address)
        except BlockingIOError:
            self.unsent += 1

    def close(self) -> None:
        """Leave without a word."""
        self._loop.remove_reader(self.sock.fileno())
        self.sock.close()

    def _send_all(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.send_raw(datagram)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data, ancillary, _flags, _address = self.sock.recvmsg(2048, _ANCILLARY)
            except OSError:  # BlockingIOError: nothing left
                return
            arrival = time.time()
            for _level, kind, value in ancillary:
                if kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = _timespec.unpack(value)
                    arrival = seconds + nanoseconds * 1e-9
            if data[0] >= 128:
                self._media(data, arrival)
            elif data[0] >= 20:
                self._handshake(data)
            else:
                self._answer(data)

    def _media(self, data: bytes, arrival: float) -> None:
        if self._rx is None:
            return
        is_rtcp = 192 <= data[1] <= 223
        try:
            packet = self._rx.unprotect_rtcp(data) if is_rtcp else self._rx.unprotect(data)
        except Exception as error:
            self.replayed += "replay" in str(error)
            self.refused += 1
            return
        (self._on_rtcp if is_rtcp else self._on_rtp)(packet, arrival)

    def _handshake(self, data: bytes) -> None:
        try:
            self._send_all(self._dtls.step([data]))
            certificate = self._dtls.ssl.get_peer_certificate(as_cryptography=True)
            finished = self._dtls.ssl.get_finished() and self._dtls.ssl.get_peer_finished()
        except SSL.Error as error:
            if not self._secured.done():
                self._secured.set_exception(error)
            return
        if self._secured.done() or certificate is None or not finished:
            return
        assert certificate.fingerprint(hashes.SHA256()).hex(":").upper() == self.remote.fingerprint
        material = self._dtls.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (_KEY + _SALT))
        keys, salts = material[: 2 * _KEY], material[2 * _KEY :]
        self._tx = _session(keys[:_KEY] + salts[:_SALT], Policy.SSRC_ANY_OUTBOUND)
        self._rx = _session(keys[_KEY:] + salts[_SALT:], Policy.SSRC_ANY_INBOUND)
        self._secured.set_result(None)

    def _answer(self, data: bytes) -> None:
        answer = stun.parse_message(data)
        done = self._answers.pop(answer.transaction_id, None)
        if done is not None and not done.done():
            assert answer.check_message_integrity(self.remote.pwd.encode())
            done.set_result(None)
