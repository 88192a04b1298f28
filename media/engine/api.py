"""What a forwarding engine is, whichever language it is written in.

An engine holds *legs* (one participant's secured transport), *publications* (a track that a leg
sends up), *slots* (an m-line of a leg on which the relay sends) and *routes* from publications to
slots. It is given datagrams that came from a leg's checked address and sends datagrams; it opens no
socket, reads no clock and knows no SDP, no call and no user.

Time: every ``now`` and ``arrival`` is in seconds of one monotonic clock, the same for all calls.
Errors: a datagram never raises; what is refused is counted under a ``Refusal``. A method about an id
that does not exist (any more) does nothing, because a leg may go while a task still thinks of it;
only adding the same leg twice or a publication or slot to an unknown leg raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from struct import Struct
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

Kind: TypeAlias = Literal["audio", "video"]
Direction: TypeAlias = Literal["up", "down"]  # from the client, towards it
SrtpProfile: TypeAlias = Literal["AEAD_AES_128_GCM", "AES128_CM_SHA1_80"]
# What ``socket.sendto`` takes; the engine only hands it back to ``send``.
Address: TypeAlias = tuple[Any, ...]
# ``socket.sendto`` of the socket the leg talks to, or anything of its shape; it may raise OSError.
Send: TypeAlias = Callable[[bytes, Address], Any]

# Names of header extensions as the maps ``ext_ids`` use them, and their URIs in SDP.
EXT_MID = "mid"
EXT_AUDIO_LEVEL = "audio_level"
EXT_ABS_SEND_TIME = "abs_send_time"
EXT_ORIENTATION = "orientation"
EXT_PLAYOUT_DELAY = "playout_delay"
EXTENSION_URIS: Mapping[str, str] = {
    EXT_MID: "urn:ietf:params:rtp-hdrext:sdes:mid",
    EXT_AUDIO_LEVEL: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    EXT_ABS_SEND_TIME: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    EXT_ORIENTATION: "urn:3gpp:video-orientation",
    EXT_PLAYOUT_DELAY: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
}


class CodecKey(NamedTuple):
    """Identity of a codec over legs that number it differently."""

    name: str  # lower case: "opus", "vp8", "h264" ...
    clock_rate: int
    channels: int  # 0 for video
    profile: str  # what must agree in fmtp, e.g. "42e01f;1" for H264, "" where nothing must


@dataclass(frozen=True, slots=True)
class LegKeys:
    """SRTP keys from the DTLS exporter (RFC 5764 4.2), seen from the server: rx is what the client sends."""

    profile: SrtpProfile
    rx_key: bytes  # 16 bytes
    rx_salt: bytes  # 12 bytes (GCM, RFC 7714) or 14 (CM, RFC 3711)
    tx_key: bytes
    tx_salt: bytes


@dataclass(frozen=True, slots=True)
class Publication:
    """A track that a leg sends up. A second ``publish`` of the same (leg_id, mid) replaces the first."""

    leg_id: int
    mid: str
    kind: Kind
    ssrc: int | None  # None: learnt from the MID extension or from the payload type
    rtx_ssrc: int | None
    clock_rate: int
    codecs: Mapping[int, CodecKey]  # payload type -> codec
    rtx_pts: Mapping[int, int] = field(default_factory=dict)  # RTX payload type -> payload type
    ext_ids: Mapping[str, int] = field(default_factory=dict)  # EXT_ name -> id on this leg
    nack: bool = True  # the client answers generic NACK (RFC 4585 6.2.1)
    pli: bool = True  # the client answers PLI; with neither PLI nor FIR nothing is asked
    fir: bool = False  # used when PLI was not agreed


@dataclass(frozen=True, slots=True)
class Slot:
    """An m-line on which the relay sends. A second ``open_slot`` of the same (leg_id, mid) replaces the first.

    An engine never protects two different packets of one leg with the same SSRC and sequence number: with AES-GCM
    that would give the key stream away (RFC 7714 8.1). Sequence numbers of an SSRC go on over routes and slots.
    """

    leg_id: int
    mid: str
    kind: Kind
    ssrc: int
    rtx_ssrc: int | None
    cname: str
    pts: Mapping[CodecKey, int]
    rtx_pts: Mapping[int, int] = field(default_factory=dict)  # payload type -> RTX payload type
    ext_ids: Mapping[str, int] = field(default_factory=dict)
    nack: bool = True


class Refusal(StrEnum):
    """Why a datagram, or a part of it, was not used. The closed set of counter labels."""

    UNKNOWN_LEG = "unknown_leg"
    RTP_MALFORMED = "rtp_malformed"
    RTP_UNKNOWN_STREAM = "rtp_unknown_stream"  # no publication for this SSRC
    RTP_UNKNOWN_PAYLOAD = "rtp_unknown_payload"
    RTP_DUPLICATE = "rtp_duplicate"  # the same packet again, e.g. original and retransmission
    RTX_MALFORMED = "rtx_malformed"
    SRTP_AUTH = "srtp_auth"
    SRTP_REPLAY = "srtp_replay"
    SRTCP_AUTH = "srtcp_auth"
    SRTCP_REPLAY = "srtcp_replay"
    RTCP_MALFORMED = "rtcp_malformed"
    NACK_LIMITED = "nack_limited"  # a receiver asked for more than it may have
    SEND_FAILED = "send_failed"  # the socket was full or the path is gone


# ---- events (small, rare; never one per packet)


@dataclass(frozen=True, slots=True)
class LegHeard:
    """First authentic packet of a leg, or the first one after ``HEARD_AGAIN_S`` of silence."""

    leg_id: int
    now: float


@dataclass(frozen=True, slots=True)
class KeyFrameAsked:
    """A PLI or FIR went up to the publication's sender (after the throttle)."""

    publication_id: int
    now: float


