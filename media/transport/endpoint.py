"""The worker's UDP sockets: who a datagram is from, and who takes it (RFC 7983).

STUN goes to the transport whose user fragment it names. Everything else counts only from an address
that passed an authenticated ICE check: DTLS goes to its transport, RTP and RTCP to the engine. What is
refused is counted by reason and never logged one by one.
"""

import asyncio
import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from struct import Struct
from typing import Final, Protocol

from media.engine.api import Address, LegKeys, Send

from .dtls import DtlsMalformed
from .dtls_identity import DtlsIdentity
from .ice_lite import IceCredentials
from .intake import Intake
from .paths import SO_RXQ_OVFL, SO_TIMESTAMPNS, Flow, LocalSocket, Path, bind_all, shown_addresses
from .refusals import TransportRefusal
from .stun import StunMalformed, StunUnexpected, parse_request
from .transport import SILENCE_S, Listener, Transport

_log = logging.getLogger(__name__)
R = TransportRefusal

# Datagrams read before the loop gets its turn: higher saves wake-ups, lower keeps other work prompt.
BATCH: Final = 64
# Larger than any datagram of WebRTC; longer ones arrive cut and fail their own checks.
DATAGRAM_SIZE: Final = 2048
# How often time is looked at: DTLS retransmission (1 s and more) and silence (7 s) tolerate it.
POLL_S: Final = 0.25
# At most one line in so many seconds about mistakes of ours that a datagram has shown.
_LOG_INTERVAL_S: Final = 10.0
# A datagram waits in the socket for less than the first and is not read before it came: what is outside
# shows that the real-time clock was set. The second allows for the time a batch takes.
_STAMP_PAST_S, _STAMP_AHEAD_S = 2.0, 0.5
# 48 and 128 random bits; RFC 8445 5.3 asks for 24 and 128.
_UFRAG_BYTES, _PWD_BYTES = 6, 16
# RFC 7983: first byte of a datagram.
_STUN_END, _DTLS_BEGIN, _DTLS_END, _RTP_BEGIN, _RTP_END = 4, 20, 64, 128, 192

_timespec = Struct("@ll")
_u32 = Struct("@I")
_ANCILLARY_SIZE: Final = socket.CMSG_SPACE(_timespec.size) + socket.CMSG_SPACE(_u32.size)


class MediaEngine(Protocol):
    """The part of `media.engine.api.Engine` that the transport calls."""

    def add_leg(self, leg_id: int, keys: LegKeys, address: Address, *, send: Send | None = None) -> None: ...

    def set_address(self, leg_id: int, address: Address, *, send: Send | None = None) -> None: ...

    def remove_leg(self, leg_id: int) -> None: ...

    def receive(self, leg_id: int, datagram: bytes, arrival: float) -> None: ...

    def heard(self, leg_id: int) -> float | None: ...


