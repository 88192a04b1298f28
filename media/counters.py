"""From the engine's snapshots to what the measuring cores take."""

from media.core.arrival import Arrival
from media.core.leg_meter import LegCounters, StreamCounters
from media.engine.api import ARRIVAL, FLAG_MARKER, FLAG_RECOVERED, NO_LEVEL, LegSnapshot, StreamSnapshot


def leg_counters(user_id: str, leg: LegSnapshot, *, fec: bool) -> LegCounters:
    """`fec`: this person's Opus carries copies of lost packets (RFC 7587 6.1, useinbandfec)."""
    return LegCounters(user_id, leg.rtt, leg.rtt_newest, [_stream(stream, fec=fec) for stream in leg.streams])


def arrivals(log: bytes) -> list[Arrival]:
    """The records of an arrival log."""
    # The engine's numbers are extended, but in 32 bits: the low half is what the cores extend again.
    return [
        Arrival(
            arrival,
            timestamp,
            sequence & 0xFFFF,
            size,
            level=None if level == NO_LEVEL else level,
            marker=bool(flags & FLAG_MARKER),
            retransmitted=bool(flags & FLAG_RECOVERED),
        )
        for arrival, timestamp, sequence, size, level, flags in ARRIVAL.iter_unpack(log)
    ]


def _stream(stream: StreamSnapshot, *, fec: bool) -> StreamCounters:
    return StreamCounters(
        stream_id=stream.stream_id,
        ssrc=stream.ssrc,
        direction=stream.direction,
        kind=stream.kind,
        clock_rate=stream.clock_rate,
        packets=stream.packets,
        octets=stream.octets + stream.retransmitted_octets,
        lost=stream.lost or 0,
        recovered=stream.retransmitted if stream.direction == "up" else 0,
        jitter_s=stream.jitter or 0.0,
        fec=fec and stream.kind == "audio",
        arrivals=arrivals(stream.arrivals),
    )
