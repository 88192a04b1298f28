"""Media that no honest client sends, what each datagram must be counted as, and a call beside that must not notice.

    python -m tests.support.hostile_media HOST PORT RATE SEED

prints a line and sends `RATE` STUN and DTLS datagrams a second from an address of no call until something comes on its
standard input, then prints how many they were and in how many seconds.
"""

import asyncio
import contextlib
import random
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from aioice import stun

from tests.media.transport.junk import ALERT, mutated, null_cipher_hello
from tests.media.transport.sctp_packets import BAD, HEADER, MALFORMED, chunk
from tests.support import hostile_rtp
from tests.support.foremost import go_first
from tests.support.light_peer import PICTURES_PER_S, SOUNDS_PER_S, LightCall, LightPeer, light_call
from tests.support.server import Server

ROOT: Final = Path(__file__).resolve().parents[2]
FRAMES_KEPT: Final = 0.95
LONGEST_GAP_S: Final = 0.2
WINDOW: Final = 64  # datagrams on the way at once: less than any socket buffer holds
ZERO_LENGTH_PRIORITY: Final = bytes.fromhex("000100042112a442") + bytes(12) + b"\0\x24\0\0"
_DTLS_RECORD: Final = b"\x17\xfe\xfd\0\1" + bytes(6) + b"\0\x40" + bytes(64)


def stun_request() -> bytes:
    """A Binding request for nobody."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, b"hostile test")
    message.attributes["USERNAME"] = "nobody:peer"
    message.attributes["PRIORITY"] = 1845501695
    message.attributes["ICE-CONTROLLING"] = 12345
    message.add_message_integrity(b"n" * 32)
    return bytes(message)


def controls() -> list[bytes]:
    """STUN and DTLS as a stranger may send them."""
    return [stun_request(), ZERO_LENGTH_PRIORITY, ALERT, null_cipher_hello(), _DTLS_RECORD]


def junk(seed: int) -> Iterator[bytes]:
    """Mutated STUN, DTLS, RTP, RTCP and SCTP without end, and octets of no protocol."""
    random_ = random.Random(seed)
    rtp = bytes((0x80, 96, 0, 1)) + bytes(4) + (77).to_bytes(4, "big") + bytes(100)
    rtcp = bytes((0x80, 200, 0, 6)) + bytes(24)
    sctp = HEADER + chunk(4, bytes(4))
    seeds = [*controls(), rtp, rtcp, sctp, b"\x40" + bytes(60)]
    while True:
        yield mutated(random_, random_.choice(seeds)) if random_.random() < 0.9 else random_.randbytes(60)


FAMILIES: Final = {
    "stun": ("stun_malformed", "stun_unexpected", "stun_unknown_ufrag"),
    "dtls": ("dtls_unchecked_address",),
    "rtp": ("rtp_unchecked_address",),
    "none": ("unknown",),
}


def family(datagram: bytes) -> str:
    """The protocol by its first octet (RFC 7983 7)."""
    first = datagram[0] if datagram else 255
    if first < 4:
        return "stun"
    if 20 <= first < 64:
        return "dtls"
    return "rtp" if 128 <= first < 192 else "none"


class MediaBooks:
    """`media_refused_total` by reason since this was made, without zeros."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before, self._dropped = self._now()

    def _now(self) -> tuple[Counter[str], int]:
        prefix, samples = 'media_refused_total{reason="', self._server.metrics()
        refused = {name[len(prefix) : -2]: int(value) for name, value in samples.items() if name.startswith(prefix)}
        return Counter(refused), int(samples["media_datagrams_dropped_total"])

    async def read(self) -> tuple[Counter[str], int]:
        """(refused by reason, dropped by the kernel)."""
        refused, dropped = await asyncio.to_thread(self._now)
        return +(refused - self._before), dropped - self._dropped


async def loop_lag(server: Server) -> dict[str, int]:
    """How often the server's loop was late, by upper bound in seconds; cumulative, as Prometheus has it."""
    samples = await asyncio.to_thread(server.metrics)
    prefix = 'event_loop_lag_seconds_bucket{le="'
    return {name[len(prefix) : -2]: int(value) for name, value in samples.items() if name.startswith(prefix)}


# ---- the call beside


