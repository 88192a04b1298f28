"""Dead air: the table, the guards, and scripted talks on a virtual clock."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.silence import (
    BURST_BEFORE_S,
    TRANSITIONS,
    AirEvent,
    AirState,
    AirTimes,
    DeadAirBegan,
    DeadAirEnded,
    HeldBack,
    Output,
    PromptDue,
    PromptHeldBack,
    Side,
    Silence,
    Trouble,
    WrongTransitionError,
)

WELL = (Side(), Side())
Spoken = list[tuple[float, float]]


@dataclass
class Script:
    """Two people's speech as (start, end); what is wrong at a time is told by `trouble`."""

    first: Spoken
    second: Spoken
    trouble: dict[tuple[float, float], tuple[Side, Side]] | None = None

    def sides(self, now: float) -> list[Side]:
        bases: tuple[Side, Side] = WELL
        for (start, end), sides in (self.trouble or {}).items():
            if start <= now < end:
                bases = sides
        return [at(base, spoken, now) for base, spoken in zip(bases, (self.first, self.second), strict=True)]


def at(base: Side, spoken: Spoken, now: float) -> Side:
    begun = [(start, end) for start, end in spoken if start <= now]
    if not begun:
        return base
    return replace(base, speech_end=min(now, begun[-1][1]), speaking=now < begun[-1][1])


def played(
    script: Script, until: float, step: float = 1.0, silence: Silence | None = None
) -> list[tuple[float, Output]]:
    """Everything that comes of it, looking each `step` and at each deadline."""
    silence, now, found = silence or Silence(), 0.0, []
    while now <= until:
        found += [(now, output) for output in silence.observe(script.sides(now), now=now)]
        deadline = silence.deadline()
        due = now + step
        now = min(due, deadline) if deadline is not None and now < deadline else due
    return found


def prompts(found: list[tuple[float, Output]]) -> list[float]:
    return [now for now, output in found if isinstance(output, PromptDue)]


def talk(seconds: float, pause: float, start: float = 0.0) -> tuple[Spoken, Spoken]:
    """The two take turns of 2 s."""
    sides: tuple[Spoken, Spoken] = ([], [])
    now, who = start, 0
    while now + 2 <= start + seconds:
        sides[who].append((now, now + 2))
        now, who = now + 2 + pause, 1 - who
    return sides


@pytest.mark.parametrize("state", AirState)
@pytest.mark.parametrize("event", AirEvent)
def test_each_event_in_each_state_is_in_the_table_or_refused(state: AirState, event: AirEvent) -> None:
    silence = Silence()
    silence.state = state
    wanted = TRANSITIONS.get((state, event))
    if wanted is None:
        with pytest.raises(WrongTransitionError):
            silence._fire(event)
        assert silence.state is state
    else:
        silence._fire(event)
        assert silence.state is wanted


def test_every_state_is_reached_and_all_but_none_are_left() -> None:
    assert set(TRANSITIONS.values()) | {AirState.LISTENING} == set(AirState)
    assert {state for state, _ in TRANSITIONS} == set(AirState)


@pytest.mark.parametrize("pause", [0.2, 1.0, 2.5, 3.9])
@pytest.mark.parametrize("step", [0.3, 1.0])
def test_ten_minutes_of_talk_with_pauses_get_nothing(pause: float, step: float) -> None:
    first, second = talk(600, pause)
    assert played(Script(first, second), max(first + second)[1], step) == []


@pytest.mark.parametrize("step", [0.25, 1.0, 2.0])
def test_a_social_silence_of_nine_seconds_gets_one_prompt_at_seven(step: float) -> None:
    first, second = talk(30, 0.5)
    end = max(end for _, end in first + second)
    later = talk(30, 0.5, start=end + 9)
    found = played(Script(first + later[0], second + later[1]), end + 30, step)
    assert prompts(found) == [pytest.approx(end + 7, abs=0.01)]
    assert [type(output) for _, output in found] == [DeadAirBegan, PromptDue, DeadAirEnded]
    (ended,) = [output for _, output in found if isinstance(output, DeadAirEnded)]
    assert ended.social
    assert ended.silence_s == pytest.approx(9, abs=step + 0.01)


