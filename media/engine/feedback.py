"""RTCP of a leg: what incoming packets mean for the streams, and what goes out when."""

from collections.abc import Iterable
from typing import Final

from media import rtcp
from media.engine.api import BitrateAsked, KeyFrameAsked, OnEvent
from media.engine.down import DownStream
from media.engine.leg import Leg
from media.engine.up import KEY_FRAME_INTERVAL_S, UpStream

# Reports once a second (design): statistics of the same grain, about 1 kbit/s a leg.
REPORT_INTERVAL_S: Final = 1.0
# The estimate of a receiver that has not renewed it for this long says nothing any more (libwebrtc sends each second).
REMB_FRESH_S: Final = 10.0
# Shortest time between two REMBs to one sender: a receiver that floods us does not flood the sender.
REMB_INTERVAL_S: Final = 0.020
# By how much the clock offset may grow per sender report (0.5 ms of some seconds): drift of a crystal, not a queue.
CLOCK_DRIFT_S: Final = 0.0005
# Report blocks and sender reports in one datagram: 16 * 24 + 8 * (28 + 20) octets stay under an MTU.
_BLOCKS: Final = 16
_SENDERS: Final = 8
_CNAME: Final = "relay"  # of a leg on which nothing is sent


class Feedback:
    """The RTCP policy of an engine. ``wall`` is Unix time minus the engine's clock, in seconds."""

    __slots__ = ("_legs", "_on_event", "_wall")

    def __init__(self, legs: dict[int, Leg], wall: float, on_event: OnEvent) -> None:
        self._legs = legs
        self._wall = wall
        self._on_event = on_event

    # ---- in

    def take(self, leg: Leg, packets: Iterable[rtcp.Packet], now: float) -> None:
        """Act on the packets of one authentic datagram."""
        for packet in packets:
            match packet:
                case rtcp.SenderReport():
                    self._sender_report(leg, packet, now)
                    self._blocks(leg, packet.blocks, now)
                case rtcp.ReceiverReport():
                    self._blocks(leg, packet.blocks, now)
                case rtcp.Nack() | rtcp.KeyFrameRequest():
                    down = leg.down_of(packet.media_ssrc)
                    if down is not None:
                        self._request(down, packet, now)
                case rtcp.Remb():
                    self._remb(leg, packet.bitrate, now)
                case rtcp.Bye():
                    pass  # a stream that ends is noticed by its silence; one that comes back keeps its numbers

    def _sender_report(self, leg: Leg, report: rtcp.SenderReport, now: float) -> None:
        up = leg.media.get(report.ssrc.to_bytes(4, "big"))
        if up is None:
            return
        up.report = report
        up.report_arrival = now
        offset = now + self._wall - rtcp.unix_seconds(report.ntp)
        if leg.clock_offset is None or offset < leg.clock_offset:
            leg.clock_offset = offset
        else:
            leg.clock_offset = min(offset, leg.clock_offset + CLOCK_DRIFT_S)

    def _blocks(self, leg: Leg, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        for block in blocks:
            down = leg.down_of(block.ssrc)
            if down is None:
                continue
            down.reported(block, now)
            rtt = rtcp.round_trip(block, rtcp.ntp(now + self._wall))
            if rtt is not None:
                leg.link.measured_rtt(rtt)

    def _request(self, down: DownStream, request: rtcp.Nack | rtcp.KeyFrameRequest, now: float) -> None:
        if isinstance(request, rtcp.Nack):
            if down.slot.nack:
                down.resend(request.sequences, now)
            return
        down.plis += 1
        if down.route is not None:
            self.want_key_frame(down.route.up, now)

    # ---- key frames

    def want_key_frame(self, up: UpStream, now: float) -> None:
        """Somebody lacks a key frame: ask now, or as soon as the throttle lets us unless one comes before."""
        up.key_wanted = True
        up.key_tries = 0
        self._ask_key_frame(up, now)

    def _ask_key_frame(self, up: UpStream, now: float) -> None:
        publication = up.publication
        if up.ssrc is None or publication.kind != "video" or not (publication.pli or publication.fir):
            up.key_wanted = False
            return
        if not up.key_frame_due(now):
            return
        ssrc = int.from_bytes(up.ssrc, "big")
        sender = self._legs[up.link.leg_id].sender_ssrc
        if publication.pli:
            up.link.send_rtcp(rtcp.pli(sender, ssrc))
        else:
            up.link.send_rtcp(rtcp.fir(sender, ssrc, up.fir_number))
            up.fir_number += 1
        self._on_event(KeyFrameAsked(up.id, now))

    # ---- bitrate

    def _remb(self, leg: Leg, bitrate: int, now: float) -> None:
        leg.remb = bitrate
        leg.remb_arrival = now
        for sender_id in {down.route.up.link.leg_id for down in leg.downs.values() if down.route is not None}:
            sender = self._legs[sender_id]
            sender.remb_due = True
            self.pass_remb(sender, now)

    def pass_remb(self, leg: Leg, now: float) -> None:
        """Tell a sender the least of what its receivers estimate, under its own cap, unless it heard one just now."""
        if now - leg.remb_sent_at < REMB_INTERVAL_S:
            return
        leg.remb_due = False
        ssrcs = [int.from_bytes(ssrc, "big") for ssrc in leg.media]
        bitrate = self._estimate(leg, now)
        if bitrate is None or not ssrcs:
            return
        leg.remb_sent = bitrate
        leg.remb_sent_at = now
        leg.link.send_rtcp(rtcp.remb(leg.sender_ssrc, bitrate, ssrcs))
        self._on_event(BitrateAsked(leg.id, bitrate, now))

    def _estimate(self, leg: Leg, now: float) -> int | None:
        receivers = {route.down.link.leg_id for up in leg.ups.values() for route in up.routes}
        known = [
            receiver.remb
            for receiver in (self._legs[leg_id] for leg_id in receivers)
            if receiver.remb is not None and now - receiver.remb_arrival < REMB_FRESH_S
        ]
        if leg.bitrate_cap is not None:
            known.append(leg.bitrate_cap)
        return min(known, default=None)

    # ---- out

    def tick(self, leg: Leg, now: float) -> None:
        """Send what is due on one leg."""
        for up in leg.ups.values():
            if up.nack is not None and up.nack.deadline is not None and up.nack.deadline <= now:
                self.ask_missing(leg, up, now)
            if up.key_wanted:
                self._ask_key_frame(up, now)
            if up.ring is not None:
                up.ring.expire(now)
        if leg.remb_due:
            self.pass_remb(leg, now)
        if leg.report_at is not None and leg.report_at <= now:
            leg.report_at = max(leg.report_at + REPORT_INTERVAL_S, now + REPORT_INTERVAL_S / 2)
            for datagram in self._reports(leg, now):
                leg.link.send_rtcp(datagram)

    def due(self, leg: Leg) -> Iterable[float]:
        """Yield when ``tick`` has something to do for the leg."""
        for up in leg.ups.values():
            if up.nack is not None and up.nack.deadline is not None:
                yield up.nack.deadline
            if up.key_wanted:
                yield up.key_asked_at + KEY_FRAME_INTERVAL_S
        if leg.remb_due:
            yield leg.remb_sent_at + REMB_INTERVAL_S
        if leg.report_at is not None:
            yield leg.report_at

    def ask_missing(self, leg: Leg, up: UpStream, now: float) -> None:
        """Ask the sender for what is missing and due."""
        if up.nack is None or up.ssrc is None:
            return
        sequences = up.nack.due(now, leg.link.rtt)
        if sequences:
            up.nacks += len(sequences)
            numbers = [sequence & 0xFFFF for sequence in sequences]
            leg.link.send_rtcp(rtcp.nack(leg.sender_ssrc, int.from_bytes(up.ssrc, "big"), numbers))

    def _reports(self, leg: Leg, now: float) -> Iterable[bytes]:
        """Compound datagrams (RFC 3550 6.1): SR of each slot that sends, or one RR; report blocks; CNAMEs."""
        blocks = [self._block(ssrc, up, now) for ssrc, up in leg.media.items() if up.stats.received]
        downs = [down for down in leg.downs.values() if down.packets]
        while blocks or downs:
            mine, downs = downs[:_SENDERS], downs[_SENDERS:]
            theirs, blocks = tuple(blocks[:_BLOCKS]), blocks[_BLOCKS:]
            if mine:
                first, *others = mine
                parts = [rtcp.sender_report(self._report(first, theirs, now))]
                parts.extend(rtcp.sender_report(self._report(down, (), now)) for down in others)
                names = [(down.slot.ssrc, down.slot.cname) for down in mine]
            else:
                parts = [rtcp.receiver_report(rtcp.ReceiverReport(leg.sender_ssrc, theirs))]
                names = [(leg.sender_ssrc, next((d.slot.cname for d in leg.downs.values()), _CNAME))]
            parts.extend(rtcp.source_description(ssrc, name) for ssrc, name in names)
            yield b"".join(parts)

    def _block(self, ssrc: bytes, up: UpStream, now: float) -> rtcp.ReportBlock:
        reception = up.stats.report()
        lsr = dlsr = 0
        if up.report is not None:
            lsr = rtcp.middle(up.report.ntp)
            dlsr = min(round((now - up.report_arrival) * 65536), 0xFFFFFFFF)
        return rtcp.ReportBlock(int.from_bytes(ssrc, "big"), *reception, lsr, dlsr)

    def _report(self, down: DownStream, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> rtcp.SenderReport:
        return rtcp.SenderReport(
            down.slot.ssrc,
            rtcp.ntp(now + self._wall),
            self._timestamp(down, now),
            down.packets,
            down.payload_octets,
            blocks,
        )

    def _timestamp(self, down: DownStream, now: float) -> int:
        """RTP time that belongs to now: by the source's own report where there is one, so that lips stay in step.

        Audio and video of one leg have one clock offset; what the network adds to it is the same for both.
        """
        route = down.route
        if route is not None and not route.fresh and route.up.report is not None:
            offset = self._legs[route.up.link.leg_id].clock_offset
            report = route.up.report
            if offset is not None:
                passed = now + self._wall - offset - rtcp.unix_seconds(report.ntp)
                source = report.timestamp + round(passed * down.clock_rate)
                return (source + down.continuity.timestamp_offset) & 0xFFFFFFFF
        return down.continuity.timestamp_at(now, down.clock_rate)
