"""Continuity of an outgoing stream."""

from hypothesis import given
from hypothesis import strategies as st

from media.core.rewrite import EARLY_PACKETS, Continuity


def numbers(place: int) -> tuple[int, int]:
    return place >> 32, place & 0xFFFFFFFF


def test_the_first_source_keeps_its_timestamps_and_the_order_of_its_numbers() -> None:
    assert not Continuity().started
    stream = Continuity()
    stream.begin(65535, 0xFFFFFFF0, 1.0, 48_000)
    assert stream.started
    first, timestamp = numbers(stream.place(65535, 0xFFFFFFF0, 1.0))
    assert timestamp == 0xFFFFFFF0
    assert numbers(stream.place(65536, 0x10, 1.02)) == (first + 1, 0x10)
    assert numbers(stream.place(65540, 0x30, 1.04)) == (first + 5, 0x30)


@given(sequence=st.integers(0, 65535), early=st.integers(1, EARLY_PACKETS))
def test_a_stream_begins_in_the_lower_half_so_that_a_receiver_may_miss_its_beginning(sequence: int, early: int) -> None:
    stream = Continuity()
    stream.begin(sequence, 0, 1.0, 48_000)
    first = numbers(stream.place(sequence, 0, 1.0))[0]
    assert first < 0x8000
    # What overtook it on its way has its place before it, without a wrap.
    assert numbers(stream.place(sequence - early, 0, 1.0))[0] == first - early >= 0


def test_the_very_beginning_reaches_back_within_reason() -> None:
    stream = Continuity()
    stream.begin(10, 1000, 1.0, 48_000)
    assert stream.place(10 - EARLY_PACKETS - 1, 0, 1.0) == -1


def test_a_second_source_goes_on_with_the_next_number_and_the_time_that_passed() -> None:
    stream = Continuity()
    stream.begin(100, 9000, 1.0, 90_000)
    stream.place(100, 9000, 1.0)
    stream.place(101, 12000, 1.1)
    last = 101 + stream.sequence_offset
    stream.begin(40_000, 777, 1.2, 90_000)
    assert numbers(stream.place(40_000, 777, 1.2)) == (last + 1, 12000 + 9000)
    assert numbers(stream.place(40_001, 777 + 3000, 1.3)) == (last + 2, 12000 + 12000)


def test_what_a_second_source_sent_before_its_beginning_is_not_placed() -> None:
    stream = Continuity()
    stream.begin(100, 0, 1.0, 90_000)
    stream.begin(500, 0, 1.0, 90_000)
    assert stream.place(499, 0, 1.0) == -1


def test_time_that_stands_still_or_goes_back_moves_the_timestamp_by_one_tick() -> None:
    stream = Continuity()
    stream.begin(1, 500, 2.0, 90_000)
    stream.begin(9, 0, 1.0, 90_000)
    assert numbers(stream.place(9, 0, 1.0))[1] == 501


def test_a_number_the_receiver_asks_for_is_turned_back_into_the_source_s() -> None:
    stream = Continuity()
    stream.begin(65530, 0, 1.0, 90_000)
    sent = [numbers(stream.place(sequence, 0, 1.0))[0] for sequence in range(65530, 65540)]
    assert [stream.source(number) for number in sent] == list(range(65530, 65540))
    assert stream.source(sent[-1] + 1) is None  # not sent yet
    stream.begin(7, 0, 1.1, 90_000)
    stream.place(8, 0, 1.1)
    assert stream.source(sent[-1] + 1) == 7
    assert stream.source(sent[-1] + 2) == 8
    assert stream.source(sent[-1]) is None  # of the source before


def test_the_timestamp_of_now_runs_on_with_the_clock() -> None:
    stream = Continuity()
    stream.begin(1, 0xFFFFFF00, 1.0, 48_000)
    assert stream.timestamp_at(1.5, 48_000) == (0xFFFFFF00 + 24_000) & 0xFFFFFFFF


@given(
    sources=st.lists(
        st.tuples(
            st.integers(0, 65535), st.integers(0, 2**32 - 1), st.lists(st.integers(1, 300), min_size=1, max_size=20)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whoever_sends_numbers_and_timestamps_go_on_without_repetition(
    sources: list[tuple[int, int, list[int]]],
) -> None:
    stream = Continuity()
    arrival, before, last_timestamp = 0.0, None, 0
    for sequence, timestamp, steps in sources:
        extended = sequence
        stream.begin(extended, timestamp, arrival, 90_000)
        for step in steps:
            out_sequence, out_timestamp = numbers(stream.place(extended, timestamp & 0xFFFFFFFF, arrival))
            if before is not None:
                ahead = (out_sequence - before) & 0xFFFF
                assert 0 < ahead <= 300
                assert 0 < (out_timestamp - last_timestamp) & 0xFFFFFFFF < 2**31
            assert stream.source(out_sequence) == extended
            before, last_timestamp = out_sequence, out_timestamp
            extended += step
            timestamp += 900 * step
            arrival += 0.01 * step