@dataclass(frozen=True, slots=True)
class StreamLearnt:
    """A publication got its SSRC from a packet, or changed it."""

    publication_id: int
    ssrc: int
    now: float


@dataclass(frozen=True, slots=True)
class BitrateAsked:
    """A REMB of this value in bit/s went up to the leg."""

    leg_id: int
    bitrate: int
    now: float


EngineEvent: TypeAlias = LegHeard | KeyFrameAsked | StreamLearnt | BitrateAsked
OnEvent: TypeAlias = Callable[[EngineEvent], None]

# A leg that was silent for this long is announced again when it is heard.
HEARD_AGAIN_S = 1.0

# ---- statistics

# One record of the arrival log: arrival (seconds, f64), RTP timestamp (u32), extended sequence number
# (u32, starts at the first 16-bit number), size of the RTP packet without SRTP tag (u16), level
# (-dBov 0..127, NO_LEVEL = none), flags. Little endian without padding, so that
# numpy.frombuffer(log, ARRIVAL_DTYPE) reads it.
ARRIVAL = Struct("<dIIHBB")
ARRIVAL_DTYPE = [
    ("arrival", "<f8"),
    ("timestamp", "<u4"),
    ("sequence", "<u4"),
    ("size", "<u2"),
    ("level", "u1"),
    ("flags", "u1"),
]
NO_LEVEL = 255
FLAG_MARKER = 1
FLAG_RECOVERED = 2  # it came as a retransmission
# The log keeps at most this many records between two snapshots; further ones are dropped and counted.
ARRIVAL_LOG_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """Counters of one publication (direction "up") or slot ("down"); cumulative unless said otherwise.

    Up: what the relay received and asked. Down: what the relay sent; ``lost``, ``loss``, ``jitter`` and
    ``rtt`` are then what the receiver reported (RFC 3550 6.4.1), None before its first report; ``lost`` also counts
    what was sent while nothing reached it.
    """

    stream_id: int  # publication id or slot id
    direction: Direction
    kind: Kind
    mid: str
    ssrc: int | None
    clock_rate: int
    packets: int  # retransmissions not included
    octets: int  # RTP header and payload of ``packets``
    lost: int | None  # on the path, before recovery (RFC 3550 6.4.1); duplicates can make it negative
    loss: float | None  # ratio 0..1 of the last report interval
    jitter: float | None  # seconds
    rtt: float | None  # seconds, smoothed; of the leg
    retransmitted: int  # up: packets recovered (so ``lost - retransmitted`` never came); down: retransmissions sent
    retransmitted_octets: int
    nacks: int  # sequence numbers asked for: up by the relay, down by the receiver
    plis: int  # PLI and FIR: up sent by the relay, down received
    duplicates: int
    levels: tuple[int, ...]  # since the last snapshot: packets per RFC 6464 level 0..127; empty without the extension
    arrivals: bytes  # since the last snapshot: ARRIVAL records; empty on "down"
    arrivals_dropped: int  # since the last snapshot


