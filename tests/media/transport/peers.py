"""The other side: real aiortc transports, a bare STUN client, and an engine that records."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import aioice.ice
from aioice import stun
from aioice.candidate import Candidate
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import (
    SRTP_PROFILES,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport
from pylibsrtp import Policy, Session

from media.engine.api import Address, LegKeys, Send
from media.transport import Endpoint, IceCredentials, Listener, Transport

PATIENCE_S = 10


class RecordingEngine:
    """Takes what an engine takes and keeps it; decrypts RTP with the keys it was given."""

    def __init__(self) -> None:
        self.legs: dict[int, LegKeys] = {}
        self.addresses: dict[int, Address] = {}
        self.sends: dict[int, Send | None] = {}
        self.removed: list[int] = []
        self.received: list[tuple[int, bytes, float]] = []
        self.heard_at: dict[int, float] = {}
        self.arrived = asyncio.Event()

    def add_leg(self, leg_id: int, keys: LegKeys, address: Address, *, send: Send | None = None) -> None:
        self.legs[leg_id], self.addresses[leg_id], self.sends[leg_id] = keys, address, send

    def set_address(self, leg_id: int, address: Address, *, send: Send | None = None) -> None:
        self.addresses[leg_id], self.sends[leg_id] = address, send

    def remove_leg(self, leg_id: int) -> None:
        self.removed.append(leg_id)

    def receive(self, leg_id: int, datagram: bytes, arrival: float) -> None:
        self.received.append((leg_id, datagram, arrival))
        self.heard_at[leg_id] = arrival
        self.arrived.set()

    def heard(self, leg_id: int) -> float | None:
        return self.heard_at.get(leg_id)

    def inbound(self, leg_id: int) -> Session:
        """An SRTP session that reads what the client of the leg sends."""
        keys = self.legs[leg_id]
        return _session(keys, keys.rx_key + keys.rx_salt, Policy.SSRC_ANY_INBOUND)

    def outbound(self, keys: LegKeys) -> Session:
        """An SRTP session that writes what the client reads."""
        return _session(keys, keys.tx_key + keys.tx_salt, Policy.SSRC_ANY_OUTBOUND)


def _session(keys: LegKeys, key: bytes, direction: int) -> Session:
    profile = {
        "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    }[keys.profile]
    return Session(Policy(key=key, ssrc_type=direction, srtp_profile=profile))


class Client:
    """One aiortc peer below SDP: ICE controlling, DTLS client, SCTP when asked."""

    def __init__(self, *, profiles: Sequence[SRTPProtectionProfile] = tuple(SRTP_PROFILES)) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        self.gatherer = RTCIceGatherer(iceServers=[])
        self.ice = RTCIceTransport(self.gatherer)
        self.dtls = RTCDtlsTransport(self.ice, [self.certificate])
        self.dtls._srtp_profiles = list(profiles)
        self.sctp: RTCSctpTransport | None = None

    @property
    def fingerprints(self) -> list[tuple[str, str]]:
        return [(print_.algorithm, print_.value) for print_ in self.certificate.getFingerprints()]

    @property
    def state(self) -> str:
        return self.dtls.state

    async def connect(
        self, credentials: IceCredentials, fingerprint: tuple[str, str], servers: Sequence[tuple[str, int]]
    ) -> None:
        """ICE and DTLS up to the end, good or bad."""
        await self.gatherer.gather()
        self.ice._connection.ice_controlling = True
        for index, (host, port) in enumerate(servers):
            await self.ice._connection.add_remote_candidate(
                Candidate(str(index), 1, "udp", 2130706431 - index, host, port, "host")
            )
        await self.ice._connection.add_remote_candidate(None)
        await self.ice.start(RTCIceParameters(usernameFragment=credentials.ufrag, password=credentials.pwd))
        self.dtls._set_role("client")
        await self.dtls.start(RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(*fingerprint)]))

    async def join(self, endpoint: Endpoint, transport: Transport) -> None:
        """Connect to one of our transports."""
        await asyncio.wait_for(
            self.connect(transport.credentials, endpoint.fingerprint, endpoint.addresses), PATIENCE_S
        )

    async def open_data(self, label: str = "chat") -> RTCDataChannel:
        """Begin SCTP and ask for a channel."""
        self.sctp = RTCSctpTransport(self.dtls)
        channel = RTCDataChannel(self.sctp, RTCDataChannelParameters(label=label))
        await self.sctp.start(RTCSctpCapabilities(maxMessageSize=65536), 5000)
        return channel

    async def send_rtp(self, count: int = 1, begin: int = 0) -> None:
        for sequence in range(begin, begin + count):
            await self.dtls._send_rtp(rtp_packet(sequence))

    async def close(self) -> None:
        if self.sctp is not None:
            await self.sctp.stop()
        await self.dtls.stop()
        await self.ice.stop()


def rtp_packet(sequence: int, payload: bytes = b"x" * 100) -> bytes:
    return bytes([0x80, 96]) + sequence.to_bytes(2, "big") + bytes(4) + (77).to_bytes(4, "big") + payload


class Stranger:
    """A bare UDP socket: sends anything, knows credentials only when told."""

    def __init__(self, target: tuple[str, int], bind: str = "") -> None:
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((bind or target[0], 0))
        self.target = target

    @property
    def address(self) -> tuple[Any, ...]:
        name: tuple[Any, ...] = self.sock.getsockname()
        return name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def send(self, datagram: bytes) -> None:
        self.sock.sendto(datagram, self.target)

    async def answer(self) -> bytes:
        """The next datagram that comes back."""
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.sock, 2048), PATIENCE_S)

    async def check(self, credentials: IceCredentials, *, use_candidate: bool = False) -> stun.Message:
        """An authentic Binding request; returns the parsed, verified answer."""
        request = binding_request(credentials, use_candidate=use_candidate)
        self.send(request)
        response = stun.parse_message(await self.answer())
        assert response.check_message_integrity(credentials.key)
        assert response.transaction_id == request[8:20]
        return response


def binding_request(
    credentials: IceCredentials, *, use_candidate: bool = False, controlling: bool = True, ufrag: str | None = None
) -> bytes:
    """A Binding request as a browser makes it, by aioice's codec."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{credentials.ufrag if ufrag is None else ufrag}:peer"
    message.attributes["PRIORITY"] = 1845501695
    message.attributes["ICE-CONTROLLING" if controlling else "ICE-CONTROLLED"] = 12345
    if use_candidate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(credentials.key)
    return bytes(message)


async def until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Let the loop work until something holds, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


async def connected(endpoint: Endpoint, leg_id: int, listener: Listener | None = None) -> tuple[Client, Transport]:
    """A client that is connected to a new transport."""
    client = Client()
    transport = endpoint.new_transport(leg_id, client.fingerprints, listener)
    await client.join(endpoint, transport)
    await until(lambda: transport.secured)
    return client, transport


def allow_loopback(monkeypatch: Any) -> None:
    """aioice leaves loopback out of its candidates."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1", "::1"])
