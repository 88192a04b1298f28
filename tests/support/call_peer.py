"""A person in a call: a Socket.IO client and an aiortc peer that sends numbered pictures and a tone.

    two_in_a_call(server, seed=..., microphones=...)  ->  two `CallPeer`s whose media flow through the relay

A picture carries its sender's mark, its number and a check sum in 8 x 5 blocks of 40 x 40 dots, so that no video codec
can blur it at any rate; the rest is seeded noise, so that the encoder needs what it may take. All private names of
aiortc and aioice that the tests touch are in this file.
"""

import asyncio
import contextlib
import fractions
import re
import secrets
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from aioice import stun
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame, VideoFrame
from numpy.typing import NDArray

from media.core.keyframe import begins_key_frame
from tests.e2e.people import make_match, two_ids
from tests.support.client import ChatClient, connected
from tests.support.impair import ImpairedPath
from tests.support.server import Server

CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
PICTURES_PER_S = 15
WIDTH, HEIGHT, BLOCK = 320, 240, 40
COLUMNS, ROWS = WIDTH // BLOCK, 5
MARK_BITS, NUMBER_BITS, SUM_BITS = 8, 16, 16
DARK, LIGHT = 40, 210
NOISE = 90  # of the sixth row of blocks, which carries nothing
SAMPLE_RATE = 48_000
SAMPLES = 960  # 20 ms
PACKET_OVERHEAD = 12 + 8 + 16 + 28  # RTP, its extensions, SRTP tag, UDP and IPv4

Samples = NDArray[np.int16]


def draw(mark: int, number: int, noise: np.random.Generator) -> NDArray[np.uint8]:
    """A picture (HEIGHT x WIDTH luma) that says who sent it and which it is."""
    value = mark << NUMBER_BITS | number
    code = value << SUM_BITS | _check(value)
    bits = [code >> (COLUMNS * ROWS - 1 - index) & 1 for index in range(COLUMNS * ROWS)]
    blocks = np.where(np.array(bits).reshape(ROWS, COLUMNS), LIGHT, DARK).astype(np.uint8)
    coded = np.kron(blocks, np.ones((BLOCK, BLOCK), np.uint8))
    rest = noise.integers(0, NOISE, (HEIGHT - ROWS * BLOCK, WIDTH), np.uint8)
    return np.vstack([coded, rest])


def read(luma: NDArray[np.uint8]) -> tuple[int, int] | None:
    """(mark, number) of a picture; None when its check sum says that it is none of ours."""
    blocks = luma[: ROWS * BLOCK, :WIDTH].reshape(ROWS, BLOCK, COLUMNS, BLOCK).mean(axis=(1, 3))
    code = 0
    for bit in (blocks > (DARK + LIGHT) / 2).flatten():
        code = code << 1 | int(bit)
    value, check = code >> SUM_BITS, code & (1 << SUM_BITS) - 1
    return (value >> NUMBER_BITS, value & (1 << NUMBER_BITS) - 1) if check == _check(value) else None


def _check(value: int) -> int:
    return (value * 40503 + 12345) >> 4 & (1 << SUM_BITS) - 1


class Pictures(MediaStreamTrack):
    """A camera that numbers its pictures. After `freeze` no further one comes."""

    kind = "video"

    def __init__(self, mark: int) -> None:
        super().__init__()
        self.mark = mark
        self.sent = 0
        self._noise = np.random.default_rng(mark)
        self._began: float | None = None
        self._frozen = False

    def freeze(self) -> None:
        """The camera hangs, without a word."""
        self._frozen = True

    async def recv(self) -> VideoFrame:
        if self._frozen:
            await asyncio.Event().wait()  # until the peer is closed
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        await asyncio.sleep(max(0.0, self._began + self.sent / PICTURES_PER_S - now))
        luma = draw(self.mark, self.sent, self._noise)
        frame = VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")
        frame.pts = self.sent * 90_000 // PICTURES_PER_S
        frame.time_base = fractions.Fraction(1, 90_000)
        self.sent += 1
        return frame