def silences(*lengths: float) -> tuple[Script, list[float], float]:
    """Talk of 20 s between silences of these lengths; returns when each began and when all is over."""
    first, second = talk(20, 0.5)
    begins = []
    for length in lengths:
        end = max(end for _, end in first + second)
        begins.append(end)
        more = talk(20, 0.5, start=end + length)
        first, second = first + more[0], second + more[1]
    return Script(first, second), begins, max(end for _, end in first + second)


def test_a_second_prompt_comes_after_two_minutes_and_before_it_is_held_back() -> None:
    script, begins, end = silences(9, 9, 9, 9, 9, 9, 9)
    found = played(script, end)
    held = [now for now, output in found if output == PromptHeldBack(HeldBack.RECENT)]
    shown = prompts(found)
    assert len(shown) + len(held) == len(begins)
    assert shown[0] == pytest.approx(begins[0] + 7)
    assert all(later - earlier >= 120 for earlier, later in pairwise(shown))
    assert len(shown) == 2


def test_one_silence_gets_one_prompt_however_long_it_is() -> None:
    script, begins, end = silences(400)
    assert prompts(played(script, end)) == [pytest.approx(begins[0] + 7)]


def test_prompts_that_were_waved_away_are_held_back_for_the_call() -> None:
    silence = Silence()
    silence.wave_away()
    script, begins, end = silences(9, 9)
    found = played(script, end, silence=silence)
    assert prompts(found) == []
    assert [output for _, output in found if isinstance(output, PromptHeldBack)] == [
        PromptHeldBack(HeldBack.WAVED_AWAY)
    ] * len(begins)


def test_before_both_have_talked_there_is_no_dead_air() -> None:
    assert played(Script([(1, 3), (30, 31)], []), 60) == []
    assert played(Script([], []), 60) == []


def test_who_speaks_at_the_last_moment_is_not_interrupted() -> None:
    first, second = talk(20, 0.5)
    end = max(end for _, end in first + second)
    assert prompts(played(Script([*first, (end + 6.9, end + 7.1)], second), end + 13)) == []


TROUBLES = [
    (Side(muted=True), Trouble.MUTED),
    (Side(connected=False), Trouble.NOT_CONNECTED),
    (Side(frozen=True), Trouble.CAMERA_FROZEN),
    (Side(levels=False), Trouble.NO_LEVELS),
    (Side(invented=10.1), Trouble.INVENTED),
    (Side(burst_at=20.0), Trouble.LOSS_BURST),
]


@pytest.mark.parametrize(("side", "trouble"), TROUBLES)
@pytest.mark.parametrize("who", [0, 1])
def test_a_technical_silence_is_told_as_such_and_never_prompted(side: Side, trouble: Trouble, who: int) -> None:
    sides = (side, Side()) if who == 0 else (Side(), side)
    first, second = [(0.0, 9.0)], [(10.0, 20.0)]
    found = played(Script(first, second, {(18.0, 99.0): sides}), 60)
    assert found == [(24.0, DeadAirBegan(trouble))]


@pytest.mark.parametrize(
    "side", [Side(invented=10.0), Side(burst_at=20.0 - BURST_BEFORE_S - 0.1), Side(invented=3.0, burst_at=2.0)]
)
def test_trouble_within_bounds_or_long_past_is_none(side: Side) -> None:
    found = played(Script([(0.0, 9.0)], [(10.0, 20.0)], {(0.0, 99.0): (side, Side())}), 60)
    assert prompts(found) == [27.0]


