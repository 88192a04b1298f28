"""The Python engine: what it counts and logs."""

from dataclasses import replace

import numpy as np

from media import rtcp
from media.engine.api import (
    ARRIVAL,
    ARRIVAL_DTYPE,
    ARRIVAL_LOG_LIMIT,
    FLAG_MARKER,
    NO_LEVEL,
    StreamSnapshot,
    Tally,
)
from tests.media.engine.peers import (
    A_AUDIO,
    A_RTX,
    A_VIDEO,
    OPUS,
    TO_B_VIDEO,
    OneWay,
    Rtp,
    audio_slot,
    frames,
    one_byte,
    one_way,
    sequences,
    video_publication,
)


def stream(call: OneWay, stream_id: int) -> StreamSnapshot:
    streams = [found for leg in call.world.engine.snapshot(call.world.now) for found in leg.streams]
    return next(found for found in streams if found.stream_id == stream_id)


# ---- statistics


def test_the_snapshot_counts_both_directions() -> None:
    call = one_way()
    call.sender.send(*frames(1, 2), *frames(4, 1))
    up, down = stream(call, call.video), stream(call, call.video_slot)
    assert (up.direction, up.kind, up.mid, up.ssrc, up.packets, up.lost) == ("up", "video", "1", A_VIDEO, 3, 1)
    assert (down.direction, down.ssrc, down.packets, down.lost, down.loss) == ("down", TO_B_VIDEO, 3, None, None)
    assert up.octets == down.octets == sum(len(bytes(packet)) for packet in frames(1, 3))
    assert down.arrivals == b""
    assert down.levels == ()


def test_levels_are_counted_per_step_and_cleared_by_reading() -> None:
    call = one_way()
    for number, level in enumerate([30, 30, 127, 0x80 | 5]):
        call.sender.send(Rtp(111, number, 960 * number, A_AUDIO, extension=one_byte((1, bytes((level,))))))
    call.sender.send(Rtp(111, 4, 3840, A_AUDIO))  # without
    levels = stream(call, call.audio).levels
    assert (levels[30], levels[127], levels[5], sum(levels)) == (2, 1, 1, 4)
    assert sum(stream(call, call.audio).levels) == 0


def test_the_arrival_log_holds_what_the_measures_need() -> None:
    call = one_way()
    call.sender.send(Rtp(111, 65_535, 2**32 - 1, A_AUDIO, b"abc", extension=one_byte((1, b"\x9e"))))
    call.world.now += 0.02
    call.sender.send(Rtp(111, 0, 959, A_AUDIO, b"abcd", marker=True))
    log = np.frombuffer(stream(call, call.audio).arrivals, ARRIVAL_DTYPE)
    assert log["arrival"].tolist() == [call.world.now - 0.02, call.world.now]
    assert log["sequence"].tolist() == [65_535, 65_536]
    assert log["timestamp"].tolist() == [2**32 - 1, 959]
    assert log["size"].tolist() == [23, 16]
    assert log["level"].tolist() == [30, NO_LEVEL]
    assert log["flags"].tolist() == [0, FLAG_MARKER]
    assert stream(call, call.audio).arrivals == b""


def test_a_log_that_nobody_reads_does_not_grow_for_ever() -> None:
    call = one_way()
    for number in range(ARRIVAL_LOG_LIMIT + 3):
        call.sender.send(Rtp(111, number, 960 * number, A_AUDIO))
    snapshot = stream(call, call.audio)
    assert len(snapshot.arrivals) == ARRIVAL_LOG_LIMIT * ARRIVAL.size
    assert snapshot.arrivals_dropped == 3
    assert stream(call, call.audio).arrivals_dropped == 0


def test_a_source_that_changes_its_ssrc_keeps_the_sums() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1), *frames(3, 1))
    call.world.engine.publish(replace(video_publication(), ssrc=0xA9))
    call.sender.send(*frames(9, 1, ssrc=0xA9), *frames(12, 1, ssrc=0xA9))
    up = stream(call, call.video)
    assert (up.packets, up.lost, up.ssrc) == (4, 3, 0xA9)


# ---- totals

NOTHING = Tally(0, 0, 0)


def test_totals_add_up_streams_of_a_kind_and_leave_the_log_to_snapshots() -> None:
    call = one_way()
    call.sender.send(*frames(1, 3), Rtp(111, 1, 960, A_AUDIO, b"abc"))
    size = sum(len(bytes(packet)) for packet in frames(1, 3))
    expected = {
        ("up", "video"): Tally(3, size, 0),
        ("up", "audio"): Tally(1, 15, 0),
        ("down", "video"): Tally(3, size, 0),
        ("down", "audio"): Tally(1, 15, 0),
    }
    assert call.world.engine.totals() == expected
    assert call.world.engine.totals() == expected
    assert len(stream(call, call.video).arrivals) == 3 * ARRIVAL.size


def test_recovered_packets_and_those_sent_again_are_retransmissions() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1), *frames(3, 1))
    call.world.now += 0.02
    missing = frames(2, 1)[0]
    call.sender.send(Rtp(97, 1, 0, A_RTX, b"\x00\x02" + missing.payload, marker=True))
    call.world.now += 0.02
    call.receiver.report(rtcp.nack(1, TO_B_VIDEO, sequences(call.receiver.rtp, TO_B_VIDEO)[:1]))
    totals = call.world.engine.totals()
    assert totals["up", "video"][::2] == (2, 1)
    assert totals["down", "video"][::2] == (3, 1)


def test_totals_outlive_publications_slots_and_legs() -> None:
    call = one_way()
    engine = call.world.engine
    call.sender.send(*frames(1, 2), Rtp(111, 1, 960, A_AUDIO, b"abc"))
    before = dict(engine.totals())
    engine.unpublish(call.video)
    engine.close_slot(call.video_slot)
    assert engine.totals() == before
    engine.remove_leg(1)
    engine.remove_leg(2)
    assert engine.totals() == before
    assert before["down", "video"].packets == 2


def test_a_slot_that_comes_back_as_another_kind_takes_no_counts_with_it() -> None:
    call = one_way()
    engine = call.world.engine
    call.sender.send(*frames(1, 2))
    before = dict(engine.totals())
    engine.close_slot(call.video_slot)
    engine.open_slot(audio_slot(mid="1", ssrc=TO_B_VIDEO, pts={OPUS: 109}))
    assert engine.totals() == before
    assert before["down", "audio"] == NOTHING


def test_reading_one_leg_leaves_what_came_on_another() -> None:
    call = one_way()
    call.sender.send(*frames(1, 3))
    engine, now = call.world.engine, call.world.now
    (sending,) = (leg.leg_id for leg in engine.snapshot(now) if any(found.arrivals for found in leg.streams))
    (other,) = (leg.leg_id for leg in engine.snapshot(now) if leg.leg_id != sending)
    call.sender.send(*frames(4, 2))
    assert engine.snapshot(now, [99]) == engine.snapshot(now, []) == []
    assert [leg.leg_id for leg in engine.snapshot(now, [other])] == [other]
    (leg,) = engine.snapshot(now, [sending])
    assert sum(len(found.arrivals) // ARRIVAL.size for found in leg.streams) == 2
