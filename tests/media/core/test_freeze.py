"""The freeze rule of W3C webrtc-stats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.freeze import FreezeMeter, freeze_threshold


@pytest.mark.parametrize(("mean", "threshold"), [(33.3, 183.3), (50, 200), (66.7, 216.7), (100, 300), (200, 600)])
def test_the_threshold_follows_the_worked_numbers(mean: float, threshold: float) -> None:
    assert 1000 * freeze_threshold(mean / 1000) == pytest.approx(threshold, abs=0.1)


def steady(meter: FreezeMeter, start: float, end: float, fps: int = 30) -> None:
    for number in range(round((end - start) * fps)):
        meter.shown(start + number / fps)


def test_steady_pictures_are_no_freeze_at_any_rate() -> None:
    for fps in (1, 5, 15, 30):
        meter = FreezeMeter(0.0)
        # A picture a second is a slide show: the first ones are a freeze until one knows that it is meant so.
        steady(meter, 0, 60, fps)
        assert sum(meter.frozen_s.values()) <= (0 if fps > 3 else 6)


def test_the_whole_interval_is_frozen_and_lies_in_its_seconds() -> None:
    meter = FreezeMeter(100.0)
    steady(meter, 100, 102)
    meter.shown(103.5)
    last = 100 + 59 / 30
    assert meter.freezes == {3: 1}
    assert dict(meter.frozen_s) == pytest.approx({1: 102 - last, 2: 1.0, 3: 0.5})


def test_an_interval_below_the_threshold_is_none() -> None:
    meter = FreezeMeter(0.0)
    steady(meter, 0, 2)
    meter.shown(59 / 30 + 0.18)
    assert meter.freezes.total() == 0
    meter.shown(59 / 30 + 0.18 + 0.19)
    assert meter.freezes.total() == 1


def test_a_freeze_counts_while_it_lasts_and_only_once() -> None:
    meter = FreezeMeter(0.0)
    steady(meter, 0, 2)
    last = 59 / 30
    meter.advance(last + 0.1)
    assert not meter.frozen_s
    for step in range(1, 40):
        meter.advance(last + step * 0.1)
    meter.advance(last)
    meter.shown(last + 4.0)
    assert meter.freezes.total() == 1
    assert sum(meter.frozen_s.values()) == pytest.approx(4.0)
    steady(meter, last + 4.0, last + 6.0)
    assert sum(meter.frozen_s.values()) == pytest.approx(4.0)


def test_one_freeze_does_not_become_the_usual_interval() -> None:
    meter = FreezeMeter(0.0)
    at = 0.0
    for _ in range(20):
        steady(meter, at, at + 1)
        at += 2.0
    assert meter.freezes.total() == 19


def test_a_camera_that_is_off_is_no_freeze() -> None:
    meter = FreezeMeter(0.0)
    meter.advance(5.0)
    steady(meter, 5, 7)
    meter.stop()
    meter.advance(20.0)
    steady(meter, 20, 22)
    assert meter.freezes.total() == 0


@given(st.lists(st.floats(0, 2), max_size=100), st.lists(st.floats(0, 2), max_size=20))
def test_looking_in_between_changes_no_total(pauses: list[float], looks: list[float]) -> None:
    quiet, watched, now = FreezeMeter(0.0), FreezeMeter(0.0), 0.0
    for number, pause in enumerate(pauses):
        for look in looks[number % 5 :: 5]:
            watched.advance(now + min(look, pause))
        now += pause
        quiet.shown(now)
        watched.shown(now)
    assert quiet.freezes.total() == watched.freezes.total()
    assert sum(quiet.frozen_s.values()) == pytest.approx(sum(watched.frozen_s.values()))
    assert sum(quiet.frozen_s.values()) <= now + 1e-6
