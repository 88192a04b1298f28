"""When a socket is read: what comes seldom at once, what comes all the time in turns."""

from hypothesis import given
from hypothesis import strategies as st

from media.core.pace import PACED_FROM, PACED_UNTIL, PAUSE_S, PLENTY, WINDOW_S, Pace


def steady(pace: Pace, rate: float, *, begin: float, seconds: float) -> float:
    """Turns of one packet each at this rate; returns when they end."""
    for number in range(round(rate * seconds)):
        pace.after(1, begin + number / rate)
    return begin + seconds


def test_few_packets_are_read_as_they_come() -> None:
    pace = Pace()
    assert pace.after(1, 5.0) is None
    steady(pace, PACED_FROM * 0.95, begin=5.0, seconds=1.0)
    assert not pace.paced


def test_many_packets_are_read_in_turns_until_they_become_few() -> None:
    pace = Pace()
    now = steady(pace, PACED_FROM * 1.05, begin=5.0, seconds=2.5 * WINDOW_S)
    assert pace.paced
    assert pace.after(PLENTY - 1, now) == PAUSE_S
    now = steady(pace, PACED_UNTIL * 1.05, begin=now, seconds=1.0)
    assert pace.paced
    steady(pace, PACED_UNTIL * 0.95, begin=now, seconds=2.5 * WINDOW_S)
    assert not pace.paced


def test_a_turn_that_brought_plenty_is_followed_by_the_next_at_once() -> None:
    pace = Pace()
    pace.after(1, 0.0)
    assert pace.after(round(PACED_FROM * WINDOW_S), WINDOW_S) == 0.0
    assert pace.after(PLENTY, WINDOW_S) == 0.0
    assert pace.after(PLENTY - 1, WINDOW_S) == PAUSE_S


def test_a_burst_alone_is_no_load() -> None:
    """A picture of 60 packets in one turn, and nothing for the rest of the window."""
    pace = Pace()
    assert pace.after(60, 0.0) is None
    assert pace.after(1, WINDOW_S) is None


def test_silence_ends_the_turns() -> None:
    pace = Pace()
    now = steady(pace, 2 * PACED_FROM, begin=0.0, seconds=2 * WINDOW_S)
    assert pace.paced
    turns = 0
    while pace.after(0, now) is not None:
        now += PAUSE_S
        turns += 1
    assert turns <= 2 * WINDOW_S / PAUSE_S + 1


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.00001, 0.0002, 0.0004, 0.0009, 0.003, 0.05]), min_size=1, max_size=60),
    rounds=st.integers(1, 20),
)
def test_no_packet_waits_longer_than_the_pause(gaps: list[float], rounds: int) -> None:
    """Whatever comes: a socket that is read as `after` says leaves nothing lying about."""
    pace, arrivals, at = Pace(), [], 0.0
    for gap in gaps * rounds:
        at += gap
        arrivals.append(at)
    due: float | None = None
    read = 0
    while read < len(arrivals):
        now = arrivals[read] if due is None else due
        here = sum(1 for arrival in arrivals[read:] if arrival <= now)
        assert here == 0 or now - arrivals[read] <= PAUSE_S + 1e-9
        read += here
        wait = pace.after(here, now)
        assert wait is None or wait == (0.0 if here >= PLENTY else PAUSE_S)
        due = None if wait is None else now + wait