class Sound(MediaStreamTrack):
    """A microphone that hears `samples`, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets = 0
        self._began: float | None = None

    @abstractmethod
    def samples(self, at: int) -> Samples:
        """The SAMPLES samples from sample number `at` on."""

    async def recv(self) -> AudioFrame:
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        at = self._packets * SAMPLES
        await asyncio.sleep(max(0.0, self._began + at / SAMPLE_RATE - now))
        # Stereo as the encoder is: making two channels of one would cost 3 dB.
        frame = AudioFrame.from_ndarray(np.repeat(self.samples(at), 2).reshape(1, -1), format="s16", layout="stereo")
        frame.pts, frame.sample_rate = at, SAMPLE_RATE
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._packets += 1
        return frame


class Tone(Sound):
    """One sine of `hertz` at `level` (1.0: full scale)."""

    def __init__(self, hertz: float, level: float) -> None:
        super().__init__()
        self._hertz, self._level = hertz, level

    def samples(self, at: int) -> Samples:
        phase = 2 * np.pi * self._hertz * (at + np.arange(SAMPLES)) / SAMPLE_RATE
        return (np.sin(phase) * self._level * 32767).astype(np.int16)


@dataclass
class Received:
    """What arrived, decoded. `pictures`: (when, mark, number); `spoilt`: when a picture came whose code is broken."""

    pictures: list[tuple[float, int, int]] = field(default_factory=list)
    spoilt: list[float] = field(default_factory=list)
    sound: list[tuple[float, Samples]] = field(default_factory=list)  # when, samples of the left channel
    ended: int = 0

    def numbers(self, since: float = 0.0) -> list[int]:
        """The picture numbers that came after a time."""
        return [number for when, _, number in self.pictures if when >= since]

    def longest_gap(self, since: float) -> float:
        """Seconds without a picture, from `since` until now: a freeze that lasts counts too."""
        times = [since, *(when for when, _, _ in self.pictures if when >= since), time.monotonic()]
        return max((after - before for before, after in pairwise(times)), default=0.0)

    def samples(self, since: float = 0.0) -> Samples:
        """The sound after a time in one piece."""
        pieces = [piece for when, piece in self.sound if when >= since]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


class CallPeer:
    """One person on one device. `path` stands between the peer and the relay when it is given."""

    def __init__(self, client: ChatClient, user_id: str, mark: int, microphone: Sound) -> None:
        self.client = client
        self.user_id = user_id
        self.mark = mark
        self.call_id = ""
        self.answer = ""
        self.received = Received()
        self.pictures = Pictures(mark)
        self.path: ImpairedPath | None = None
        self.pc = RTCPeerConnection(CONFIGURATION)
        self._microphone = microphone
        self._tasks: list[asyncio.Task[None]] = []
        self.key_frames_asked = 0  # of this peer, by the relay
        self.key_frames: list[float] = []  # when the first packet of each came, unless it came by retransmission
        self.pc.on("track", self._heard)
        self.channels: dict[str, RTCDataChannel] = {}
        self.messages: list[tuple[str, str | bytes]] = []
        self.pc.on("datachannel", self._take_channel)

    def open_channel(self, label: str) -> None:
        """A data channel of this peer; before the first offer it puts its m-line there."""
        self._take_channel(self.pc.createDataChannel(label))

    def _take_channel(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", lambda message: self.messages.append((channel.label, message)))

    async def offer(
        self,
        make_path: "MakePath | None" = None,
        *,
        audio: bool = True,
        video: bool = True,
        channels: tuple[str, ...] = (),
    ) -> None:
        """Offer to the relay and take its answer; `make_path` is given the relay's address."""
        if audio:
            self.pc.addTrack(self._microphone)
        if video:
            self._count_key_frames(self.pc.addTrack(self.pictures))
        # After the tracks: aiortc gives a channel that comes first a transport of its own, which BUNDLE leaves dead.
        for label in channels:
            self.open_channel(label)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        self.answer = await self._exchange(self.pc.localDescription.sdp)
        if make_path is not None:
            self.path = await make_path(candidate_of(self.answer))
            self.answer = through_path(self.answer, self.path.port)
        await self.pc.setRemoteDescription(RTCSessionDescription(self.answer, "answer"))

    def _count_key_frames(self, sender: RTCRtpSender) -> None:
        """aiortc counts neither the key frames it is asked for nor those that come."""
        receiver = next(one.receiver for one in self.pc.getTransceivers() if one.sender is sender)
        send_key_frame, take = sender._send_keyframe, receiver._handle_rtp_packet

        def asked() -> None:
            self.key_frames_asked += 1
            send_key_frame()

        async def came(packet: RtpPacket, arrival_time_ms: int) -> None:
            if packet.ssrc == ssrc_of(self.answer, "video") and begins_key_frame("vp8", packet.payload):
                self.key_frames.append(time.monotonic())
            await take(packet, arrival_time_ms)

        vars(sender)["_send_keyframe"], vars(receiver)["_handle_rtp_packet"] = asked, came

    async def restart_ice(self) -> None:
        """A new offer with new ICE credentials and a check with them, as a browser's `restartIce` (RFC 8839 4.4.1.1).

        aiortc can not restart, so the offer is the old one with other credentials, which its ICE agent then uses.
        """
        ufrag, password = secrets.token_hex(4), secrets.token_hex(16)
        offer = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{ufrag}", self.pc.localDescription.sdp)
        offer = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{password}", offer)
        answer = await self._exchange(offer)
        ice = self._ice()
        ice._local_username, ice._local_password = ufrag, password
        ice.remote_username = _attribute(answer, "ice-ufrag")
        ice.remote_password = _attribute(answer, "ice-pwd")
        await self.check_path()

    async def check_path(self) -> None:
        """A connectivity check at once, as a client sends when its own address has changed (RFC 8445 7.2.2).

        aioice notices no change of its addresses and would check within 4 to 6 s.
        """
        ice = self._ice()
        for pair in ice._nominated.values():
            request = ice.build_request(pair, nominate=True)
            with contextlib.suppress(stun.TransactionError):
                await pair.protocol.request(request, pair.remote_addr, integrity_key=ice.remote_password.encode())

    async def until(self, holds: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait until something has arrived."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{self.user_id} waited {within_s} s for {what}") from None

    async def until_media(self, since: float, within_s: float, *, pictures: int = 3, sounds: int = 10) -> float:
        """Wait for that many pictures and pieces of sound since then; seconds from then to the first picture."""
        heard = self.received
        await self.until(
            lambda: len(heard.numbers(since)) >= pictures and sum(when >= since for when, _ in heard.sound) >= sounds,
            within_s,
            f"{pictures} pictures and {sounds} pieces of sound",
        )
        return next(when for when, _, _ in heard.pictures if when >= since) - since

    async def audio_counts(self) -> tuple[int, int]:
        """(received, lost) audio packets by their RTP sequence numbers (RFC 3550 6.4.1, A.3)."""
        for receiver in self.pc.getReceivers():
            if receiver.track.kind == "audio":
                report = await receiver.getStats()
                for entry in report.values():
                    if entry.type == "inbound-rtp":
                        return entry.packetsReceived, entry.packetsLost
        return 0, 0

    async def octets_sent(self) -> int:
        """What all tracks have put on the wire so far, with headers down to IP; retransmissions included."""
        reports = [await sender.getStats() for sender in self.pc.getSenders()]
        sent = [entry for report in reports for entry in report.values() if entry.type == "outbound-rtp"]
        return sum(entry.bytesSent + entry.packetsSent * PACKET_OVERHEAD for entry in sent)

    async def rate(self, seconds: float) -> float:
        """Bit/s that this peer sends over the next seconds."""
        before, began = await self.octets_sent(), time.monotonic()
        await asyncio.sleep(seconds)
        return (await self.octets_sent() - before) * 8 / (time.monotonic() - began)

    async def close(self) -> None:
        """Leave without a word of signalling."""
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(self, offer: str) -> str:
        answered = await self.client.ok("webrtc_offer", {"callId": self.call_id, "sdp": offer, "target": "relay"})
        return str(answered["sdp"])

    def _ice(self) -> Any:
        return self.pc.getTransceivers()[0].receiver.transport.transport._connection

    def _heard(self, track: MediaStreamTrack) -> None:
        take = self._take_picture if track.kind == "video" else self._take_sound
        self._tasks.append(asyncio.ensure_future(self._drain(track, take)))

    async def _drain(self, track: MediaStreamTrack, take: Callable[[Any], None]) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                take(await track.recv())
        self.received.ended += 1

    def _take_picture(self, frame: VideoFrame) -> None:
        found = read(frame.to_ndarray(format="gray").astype(np.uint8))
        if found is None:
            self.received.spoilt.append(time.monotonic())
        else:
            self.received.pictures.append((time.monotonic(), *found))

    def _take_sound(self, frame: AudioFrame) -> None:
        samples = frame.to_ndarray().astype(np.int16).reshape(-1, len(frame.layout.channels))
        self.received.sound.append((time.monotonic(), samples[:, 0].copy()))


