"""From the engine's snapshots to what the measuring cores take."""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from media.core.arrival import Arrivals
from media.core.leg_meter import LegCounters, StreamCounters
from media.engine.api import ARRIVAL, FLAG_MARKER, FLAG_RECOVERED, NO_LEVEL, LegSnapshot, StreamSnapshot

# The numbers of a record of the log. The engine's are extended, but in 32 bits: of sequence numbers the low half is
# what the cores extend again.
_NUMBERS: Final = "dIHxxHxx"
_LEVEL_AT: Final = ARRIVAL.size - 2
_FLAGS_AT: Final = ARRIVAL.size - 1
_MARKERS: Final = bytes(bool(flags & FLAG_MARKER) for flags in range(256))
_RECOVERED: Final = bytes(bool(flags & FLAG_RECOVERED) for flags in range(256))
_NONE: Final = Arrivals()


def leg_counters(user_id: str, leg: LegSnapshot, *, fec: bool) -> LegCounters:
    """`fec`: this person's Opus carries copies of lost packets (RFC 7587 6.1, useinbandfec)."""
    return LegCounters(user_id, leg.rtt, leg.rtt_newest, [_stream(stream, fec=fec) for stream in leg.streams])


def arrivals(log: bytes) -> Arrivals:
    """The records of an arrival log."""
    if not log:
        return _NONE
    numbers = _numbers(len(log) // ARRIVAL.size).unpack(log)
    levels, flags = log[_LEVEL_AT :: ARRIVAL.size], log[_FLAGS_AT :: ARRIVAL.size]
    return Arrivals(
        numbers[0::4],
        numbers[1::4],
        numbers[2::4],
        numbers[3::4],
        levels=_levels(levels),
        markers=flags.translate(_MARKERS),
        retransmitted=flags.translate(_RECOVERED),
    )


@lru_cache(maxsize=128)  # of about as many packets each time; one that is not here takes as long as some packets
def _numbers(count: int) -> Struct:
    """All records in one go: a fourth of the time that it takes one by one."""
    return Struct("<" + count * _NUMBERS)


def _levels(levels: bytes) -> Sequence[int | None]:
    without = levels.count(NO_LEVEL)
    if without == 0:
        return levels
    if without == len(levels):
        return (None,) * without
    return [None if level == NO_LEVEL else level for level in levels]


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
