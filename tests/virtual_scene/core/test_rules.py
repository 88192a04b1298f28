"""How far, how fast, how often."""

import pytest

from protocol.errors import RateLimited
from virtual_scene.core.rules import GATHERED_S, SPEED_M_S, Cooldowns, Pace, limited


def test_nobody_is_faster_than_allowed_on_the_long_run() -> None:
    pace, walked = Pace(now=0), 0.0
    for step in range(2000):
        if pace.allows(0.5, now=step / 100):
            pace.took(0.5)
            walked += 0.5
    assert walked == pytest.approx(20 * SPEED_M_S + GATHERED_S * SPEED_M_S, abs=1)


def test_what_gathers_while_one_stands_is_bounded() -> None:
    pace = Pace(now=0)
    assert pace.allows(SPEED_M_S * GATHERED_S, now=1000)
    assert not pace.allows(SPEED_M_S * GATHERED_S + 0.01, now=2000)


def test_asking_costs_nothing_and_a_clock_that_steps_back_gives_nothing() -> None:
    pace = Pace(now=10)
    for _ in range(100):
        assert pace.allows(6, now=10)
    pace.took(6)
    assert not pace.allows(0.1, now=5)


def test_a_cooldown_is_of_one_action_of_one_object() -> None:
    cooldowns = Cooldowns()
    cooldowns.take(1, "sip", cooldown_s=2, now=0)
    cooldowns.take(2, "sip", cooldown_s=2, now=0)
    cooldowns.take(1, "shake", cooldown_s=0, now=0)
    cooldowns.take(1, "shake", cooldown_s=0, now=0)
    with pytest.raises(RateLimited):
        cooldowns.take(1, "sip", cooldown_s=2, now=1.9)
    cooldowns.take(1, "sip", cooldown_s=2, now=2)


def test_a_wait_is_a_refusal_and_no_wait_is_none() -> None:
    limited(0.0)
    with pytest.raises(RateLimited) as caught:
        limited(0.5)
    assert caught.value.retry_after_ms == 501
