"""Sending side: a slot of a leg, and the route that feeds it from a publication."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from media.core.keyframe import begins_key_frame
from media.core.rewrite import Continuity
from media.engine.api import EXT_ABS_SEND_TIME, EXT_MID, Direction, Refusal, Slot, StreamSnapshot, Tally
from media.engine.headers import FIXED_HEADER, ExtensionMap, advance_send_time, header_length, to_rtx
from media.engine.link import Link
from media.engine.ring import RING_PACKETS, RING_SECONDS, Ring
from media.engine.srtp import SRTP_ERRORS
from media.engine.unheard import Unheard
from media.rtcp import ReportBlock

if TYPE_CHECKING:
    from media.engine.up import UpStream

_FIXED: Final = Struct("!BBHI4s")
# Octets that may be sent again before as many new ones have gone out. Less would leave a burst of loss unrepaired,
# more would make the relay an amplifier for whoever floods it with NACKs.
RESEND_BURST: Final = 128 * 1024
# No packet goes out again within half a round trip: a request that comes earlier was made before the receiver could
# have it. Nor a third time within this, on the shortest path.
RESEND_MIN_S: Final = 0.010
# How long a new source may be held back for a key frame that cannot be recognised (encrypted end to end).
KEY_FRAME_PATIENCE_S: Final = 3.0
_AUDIO_CLOCK, _VIDEO_CLOCK = 48_000, 90_000


class DownStream:
    """What one slot sends: continuity, counters, the receiver's reports, retransmissions."""

    direction: Direction = "down"
    __slots__ = (
        "_budget", "_budget_mark", "_resent_at", "_rtx_sequence", "clock_rate", "continuity", "counted_as",
        "id", "jitter", "link", "loss", "lost", "nacks", "octets", "packets", "payload_octets", "plis",
        "resent", "resent_octets", "route", "rtx", "sent", "slot", "ssrc", "unheard",
    )  # fmt: skip

    def __init__(self, stream_id: int, slot: Slot, link: Link, continuity: Continuity) -> None:
        self.id = stream_id
        self.link = link
        self.continuity = continuity
        self.counted_as = slot.kind  # for ever: a slot that is used again for another kind keeps its sums
        self.route: Route | None = None
        self.packets = self.octets = self.payload_octets = 0  # payload_octets: for sender reports
        self.resent = self.resent_octets = self.nacks = self.plis = 0
        self.lost: int | None = None
        self.loss: float | None = None
        self.jitter: float | None = None
        self.unheard = Unheard()
        self.clock_rate = _AUDIO_CLOCK if slot.kind == "audio" else _VIDEO_CLOCK
        self._budget = RESEND_BURST
        self._budget_mark = 0
        self._resent_at: dict[int, float] = {}
        self._rtx_sequence = 0
        self.sent: Ring | None = None  # protected packets, only where there is no retransmission stream
        self.configure(slot)

    def configure(self, slot: Slot) -> None:
        """Take the parameters of a later offer; the stream goes on."""
        self.slot = slot
        self.ssrc = slot.ssrc.to_bytes(4, "big")
        # Empty without a retransmission stream; then what went out is kept itself.
        self.rtx = b"" if slot.rtx_ssrc is None or not slot.rtx_pts else slot.rtx_ssrc.to_bytes(4, "big")
        self.sent = (self.sent or Ring()) if slot.nack and not self.rtx else None

    def reported(self, block: ReportBlock, now: float) -> None:
        """Take what the receiver says about this stream."""
        self.lost = block.lost + self.unheard.reported(block.highest, self.packets, self.link.rtt, now)
        self.loss = block.fraction / 256
        self.jitter = block.jitter / self.clock_rate

    def resend(self, numbers: tuple[int, ...], now: float) -> None:
        """Answer a NACK for these sequence numbers, within the limits above."""
        self._budget = min(RESEND_BURST, self._budget + self.octets - self._budget_mark)
        self._budget_mark = self.octets
        self.nacks += len(numbers)
        crossing = (self.link.rtt or 0.0) / 2
        for number in numbers:
            found = self._kept(number)
            if found is None:
                continue
            packet, source, first = found
            last = self._resent_at.get(number)
            # The mean round trip includes what the client's clock and load add: a first request, perhaps the only
            # one that the receiver ever makes, is not refused for an error of that size.
            early = now - first < crossing - RESEND_MIN_S if last is None else now - last < max(RESEND_MIN_S, crossing)
            if self._budget <= 0 or early:
                self.link.refused[Refusal.NACK_LIMITED] += 1
                continue
            size = self._again(packet, source, now - first)
            if size:
                self._resent_at[number] = now
                self._budget -= size
                self.resent += 1
                self.resent_octets += size
        if len(self._resent_at) > RING_PACKETS:
            self._resent_at = {number: at for number, at in self._resent_at.items() if now - at < RING_SECONDS}

    def _kept(self, number: int) -> tuple[bytes, int, float] | None:
        """Return the packet sent under this number, the source's number and when it came; None: it is gone."""
        source = self.continuity.source(number)
        ring, offset = self.sent, self.continuity.sequence_offset
        if ring is None and self.rtx and self.route is not None:
            ring, offset = self.route.up.ring, 0
        if ring is None or source is None:
            return None
        packet = ring.get(source + offset)
        return None if packet is None else (packet, source, ring.arrival(source + offset))

    def _again(self, packet: bytes, source: int, waited: float) -> int:
        """Send a kept packet again; returns its size, 0 when the slot has no retransmission type for its codec."""
        if self.sent is not None:
            # The very octets of the first time: the same number must never protect anything else.
            self.link.transmit(packet)
            return len(packet)
        wrapped = self.route.wrap(packet, source, self._rtx_sequence, waited) if self.route is not None else b""
        if wrapped:
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
            self.link.send_rtp(wrapped)
        return len(wrapped)

    @property
    def tally(self) -> Tally:
        return Tally(self.packets, self.octets, self.resent)

    def snapshot(self) -> StreamSnapshot:
        slot = self.slot
        return StreamSnapshot(
            stream_id=self.id, direction="down", kind=slot.kind, mid=slot.mid, ssrc=slot.ssrc,
            clock_rate=self.clock_rate, packets=self.packets, octets=self.octets, lost=self.lost, loss=self.loss,
            jitter=self.jitter, rtt=self.link.rtt, retransmitted=self.resent, retransmitted_octets=self.resent_octets,
            nacks=self.nacks, plis=self.plis, duplicates=0, levels=(), arrivals=b"", arrivals_dropped=0,
        )  # fmt: skip


