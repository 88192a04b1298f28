"""From the engine's snapshots to what the cores take."""

from media.core.arrival import Arrival
from media.counters import arrivals, leg_counters
from media.engine.api import ARRIVAL, FLAG_MARKER, FLAG_RECOVERED, NO_LEVEL, LegSnapshot, StreamSnapshot


def snapshot(**more: object) -> StreamSnapshot:
    fields: dict[str, object] = {
        "stream_id": 4, "direction": "up", "kind": "audio", "mid": "0", "ssrc": 9, "clock_rate": 48_000,
        "packets": 50, "octets": 5000, "lost": 3, "loss": 0.0, "jitter": 0.002, "rtt": 0.1, "retransmitted": 2,
        "retransmitted_octets": 200, "nacks": 2, "plis": 0, "duplicates": 0, "levels": (), "arrivals": b"",
        "arrivals_dropped": 0,
    }  # fmt: skip
    return StreamSnapshot(**fields | more)  # type: ignore[arg-type]  # a test names what it changes


def leg(*streams: StreamSnapshot) -> LegSnapshot:
    return LegSnapshot(
        leg_id=1, heard=1.0, rtt=0.1, rtt_newest=0.3, remb=None, remb_sent=None, refused={}, streams=streams
    )


def test_each_record_of_the_log_is_a_packet() -> None:
    log = ARRIVAL.pack(1.5, 960, 65_537, 100, 34, FLAG_MARKER) + ARRIVAL.pack(1.6, 1920, 0xFFFFFFFF, 90, NO_LEVEL, 2)
    assert FLAG_RECOVERED == 2
    assert list(arrivals(log)) == [
        Arrival(1.5, 960, 1, 100, level=34, marker=True),
        Arrival(1.6, 1920, 65_535, 90, retransmitted=True),
    ]


def test_a_stream_without_levels_has_none() -> None:
    log = ARRIVAL.pack(1.5, 960, 1, 100, NO_LEVEL, 0) + ARRIVAL.pack(1.6, 1920, 2, 90, NO_LEVEL, 0)
    assert [packet.level for packet in arrivals(log)] == [None, None]
    assert list(arrivals(b"")) == []


def test_counters_are_of_both_directions() -> None:
    down = snapshot(direction="down", kind="video", lost=None, jitter=None, retransmitted=7)
    found = leg_counters("ann", leg(snapshot(), down), fec=True)
    assert (found.user_id, found.rtt_s, found.rtt_newest_s) == ("ann", 0.1, 0.3)
    up, back = found.streams
    assert (up.packets, up.octets, up.lost, up.recovered, up.jitter_s, up.fec) == (50, 5200, 3, 2, 0.002, True)
    assert (back.lost, back.recovered, back.jitter_s, back.fec) == (0, 0, 0.0, False)