@dataclass
class Beside:
    """A call of light peers; what it sent before `began` (Unix seconds) does not count.

    Nothing is taken off its gaps: other work on the machine does not reach the server (`go_first`).
    """

    call: LightCall
    began: float

    def figures(self) -> dict[str, Any]:
        """Shares and gaps of the worse direction, from the beginning up to a moment ago (what is still on its way)."""
        until = time.time() - 1.0
        shares, gaps, frozen, total = [], [], [], 0
        for sender, receiver in (self.call, reversed(self.call)):
            sent = sum(self.began <= at < until for at in sender.picture_times)
            came = sum(
                sender.picture_times[number] < until for number in receiver.pictures.heard.numbers(self.began, until)
            )
            total += sent
            shares.append(came / sent)
            gaps.append(receiver.sounds.longest_gap(1 / SOUNDS_PER_S, self.began, until))
            seen = receiver.pictures.heard
            frozen.append(seen.longest_gap(1 / PICTURES_PER_S, self.began, until))
        return {
            "pictures_sent": total,
            "pictures_share": round(min(shares), 4),
            "longest_audio_gap_s": round(max(gaps), 3),
            "longest_picture_gap_s": round(max(frozen), 3),
        }

    def check(self) -> dict[str, Any]:
        """The figures, held to what a person would notice."""
        figures = self.figures()
        assert figures["pictures_share"] >= FRAMES_KEPT, figures
        assert figures["longest_audio_gap_s"] <= LONGEST_GAP_S, figures
        for peer in self.call:
            assert peer.client.seen("call_ended") == []
            assert peer.sounds.doubled == peer.bad == peer.transport.refused == 0
        return figures


@contextlib.asynccontextmanager
async def call_beside(server: Server, name: str) -> AsyncIterator[Beside]:
    """A running call on a server that goes first; who opens it checks it at the end."""
    go_first(server.pid)
    async with light_call(server.url, f"{name}-{time.monotonic_ns()}") as call:
        await asyncio.sleep(0.3)
        yield Beside(call, time.time())


# ---- attacks

Make = Callable[[int], bytes]


async def closed_loop(
    datagrams: Iterator[bytes], send: Callable[[bytes], object], pace: LightPeer, *, per_s: float = 8000.0
) -> int:
    """Send all, `WINDOW` at a time: a check of `pace` that is answered shows that the relay has read them.

    Slower than `per_s`, so that an attack lasts long enough for a call beside to notice. Returns how many.
    """
    sent, began = 0, time.monotonic()
    for datagram in datagrams:
        send(datagram)
        sent += 1
        if sent % WINDOW == 0:
            await pace.transport.check()
            await asyncio.sleep(max(0.0, began + sent / per_s - time.monotonic()))
    await pace.transport.check()
    return sent


@dataclass(frozen=True)
class Attack:
    """Datagrams of a peer that is connected.

    `reason`: what every one must be counted as. Without it `may` holds what some may be counted as while the others
    are no harm; None: anything, or nothing.
    """

    label: str
    make: Make
    reason: str | None = None
    may: frozenset[str] | None = None


