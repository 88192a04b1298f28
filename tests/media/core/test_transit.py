"""The least transit: what is forgotten and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.transit import JUMP_S, WINDOW_S, LeastTransit


def test_the_fastest_packet_sets_the_clock() -> None:
    transit = LeastTransit()
    assert transit.add(0.0, 10.05)
    assert transit.least == pytest.approx(10.05)
    for media, arrival in ((0.02, 10.03), (0.04, 10.09), (0.06, 10.10)):
        assert not transit.add(media, arrival)
    assert transit.least == pytest.approx(10.01)


def test_a_longer_way_is_the_normal_one_after_half_a_minute() -> None:
    transit = LeastTransit()
    for number in range(round(2 * WINDOW_S / 0.02)):
        media = number * 0.02
        transit.add(media, media + (0.3 if media > 5 else 0.1))
        if 5 < media < WINDOW_S:
            assert transit.least == pytest.approx(0.1)
    assert transit.least == pytest.approx(0.3)


def test_a_clock_that_drifts_is_followed() -> None:
    transit = LeastTransit()
    for number in range(200_000):
        transit.add(number * 0.02, number * 0.02 * 1.0001)
    assert number * 0.02 * 0.0001 - transit.least < 1.1 * WINDOW_S * 0.0001


def test_timestamps_that_jump_begin_anew_but_a_stall_does_not() -> None:
    transit = LeastTransit()
    transit.add(0.0, 0.0)
    assert not transit.add(0.02, 9.0)
    assert not transit.add(0.04 + 8.0, 17.0)
    assert transit.least == 0.0
    assert transit.add(900.0, 17.02)
    assert transit.least == pytest.approx(17.02 - 900)
    assert transit.add(100.0, 17.04)


@given(st.lists(st.tuples(st.floats(0, JUMP_S), st.floats(0, 2)), min_size=1, max_size=300))
def test_the_least_is_never_above_any_transit_of_the_window(steps: list[tuple[float, float]]) -> None:
    transit, media, seen = LeastTransit(), 0.0, []
    for step, late in steps:
        media += step
        arrival = media + late
        transit.add(media, arrival)
        seen.append((arrival, late))
        assert transit.least <= late + 1e-9
        recent = [late for at, late in seen if int(at) >= int(arrival) - WINDOW_S]
        assert transit.least >= min(recent) - 1e-6 or len(recent) < len(seen)