class Route:
    """The way from a publication to a slot: tables made once, then one ``forward`` per packet."""

    __slots__ = (
        "_abs_send_time", "_codecs", "_extensions", "_held_since", "_identity", "_second", "down", "fresh", "up",
    )  # fmt: skip

    def __init__(self, up: UpStream, down: DownStream) -> None:
        self.up = up
        self.down = down
        self.fresh = True  # the next packet begins a source
        self._held_since: float | None = None
        self.retable()

    def retable(self) -> None:
        """Make the tables anew after a change of the publication's or the slot's parameters."""
        publication, slot = self.up.publication, self.down.slot
        # Second octet of the header (marker and payload type) on both sides; -1: the receiver lacks the codec.
        self._second = [-1] * 256
        self._codecs: dict[int, str] = {}
        for payload_type, codec in publication.codecs.items():
            self._codecs[payload_type] = codec.name
            target = slot.pts.get(codec)
            if target is not None:
                self._second[payload_type] = target
                self._second[payload_type | 0x80] = target | 0x80
        ids = {source: slot.ext_ids[name] for name, source in publication.ext_ids.items() if name in slot.ext_ids}
        self._extensions = ExtensionMap(
            ids, publication.ext_ids.get(EXT_MID), slot.mid.encode(), publication.mid.encode()
        )
        # Extensions that the receiver did not accept must not reach it under an id that may mean something else.
        self._identity = self._extensions.identity and len(ids) == len(publication.ext_ids)
        self._abs_send_time = slot.ext_ids.get(EXT_ABS_SEND_TIME)

    def forward(self, packet: bytes, payload_at: int, sequence: int, timestamp: int, arrival: float) -> None:
        """Send an authentic packet on: map, rewrite, protect, send."""
        second = self._second[packet[1]]
        down = self.down
        link = down.link
        if second < 0:
            link.refused[Refusal.RTP_UNKNOWN_PAYLOAD] += 1
            return
        if self.fresh and not self._begin(packet, payload_at, sequence, timestamp, arrival):
            return
        place = down.continuity.place(sequence, timestamp, arrival)
        if place < 0:
            return
        fixed = _FIXED.pack(packet[0], second, place >> 32, place & 0xFFFFFFFF, down.ssrc)
        if self._identity:
            out = fixed + packet[FIXED_HEADER:]
        else:
            out = self._extensions.translate(fixed + packet[FIXED_HEADER:payload_at]) + packet[payload_at:]
        try:
            protected = link.protect(out)
            link.send(protected, link.address)
        except OSError:
            link.refused[Refusal.SEND_FAILED] += 1
        except SRTP_ERRORS:
            link.refused[Refusal.RTP_DUPLICATE] += 1
            return
        size = len(out)
        down.packets += 1
        down.octets += size
        down.payload_octets += size - payload_at
        if down.sent is not None:
            down.sent.put(sequence + down.continuity.sequence_offset, protected, arrival)

    def _begin(self, packet: bytes, payload_at: int, sequence: int, timestamp: int, arrival: float) -> bool:
        """Join a source. A picture that others precede begins with a key frame, else the decoder shows rubbish."""
        down = self.down
        if down.continuity.started and down.slot.kind == "video":
            if self._held_since is None:
                self._held_since = arrival
            codec = self._codecs[packet[1] & 0x7F]
            waits = begins_key_frame(codec, packet[payload_at:]) is False
            if waits and arrival - self._held_since < KEY_FRAME_PATIENCE_S:
                return False
        self.fresh = False
        self._held_since = None
        down.clock_rate = self.up.publication.codecs[packet[1] & 0x7F].clock_rate
        down.continuity.begin(sequence, timestamp, arrival, down.clock_rate)
        return True

    def wrap(self, packet: bytes, sequence: int, rtx_sequence: int, waited: float) -> bytes:
        """Return a packet of the source as one of the slot's retransmission stream (RFC 4588 4).

        ``waited`` is how long it was kept, in seconds. Empty: the slot has no retransmission type for its codec.
        """
        second = self._second[packet[1]]
        payload_type = self.down.slot.rtx_pts.get(second & 0x7F) if second >= 0 else None
        if payload_type is None:
            return b""
        payload_at = header_length(packet)
        place = self.down.continuity.place(sequence, int.from_bytes(packet[4:8], "big"), 0.0)
        fixed = _FIXED.pack(packet[0], second, place >> 32, place & 0xFFFFFFFF, self.down.ssrc)
        header = fixed + packet[FIXED_HEADER:payload_at]
        out = bytearray(header if self._identity else self._extensions.translate(header))
        out += packet[payload_at:]
        if self._abs_send_time is not None:
            advance_send_time(out, self._abs_send_time, payload_at, waited)
        return to_rtx(out, payload_at, payload_type, rtx_sequence, self.down.rtx)