@dataclass(frozen=True, slots=True)
class LegSnapshot:
    leg_id: int
    heard: float | None  # time of the last authentic packet
    rtt: float | None  # seconds, smoothed
    rtt_newest: float | None  # seconds, of the last report that told it
    remb: int | None  # last REMB that came from this leg, bit/s
    remb_sent: int | None  # last REMB that went to this leg, bit/s
    refused: Mapping[Refusal, int]
    streams: Sequence[StreamSnapshot]


class Tally(NamedTuple):
    """Sums over all streams of one direction and kind since the engine's start, ended ones included."""

    packets: int  # retransmissions not included
    octets: int  # RTP header and payload of ``packets``
    retransmitted: int  # up: packets recovered; down: retransmissions sent


class Engine(Protocol):
    """The methods both engines have. None of them blocks; all belong to one thread."""

    def add_leg(self, leg_id: int, keys: LegKeys, address: Address, *, send: Send | None = None) -> None:
        """Begin a leg. ``send`` overrides the engine's own for this leg (which socket answers)."""

    def set_address(self, leg_id: int, address: Address, *, send: Send | None = None) -> None:
        """The leg's checked address has moved; ``send=None`` keeps the present one."""

    def set_bitrate_cap(self, leg_id: int, bitrate: int | None) -> None:
        """Upper bound in bit/s of every REMB passed up to this leg (None: none)."""

    def remove_leg(self, leg_id: int) -> None:
        """End a leg with its publications, slots and routes."""

    def publish(self, publication: Publication) -> int:
        """Announce a track; returns the publication id."""

    def unpublish(self, publication_id: int) -> None: ...

    def open_slot(self, slot: Slot) -> int:
        """Announce an m-line the relay sends on; returns the slot id."""

    def close_slot(self, slot_id: int) -> None: ...

    def route(self, publication_id: int, slot_id: int | None) -> None:
        """Forward the publication to the slot (which carries one publication: the newest wins).

        ``None`` takes the publication off all its slots. A new route asks for a key frame.
        """

    def receive(self, leg_id: int, datagram: bytes, arrival: float) -> None:
        """Take an RTP or RTCP datagram (RFC 5761) that came from the leg's checked address."""

    def tick(self, now: float) -> None:
        """Send what is due: retransmission requests, reports. Call it at ``deadline()``, at the latest every 20 ms."""

    def deadline(self) -> float | None:
        """When ``tick`` has something to do; None: nothing before the next packet or method."""

    def heard(self, leg_id: int) -> float | None:
        """Time of the last authentic packet of the leg; None if there was none."""

    def snapshot(self, now: float, leg_ids: Collection[int] | None = None) -> list[LegSnapshot]:
        """Read the counters of these legs (None: of all) and clear what is "since the last snapshot" of them."""

    def totals(self) -> Mapping[tuple[Direction, Kind], Tally]:
        """Read what has passed, for all directions and kinds. Sums never fall; reading clears nothing."""

    def refused(self) -> Mapping[Refusal, int]:
        """Refusals since start over all legs, ended ones too."""


__all__ = [
    "ARRIVAL",
    "ARRIVAL_DTYPE",
    "ARRIVAL_LOG_LIMIT",
    "EXTENSION_URIS",
    "EXT_ABS_SEND_TIME",
    "EXT_AUDIO_LEVEL",
    "EXT_MID",
    "EXT_ORIENTATION",
    "EXT_PLAYOUT_DELAY",
    "FLAG_MARKER",
    "FLAG_RECOVERED",
    "HEARD_AGAIN_S",
    "NO_LEVEL",
    "Address",
    "BitrateAsked",
    "CodecKey",
    "Direction",
    "Engine",
    "EngineEvent",
    "KeyFrameAsked",
    "Kind",
    "LegHeard",
    "LegKeys",
    "LegSnapshot",
    "OnEvent",
    "Publication",
    "Refusal",
    "Send",
    "Slot",
    "SrtpProfile",
    "StreamLearnt",
    "StreamSnapshot",
    "Tally",
]