class Endpoint:
    """All transports of one worker. Belongs to the event loop that called `start`.

    `refused` counts by `TransportRefusal`; `on_refused` is called with each as well, if given.
    """

    def __init__(
        self,
        engine: MediaEngine,
        *,
        identity: DtlsIdentity | None = None,
        on_refused: Callable[[TransportRefusal], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` must be the one by which the engine is told the time."""
        self._engine = engine
        self._identity = identity or DtlsIdentity()
        self._on_refused = on_refused
        self._clock = clock
        self.refused: Counter[TransportRefusal] = Counter()
        self._sockets: list[LocalSocket] = []
        self._intakes: list[Intake] = []
        self._by_ufrag: dict[bytes, Transport] = {}
        self._transports: dict[int, Transport] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._logged_at = float("-inf")

    # ---- life

    async def start(self, hosts: Sequence[str], port: int = 0) -> None:
        """Bind a socket per address, all on one port (0: any free one). Raises `OSError`."""
        self._loop = asyncio.get_running_loop()
        self._sockets = bind_all(hosts, port)
        self._intakes = [
            Intake(self._loop, local.sock.fileno(), partial(self._read, local), self._clock) for local in self._sockets
        ]
        self._timer = self._loop.call_later(POLL_S, self._tick)

    async def close(self) -> None:
        """Close every transport, then the sockets."""
        for transport in list(self._transports.values()):
            transport.close()
        if self._timer is not None:
            self._timer.cancel()
        for intake in self._intakes:
            intake.close()
        for local in self._sockets:
            local.sock.close()
        self._intakes, self._sockets = [], []

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """What is actually bound: (address, port)."""
        return [(local.address, local.port) for local in self._sockets]

    @property
    def dropped(self) -> int:
        """Datagrams that the kernel threw away because they were not read in time."""
        return sum(local.dropped for local in self._sockets)

    @property
    def legs(self) -> int:
        """Transports that are not closed."""
        return len(self._transports)

    @property
    def fingerprint(self) -> tuple[str, str]:
        """(algorithm, value) of this process's certificate, for `a=fingerprint`."""
        return self._identity.fingerprint

    def candidates(self, announced: Iterable[tuple[str, int | None]] = ()) -> list[tuple[str, int]]:
        """(address, port) of the host candidates an answer carries, best first.

        `announced` (address, port or None for the bound one), when given, replaces the bound addresses.
        """
        return shown_addresses(self.addresses, announced)

    def new_transport(
        self, leg_id: int, fingerprints: Sequence[tuple[str, str]], listener: Listener | None = None
    ) -> Transport:
        """A transport for a new peer connection.

        `fingerprints`: (algorithm, value) of the offer. Raises `ValueError` when `leg_id` is in use.
        """
        if leg_id in self._transports:
            raise ValueError(f"leg {leg_id} has a transport already")
        transport = Transport(leg_id, self, self._identity, fingerprints, listener or Listener())
        self._transports[leg_id] = transport
        return transport

    def transport(self, leg_id: int) -> Transport | None:
        """The live transport of a leg."""
        return self._transports.get(leg_id)

    # ---- what the transports call

    def new_credentials(self, transport: Transport) -> IceCredentials:
        """Fresh credentials with a user fragment that no other transport has."""
        ufrag = secrets.token_hex(_UFRAG_BYTES)
        while ufrag.encode() in self._by_ufrag:  # pragma: no cover - once in 2**48
            ufrag = secrets.token_hex(_UFRAG_BYTES)
        self._by_ufrag[ufrag.encode()] = transport
        return IceCredentials(ufrag, secrets.token_hex(_PWD_BYTES))

    def retire_credentials(self, credentials: IceCredentials) -> None:
        """Checks that name them are refused from now on."""
        self._by_ufrag.pop(credentials.ufrag.encode(), None)

    def leg_secured(self, transport: Transport, keys: LegKeys, path: Path) -> None:
        """Give the leg to the engine; its media is passed on from now on."""
        self._engine.add_leg(transport.leg_id, keys, path.remote, send=path.local.sock.sendto)
        for local in self._sockets:
            for flow in local.flows.values():
                if flow.transport is transport:
                    flow.leg_id = transport.leg_id

    def leg_moved(self, transport: Transport, path: Path) -> None:
        """Media of the leg goes to `path` from now on."""
        if transport.secured:
            self._engine.set_address(transport.leg_id, path.remote, send=path.local.sock.sendto)

    def leg_closed(self, transport: Transport) -> None:
        """Forget the leg, its credentials and its addresses."""
        del self._transports[transport.leg_id]
        for ufrag in [key for key, value in self._by_ufrag.items() if value is transport]:
            del self._by_ufrag[ufrag]
        for local in self._sockets:
            for remote in [key for key, flow in local.flows.items() if flow.transport is transport]:
                del local.flows[remote]
        if transport.secured:
            self._engine.remove_leg(transport.leg_id)

    def send(self, path: Path, datagram: bytes) -> None:
        """Send one datagram; what the socket does not take is counted and gone."""
        try:
            path.local.sock.sendto(datagram, path.remote)
        except OSError:
            self.refuse(R.SEND_FAILED)

    # ---- incoming

    def _read(self, local: LocalSocket) -> int:
        """Read up to `BATCH` datagrams and return how many. The hot path: one look-up and one call per media packet."""
        recvmsg, flows, receive = local.sock.recvmsg, local.flows, self._engine.receive
        now = self._clock()
        # The kernel stamps arrivals with the real-time clock.
        offset, earliest, latest = now - time.time(), now - _STAMP_PAST_S, now + _STAMP_AHEAD_S
        for count in range(BATCH):
            try:
                data, ancillary, _flags, address = recvmsg(DATAGRAM_SIZE, _ANCILLARY_SIZE)
            except OSError:  # BlockingIOError: nothing left
                return count
            try:
                arrival = offset + _arrival(local, ancillary)
                if not earliest < arrival < latest:
                    arrival = now  # the real-time clock was set in between
                if data and _RTP_BEGIN <= data[0] < _RTP_END:
                    flow = flows.get(address)
                    if flow is not None and flow.leg_id is not None:
                        flow.last = arrival
                        receive(flow.leg_id, data, arrival)
                    else:
                        self.refuse(R.RTP_UNCHECKED_ADDRESS if flow is None else R.RTP_TOO_EARLY)
                else:
                    self._control(local, data, address, arrival)
            except Exception:
                self._mistake()
        return BATCH

    def _control(self, local: LocalSocket, data: bytes, address: Address, now: float) -> None:
        """Everything that is not RTP or RTCP."""
        first = data[0] if data else _RTP_END
        if first < _STUN_END:
            self._stun(Path(local, address), data, now)
        elif _DTLS_BEGIN <= first < _DTLS_END:
            flow = local.flows.get(address)
            if flow is None:
                self.refuse(R.DTLS_UNCHECKED_ADDRESS)
                return
            try:
                flow.transport.on_dtls(data, Path(local, address), now)
            except DtlsMalformed as error:
                self.refuse(error.kind)
        else:
            self.refuse(R.UNKNOWN)

    def _stun(self, path: Path, data: bytes, now: float) -> None:
        """Junk falls out before anything is computed; what is not authentic is not answered (RFC 8489 9.1.3
        would send 400 or 401, which only serves to reflect traffic)."""
        try:
            request = parse_request(data)
        except StunMalformed:
            self.refuse(R.STUN_MALFORMED)
            return
        except StunUnexpected:
            self.refuse(R.STUN_UNEXPECTED)
            return
        transport = None if request.ufrag is None else self._by_ufrag.get(request.ufrag)
        if transport is None:
            self.refuse(R.STUN_UNKNOWN_UFRAG)
            return
        flow = path.local.flows.get(path.remote)
        if flow is not None and flow.transport is not transport and now - flow.last < SILENCE_S:
            self.refuse(R.STUN_ADDRESS_TAKEN)
        elif transport.on_check(request, path, now, self._media_heard(transport)):
            self._note_path(transport, path, now)
        else:
            self.refuse(R.STUN_UNAUTHENTICATED)

    def _note_path(self, transport: Transport, path: Path, now: float) -> None:
        """The path has passed a check: media and DTLS from it count."""
        flow = path.local.flows.get(path.remote)
        if flow is not None and flow.transport is transport:
            flow.last = now
        elif transport.is_path(path):
            flow = path.local.flows[path.remote] = Flow(transport, now)
            if transport.secured:
                flow.leg_id = transport.leg_id
            self._forget_paths(transport, now)

    def _media_heard(self, transport: Transport) -> float:
        """When the selected path last brought media: the engine knows of whom, the flow knows whence."""
        path = transport.path
        flow = None if path is None else path.local.flows.get(path.remote)
        heard = self._engine.heard(transport.leg_id) if transport.secured else None
        return 0.0 if flow is None or heard is None else min(heard, flow.last)

    # ---- time

    def _tick(self) -> None:
        if self._loop is not None:
            self._timer = self._loop.call_later(POLL_S, self._tick)
        self.poll()

    def poll(self) -> None:
        """Look at the time for every transport; a timer does it every `POLL_S`."""
        now = self._clock()
        for transport in list(self._transports.values()):
            try:
                heard = self._engine.heard(transport.leg_id) if transport.secured else None
                transport.poll(now, heard)
                self._forget_paths(transport, now)
            except Exception:
                self._mistake()

    def _forget_paths(self, transport: Transport, now: float) -> None:
        for path in transport.expire_paths(now):
            flow = path.local.flows.get(path.remote)
            if flow is not None and flow.transport is transport:
                del path.local.flows[path.remote]

    # ---- counting

    def refuse(self, kind: TransportRefusal) -> None:
        """Count a refused datagram; for the layers above DTLS as well."""
        self.refused[kind] += 1
        if self._on_refused is not None:
            self._on_refused(kind)

    def _mistake(self) -> None:
        """Called in an `except` block: a datagram must never end the reading of the others."""
        self.refuse(R.INTERNAL)
        now = self._clock()
        if now - self._logged_at >= _LOG_INTERVAL_S:
            self._logged_at = now
            _log.exception("a datagram or timer was not handled")


def _arrival(local: LocalSocket, ancillary: list[tuple[int, int, bytes]]) -> float:
    """When the kernel took the datagram in, seconds of the real-time clock; 0.0 if it does not say."""
    stamp = 0.0
    for _level, kind, value in ancillary:  # the level is SOL_SOCKET: nothing else is switched on
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _timespec.unpack(value)
            stamp = seconds + nanoseconds * 1e-9
        elif kind == SO_RXQ_OVFL:
            local.dropped = _u32.unpack(value)[0]
    return stamp


__all__ = ["BATCH", "POLL_S", "Endpoint", "MediaEngine"]
