"""Clients of an engine in memory: they protect and unprotect with pylibsrtp and keep what they got."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from media import rtcp
from media.engine.api import Address, CodecKey, EngineEvent, LegKeys, Publication, Slot, SrtpProfile
from media.engine.pure import PureEngine
from media.engine.srtp import SrtpTransform

OPUS = CodecKey("opus", 48_000, 2, "")
VP8 = CodecKey("vp8", 90_000, 0, "")
H264 = CodecKey("h264", 90_000, 0, "42e01f;1")
GCM: SrtpProfile = "AEAD_AES_128_GCM"
CM: SrtpProfile = "AES128_CM_SHA1_80"
VP8_KEY, VP8_INTER = b"\x10\x00", b"\x10\x01"
UNIX_TIME = 1_790_000_000.0  # what the engine's clock 0.0 is on the wall


def keys(leg: int, profile: SrtpProfile = GCM, *, client: bool = False) -> LegKeys:
    """Keys of a leg as the server, or the client, sees them."""
    salt = bytes(12 if profile == GCM else 14)
    rx, tx = bytes([leg, 1] * 8), bytes([leg, 2] * 8)
    return LegKeys(profile, tx, salt, rx, salt) if client else LegKeys(profile, rx, salt, tx, salt)


@dataclass(frozen=True, slots=True)
class Rtp:
    """An RTP packet, enough of it."""

    pt: int
    seq: int
    ts: int
    ssrc: int
    payload: bytes = b"\x10\x01payload"
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None  # profile, data
    padding: int = 0

    def __bytes__(self) -> bytes:
        first = 0x80 | len(self.csrcs) | (0x10 if self.extension else 0) | (0x20 if self.padding else 0)
        out = bytes((first, self.marker << 7 | self.pt)) + (self.seq & 0xFFFF).to_bytes(2, "big")
        out += (self.ts & 0xFFFFFFFF).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        out += b"".join(csrc.to_bytes(4, "big") for csrc in self.csrcs)
        if self.extension:
            profile, data = self.extension
            data += bytes(-len(data) % 4)
            out += profile.to_bytes(2, "big") + (len(data) // 4).to_bytes(2, "big") + data
        out += self.payload
        return out + bytes(self.padding - 1) + bytes((self.padding,)) if self.padding else out

    @classmethod
    def parse(cls, octets: bytes) -> "Rtp":
        at = 12 + 4 * (octets[0] & 15)
        csrcs = tuple(int.from_bytes(octets[i : i + 4], "big") for i in range(12, at, 4))
        extension = None
        if octets[0] & 0x10:
            profile, words = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 2 : at + 4], "big")
            extension = (profile, octets[at + 4 : at + 4 + 4 * words])
            at += 4 + 4 * words
        padding = octets[-1] if octets[0] & 0x20 else 0
        return cls(
            octets[1] & 0x7F,
            int.from_bytes(octets[2:4], "big"),
            int.from_bytes(octets[4:8], "big"),
            int.from_bytes(octets[8:12], "big"),
            octets[at : len(octets) - padding],
            bool(octets[1] & 0x80),
            csrcs,
            extension,
            padding,
        )


def one_byte(*elements: tuple[int, bytes]) -> tuple[int, bytes]:
    """Extension block of one-byte elements (RFC 8285 4.2)."""
    return 0xBEDE, b"".join(bytes((number << 4 | len(data) - 1,)) + data for number, data in elements)


def two_byte(*elements: tuple[int, bytes]) -> tuple[int, bytes]:
    """Extension block of two-byte elements (RFC 8285 4.3)."""
    return 0x1000, b"".join(bytes((number, len(data))) + data for number, data in elements)


def elements(extension: tuple[int, bytes] | None) -> dict[int, bytes]:
    """Read a block back: id -> data."""
    found: dict[int, bytes] = {}
    if extension is None:
        return found
    profile, data = extension
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
        elif profile == 0xBEDE:
            found[data[at] >> 4] = data[at + 1 : at + 2 + (data[at] & 15)]
            at += 2 + (data[at] & 15)
        else:
            found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
            at += 2 + data[at + 1]
    return found


@dataclass(slots=True)
class Client:
    """One participant. ``drop`` decides about each datagram towards it; None lets everything through."""

    world: "World"
    leg: int
    srtp: SrtpTransform
    rtp: list[Rtp] = field(default_factory=list)
    feedback: list[rtcp.Packet] = field(default_factory=list)
    compounds: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    drop: Callable[[bytes], bool] | None = None

    def send(self, *packets: Rtp | bytes) -> None:
        """Protect RTP packets and give them to the engine now."""
        for packet in packets:
            self.world.engine.receive(self.leg, self.srtp.protect(bytes(packet)), self.world.now)

    def report(self, *packets: bytes) -> None:
        """The same for one RTCP datagram."""
        self.world.engine.receive(self.leg, self.srtp.protect_rtcp(b"".join(packets)), self.world.now)

    def take(self, datagram: bytes) -> None:
        if self.drop is not None and self.drop(datagram):
            return
        self.raw.append(datagram)
        if 192 <= datagram[1] <= 223:
            compound = self.srtp.unprotect_rtcp(datagram)
            self.compounds.append(compound)
            self.feedback.extend(rtcp.parse(compound))
        else:
            self.rtp.append(Rtp.parse(self.srtp.unprotect(datagram)))

    def clear(self) -> None:
        self.rtp.clear()
        self.feedback.clear()
        self.compounds.clear()
        self.raw.clear()


class World:
    """An engine, its clients and a clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.events: list[EngineEvent] = []
        self.clients: dict[Address, Client] = {}
        self.engine = PureEngine(self._send, self.events.append, wall=UNIX_TIME)

    def _send(self, datagram: bytes, address: Address) -> None:
        self.clients[address].take(datagram)

    def join(self, leg: int, profile: SrtpProfile = GCM) -> Client:
        address = ("192.0.2.1", 5000 + leg)
        client = Client(self, leg, SrtpTransform(keys(leg, profile, client=True)))
        self.clients[address] = client
        self.engine.add_leg(leg, keys(leg, profile), address)
        return client

    def pass_time(self, seconds: float, step: float = 0.02) -> None:
        """Move the clock in ticks."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.engine.tick(self.now)

    def refused(self) -> dict[str, int]:
        return {str(reason): count for reason, count in self.engine.refused().items() if count}


A_VIDEO, A_RTX, A_AUDIO = 0xA1, 0xA2, 0xA3
TO_B_VIDEO, TO_B_RTX, TO_B_AUDIO = 0xB1, 0xB2, 0xB3


def video_publication(leg: int = 1, **changes: object) -> Publication:
    values: dict[str, object] = {
        "leg_id": leg,
        "mid": "1",
        "kind": "video",
        "ssrc": A_VIDEO,
        "rtx_ssrc": A_RTX,
        "clock_rate": 90_000,
        "codecs": {96: VP8, 102: H264},
        "rtx_pts": {97: 96, 103: 102},
        "ext_ids": {"mid": 4, "abs_send_time": 2},
    }
    return Publication(**{**values, **changes})  # type: ignore[arg-type]  # any field


def audio_publication(leg: int = 1, **changes: object) -> Publication:
    values: dict[str, object] = {
        "leg_id": leg,
        "mid": "0",
        "kind": "audio",
        "ssrc": A_AUDIO,
        "rtx_ssrc": None,
        "clock_rate": 48_000,
        "codecs": {111: OPUS},
        "ext_ids": {"mid": 4, "audio_level": 1},
        "nack": False,
        "pli": False,
    }
    return Publication(**{**values, **changes})  # type: ignore[arg-type]  # any field


def video_slot(leg: int = 2, **changes: object) -> Slot:
    values: dict[str, object] = {
        "leg_id": leg,
        "mid": "1",
        "kind": "video",
        "ssrc": TO_B_VIDEO,
        "rtx_ssrc": TO_B_RTX,
        "cname": "someone",
        "pts": {VP8: 120},
        "rtx_pts": {120: 124},
        "ext_ids": {"mid": 3, "abs_send_time": 5},
    }
    return Slot(**{**values, **changes})  # type: ignore[arg-type]  # any field


def audio_slot(leg: int = 2, **changes: object) -> Slot:
    values: dict[str, object] = {
        "leg_id": leg,
        "mid": "0",
        "kind": "audio",
        "ssrc": TO_B_AUDIO,
        "rtx_ssrc": None,
        "cname": "someone",
        "pts": {OPUS: 109},
        "ext_ids": {"mid": 3, "audio_level": 1},
        "nack": False,
    }
    return Slot(**{**values, **changes})  # type: ignore[arg-type]  # any field


@dataclass(slots=True)
class OneWay:
    """Leg 1 sends audio and video to leg 2, unlike in all numbers."""

    world: World
    sender: Client
    receiver: Client
    video: int
    audio: int
    video_slot: int
    audio_slot: int


def one_way(profile: SrtpProfile = GCM, *, publication: Publication | None = None, slot: Slot | None = None) -> OneWay:
    """Set the call up; what set-up itself sends is cleared away."""
    world = World()
    sender, receiver = world.join(1, profile), world.join(2, profile)
    engine = world.engine
    video = engine.publish(publication or video_publication())
    audio = engine.publish(audio_publication())
    to_video, to_audio = engine.open_slot(slot or video_slot()), engine.open_slot(audio_slot())
    engine.route(video, to_video)
    engine.route(audio, to_audio)
    sender.clear()
    world.events.clear()
    return OneWay(world, sender, receiver, video, audio, to_video, to_audio)


def frames(first: int, count: int, *, ssrc: int = A_VIDEO, pt: int = 96, ts: int = 0) -> list[Rtp]:
    """A run of video packets, one a frame, 3000 ticks apart."""
    return [
        Rtp(pt, first + number, ts + 3000 * number, ssrc, VP8_INTER + b"frame %d" % (first + number), marker=True)
        for number in range(count)
    ]


def sequences(packets: Iterable[Rtp], ssrc: int) -> list[int]:
    return [packet.seq for packet in packets if packet.ssrc == ssrc]
