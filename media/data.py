"""Data channels of one call: what comes by a channel of one person goes to the other's channel of the same label.

Each person has an SCTP association with the relay (RFC 8831), so a channel exists twice. Two that both people made
are joined by label; one that only one of them made is opened at the other, after a moment in which that client's own
may still come: browsers make their channels before they offer, and every offer with data holds at least one.

    A's channel "chat"  <->  end  --joined--  end  <->  B's channel "chat"

What is sent before the other end is there waits, up to a bound. A message is never dropped in silence: a channel that
can not keep up is closed at both sides, and counted.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiortc.rtcdatachannel import RTCDataChannel

from media.transport import TransportRefusal
from media.transport.sctp import ChannelListener, DataChannels
from rooms.ports import Clock, Timers

log = logging.getLogger(__name__)

# How long the other client may take to open its own channel of the same label before we open one at it. Shorter
# doubles channels that both made, longer delays the first message to a client that made none.
OWN_CHANNEL_S: Final = 0.5
# Bytes that wait for the other end; more closes the channel.
MAX_WAITING: Final = 1 << 18


@dataclass(eq=False, slots=True)
class _End:
    """One person's side of a channel. `asked`: we have opened, or are opening, the other end ourselves."""

    side: "_Side"
    channel: RTCDataChannel
    other: "_End | None" = None
    asked: bool = False
    waiting: deque[str | bytes] = field(default_factory=deque)
    waiting_bytes: int = 0


@dataclass(eq=False, slots=True)
class _Side:
    """One person's association. `asks`: channels that we opened for an end of the other side, until they are open."""

    user_id: str
    channels: DataChannels
    ends: dict[RTCDataChannel, _End] = field(default_factory=dict)
    asks: dict[RTCDataChannel, _End] = field(default_factory=dict)


class DataBridge:
    """The data channels of two people in a call. Belongs to the event loop."""

    def __init__(self, clock: Clock, timers: Timers, refuse: Callable[[TransportRefusal], None]) -> None:
        """`refuse` is told of packets and messages that were not used."""
        self._clock = clock
        self._timers = timers
        self._refuse = refuse
        self._sides: dict[str, _Side] = {}

    def join(
        self, user_id: str, send: Callable[[bytes], None], *, remote_port: int, remote_max_message_size: int
    ) -> Callable[[bytes], None]:
        """Begin the person's association; returns what takes its decrypted SCTP packets.

        `send` takes SCTP packets and may raise `ConnectionError`. One that the person had before ends."""
        self.leave(user_id)
        listener = ChannelListener(
            on_open=lambda channel: self._opened(side, channel),
            on_message=lambda channel, message: self._message(side, channel, message),
            on_closed=lambda: self._forget(side),
        )
        side = _Side(
            user_id,
            DataChannels(
                send,
                self._refuse,
                listener,
                remote_port=remote_port,
                remote_max_message_size=remote_max_message_size,
            ),
        )
        self._sides[user_id] = side
        side.channels.start()
        for other in self._others(side):
            for end in other.ends.values():
                self._ask_soon(end)
        return side.channels.receive

    def leave(self, user_id: str) -> None:
        """The person's leg is gone. The other's channels stay, for one who comes back opens theirs again."""
        side = self._sides.get(user_id)
        if side is not None:
            self._forget(side)
            side.channels.close()

    def close(self) -> None:
        """The call is over."""
        for user_id in list(self._sides):
            self.leave(user_id)

    def _others(self, side: _Side) -> list[_Side]:
        return [other for other in self._sides.values() if other is not side]

    def _forget(self, side: _Side) -> None:
        if self._sides.get(side.user_id) is side:
            del self._sides[side.user_id]
        for end in side.ends.values():
            if end.other is not None:
                end.other.other, end.other.asked = None, False
                end.other = None
        for asking in side.asks.values():
            asking.asked = False
        for other in self._others(side):
            other.asks = {channel: end for channel, end in other.asks.items() if end.side is not side}
        side.ends.clear()
        side.asks.clear()

    def _opened(self, side: _Side, channel: RTCDataChannel) -> None:
        """A channel carries messages now: theirs, or one that we opened for an end of the other side."""
        end = side.ends[channel] = _End(side, channel)
        channel.once("close", lambda: self._closed(end))
        asking = side.asks.pop(channel, None)
        if asking is None:
            asking = next((one for one in self._free(side) if _alike(one.channel, channel)), None)
        if asking is None or asking.other is not None:
            self._ask_soon(end)
            return
        end.other, asking.other = asking, end
        for one in (end, asking):
            while one.waiting and one.other is not None:
                self._pass(one, one.waiting.popleft())
            one.waiting_bytes = 0

    def _free(self, side: _Side) -> list[_End]:
        """Ends of the other side that have nobody to talk to and for which we have asked nobody."""
        ends = [end for other in self._others(side) for end in other.ends.values()]
        return [end for end in ends if end.other is None and not end.asked]

    def _ask_soon(self, end: _End) -> None:
        self._timers.call_at(self._clock.monotonic() + OWN_CHANNEL_S, lambda: self._ask(end))

    def _ask(self, end: _End) -> None:
        """Nobody has opened the same channel at the other side: we do."""
        if end.other is not None or end.asked or end.side.ends.get(end.channel) is not end:
            return
        for other in self._others(end.side):
            end.asked = True
            other.asks[other.channels.open_like(end.channel)] = end

    def _message(self, side: _Side, channel: RTCDataChannel, message: str | bytes) -> None:
        end = side.ends.get(channel)
        if end is None:
            return
        if end.other is not None:
            self._pass(end, message)
            return
        end.waiting.append(message)
        end.waiting_bytes += len(message)
        if end.waiting_bytes > MAX_WAITING:
            self._give_up(end)

    def _pass(self, end: _End, message: str | bytes) -> None:
        other = end.other
        if other is not None and not other.side.channels.send(other.channel, message):
            self._give_up(end)

    def _give_up(self, end: _End) -> None:
        self._refuse(TransportRefusal.SCTP_LIMIT)
        self._closed(end)
        end.channel.close()

    def _closed(self, end: _End) -> None:
        """A channel is closed: so is the other's."""
        end.side.ends.pop(end.channel, None)
        end.waiting.clear()
        other, end.other = end.other, None
        if other is not None:
            other.other = None
            other.side.ends.pop(other.channel, None)
            other.channel.close()


def _alike(one: RTCDataChannel, other: RTCDataChannel) -> bool:
    return bool(one.label == other.label and one.protocol == other.protocol)


__all__ = ["MAX_WAITING", "OWN_CHANNEL_S", "DataBridge"]
