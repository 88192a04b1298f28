"""Every name below aiortc's public classes that this package relies on, in one place.

Pinned to aiortc 1.16.0 by a test that fails when one of them changes. aiortc's SCTP speaks to an
`RTCDtlsTransport`; here it speaks to `_DtlsPort`, which hands its packets to our own DTLS. None of its
coroutines waits for anything then, so they run to their end where they are called.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

from aiortc import rtcsctptransport
from aiortc.rtcdatachannel import RTCDataChannel
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from .sctp_guard import MAX_STREAMS, Window, parameters

PINNED_VERSION: Final = "1.16.0"


def close_endless_loop() -> None:
    """Replace aiortc's reader of SCTP parameters, which never ends on a length of 0, by ours.

    `check_packet` refuses such packets already; this also protects every other aiortc peer of the
    process, and raises `ValueError`, which aiortc takes for a bad packet.
    """
    rtcsctptransport.decode_params = parameters


class _DtlsPort:
    """What `RTCSctpTransport` uses of its DTLS transport."""

    state = "connected"
    _role = "server"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def _register_data_receiver(self, receiver: object) -> None:
        """Packets come by `Association.feed`."""

    def _unregister_data_receiver(self, receiver: object) -> None:
        """Nothing to undo."""

    async def _send_data(self, data: bytes) -> None:
        self._send(data)


class Association(RTCSctpTransport):
    """aiortc's SCTP association over our DTLS. Needs a running event loop for its timers."""

    def __init__(self, send: Callable[[bytes], None], port: int) -> None:
        """`send` takes one SCTP packet and must not raise."""
        close_endless_loop()
        super().__init__(cast(RTCDtlsTransport, _DtlsPort(send)), port)
        self._inbound_streams_max = MAX_STREAMS
        self._outbound_streams_count = MAX_STREAMS

    def begin(self, remote_port: int, max_message_size: int) -> None:
        """Send INIT."""
        _run(self.start(RTCSctpCapabilities(maxMessageSize=max_message_size), remote_port))

    def feed(self, packet: bytes) -> None:
        """Take a packet that `check_packet` has let through. May raise whatever aiortc raises."""
        _run(self._handle_data(packet))

    def finish(self) -> None:
        """Send ABORT, stop the timers, close the channels."""
        _run(self.stop())

    @property
    def window(self) -> Window:
        """What may come in now."""
        return Window(self._last_received_tsn, self._advertised_rwnd)

    @property
    def open_channels(self) -> tuple[RTCDataChannel, ...]:
        """Channels of either side that are open."""
        return tuple(channel for channel in self._data_channels.values() if channel.readyState == "open")


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits to its end."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("an SCTP coroutine of aiortc waited for something")


__all__ = ["PINNED_VERSION", "Association", "close_endless_loop"]