def attacks(peer: LightPeer, seed: int) -> list[Attack]:
    """What a connected peer may try; `make` is given a running number."""
    random_ = random.Random(seed)
    transport = peer.transport
    bad_sctp = [HEADER + packet for packet, kind in BAD.values() if kind == MALFORMED]

    def flipped(packet: bytes, first: int, spared: int = 0) -> bytes:
        out = bytearray(packet)
        out[random_.randrange(first, len(out) - spared)] ^= 1 << random_.randrange(8)
        return bytes(out)

    def report() -> bytes:
        return transport.protect_rtcp(bytes((0x80, 201, 0, 1)) + peer.audio_ssrc)

    def foreign(number: int) -> bytes:
        """An authentic packet of a stream that nobody announced, for an m-line that is not there."""
        packet = bytearray(peer.sound())
        packet[8:12] = (7_000_000 + number % 50).to_bytes(4, "big")
        packet[2:4] = (number // 50 & 0xFFFF).to_bytes(2, "big")
        packet[17] = ord("9")
        return transport.protect(bytes(packet))

    def other_payload(number: int) -> bytes:
        packet = bytearray(peer.sound())
        packet[1] = 50 + number % 10
        return transport.protect(bytes(packet))

    def broken_rtcp(number: int) -> bytes:
        return transport.protect_rtcp(bytes((0x9F, 200 + number % 2, 0, 1)) + peer.audio_ssrc)

    def wrong_key(number: int) -> bytes:
        return transport.binding_request(f"{transport.remote.pwd[:-4]}{number % 10_000:04}")

    def sctp(number: int) -> bytes:
        return transport.dtls_records(bad_sctp[number % len(bad_sctp)] or b"\0")[0]

    def mixed(number: int) -> bytes:
        makers: tuple[Callable[[], bytes], ...] = (
            transport.binding_request,
            lambda: transport.protect(peer.sound()),
            report,
            lambda: transport.dtls_records(bad_sctp[number % len(bad_sctp)] or b"\0")[0],
            lambda: random_.choice(controls()),
        )
        return mutated(random_, makers[number % len(makers)]())

    return [
        Attack("altered SRTP", lambda _: flipped(transport.protect(peer.sound()), 28), "srtp_auth"),
        Attack("altered SRTCP", lambda _: flipped(report(), 8, 4), "srtcp_auth"),
        Attack("RTP of an unknown stream", foreign, "rtp_unknown_stream"),
        Attack("RTP of an unknown payload type", other_payload, "rtp_unknown_payload"),
        Attack("RTCP that contradicts its length", broken_rtcp, "rtcp_malformed"),
        *authentic_attacks(peer, random_),
        Attack("a check with a wrong key", wrong_key, "stun_unauthenticated"),
        Attack("half a DTLS record", lambda number: _DTLS_RECORD[: 14 + number % 50], "dtls_malformed"),
        Attack("no protocol", lambda number: bytes((64 + number % 64,)) + bytes(20), "unknown"),
        Attack("broken SCTP in DTLS", sctp, "sctp_malformed"),
        Attack("mutations of all", mixed),
    ]


def authentic_attacks(peer: LightPeer, random_: random.Random) -> list[Attack]:
    """RTP and RTCP of the right key and stream with malformed content."""
    transport = peer.transport

    def padded(_: int) -> bytes:
        return transport.protect(hostile_rtp.lying_padding(random_, peer.sound()))

    def headed(_: int) -> bytes:
        return hostile_rtp.lying_header(random_, transport.protect(peer.sound()))

    def odd(_: int) -> bytes:
        return transport.protect(hostile_rtp.odd_but_legal(random_, peer.sound()))

    def behind_report(malform: hostile_rtp.Malform) -> Make:
        good = bytes((0x80, 201, 0, 1)) + peer.audio_ssrc
        return lambda _: transport.protect_rtcp(malform(random_, good))

    def claims(_: int) -> bytes:
        own = int.from_bytes(peer.audio_ssrc, "big")
        return transport.protect_rtcp(hostile_rtp.false_claims(random_, own, peer.slot, peer.newest))

    return [
        Attack("RTP whose padding lies", padded, "rtp_malformed"),
        Attack("RTP whose CSRC count or extension lies", headed, "rtp_malformed"),
        Attack("RTP of an odd form", odd, may=frozenset()),
        Attack("RTCP whose lengths lie", behind_report(hostile_rtp.lying_lengths), "rtcp_malformed"),
        Attack("RTCP whose counts lie", behind_report(hostile_rtp.false_counts), "rtcp_malformed"),
        Attack("RTCP that says nothing", behind_report(hostile_rtp.useless_feedback), may=frozenset()),
        Attack("RTCP that claims what is not", claims, may=frozenset({"nack_limited"})),
    ]


class Stranger:
    """A UDP socket of no call."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((target[0], 0))
        self._target = target

    def send(self, datagram: bytes) -> None:
        """Waits when the socket is full."""
        self.sock.sendto(datagram, self._target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


class Flood:
    """A process that floods from elsewhere for the length of a block; then `sent` in `seconds` are known.

    Both are its own count and clock, from its first datagram to the moment at which it is told to end: what a machine
    that was busy elsewhere kept it from sending is missing. It aims at `AIM` times the rate, so that little is.
    """

    AIM: Final = 1.1

    def __init__(self, target: tuple[str, int], rate: int, seed: int) -> None:
        self.sent, self.seconds = 0, 0.0
        arguments = [target[0], str(target[1]), str(round(rate * self.AIM)), str(seed)]
        self._command = [sys.executable, "-m", "tests.support.hostile_media", *arguments]

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        await self._process.stdout.readline()
        return self

    async def __aexit__(self, *_: object) -> None:
        answer, _nothing = await self._process.communicate(b"over\n")
        sent, seconds = answer.split()
        self.sent, self.seconds = int(sent), float(seconds)

    @property
    def per_s(self) -> float:
        """Datagrams a second over the whole block."""
        return self.sent / self.seconds


def flood(target: tuple[str, int], rate: int, seed: int) -> tuple[int, float]:
    """Say so and send `rate` datagrams a second, in a batch every 2 ms, until there is something on standard input.

    (how many, in how many seconds). What one batch was late, the next makes up for.
    """
    random_, sent = random.Random(seed), 0
    shapes = [shape for base in controls() for shape in (base, mutated(random_, base), mutated(random_, base))]
    shapes = [shape for shape in shapes if family(shape) in ("stun", "dtls")]
    with Stranger(target) as stranger:
        began = time.monotonic()
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while True:
            over = select.select([sys.stdin], [], [], 0.002)[0]
            past = time.monotonic() - began
            if over:
                return sent, past
            while sent < past * rate:
                stranger.send(shapes[sent % len(shapes)])
                sent += 1


if __name__ == "__main__":
    datagrams, took = flood((sys.argv[1], int(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.write(f"{datagrams} {took}\n")
