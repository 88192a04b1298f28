"""Causes: when there is one, of what kind, and whose it is."""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.cause import CauseFinder, LegSecond, Path, Source

PACKETS = 200  # a second of speech and video
FLOWS = Source(on=True, packets=50)
GOOD = LegSecond(
    "ann",
    up=Path(expected=PACKETS, jitter_s=0.003, spread_s=0.01),
    down=Path(expected=PACKETS, jitter_s=0.003),
    rtt_s=0.08,
    audio=FLOWS,
    video=Source(on=True, packets=150),
)
BOB = replace(GOOD, user_id="bob")
Told = list[tuple[str, str | None, str] | None]


def told(finder: CauseFinder, seconds: Iterable[tuple[LegSecond, LegSecond]], host_lag_s: float = 0.0) -> Told:
    found = (finder.second(legs, host_lag_s=host_lag_s) for legs in seconds)
    return [None if cause is None else (cause.kind, cause.user_id, cause.direction) for cause in found]


def up_loss(lost: int, **more: Any) -> tuple[LegSecond, LegSecond]:
    """Ann's uplink loses, and Bob's receiver reports it."""
    ann = replace(GOOD, up=replace(GOOD.up, lost=lost, **more))
    return ann, replace(BOB, down=replace(BOB.down, lost=lost))


def down(leg: LegSecond, **more: Any) -> LegSecond:
    return replace(leg, down=replace(leg.down, **more))


def up(leg: LegSecond, **more: Any) -> LegSecond:
    return replace(leg, up=replace(leg.up, **more))


def test_a_good_call_and_two_who_listen_have_none() -> None:
    quiet = [replace(leg, audio=Source(on=True, packets=3), video=Source()) for leg in (GOOD, BOB)]
    off = [replace(leg, audio=Source(), video=Source(), up=Path(), down=Path(), rtt_s=None) for leg in (GOOD, BOB)]
    assert told(CauseFinder(), [(GOOD, BOB)] * 60) == [None] * 60
    assert told(CauseFinder(), [(quiet[0], quiet[1])] * 60) == [None] * 60
    assert told(CauseFinder(), [(off[0], off[1])] * 60) == [None] * 60


@pytest.mark.parametrize("packets", [50, 200])
def test_a_path_as_usual_has_none(packets: int) -> None:
    """0.3 % of loss on each way, 5 ms of jitter, 100 ms of round trip, for half an hour."""
    chance, finder, false = random.Random(4), CauseFinder(), 0
    for _ in range(1800):
        legs = []
        for leg in (GOOD, BOB):
            lost = sum(chance.random() < 0.003 for _ in range(packets))
            path = Path(expected=packets, lost=lost, jitter_s=0.005, spread_s=0.017)
            legs.append(replace(leg, up=path, down=path, rtt_s=0.1))
        false += finder.second(legs, host_lag_s=0.0) is not None
    # By chance four packets of 150 are lost in three seconds: once in some thousand.
    assert false <= 12


@pytest.mark.parametrize("ratio", [0.03, 0.08, 0.2])
def test_loss_of_an_uplink_is_its_own_though_the_other_misses_it(ratio: float) -> None:
    lost = round(ratio * PACKETS)
    found = told(CauseFinder(), [(GOOD, BOB)] * 5 + [up_loss(lost)] * 10 + [(GOOD, BOB)] * 5)
    assert found[:5] == [None] * 5
    assert found[7:15] == [("loss", "ann", "up")] * 8
    assert found[18:] == [None] * 2


def test_its_words_are_in_percent() -> None:
    finder = CauseFinder()
    for _ in range(5):
        cause = finder.second(up_loss(16), host_lag_s=0.0)
    assert cause is not None
    assert (cause.kind, cause.amount) == ("loss", 8)


def test_loss_of_a_downlink_is_that_of_its_receiver() -> None:
    lossy = GOOD, down(BOB, lost=16)
    found = told(CauseFinder(), [(GOOD, BOB)] * 5 + [lossy] * 10 + [(GOOD, BOB)] * 5)
    assert found[7:15] == [("loss", "bob", "down")] * 8
    assert found[18:] == [None] * 2


def test_a_report_that_comes_late_does_not_move_the_blame() -> None:
    """Bob's browser tells of Ann's losses three seconds later, and of all three seconds at once."""
    ann = up(GOOD, lost=16)
    seconds = [(GOOD, BOB)] * 3 + [(ann, BOB)] * 3 + [(GOOD, down(BOB, lost=48))] + [(GOOD, BOB)] * 6
    assert {cause[1:] for cause in told(CauseFinder(), seconds) if cause is not None} == {("ann", "up")}


def test_what_a_retransmission_brought_is_not_missing_behind() -> None:
    """Ann's uplink loses and repairs; what Bob misses is lost on his own way."""
    ann = up(GOOD, lost=2, recovered=2)
    assert told(CauseFinder(), [(ann, down(BOB, lost=16))] * 6)[-1] == ("loss", "bob", "down")


def test_of_two_the_one_that_costs_more_is_told_and_they_do_not_take_turns() -> None:
    def both(first: int, second: int) -> tuple[LegSecond, LegSecond]:
        ann = down(up(GOOD, lost=first), lost=second)
        return ann, down(up(BOB, lost=second), lost=first)

    assert told(CauseFinder(), [both(30, 6)] * 6)[-1] == ("loss", "ann", "up")
    assert told(CauseFinder(), [both(6, 30)] * 6)[-1] == ("loss", "bob", "up")
    chance = random.Random(1)
    noisy = [both(*(12 + chance.randrange(5) for _ in range(2))) for _ in range(60)]
    assert len({cause for cause in told(CauseFinder(), noisy)[3:]}) == 1


