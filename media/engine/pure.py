"""The forwarding engine in Python: always available, 13 to 25 us of CPU per packet without the socket.

    datagram -> leg -> unprotect -> publication (count, log, ring, ask for what is missing)
             -> each route (payload type, numbers, extensions) -> protect -> send

Only the header is read. No clock, no socket, no logging: see ``media.engine.api`` for the contract.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from media import rtcp
from media.core.rewrite import Continuity
from media.engine.api import (
    HEARD_AGAIN_S,
    Address,
    Direction,
    EngineEvent,
    Kind,
    LegHeard,
    LegKeys,
    LegSnapshot,
    OnEvent,
    Publication,
    Refusal,
    Send,
    Slot,
    StreamLearnt,
    Tally,
)
from media.engine.down import DownStream, Route
from media.engine.feedback import REPORT_INTERVAL_S, Feedback
from media.engine.headers import from_rtx, header_length
from media.engine.leg import Leg
from media.engine.link import Link
from media.engine.srtp import SRTP_ERRORS, rtcp_refusal, rtp_refusal
from media.engine.totals import Totals
from media.engine.up import UpStream

_SSRC_END: Final = 12  # RTP: octets 8 to 11; an SRTCP header carries it in 4 to 7
_SSRC_END_RTCP: Final = 8
# Second octets of RTCP (RFC 5761 4); RTP shares the port and leaves payload types 64 to 95 free.
_RTCP_OCTETS: Final = frozenset(range(192, 224))


def _ignore(_event: EngineEvent) -> None:
    """For an engine whose events nobody wants."""


class PureEngine:
    """``media.engine.api.Engine``.

    ``send`` puts a datagram on a socket (``socket.sendto``), ``wall`` is Unix time minus the engine's clock in
    seconds, for the NTP times of sender reports.
    """

    def __init__(self, send: Send, on_event: OnEvent = _ignore, *, wall: float = 0.0) -> None:
        self._send = send
        self._on_event = on_event
        self._legs: dict[int, Leg] = {}
        self._ups: dict[int, UpStream] = {}
        self._downs: dict[int, DownStream] = {}
        self._last_id = 0
        self._refused: defaultdict[Refusal, int] = defaultdict(int)  # of ended legs and of none
        self._ended = Totals()  # of ended streams
        self._feedback = Feedback(self._legs, wall, on_event)
        self._now = 0.0

    # ---- legs

    def add_leg(self, leg_id: int, keys: LegKeys, address: Address, *, send: Send | None = None) -> None:
        if leg_id in self._legs:
            raise ValueError(f"leg {leg_id} exists")
        self._legs[leg_id] = Leg(leg_id, Link(leg_id, keys, address, send or self._send))

    def set_address(self, leg_id: int, address: Address, *, send: Send | None = None) -> None:
        leg = self._legs.get(leg_id)
        if leg is not None:
            leg.link.address = address
            leg.link.send = send or leg.link.send

    def set_bitrate_cap(self, leg_id: int, bitrate: int | None) -> None:
        leg = self._legs.get(leg_id)
        if leg is not None:
            leg.bitrate_cap = bitrate
            leg.remb_due = True

    def remove_leg(self, leg_id: int) -> None:
        leg = self._legs.get(leg_id)
        if leg is None:
            return
        for up in list(leg.ups.values()):
            self.unpublish(up.id)
        for down in list(leg.downs.values()):
            self.close_slot(down.id)
        for down in leg.retired.values():
            self._ended.add(down)
        del self._legs[leg_id]
        for reason, count in leg.link.refused.items():
            self._refused[reason] += count

    # ---- publications, slots, routes

    def publish(self, publication: Publication) -> int:
        leg = self._legs.get(publication.leg_id)
        if leg is None:
            raise ValueError(f"no leg {publication.leg_id}")
        up = leg.ups.get(publication.mid)
        if up is None:
            up = UpStream(self._next_id(), publication, leg.link)
            leg.ups[publication.mid] = up
            self._ups[up.id] = up
        else:
            up.configure(publication)
        leg.index()
        self._reports_begin(leg)
        return up.id

    def unpublish(self, publication_id: int) -> None:
        up = self._ups.pop(publication_id, None)
        if up is None:
            return
        for route in up.routes:
            route.down.route = None
        up.reroute(())
        self._ended.add(up)
        leg = self._legs[up.link.leg_id]
        del leg.ups[up.publication.mid]
        leg.index()

    def open_slot(self, slot: Slot) -> int:
        leg = self._legs.get(slot.leg_id)
        if leg is None:
            raise ValueError(f"no leg {slot.leg_id}")
        down = leg.downs.get(slot.mid)
        if down is not None and down.slot.ssrc != slot.ssrc:
            self.close_slot(down.id)
            down = None
        if down is None:
            down = leg.retired.pop(slot.ssrc, None) or DownStream(0, slot, leg.link, Continuity())
            down.id = self._next_id()
            leg.downs[slot.mid] = down
            self._downs[down.id] = down
        down.configure(slot)
        if down.route is not None:
            down.route.up.reroute(down.route.up.routes)
        self._reports_begin(leg)
        return down.id

    def close_slot(self, slot_id: int) -> None:
        down = self._downs.pop(slot_id, None)
        if down is None:
            return
        self._unroute(down)
        leg = self._legs[down.link.leg_id]
        del leg.downs[down.slot.mid]
        leg.retired[down.slot.ssrc] = down

    def route(self, publication_id: int, slot_id: int | None) -> None:
        up = self._ups.get(publication_id)
        if up is None:
            return
        if slot_id is None:
            for route in up.routes:
                route.down.route = None
            up.reroute(())
            return
        down = self._downs.get(slot_id)
        if down is None or (down.route is not None and down.route.up is up):
            return
        self._unroute(down)
        down.route = Route(up, down)
        up.reroute((*up.routes, down.route))
        self._feedback.want_key_frame(up, self._now)

    def _unroute(self, down: DownStream) -> None:
        if down.route is not None:
            up = down.route.up
            up.reroute(tuple(route for route in up.routes if route.down is not down))
            down.route = None

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _reports_begin(self, leg: Leg) -> None:
        if leg.report_at is None:
            # The golden ratio spreads the reports of many legs over the second.
            leg.report_at = self._now + (leg.id * 0.618034) % 1.0 * REPORT_INTERVAL_S

    # ---- datagrams

    def receive(self, leg_id: int, datagram: bytes, arrival: float) -> None:
        self._now = arrival
        leg = self._legs.get(leg_id)
        if leg is None:
            self._refused[Refusal.UNKNOWN_LEG] += 1
            return
        if len(datagram) < _SSRC_END:
            leg.link.refused[Refusal.RTP_MALFORMED] += 1
            return
        if datagram[1] in _RTCP_OCTETS:
            self._receive_rtcp(leg, datagram, arrival)
            return
        ssrc = datagram[8:_SSRC_END]
        up = leg.media.get(ssrc)
        if up is None and ssrc not in leg.rtx and not leg.admits(ssrc):
            leg.link.refused[Refusal.RTP_UNKNOWN_STREAM] += 1
            return
        link = leg.link
        try:
            packet = link.unprotect(datagram)
        except SRTP_ERRORS as error:
            link.refused[rtp_refusal(error)] += 1
            return
        if link.heard is None or arrival - link.heard > HEARD_AGAIN_S:
            self._on_event(LegHeard(leg_id, arrival))
        link.heard = arrival
        payload_at = header_length(packet)
        if payload_at < 0:
            link.refused[Refusal.RTP_MALFORMED] += 1
        elif up is None:
            self._other_stream(leg, ssrc, packet, payload_at, arrival)
        else:
            self._media(leg, up, packet, payload_at, arrival)

    def _media(self, leg: Leg, up: UpStream, packet: bytes, payload_at: int, arrival: float) -> None:
        if packet[1] & 0x7F not in up.publication.codecs:
            leg.link.refused[Refusal.RTP_UNKNOWN_PAYLOAD] += 1
            return
        up.take(packet, payload_at, arrival)
        if up.nack is not None and up.nack.deadline is not None and up.nack.deadline <= arrival:
            self._feedback.ask_missing(leg, up, arrival)

    def _other_stream(self, leg: Leg, ssrc: bytes, packet: bytes, payload_at: int, arrival: float) -> None:
        """An authentic packet outside the media SSRCs: a retransmission, or one whose place is to be learnt."""
        up = leg.rtx.get(ssrc)
        if up is None:
            leg.seen.add(ssrc)
            up = leg.learn(packet, payload_at, arrival)
            if up is None:
                leg.link.refused[Refusal.RTP_UNKNOWN_STREAM] += 1
                return
            self._on_event(StreamLearnt(up.id, int.from_bytes(ssrc, "big"), arrival))
            if ssrc == up.ssrc:
                if up.routes:
                    self._feedback.want_key_frame(up, arrival)
                self._media(leg, up, packet, payload_at, arrival)
                return
        payload_type = up.publication.rtx_pts.get(packet[1] & 0x7F, -1)
        if payload_type not in up.publication.codecs or up.ssrc is None:
            leg.link.refused[Refusal.RTP_UNKNOWN_PAYLOAD] += 1
            return
        original = from_rtx(packet, payload_at, payload_type, up.ssrc)
        if original is not None:
            up.recover(original, payload_at, arrival)

    def _receive_rtcp(self, leg: Leg, datagram: bytes, arrival: float) -> None:
        link = leg.link
        ssrc = datagram[4:_SSRC_END_RTCP]
        if ssrc not in leg.media and not leg.admits(ssrc):
            link.refused[Refusal.RTP_UNKNOWN_STREAM] += 1
            return
        try:
            plain = link.srtp.unprotect_rtcp(datagram)
        except SRTP_ERRORS as error:
            link.refused[rtcp_refusal(error)] += 1
            return
        if ssrc not in leg.media:
            leg.seen.add(ssrc)
        if link.heard is None or arrival - link.heard > HEARD_AGAIN_S:
            self._on_event(LegHeard(leg.id, arrival))
        link.heard = arrival
        try:
            packets = rtcp.parse(plain)
        except rtcp.RtcpError:
            link.refused[Refusal.RTCP_MALFORMED] += 1
            return
        self._feedback.take(leg, packets, arrival)

    # ---- time

    def tick(self, now: float) -> None:
        self._now = now
        for leg in self._legs.values():
            self._feedback.tick(leg, now)

    def deadline(self) -> float | None:
        return min((due for leg in self._legs.values() for due in self._feedback.due(leg)), default=None)

    def heard(self, leg_id: int) -> float | None:
        leg = self._legs.get(leg_id)
        return None if leg is None else leg.link.heard

    # ---- statistics

    def snapshot(self, now: float, leg_ids: Collection[int] | None = None) -> list[LegSnapshot]:
        self._now = now
        wanted = self._legs.keys() if leg_ids is None else leg_ids
        return [
            LegSnapshot(
                leg_id=leg.id,
                heard=leg.link.heard,
                rtt=leg.link.rtt,
                rtt_newest=leg.link.rtt_newest,
                remb=leg.remb,
                remb_sent=leg.remb_sent,
                refused=dict(leg.link.refused),
                streams=[*(up.snapshot() for up in leg.ups.values()), *(d.snapshot() for d in leg.downs.values())],
            )
            for leg in (self._legs[leg_id] for leg_id in wanted if leg_id in self._legs)
        ]

    def totals(self) -> Mapping[tuple[Direction, Kind], Tally]:
        totals = Totals(self._ended)
        for leg in self._legs.values():
            for up in leg.ups.values():
                totals.add(up)
            for down in (*leg.downs.values(), *leg.retired.values()):
                totals.add(down)
        return totals.sums

    def refused(self) -> Mapping[Refusal, int]:
        total = defaultdict(int, self._refused)
        for leg in self._legs.values():
            for reason, count in leg.link.refused.items():
                total[reason] += count
        return total
