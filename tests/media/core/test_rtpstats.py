"""Receiver statistics against RFC 3550 and worked vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.rtpstats import ReceiverStatistics, Reception


def fed(packets: list[tuple[int, int, float]], clock_rate: int = 48_000) -> ReceiverStatistics:
    stats = ReceiverStatistics(clock_rate)
    for sequence, timestamp, arrival in packets:
        stats.packet(sequence, timestamp, arrival)
    return stats


def test_jitter_follows_the_worked_vector() -> None:
    stats = ReceiverStatistics(48_000)
    seen = []
    for number, (arrival, timestamp) in enumerate(
        [(0, 0), (960, 960), (2160, 1920), (2880, 2880), (4320, 3840), (5280, 4800)]
    ):
        stats.packet(number, timestamp, arrival / 48_000)
        seen.append(stats.jitter_ticks)
    assert seen == pytest.approx([0, 0, 15, 29.0625, 57.246, 53.668], abs=0.001)
    assert stats.jitter == pytest.approx(0.001118, abs=1e-6)


def test_jitter_survives_the_wrap_of_the_timestamp() -> None:
    stats = fed([(1, 0xFFFFFFFF - 959, 1.0), (2, 0, 1.02), (3, 960, 1.04)])
    assert stats.jitter_ticks == pytest.approx(0, abs=1e-6)


def test_packets_of_one_picture_do_not_count_as_jitter() -> None:
    assert fed([(1, 500, 1.0), (2, 500, 1.010), (3, 500, 1.020)]).jitter == 0


def test_nothing_received_is_nothing_lost() -> None:
    stats = ReceiverStatistics(90_000)
    assert stats.expected == 0
    assert stats.lost == 0
    assert stats.report() == Reception(0, 0, 0xFFFFFFFF, 0)


def test_loss_of_an_interval_is_a_256th_and_the_sum_goes_on() -> None:
    stats = ReceiverStatistics(48_000)
    for sequence in range(100):
        if sequence not in {10, 20, 30, 40, 50}:
            stats.packet(sequence, sequence * 960, sequence * 0.02)
    assert stats.report()[:3] == (12, 5, 99)  # floor(256 * 5 / 100)
    for sequence in range(100, 200):
        stats.packet(sequence, sequence * 960, sequence * 0.02)
    assert stats.report()[:3] == (0, 5, 199)
    assert stats.fraction == 0


def test_a_late_packet_repairs_the_sum_and_never_makes_a_fraction_negative() -> None:
    stats = fed([(1, 0, 0.0), (3, 0, 0.0)])
    assert stats.report().lost == 1
    assert stats.packet(2, 0, 0.0) == 2
    assert stats.report()[:2] == (0, 0)


def test_duplicates_make_the_loss_negative_as_the_rfc_says() -> None:
    assert fed([(1, 0, 0.0), (2, 0, 0.0), (2, 0, 0.0)]).report().lost == -1


def test_the_extended_number_counts_wraps() -> None:
    stats = fed([(65534, 0, 0.0), (65535, 0, 0.0), (0, 0, 0.0), (1, 0, 0.0)])
    assert stats.highest == 65537
    assert stats.expected == 4
    assert stats.packet(65535, 0, 0.0) == 65535  # a late one belongs to the circle before


def test_early_packets_that_come_after_the_first_one_extend_the_count_downwards() -> None:
    stats = fed([(5, 0, 0.0), (3, 0, 0.0)])
    assert stats.expected == 3
    assert stats.lost == 1
    assert fed([(0, 0, 0.0)]).packet(65535, 0, 0.0) == -1


def test_sums_are_clamped_to_24_bits_and_a_lost_interval_to_one_octet() -> None:
    stats = ReceiverStatistics(48_000)
    for step in range(300):
        stats.packet(step * 0x7FFF & 0xFFFF, 0, 0.0)
    reception = stats.report()
    assert reception.lost == 0x7FFFFF
    assert reception.fraction == 255


@given(
    start=st.integers(0, 65535),
    fates=st.lists(st.sampled_from(["ok", "ok", "ok", "lost", "late"]), min_size=2, max_size=300),
)
def test_expected_minus_received_is_what_the_path_lost(start: int, fates: list[str]) -> None:
    stats = ReceiverStatistics(90_000)
    fates = ["ok", *fates, "ok"]
    late: list[int] = []
    for number, fate in enumerate(fates):
        if fate == "ok":
            stats.packet((start + number) & 0xFFFF, number * 3000, number / 30)
            while late:
                stats.packet((start + late.pop()) & 0xFFFF, number * 3000, number / 30)
        elif fate == "late":
            late.append(number)
    assert stats.lost == fates.count("lost")
    assert stats.expected == len(fates)
    assert stats.highest == start + len(fates) - 1
