"""Data channels of one leg (RFC 8831, RFC 8832): aiortc's SCTP behind our guard.

    channels = DataChannels(transport.send_data, endpoint.refuse, ChannelListener(...), remote_port=5000)
    transport.listener.on_data = channels.receive    # and channels.start() in on_connected

No exception of aiortc escapes `receive`; what is refused is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiortc.exceptions import InvalidStateError
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters

from .aiortc_hooks import Association
from .refusals import TransportRefusal
from .sctp_guard import SctpRefused, check_packet

LOCAL_PORT: Final = 5000
# What the answer says in `a=max-message-size`, bytes (RFC 8841 6).
MAX_MESSAGE_SIZE: Final = 262_144
# Waiting bytes of one channel above which `send` refuses: a receiver that does not read must not cost
# us memory. Lower refuses bursts, higher keeps more per leg.
MAX_BUFFERED: Final = 1 << 20
MAX_LABEL: Final = 256


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class ChannelListener:
    """Who is told. Called from the event loop; must not block and must not raise."""

    on_open: Callable[[RTCDataChannel], None] = _ignore  # the peer opened a channel, or took ours
    on_message: Callable[[RTCDataChannel, str | bytes], None] = _ignore
    on_closed: Callable[[], None] = _ignore  # the association is over


class DataChannels:
    """All data channels of one leg; a channel is an `aiortc.RTCDataChannel`. Belongs to the event loop."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        refuse: Callable[[TransportRefusal], None],
        listener: ChannelListener,
        *,
        remote_port: int,
        remote_max_message_size: int = 65_536,  # RFC 8841 6.1: without the attribute
    ) -> None:
        """`send` may raise `ConnectionError`: the packet is lost then, as on the way."""
        self._packets_to = send
        self._refuse = refuse
        self._listener = listener
        self._remote_port = remote_port
        self._remote_max_message_size = remote_max_message_size
        self._association = Association(self._send_packet, LOCAL_PORT)
        self._association.on("datachannel", self._opened)
        self._over = False

    def start(self) -> None:
        """Begin the association; both sides may (RFC 8841 9.3)."""
        self._association.begin(self._remote_port, self._remote_max_message_size)

    @property
    def open_channels(self) -> tuple[RTCDataChannel, ...]:
        """Channels that carry messages."""
        return self._association.open_channels

    def receive(self, packet: bytes) -> None:
        """Take one decrypted SCTP packet."""
        if self._over:
            self._refuse(TransportRefusal.SCTP_UNEXPECTED)
            return
        try:
            check_packet(packet, self._association.window)
            self._association.feed(packet)
        except SctpRefused as error:
            self._refuse(error.kind)
        # What aiortc raises on bad input is not documented: AssertionError, struct.error, KeyError ...
        except Exception:
            self._refuse(TransportRefusal.SCTP_MALFORMED)
        if self._association.window.room < -MAX_MESSAGE_SIZE:
            # A message that never ends: the window is ignored.
            self._refuse(TransportRefusal.SCTP_LIMIT)
            self.close()
        elif self._association.state == "closed":
            self._end()

    def open(
        self,
        label: str,
        *,
        protocol: str = "",
        ordered: bool = True,
        max_retransmits: int | None = None,
        max_packet_life_time: int | None = None,
    ) -> RTCDataChannel:
        """Ask the peer to take a channel; `on_open` is called with it when it has."""
        parameters = RTCDataChannelParameters(
            label=label,
            protocol=protocol,
            ordered=ordered,
            maxRetransmits=max_retransmits,
            maxPacketLifeTime=max_packet_life_time,
        )
        channel = RTCDataChannel(self._association, parameters)
        channel.once("open", lambda: self._opened(channel))
        return channel

    def open_like(self, channel: RTCDataChannel) -> RTCDataChannel:
        """Ask for a channel with the name and the reliability of one of another association."""
        return self.open(
            channel.label,
            protocol=channel.protocol,
            ordered=channel.ordered,
            max_retransmits=channel.maxRetransmits,
            max_packet_life_time=channel.maxPacketLifeTime,
        )

    def send(self, channel: RTCDataChannel, message: str | bytes) -> bool:
        """Queue one message; False when the channel is not open, full, or the message too large for the peer."""
        if channel.bufferedAmount + len(message) > MAX_BUFFERED:
            return False
        try:
            channel.send(message)
        except (InvalidStateError, ValueError):
            return False
        return True

    def close(self) -> None:
        """End the association with ABORT; the channels close."""
        if not self._over:
            self._association.finish()
            self._end()

    def _opened(self, channel: RTCDataChannel) -> None:
        if len(channel.label) > MAX_LABEL:
            channel.close()
            return
        channel.on("message", lambda message: self._listener.on_message(channel, message))
        self._listener.on_open(channel)

    def _send_packet(self, packet: bytes) -> None:
        try:
            self._packets_to(packet)
        except ConnectionError:
            return

    def _end(self) -> None:
        self._over = True
        self._listener.on_closed()


__all__ = ["LOCAL_PORT", "MAX_BUFFERED", "MAX_MESSAGE_SIZE", "ChannelListener", "DataChannels"]
