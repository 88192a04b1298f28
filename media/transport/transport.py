"""One participant's transport: ICE-lite and DTLS joined, with the state that the rest of the server sees.

Contract: the endpoint hands in datagrams that it has already attributed to this transport, with `now`
(monotonic seconds); the transport sends through its host and tells its listener. The state changes in
`_fire` only, by the table in `states`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from media.engine.api import LegKeys

from .dtls import DtlsEvent, DtlsResult, DtlsServer
from .dtls_identity import DtlsIdentity
from .ice_lite import IceCredentials, IceLite
from .paths import Path
from .states import CloseReason, TransportEvent, TransportState, next_state
from .stun import BindingRequest

# Nothing authentic for so long and the peer counts as silent (wire contract 11.4). Browsers check
# consent every 4 to 6 s (RFC 7675 5.1), so a lower value takes one lost check for an absence.
SILENCE_S: Final = 7.0

_REASONS: Final = {
    DtlsEvent.BAD_FINGERPRINT: CloseReason.FINGERPRINT,
    DtlsEvent.FAILED: CloseReason.HANDSHAKE,
    DtlsEvent.PEER_CLOSED: CloseReason.PEER,
}


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Listener:
    """Who is told. Called from the event loop, in order; must not block and must not raise."""

    on_connected: Callable[[LegKeys], None] = _ignore  # once; the engine has the leg already
    on_data: Callable[[bytes], None] = _ignore  # one SCTP packet (RFC 8261)
    on_state: Callable[[TransportState], None] = _ignore  # after each change


class Host(Protocol):
    """What a transport needs of its endpoint."""

    def new_credentials(self, transport: "Transport") -> IceCredentials:
        """Fresh, and registered for `transport`."""

    def retire_credentials(self, credentials: IceCredentials) -> None:
        """They are not valid any more."""

    def leg_secured(self, transport: "Transport", keys: LegKeys, path: Path) -> None:
        """The handshake is done: give the leg to the engine."""

    def leg_moved(self, transport: "Transport", path: Path) -> None:
        """The selected path is another one."""

    def leg_closed(self, transport: "Transport") -> None:
        """Forget the transport."""

    def send(self, path: Path, datagram: bytes) -> None:
        """Send; never raises."""


class Transport:
    """Made by `Endpoint.new_transport`.

    `leg_id` is the engine's name of the participant's peer connection.
    """

    __slots__ = (
        "_data_heard",
        "_dtls",
        "_heard",
        "_host",
        "_ice",
        "close_reason",
        "leg_id",
        "listener",
        "state",
    )

    def __init__(
        self,
        leg_id: int,
        host: Host,
        identity: DtlsIdentity,
        fingerprints: Sequence[tuple[str, str]],
        listener: Listener,
    ) -> None:
        self.leg_id = leg_id
        self.listener = listener
        self.state = TransportState.NEW
        self.close_reason: CloseReason | None = None
        self._host = host
        self._dtls = DtlsServer(identity, fingerprints)
        self._heard = 0.0  # last authentic check or DTLS message
        self._data_heard = 0.0  # last DTLS message that came by the selected path
        self._ice: IceLite[Path] = IceLite(host.new_credentials(self), host.retire_credentials)

    # ---- for the rest of the server

    @property
    def credentials(self) -> IceCredentials:
        """What the next answer has to carry."""
        return self._ice.pending or self._ice.current

    @property
    def path(self) -> Path | None:
        """Where datagrams go; None before the first authentic check."""
        return self._ice.selected

    @property
    def secured(self) -> bool:
        """Whether there are keys and the transport is not closed."""
        return self.state in (TransportState.CONNECTED, TransportState.DISCONNECTED)

    def restart(self) -> IceCredentials:
        """ICE restart (RFC 8445 9): new credentials; the old ones hold until a check uses the new ones.

        DTLS, keys and the selected path stay.
        """
        self._ice.restart(self._host.new_credentials(self))
        return self.credentials

    def send_data(self, packet: bytes) -> None:
        """Send one SCTP packet. Raises `ConnectionError` when there is no DTLS association."""
        self._send(self._dtls.send(packet))

    def close(self) -> None:
        """End it, with close_notify to the peer. Does nothing when it is closed already."""
        if self.state is not TransportState.CLOSED:
            self._send(self._dtls.close())
            self._close(TransportEvent.CLOSED, CloseReason.LOCAL)

    # ---- for the endpoint

    def on_check(self, request: BindingRequest, path: Path, now: float, media_heard: float) -> bool:
        """Answer a Binding request; False when it is not authentic.

        `media_heard` is when the selected path last brought media.
        """
        result = self._ice.check(request, path, now, max(media_heard, self._data_heard))
        if result is None:
            return False
        self._host.send(path, result.response)
        if self._ice.selected is None:
            return True  # a role conflict: answered, but no path yet
        if self.state is TransportState.NEW:
            self._fire(TransportEvent.CHECKED)
        elif result.moved:
            self._host.leg_moved(self, path)
        self._note_heard(now)
        return True

    def on_dtls(self, datagram: bytes, path: Path, now: float) -> None:
        """Take a DTLS datagram from a checked address. Raises `DtlsMalformed`."""
        result = self._dtls.receive(datagram)
        if self.state is TransportState.CHECKING:
            self._fire(TransportEvent.DTLS_STARTED)
        if result.messages and path == self._ice.selected:
            self._data_heard = now
        self._take(result, now)

    def is_path(self, path: Path) -> bool:
        """Whether `path` passed a check and still counts."""
        return self.state is not TransportState.CLOSED and path in self._ice.paths

    def expire_paths(self, now: float) -> list[Path]:
        """Paths that do not count any more."""
        return self._ice.expire(now)

    def poll(self, now: float, media_heard: float | None) -> None:
        """What time does: DTLS retransmission and silence. `media_heard`: last authentic media packet."""
        if self.state is TransportState.SECURING:
            self._take(self._dtls.handle_timeout(), now)
            return
        if not self.secured:
            return
        heard = max(self._heard, media_heard or 0.0)
        if now - heard < SILENCE_S:
            self._note_heard(heard)
        elif self.state is TransportState.CONNECTED:
            self._fire(TransportEvent.SILENT)

    # ---- inside

    def _take(self, result: DtlsResult, now: float) -> None:
        self._send(result.datagrams)
        if result.event is DtlsEvent.SECURED:
            self._secure(now)
        if result.messages:
            self._note_heard(now)
            for message in result.messages:
                self.listener.on_data(message)
        if result.event in _REASONS:
            self._close(TransportEvent.FAILED, _REASONS[result.event])

    def _secure(self, now: float) -> None:
        path = self._ice.selected
        if path is None:  # pragma: no cover - DTLS comes from checked addresses only
            return
        keys = self._dtls.keys()
        self._heard = now
        self._host.leg_secured(self, keys, path)
        self._fire(TransportEvent.SECURED)
        self.listener.on_connected(keys)

    def _note_heard(self, now: float) -> None:
        self._heard = max(self._heard, now)
        if self.state is TransportState.DISCONNECTED:
            self._fire(TransportEvent.HEARD)

    def _close(self, event: TransportEvent, reason: CloseReason) -> None:
        if self.state is TransportState.CLOSED:
            return
        self.close_reason = reason
        self._host.leg_closed(self)
        self._fire(event)

    def _send(self, datagrams: Sequence[bytes]) -> None:
        path = self._ice.selected
        if path is not None:
            for datagram in datagrams:
                self._host.send(path, datagram)

    def _fire(self, event: TransportEvent) -> None:
        self.state = next_state(self.state, event)
        self.listener.on_state(self.state)


__all__ = ["SILENCE_S", "Host", "Listener", "Transport"]