class MakePath:
    """Makes the bad network of one leg once the relay's address is known, and ends it with the stack."""

    def __init__(self, stack: contextlib.AsyncExitStack, seed: int, *, everything: bool = False) -> None:
        self._stack, self._seed, self._everything = stack, seed, everything

    async def __call__(self, server: tuple[str, int]) -> ImpairedPath:
        path = ImpairedPath(server, self._seed, everything=self._everything)
        return await self._stack.enter_async_context(path)


def _attribute(sdp: str, name: str) -> str:
    found = re.search(rf"a={name}:([^\s]+)", sdp)
    assert found is not None, (name, sdp)
    return found[1]


def ssrc_of(sdp: str, kind: str) -> int:
    """The first SSRC in the first m-line of this kind."""
    section = next(part for part in sdp.split("m=") if part.startswith(kind))
    return int(_attribute(section, "ssrc"))


def candidate_of(sdp: str) -> tuple[str, int]:
    """Address and port of the relay's loopback UDP candidate, to which the proxy talks."""
    found = re.search(r"a=candidate:\S+ 1 udp \d+ (127\.0\.0\.1) (\d+) ", sdp, re.IGNORECASE)
    assert found is not None, sdp
    return found[1], int(found[2])


def through_path(sdp: str, port: int) -> str:
    """The answer with the proxy's port as the only candidate of each m-line."""
    candidates = re.compile(r"(?:a=candidate:[^\r\n]*\r?\n)+")
    return candidates.sub(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r\n", sdp)


@contextlib.asynccontextmanager
async def two_in_a_call(
    server: Server,
    *,
    seed: int | None = None,
    audio: bool = True,
    video: bool = True,
    everything: bool = False,
    channels: tuple[str, ...] = (),
    microphones: tuple[Sound, Sound] | None = None,
    ben_seed: int | None = None,
) -> AsyncIterator[tuple[CallPeer, CallPeer]]:
    """Ana rings, Ben accepts, both offer; with a seed Ana's leg runs over an `ImpairedPath`, clear at first.

    `channels`: labels of data channels that both open. `microphones`: Ana's and Ben's instead of tones. `ben_seed`: a
    path for Ben's leg too."""
    names = two_ids()
    async with contextlib.AsyncExitStack() as stack:
        tokens = [server.dev_token(name) for name in names]
        clients = [await stack.enter_async_context(connected(server.url, token=token)) for token in tokens]
        match_id = make_match(server, *names)
        ana_hears, ben_hears = microphones or (Tone(440.0, level=0.25), Tone(1000.0, level=0.1))
        ana = CallPeer(clients[0], names[0], 0x5A, ana_hears)
        ben = CallPeer(clients[1], names[1], 0xA6, ben_hears)
        stack.push_async_callback(ana.close)
        stack.push_async_callback(ben.close)
        for client in clients:
            await client.wait_for("match_created")
        started = await ana.client.ok(
            "start_call", {"matchId": match_id, "audio": audio, "video": video, "mode": "relay"}
        )
        await ben.client.wait_for("incoming_call", lambda data: data["callId"] == started["callId"])
        ana.call_id = ben.call_id = started["callId"]
        await ben.client.ok("answer_call", {"callId": ben.call_id, "accept": True})
        for peer, its_seed in ((ana, seed), (ben, ben_seed)):
            make_path = None if its_seed is None else MakePath(stack, its_seed, everything=everything)
            await peer.offer(make_path, audio=audio, video=video, channels=channels)
        for peer in (ana, ben):
            await peer.client.wait_for("call_state", lambda data: data["state"] == "active", within_s=10)
        yield ana, ben
