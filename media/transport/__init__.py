"""ICE-lite, DTLS and SCTP on one UDP port; packets of media go to the engine."""

from .endpoint import Endpoint
from .ice_lite import IceCredentials
from .paths import media_hosts
from .refusals import TransportRefusal
from .states import CloseReason, TransportState
from .transport import Listener, Transport

__all__ = [
    "CloseReason",
    "Endpoint",
    "IceCredentials",
    "Listener",
    "Transport",
    "TransportRefusal",
    "TransportState",
    "media_hosts",
]
