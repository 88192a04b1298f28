"""The virtual jitter buffer: what is lost, late, repairable, and what growing costs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.arrival import Arrival
from media.core.jitter_buffer import MISSING_MAX, JitterBuffer, Tally
from tests.support.impair import Channel, Profile

RATE = 48_000
FRAME = 960


def sent(count: int, profile: Profile | None = None, seed: str = "a") -> list[Arrival]:
    """20 ms packets through an impaired path, in the order in which they come out."""
    channel = Channel(profile or Profile(), seed)
    outs = ((channel.offer(number * 0.02, 120), number) for number in range(count))
    return sorted(Arrival(out, number * FRAME, number, 100) for out, number in outs if out is not None)


def fed(packets: list[Arrival]) -> JitterBuffer:
    buffer = JitterBuffer(RATE)
    for packet in packets:
        buffer.packet(packet)
    buffer.finish()
    return buffer


def total(packets: list[Arrival]) -> Tally:
    return fed(packets).take()


def without(packets: list[Arrival], *gone: int) -> list[Arrival]:
    return [packet for packet in packets if packet.sequence not in gone]


def moved(packets: list[Arrival], sequence: int, by: float) -> list[Arrival]:
    return sorted(
        packet._replace(arrival=packet.arrival + by) if packet.sequence == sequence else packet for packet in packets
    )


def test_a_clear_path_misses_nothing() -> None:
    assert total(sent(500)) == Tally(expected=500)
    assert total(sent(500, Profile(jitter=0.005))) == Tally(expected=500)


def test_what_never_comes_is_lost_and_belongs_to_its_second() -> None:
    buffer = fed(without(sent(200), 60, 130, 131))
    assert {second: (tally.expected, tally.lost) for second, tally in buffer.seconds.items()} == {
        0: (50, 0), 1: (50, 1), 2: (50, 2), 3: (50, 0),
    }  # fmt: skip


def test_a_packet_after_its_moment_is_late_and_before_it_is_not() -> None:
    assert total(moved(sent(100), 50, 0.045)) == Tally(expected=100)
    assert total(moved(sent(100), 50, 0.09)) == Tally(expected=100, missing=1, late=1, repairable=1)


def test_while_it_is_waited_for_nothing_is_said_of_it() -> None:
    buffer = JitterBuffer(RATE)
    packets = without(sent(52), 50)
    for packet in packets:
        buffer.packet(packet)
    assert buffer.take() == Tally(expected=51)
    buffer.advance(50 * 0.02 + 0.045)
    assert buffer.take() == Tally()
    buffer.advance(50 * 0.02 + 0.055)
    assert buffer.take() == Tally(expected=1, missing=1, repairable=1)
    assert buffer.packet(Arrival(1.2, 50 * FRAME, 50, 100)) == 50
    assert buffer.take() == Tally(late=1)


def test_fec_repairs_what_stands_alone_and_only_the_last_of_a_run() -> None:
    assert total(without(sent(100), 40)).repairable == 1
    assert total(without(sent(100), 40, 60)).repairable == 2
    assert total(without(sent(100), 40, 41, 42)).repairable == 1


def test_a_late_packet_in_order_is_repaired_by_the_next_in_time() -> None:
    # The offset starts at 60 ms and has shrunk to 50.
    late = [Arrival(1.055, 50 * FRAME, 50, 100), Arrival(1.06, 51 * FRAME, 51, 100)]
    assert total([*sent(50), *late]) == Tally(expected=52, missing=1, late=1, repairable=1)


def test_the_buffer_grows_once_several_are_late_and_that_costs_filler() -> None:
    packets = [
        packet._replace(arrival=packet.arrival + (0.15 if packet.sequence >= 200 else 0)) for packet in sent(400)
    ]
    tally = total(packets)
    assert 2 <= tally.late <= 6
    assert tally.lost == 0
    # From 60 ms (less what it shrank) to 160 + 20 ms, in packets of 20 ms.
    assert tally.filler == pytest.approx(6, abs=2.1)


def test_one_late_packet_does_not_make_it_grow() -> None:
    assert total(moved(sent(300), 150, 0.3)).filler == 0


def test_jitter_is_absorbed_by_a_buffer_that_has_grown() -> None:
    tally = total(sent(3000, Profile(jitter=0.02)))
    assert tally.late < 0.01 * tally.expected
    assert 0 < tally.filler < 10
    # Six times as far as the worst of the usual path: what one listens to then is mostly invented.
    assert total(sent(3000, Profile(spike=0.5, spike_probability=0.02))).late > 100


def test_the_offset_has_an_end() -> None:
    packets = [packet._replace(arrival=packet.arrival + (2.0 if packet.sequence >= 100 else 0)) for packet in sent(400)]
    buffer = fed(packets)
    assert buffer.delay_s <= 0.4
    assert buffer.take().late == 300


def test_after_half_a_minute_a_longer_way_is_the_way() -> None:
    packets = [
        packet._replace(arrival=packet.arrival + (2.0 if packet.sequence >= 100 else 0)) for packet in sent(3000)
    ]
    buffer = fed(packets)
    assert sum(tally.late for second, tally in buffer.seconds.items() if second > 35) == 0


def test_silence_that_is_not_sent_is_not_missed() -> None:
    packets = [packet for packet in sent(1000) if not 200 <= packet.sequence < 800 or packet.sequence % 20 == 0]
    thinned = [packet._replace(sequence=number) for number, packet in enumerate(packets)]
    assert total(thinned) == Tally(expected=len(thinned))


def test_packets_twice_and_unknown_ones_are_of_no_use() -> None:
    buffer = JitterBuffer(RATE)
    assert buffer.packet(Arrival(0.0, 0, 10, 100, retransmitted=True)) is None
    assert buffer.expected == 0
    assert (buffer.delay_s, buffer.queue_s, buffer.spread_s) == (0, 0, 0)
    assert buffer.packet(Arrival(0.0, 0, 10, 100)) == 10
    assert buffer.packet(Arrival(0.01, 0, 10, 100)) is None
    assert buffer.packet(Arrival(0.02, FRAME, 11, 100)) == 11
    assert buffer.packet(Arrival(0.03, FRAME, 11, 100, retransmitted=True)) is None
    assert buffer.packet(Arrival(0.03, 99 * FRAME, 99, 100, retransmitted=True)) is None
    assert buffer.take() == Tally(expected=2)


def test_a_retransmission_in_time_fills_the_hole_and_a_late_one_is_late() -> None:
    packets = without(sent(100), 50, 60)
    again = [
        Arrival(50 * 0.02 + 0.045, 50 * FRAME, 50, 100, retransmitted=True),
        Arrival(60 * 0.02 + 0.25, 60 * FRAME, 60, 100, retransmitted=True),
    ]
    tally = total(sorted(packets + again))
    assert (tally.expected, tally.lost, tally.late) == (100, 0, 1)


def test_a_retransmission_with_numbers_of_its_own_is_known_by_its_time() -> None:
    packets = without(sent(100), 50, 60)
    again = [
        Arrival(50 * 0.02 + 0.045, 50 * FRAME, 7000, 100, retransmitted=True),
        Arrival(60 * 0.02 + 0.25, 60 * FRAME, 7001, 100, retransmitted=True),
        Arrival(60 * 0.02 + 0.26, 60 * FRAME, 7001, 100, retransmitted=True),
        Arrival(60 * 0.02 + 0.27, 70 * FRAME, 60, 100, retransmitted=True),
    ]
    tally = total(sorted(packets + again))
    assert (tally.expected, tally.lost, tally.late) == (100, 0, 1)


def test_of_several_that_are_waited_for_time_tells_which() -> None:
    again = Arrival(1.055, 51 * FRAME, 9000, 100, retransmitted=True)
    buffer = fed(sorted([*without(sent(100), 50, 51), again]))
    assert buffer.take() == Tally(expected=100, missing=1, repairable=1)


def test_the_first_that_is_waited_for_is_not_taken_for_another() -> None:
    again = Arrival(1.045, 51 * FRAME, 9000, 100, retransmitted=True)
    buffer = JitterBuffer(RATE)
    for packet in without(sent(53), 50, 51):
        buffer.packet(packet)
    assert buffer.packet(again) == 51
    buffer.finish()
    assert buffer.take() == Tally(expected=53, missing=1, repairable=1)


def test_a_number_that_hits_a_hole_far_from_its_time_is_another_packet() -> None:
    buffer = JitterBuffer(RATE)
    for packet in without(sent(200), 50, 199):
        buffer.packet(packet)
    assert buffer.packet(Arrival(4.0, 190 * FRAME, 50, 100, retransmitted=True)) is None


def test_first_packets_out_of_order_count_from_the_lowest() -> None:
    packets = sent(100)
    packets[0], packets[3] = packets[3]._replace(arrival=0.0), packets[0]._replace(arrival=0.055)
    packets.sort()
    assert total(packets).expected == 100
    assert total(without(packets, 1)).lost == 1


def test_an_outage_of_any_length_is_counted_and_bounded() -> None:
    gap = 10 * MISSING_MAX
    back, again = 100 + gap, 200 + 2 * gap
    packets = [Arrival(2 + 600, back * FRAME, back, 100), Arrival(3 + 1200, again * FRAME, again, 100)]
    buffer = fed(sent(100) + packets)
    assert buffer.expected == again + 1
    tally = buffer.take()
    assert (tally.expected, tally.missing - tally.late) == (again + 1, again + 1 - 102)
    assert len(buffer._missed) <= MISSING_MAX


def test_numbers_that_jump_are_counted_but_not_waited_for() -> None:
    buffer = fed([*sent(100), Arrival(2.0, 100 * FRAME, 20_000, 100), Arrival(2.02, 101 * FRAME, 20_001, 100)])
    assert len(buffer._missed) < 100
    tally = buffer.take()
    assert (tally.expected, tally.lost) == (20_002, 20_002 - 102)


def test_a_source_that_begins_anew_is_not_late() -> None:
    again = [
        packet._replace(arrival=packet.arrival + 2, timestamp=packet.timestamp + 10**9, sequence=packet.sequence + 100)
        for packet in sent(100)
    ]
    buffer = fed(sent(100) + again)
    assert {second: tally.expected for second, tally in buffer.seconds.items()} == {0: 50, 1: 50, 2: 50, 3: 50}
    assert buffer.take() == Tally(expected=200)


def test_queue_and_spread_tell_a_standing_queue_from_jitter() -> None:
    packets = [packet._replace(arrival=packet.arrival + (0.3 if packet.sequence >= 300 else 0)) for packet in sent(600)]
    standing = fed(packets)
    assert standing.queue_s == pytest.approx(0.3, abs=0.01)
    assert standing.spread_s < 0.01
    jittery = fed(sent(600, Profile(jitter=0.05, reorder=True)))
    assert jittery.spread_s > 0.05
    assert jittery.queue_s < 0.06


STEPS = st.lists(
    st.tuples(st.integers(-3, 6), st.integers(-2000, 6000), st.floats(0, 0.3), st.booleans()), max_size=150
)


@given(STEPS)
def test_whatever_comes_every_number_is_counted_once(steps: list[tuple[int, int, float, bool]]) -> None:
    buffer, sequence, timestamp, now = JitterBuffer(RATE), 1000, 0, 0.0
    for forward, ticks, pause, retransmitted in steps:
        sequence, timestamp, now = sequence + forward, timestamp + ticks, now + pause
        buffer.packet(Arrival(now, timestamp, sequence, 100, retransmitted=retransmitted))
    buffer.finish()
    tally = buffer.take()
    assert tally.expected == buffer.expected
    assert 0 <= tally.late <= tally.missing <= tally.expected
    assert 0 <= tally.repairable <= tally.missing
    assert tally.filler >= 0
    assert math.isfinite(buffer.delay_s)
    assert buffer.spread_s >= 0


@given(st.floats(0, 0.3), st.floats(1, 8), st.floats(0, 0.05), st.integers(0, 1000))
def test_reading_it_each_second_or_at_the_end_is_the_same(loss: float, burst: float, jitter: float, seed: int) -> None:
    packets = sent(250, Profile(loss=loss, burst=burst, jitter=jitter), str(seed))
    buffer, taken, due = JitterBuffer(RATE), Tally(), 1.0
    for packet in packets:
        while packet.arrival >= due:
            buffer.advance(due)
            taken.add(buffer.take())
            due += 1.0
        buffer.packet(packet)
    buffer.finish()
    taken.add(buffer.take())
    assert taken == (total(packets) if packets else Tally())


def test_of_several_that_are_missed_time_tells_which_came_late() -> None:
    again = Arrival(60 * 0.02 + 0.3, 50 * FRAME, 7000, 100, retransmitted=True)
    tally = total(sorted([*without(sent(100), 50, 60), again]))
    assert (tally.expected, tally.lost, tally.late) == (100, 1, 1)