def test_trouble_that_comes_into_a_silence_makes_it_technical() -> None:
    script = Script([(0.0, 9.0)], [(10.0, 20.0)], {(25.5, 99.0): (Side(muted=True), Side())})
    assert played(script, 60) == [(24.0, DeadAirBegan(None)), (26.0, DeadAirBegan(Trouble.MUTED))]


def test_after_trouble_a_silence_counts_anew() -> None:
    script = Script([(0.0, 9.0)], [(10.0, 20.0)], {(18.0, 40.0): (Side(), Side(muted=True))})
    found = played(script, 60)
    assert found[:2] == [(24.0, DeadAirBegan(Trouble.MUTED)), (40.0, DeadAirEnded(False, 20.0))]
    assert prompts(found) == [47.0]


def test_speech_ends_a_technical_silence() -> None:
    script = Script([(0.0, 9.0), (30.0, 32.0)], [(10.0, 20.0)], {(18.0, 33.0): (Side(), Side(muted=True))})
    found = played(script, 34)
    ended = found[1][1]
    assert isinstance(ended, DeadAirEnded)
    assert not ended.social
    assert ended.silence_s == pytest.approx(10, abs=1.1)


def test_trouble_while_it_cools_holds_nothing_back() -> None:
    script, begins, end = silences(9, 9)
    silent = (begins[1] - 1, begins[1] + 30)
    script.trouble = {silent: (Side(muted=True), Side())}
    assert [output for _, output in played(script, end) if isinstance(output, PromptHeldBack)] == []


def test_times_can_be_set() -> None:
    silence = Silence(AirTimes(dead_air_s=2.0))
    found = played(Script([(0.0, 9.0)], [(10.0, 20.0)]), 40, silence=silence)
    assert found == [(22.0, DeadAirBegan(None)), (22.0, PromptDue(2.0))]


def test_deadlines_are_those_of_the_state() -> None:
    silence = Silence()
    assert silence.deadline() is None
    silence.observe([Side(speech_end=10.0), Side(speech_end=8.0)], now=10.0)
    assert silence.deadline() == 14.0
    silence.observe([Side(speech_end=10.0), Side(speech_end=8.0)], now=14.0)
    assert silence.deadline() == 17.0
    silence.observe([Side(speech_end=10.0), Side(speech_end=8.0)], now=17.0)
    assert silence.deadline() is None
    silence.observe([Side(speech_end=20.0), Side(speech_end=8.0)], now=20.0)
    assert silence.deadline() == 77.0


SPEECH = st.lists(st.tuples(st.floats(0.1, 30), st.floats(0.1, 10)), max_size=15)
SIDES = st.builds(
    Side,
    muted=st.booleans(),
    connected=st.booleans(),
    frozen=st.booleans(),
    invented=st.sampled_from([0.0, 50.0]),
    levels=st.booleans(),
)
TROUBLED = st.dictionaries(
    st.tuples(st.floats(0, 200), st.floats(0, 30)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    st.tuples(SIDES, SIDES),
    max_size=3,
)


def laid(steps: Spoken) -> Spoken:
    now, found = 0.0, []
    for pause, length in steps:
        found.append((now + pause, now + pause + length))
        now += pause + length
    return found


@given(SPEECH, SPEECH, TROUBLED, st.floats(0.1, 2.0))
def test_whatever_happens_a_prompt_comes_in_a_social_silence_only_and_never_twice_in_two_minutes(
    first: Spoken, second: Spoken, trouble: dict[tuple[float, float], tuple[Side, Side]], step: float
) -> None:
    script = Script(laid(first), laid(second), trouble)
    found = played(script, 250.0, step)
    shown = prompts(found)
    assert all(later - earlier >= 120 for earlier, later in pairwise(shown))
    for now in shown:
        sides = script.sides(now)
        assert not any(side.speaking or side.muted or not side.connected or not side.levels for side in sides)
        assert not any(side.frozen or side.invented > 10 for side in sides)
        assert all(side.speech_end is not None and now - side.speech_end >= 7 - 1e-6 for side in sides)
