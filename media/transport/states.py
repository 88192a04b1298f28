"""States of one transport: ICE-lite and DTLS of one participant.

What is not in `TRANSITIONS` does not happen: `next_state` raises `IllegalTransition`.

    new --checked--> checking --dtls_started--> securing --secured--> connected
    connected --silent--> disconnected --heard--> connected
    any live state --failed or closed--> closed
"""

from enum import StrEnum
from typing import Final


class TransportState(StrEnum):
    """Where a transport is."""

    NEW = "new"  # nobody has passed an ICE check yet
    CHECKING = "checking"  # a check has passed, no DTLS record yet
    SECURING = "securing"  # the DTLS handshake runs
    CONNECTED = "connected"  # keys are there, the peer is heard
    DISCONNECTED = "disconnected"  # keys are there, the peer is silent
    CLOSED = "closed"


class TransportEvent(StrEnum):
    """What can happen to it."""

    CHECKED = "checked"  # the first authenticated Binding request (RFC 8445 7.3)
    DTLS_STARTED = "dtls_started"  # the first DTLS record from a checked address
    SECURED = "secured"  # handshake done, fingerprint agreed (RFC 8122 5)
    SILENT = "silent"  # nothing authentic for `SILENCE_S`
    HEARD = "heard"  # something authentic after that
    FAILED = "failed"  # handshake failed, or the peer closed DTLS
    CLOSED = "closed"  # we closed it


class CloseReason(StrEnum):
    """Why a transport is closed."""

    LOCAL = "local"
    PEER = "peer"  # close_notify or a fatal alert under the negotiated keys
    FINGERPRINT = "fingerprint"  # the certificate is not the one in the offer
    HANDSHAKE = "handshake"  # no common parameters, or limits reached


class IllegalTransition(Exception):
    """The event can not happen in this state."""


_S, _E = TransportState, TransportEvent
_LIVE: Final = tuple(state for state in TransportState if state is not TransportState.CLOSED)
TRANSITIONS: Final[dict[tuple[TransportState, TransportEvent], TransportState]] = {
    (_S.NEW, _E.CHECKED): _S.CHECKING,
    (_S.CHECKING, _E.DTLS_STARTED): _S.SECURING,
    (_S.SECURING, _E.SECURED): _S.CONNECTED,
    (_S.CONNECTED, _E.SILENT): _S.DISCONNECTED,
    (_S.DISCONNECTED, _E.HEARD): _S.CONNECTED,
    (_S.SECURING, _E.FAILED): _S.CLOSED,
    (_S.CONNECTED, _E.FAILED): _S.CLOSED,
    (_S.DISCONNECTED, _E.FAILED): _S.CLOSED,
    **{(state, _E.CLOSED): _S.CLOSED for state in _LIVE},
}


def next_state(state: TransportState, event: TransportEvent) -> TransportState:
    """The state after `event`; raises `IllegalTransition` when the table has no entry."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"{event} in state {state}") from None


__all__ = ["TRANSITIONS", "CloseReason", "IllegalTransition", "TransportEvent", "TransportState", "next_state"]
