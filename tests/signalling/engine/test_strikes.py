"""The sliding window of strikes."""

from __future__ import annotations

from signalling.engine.strikes import Strikes


def test_the_last_of_enough_strikes_within_the_window_hits() -> None:
    strikes = Strikes(limit=3, window_s=10.0)
    assert [strikes.hit(now) for now in (0.0, 5.0, 10.0)] == [False, False, True]


def test_strikes_spread_wider_than_the_window_never_hit() -> None:
    strikes = Strikes(limit=3, window_s=10.0)
    assert not any(strikes.hit(now * 5.1) for now in range(100))


def test_old_strikes_are_forgotten_and_new_ones_count_afresh() -> None:
    strikes = Strikes(limit=3, window_s=10.0)
    assert not strikes.hit(0.0)
    assert not strikes.hit(1.0)
    assert not strikes.hit(100.0)
    assert not strikes.hit(101.0)
    assert strikes.hit(102.0)


def test_a_limit_of_one_hits_at_once() -> None:
    assert Strikes(limit=1, window_s=10.0).hit(0.0)