@pytest.mark.parametrize("jitter", [0.017, 0.004])
def test_jitter_is_what_varies_and_loses_nothing(jitter: float) -> None:
    uneven = up(GOOD, jitter_s=jitter, spread_s=0.08), BOB
    found = told(CauseFinder(), [(GOOD, BOB)] * 5 + [uneven] * 10 + [(GOOD, BOB)] * 5)
    assert found[7:15] == [("jitter", "ann", "up")] * 8
    assert found[17:] == [None] * 3
    reported = GOOD, down(BOB, jitter_s=0.025)
    assert told(CauseFinder(), [reported] * 5)[-1] == ("jitter", "bob", "down")


def test_jitter_of_an_uplink_that_the_other_reports_too_is_of_the_uplink() -> None:
    uneven = up(GOOD, jitter_s=0.02, spread_s=0.08), down(BOB, jitter_s=0.021)
    assert told(CauseFinder(), [uneven] * 6)[-1] == ("jitter", "ann", "up")


def test_a_step_of_the_delay_is_no_jitter() -> None:
    step = up(GOOD, jitter_s=0.002, spread_s=0.2), BOB
    assert told(CauseFinder(), [(GOOD, BOB)] * 5 + [step] * 2 + [(GOOD, BOB)] * 5) == [None] * 12


def test_a_long_way_is_delay_and_a_usual_one_is_not() -> None:
    far = replace(GOOD, rtt_s=0.42), BOB
    found = told(CauseFinder(), [(GOOD, BOB)] * 5 + [far] * 10 + [(GOOD, BOB)] * 5)
    assert [cause and cause[:2] for cause in found[7:15]] == [("delay", "ann")] * 8
    assert found[16:] == [None] * 4
    assert told(CauseFinder(), [(replace(GOOD, rtt_s=0.3), BOB)] * 9) == [None] * 9


def test_a_full_queue_is_bandwidth_on_either_way() -> None:
    above = replace(up(GOOD, lost=20, queue_s=0.18, spread_s=0.06), rtt_s=0.27), down(BOB, lost=20)
    assert told(CauseFinder(), [(GOOD, BOB)] * 5 + [above] * 6)[-1] == ("bandwidth", "ann", "up")
    below = GOOD, replace(down(BOB, lost=20), rtt_s=0.25)
    assert told(CauseFinder(), [(GOOD, BOB)] * 5 + [below] * 6)[-1] == ("bandwidth", "bob", "down")


def test_a_queue_in_the_uplink_is_not_taken_for_one_in_the_downlink() -> None:
    both = GOOD, replace(up(down(BOB, lost=20), queue_s=0.2), rtt_s=0.28)
    assert told(CauseFinder(), [(GOOD, BOB)] * 5 + [both] * 6)[-1] == ("loss", "bob", "down")


def test_what_the_relay_holds_back_is_bandwidth_though_nothing_is_lost() -> None:
    held = GOOD, replace(BOB, down=replace(BOB.down, held_back=True))
    assert told(CauseFinder(), [held] * 3)[-1] == ("bandwidth", "bob", "down")


@pytest.mark.parametrize(
    "leg",
    [
        replace(GOOD, audio=Source(on=True, packets=0)),
        replace(GOOD, video=Source(on=True, packets=0)),
        replace(GOOD, audio=Source(on=True, packets=50, silent=True)),
        replace(GOOD, audio=Source(on=True, packets=50, silent=True), video=Source()),
    ],
)
def test_a_device_that_gives_nothing_is_told_after_two_seconds(leg: LegSecond) -> None:
    assert told(CauseFinder(), [(GOOD, BOB)] * 2 + [(leg, BOB)] * 4) == [None] * 3 + [("device", "ann", "up")] * 3


@pytest.mark.parametrize(
    "leg",
    [
        replace(GOOD, audio=Source(on=False, packets=0)),
        replace(GOOD, video=Source(on=False, packets=0)),
        replace(GOOD, audio=Source(on=False, packets=50, silent=True)),
        replace(GOOD, audio=Source(on=True, packets=0), video=Source(on=True, packets=0)),
    ],
)
def test_what_was_switched_off_or_is_cut_off_as_a_whole_is_no_device(leg: LegSecond) -> None:
    assert told(CauseFinder(), [(leg, BOB)] * 6) == [None] * 6


def test_a_server_that_is_late_blames_nobody() -> None:
    assert told(CauseFinder(), [up_loss(40)] * 5, host_lag_s=0.06) == [("host", None, "up")] * 5
    assert told(CauseFinder(), [(GOOD, BOB)] * 5, host_lag_s=0.04) == [None] * 5


COUNT = st.integers(0, 300)
PATHS = st.builds(
    Path, COUNT, COUNT, COUNT, st.floats(0, 1), st.none() | st.floats(0, 3), st.floats(0, 3), st.booleans()
)
SOURCES = st.builds(Source, st.booleans(), COUNT, st.booleans())
LEGS = st.tuples(
    *(
        st.builds(LegSecond, st.just(name), PATHS, PATHS, st.none() | st.floats(0, 5), SOURCES, SOURCES)
        for name in ("ann", "bob")
    )
)


@given(st.lists(LEGS, max_size=20))
def test_whatever_is_measured_a_cause_is_whole(seconds: list[tuple[LegSecond, LegSecond]]) -> None:
    finder = CauseFinder()
    for legs in seconds:
        cause = finder.second(legs, host_lag_s=0.0)
        assert cause is None or cause.user_id in ("ann", "bob")
        if cause is not None and cause.kind in ("loss", "bandwidth"):
            assert 0 <= cause.amount <= 100
