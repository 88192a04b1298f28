"""Receiving side: a publication of a leg, from the authentic packet to its routes."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from media.core.keyframe import begins_key_frame
from media.core.rtpstats import ReceiverStatistics
from media.core.seqnum import unwrap
from media.engine.api import (
    ARRIVAL,
    ARRIVAL_LOG_LIMIT,
    EXT_AUDIO_LEVEL,
    FLAG_RECOVERED,
    NO_LEVEL,
    Direction,
    Publication,
    StreamSnapshot,
    Tally,
)
from media.engine.headers import audio_level
from media.engine.link import Link
from media.engine.nack import NackGenerator
from media.engine.ring import Ring
from media.rtcp import SenderReport

if TYPE_CHECKING:
    from media.engine.down import Route

_NUMBERS: Final = Struct("!HI")
_LOG_SIZE: Final = ARRIVAL_LOG_LIMIT * ARRIVAL.size
# A key frame is asked for once in this time at most (design): each costs the sender several times a normal picture.
KEY_FRAME_INTERVAL_S: Final = 0.5
# Requests in a row without a key frame to be seen; then whoever still misses one asks again.
KEY_FRAME_TRIES: Final = 4


class UpStream:
    """What one publication receives: order, statistics, the ring, what is missing, who wants it."""

    direction: Direction = "up"
    __slots__ = (
        "_levels", "_log", "_log_dropped", "_lost_before", "arrival", "counted_as", "duplicates",
        "fir_number", "id", "key_asked_at", "key_tries", "key_wanted", "level_id", "link", "nack", "nacks", "octets",
        "packets", "plis", "publication", "recovered", "recovered_octets", "report", "report_arrival", "ring",
        "routes", "rtx", "ssrc", "stats",
    )  # fmt: skip

    def __init__(self, stream_id: int, publication: Publication, link: Link) -> None:
        self.id = stream_id
        self.link = link
        self.publication = publication
        self.counted_as = publication.kind
        self.routes: tuple[Route, ...] = ()
        self.ring: Ring | None = None
        self.nack: NackGenerator | None = None
        self.packets = self.octets = self.duplicates = 0
        self.recovered = self.recovered_octets = self.nacks = self.plis = self.fir_number = 0
        self.arrival = float("-inf")
        self.key_wanted = False
        self.key_asked_at = float("-inf")
        self.key_tries = 0
        self.report: SenderReport | None = None
        self.report_arrival = 0.0
        self.ssrc: bytes | None = None
        self.rtx: bytes | None = None
        self.stats = ReceiverStatistics(publication.clock_rate)
        self._lost_before = 0
        self._levels = [0] * 128
        self._log = bytearray()
        self._log_dropped = 0
        self.configure(publication)

    def configure(self, publication: Publication) -> None:
        """Take the parameters of a first or later offer; counters go on."""
        self.publication = publication
        self.level_id = publication.ext_ids.get(EXT_AUDIO_LEVEL, 0)
        self.nack = (self.nack or NackGenerator()) if publication.nack else None
        if publication.ssrc is not None:
            self.change_ssrc(publication.ssrc.to_bytes(4, "big"))
        if publication.rtx_ssrc is not None:
            self.rtx = publication.rtx_ssrc.to_bytes(4, "big")
        self.reroute(self.routes)

    def reroute(self, routes: tuple[Route, ...]) -> None:
        """Set who gets the packets. They are kept only for those who may ask again by retransmission stream."""
        self.routes = routes
        if not any(route.down.slot.nack for route in routes):
            self.ring = None
        elif self.ring is None:
            self.ring = Ring()
        for route in routes:
            route.retable()

    def change_ssrc(self, ssrc: bytes) -> None:
        """Begin a source: its numbers have nothing to do with those before."""
        if ssrc == self.ssrc:
            return
        self.ssrc = ssrc
        self._lost_before += self.stats.lost
        self.stats = ReceiverStatistics(self.publication.clock_rate)
        self.report = None
        if self.nack is not None:
            self.nack.clear()
        if self.ring is not None:
            self.ring.clear()
        for route in self.routes:
            route.fresh = True

    def take(self, packet: bytes, payload_at: int, arrival: float) -> None:
        """Count, log and forward an authentic packet that came under the publication's SSRC."""
        sequence, timestamp = _NUMBERS.unpack_from(packet, 2)
        stats = self.stats
        highest, started = stats.highest, stats.received
        extended = stats.packet(sequence, timestamp, arrival)
        self.packets += 1
        self.octets += len(packet)
        self.arrival = arrival
        flags = packet[1] >> 7  # FLAG_MARKER
        nack = self.nack
        if nack is not None and started:
            if extended > highest:
                if extended > highest + 1 and not nack.gap(highest + 1, extended, arrival):
                    self.key_wanted = True
                    self.key_tries = 0
            else:
                tries = nack.arrived(extended, arrival, recovered=False)
                if tries > 0:
                    flags |= FLAG_RECOVERED
                elif tries < 0 and self.ring is not None and self.ring.get(extended) is not None:
                    self.duplicates += 1  # its retransmission was faster
                    return
        self._pass_on(packet, payload_at, extended, timestamp, arrival, flags)

    def recover(self, packet: bytes, payload_at: int, arrival: float) -> bool:
        """Take a packet that was unwrapped from the retransmission stream. False: it was not missing."""
        sequence, timestamp = _NUMBERS.unpack_from(packet, 2)
        if self.nack is None or not self.stats.received:
            return False
        extended = unwrap(sequence, self.stats.highest)
        if self.nack.arrived(extended, arrival, recovered=True) < 0:
            self.duplicates += 1
            return False
        self.recovered += 1
        self.recovered_octets += len(packet)
        self._pass_on(packet, payload_at, extended, timestamp, arrival, packet[1] >> 7 | FLAG_RECOVERED)
        return True

    def _pass_on(
        self, packet: bytes, payload_at: int, sequence: int, timestamp: int, arrival: float, flags: int
    ) -> None:
        for route in self.routes:
            route.forward(packet, payload_at, sequence, timestamp, arrival)
        if self.ring is not None:
            self.ring.put(sequence, packet, arrival)
        if self.key_wanted and begins_key_frame(self.publication.codecs[packet[1] & 0x7F].name, packet[payload_at:]):
            self.key_wanted = False
        level = NO_LEVEL
        if self.level_id:
            level = audio_level(packet, self.level_id, payload_at)
            if level != NO_LEVEL:
                self._levels[level] += 1
        log = self._log
        if len(log) < _LOG_SIZE:
            log += ARRIVAL.pack(arrival, timestamp, sequence & 0xFFFFFFFF, len(packet), level, flags)
        else:
            self._log_dropped += 1

    def key_frame_due(self, now: float) -> bool:
        """Whether a request goes up now; called while a key frame is wanted, at the first wish and in each tick."""
        if now - self.key_asked_at < KEY_FRAME_INTERVAL_S:
            return False
        if self.key_tries >= KEY_FRAME_TRIES:
            self.key_wanted = False
            return False
        self.key_tries += 1
        self.key_asked_at = now
        self.plis += 1
        return True

    @property
    def tally(self) -> Tally:
        return Tally(self.packets, self.octets, self.recovered)

    def snapshot(self) -> StreamSnapshot:
        """Read the counters, clear levels and log."""
        publication, stats = self.publication, self.stats
        levels = tuple(self._levels) if self.level_id else ()
        log, dropped = bytes(self._log), self._log_dropped
        self._levels = [0] * 128
        self._log.clear()
        self._log_dropped = 0
        return StreamSnapshot(
            stream_id=self.id, direction="up", kind=publication.kind, mid=publication.mid,
            ssrc=None if self.ssrc is None else int.from_bytes(self.ssrc, "big"),
            clock_rate=publication.clock_rate, packets=self.packets, octets=self.octets,
            lost=self._lost_before + stats.lost, loss=stats.fraction / 256, jitter=stats.jitter, rtt=self.link.rtt,
            retransmitted=self.recovered, retransmitted_octets=self.recovered_octets, nacks=self.nacks, plis=self.plis,
            duplicates=self.duplicates, levels=levels, arrivals=log, arrivals_dropped=dropped,
        )  # fmt: skip
