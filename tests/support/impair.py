"""A bad network on one leg: a UDP proxy between a client and the server that loses, delays, limits, cuts and moves.

`Channel` is the pure model of one direction: when a packet comes out again, if at all. Loss and delay are drawn from
random streams of their own, so one seed and one order of packets give one pattern, whatever the time between them.
`ImpairedPath` puts two of them between real sockets:

    client <-> front (127.0.0.1, one port for the whole call) <-> back (what the server sees) <-> server
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Address: TypeAlias = tuple[str, int]
Direction: TypeAlias = Literal["up", "down"]  # up: from the client to the server
Kind: TypeAlias = Literal["stun", "dtls", "rtp", "rtcp", "other"]

IP_UDP_OCTETS = 28  # what a datagram takes of a bottleneck besides its payload
SPIKE_DECAY = 0.8  # of a delay spike, per packet


@dataclass(frozen=True)
class Profile:
    """One direction of a path. Ratios are 0..1, times in seconds, `rate` in bit/s (0: no bottleneck).

    `loss` is the mean; with `burst` over 1 losses come in runs of that mean length (Gilbert 1960: two states, all is
    lost in the bad one). `jitter` is the scale of an extra delay |N(0, jitter)|; without `reorder` no packet overtakes
    another. A spike adds `spike` seconds to one packet in `1 / spike_probability` and decays over the next ones.
    `queue` is how long the bottleneck's queue may become before it drops what comes.
    """

    loss: float = 0.0
    burst: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    spike: float = 0.0
    spike_probability: float = 0.0
    reorder: bool = False
    rate: float = 0.0
    queue: float = 0.2


CLEAR = Profile()


class Channel:
    """One direction. `lost` and `dropped` count what the path and what its queue took."""

    def __init__(self, profile: Profile, seed: str) -> None:
        self.lost = self.dropped = 0
        self._profile = profile
        self._losses, self._delays = random.Random(f"{seed}/loss"), random.Random(f"{seed}/delay")
        self._bad = False
        self._spike = 0.0
        self._free_at = self._last_out = float("-inf")

    def offer(self, now: float, octets: int) -> float | None:
        """When a packet that enters now comes out; None: never."""
        if self._loses():
            self.lost += 1
            return None
        profile, out = self._profile, now
        delay = profile.delay + self._extra()
        if profile.rate:
            begins = max(now, self._free_at)
            if begins - now > profile.queue:
                self.dropped += 1
                return None
            out = self._free_at = begins + octets * 8 / profile.rate
        out += delay
        if not profile.reorder:
            out = self._last_out = max(out, self._last_out)
        return out

    def _loses(self) -> bool:
        profile, draw = self._profile, self._losses.random()
        if profile.burst <= 1 or not 0 < profile.loss < 1:
            return draw < profile.loss
        leave = 1 / profile.burst
        enter = leave * profile.loss / (1 - profile.loss)
        self._bad = draw >= leave if self._bad else draw < enter
        return self._bad

    def _extra(self) -> float:
        profile = self._profile
        normal, draw = self._delays.gauss(0, 1), self._delays.random()
        self._spike = profile.spike if draw < profile.spike_probability else self._spike * SPIKE_DECAY
        return abs(normal) * profile.jitter + self._spike


def kind_of(datagram: bytes) -> Kind:
    """What shares the port (RFC 7983, and RFC 5761 for RTCP)."""
    first = datagram[0] if datagram else 255
    if first < 4:
        return "stun"
    if 20 <= first <= 63:
        return "dtls"
    if 128 <= first <= 191 and len(datagram) >= 12:
        return "rtcp" if 192 <= datagram[1] <= 223 else "rtp"
    return "other"


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, path: "ImpairedPath", direction: Direction) -> None:
        self._path = path
        self._direction: Direction = direction

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._path.take(self._direction, data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """A refused datagram (ICMP) is a lost one."""


class ImpairedPath:
    """A running proxy to one server address. `port` is where the client sends.

    `passed` and `lost` count RTP packets by (direction, SSRC), `octets` all datagrams delivered by direction, headers
    included. With `everything` STUN and DTLS are impaired too. `is_cut` loses all of both directions. `server` may be
    set later, but before the client sends. `checked_at`: when the client's last ICE check went through, by the loop's
    clock.
    """

    def __init__(self, server: Address, seed: int, *, everything: bool = False) -> None:
        self.is_cut = False
        self.passed: Counter[tuple[Direction, int]] = Counter()
        self.lost: Counter[tuple[Direction, int]] = Counter()
        self.octets: Counter[Direction] = Counter()
        self.back: Address = ("", 0)
        self.checked_at = float("-inf")
        self.port = 0
        self._everything = everything
        self.server, self._seed = server, seed
        self._client: Address | None = None
        self._channels: dict[Direction, Channel] = {}
        self._front: asyncio.DatagramTransport | None = None
        self._back: asyncio.DatagramTransport | None = None
        self._waiting: set[asyncio.TimerHandle] = set()
        self.impair()

    async def __aenter__(self) -> "ImpairedPath":
        self._front = await self._bind("up", "127.0.0.1")
        self.port = self._front.get_extra_info("sockname")[1]
        await self.move("127.0.0.1")
        return self

    async def __aexit__(self, *_: object) -> None:
        for handle in self._waiting:
            handle.cancel()
        for transport in (self._front, self._back):
            if transport is not None:
                transport.close()
        await asyncio.sleep(0)  # the sockets close in the loop's next round

    def impair(self, up: Profile = CLEAR, down: Profile = CLEAR) -> None:
        """From now on the path is like this; the patterns begin anew."""
        self._channels = {"up": Channel(up, f"{self._seed}/up"), "down": Channel(down, f"{self._seed}/down")}

    async def move(self, host: str) -> None:
        """Another address for the client: a new port on `host` (127.0.0.1, 127.0.0.2); the old one is closed."""
        old, self._back = self._back, await self._bind("down", host)
        self.back = self._back.get_extra_info("sockname")[:2]
        if old is not None:
            old.close()

    async def _bind(self, direction: Direction, host: str) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Socket(self, direction), (host, 0))
        return transport

    def take(self, direction: Direction, datagram: bytes, sender: Address) -> None:
        """A datagram came in on one side."""
        if direction == "up":
            self._client = sender
        loop = asyncio.get_running_loop()
        now, kind = loop.time(), kind_of(datagram)
        out: float | None = now
        if self.is_cut:
            out = None
        elif self._everything or kind in ("rtp", "rtcp"):
            out = self._channels[direction].offer(now, len(datagram) + IP_UDP_OCTETS)
        if kind == "rtp":
            counts = self.lost if out is None else self.passed
            counts[direction, int.from_bytes(datagram[8:12], "big")] += 1
        if out is None:
            return
        if direction == "up" and kind == "stun":
            self.checked_at = out
        if out <= now:
            self._deliver(direction, datagram)
            return

        def due() -> None:
            self._waiting.discard(handle)
            self._deliver(direction, datagram)

        handle = loop.call_at(out, due)
        self._waiting.add(handle)

    def _deliver(self, direction: Direction, datagram: bytes) -> None:
        transport, to = (self._back, self.server) if direction == "up" else (self._front, self._client)
        if transport is not None and to is not None and not transport.is_closing():
            self.octets[direction] += len(datagram) + IP_UDP_OCTETS
            transport.sendto(datagram, to)
