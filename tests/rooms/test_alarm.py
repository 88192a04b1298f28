"""One timer for one deadline."""

from rooms.alarm import Alarm
from tests.support.clock import FakeClock, FakeTimers


class Core:
    """A core whose next deadline a test sets."""

    def __init__(self) -> None:
        self.due: float | None = None
        self.rung: list[float | None] = []

    def deadline(self) -> float | None:
        return self.due

    def ring(self) -> None:
        self.rung.append(self.due)
        self.due = None


def alarm(core: Core) -> tuple[Alarm, FakeTimers]:
    clock = FakeClock()
    timers = FakeTimers(clock)
    return Alarm(deadline=core.deadline, ring=core.ring, timers=timers, clock=clock), timers


async def test_it_rings_at_the_deadline_and_not_before() -> None:
    core = Core()
    bell, timers = alarm(core)
    core.due = 5
    bell.arm()
    await timers.advance(4.9)
    assert core.rung == []
    await timers.advance(0.1)
    assert core.rung == [5]
    assert timers.armed == []


async def test_the_same_deadline_again_sets_no_second_timer() -> None:
    core = Core()
    bell, timers = alarm(core)
    core.due = 5
    bell.arm()
    bell.arm()
    assert timers.armed == [5]


async def test_another_deadline_replaces_the_timer_and_none_takes_it_away() -> None:
    core = Core()
    bell, timers = alarm(core)
    core.due = 5
    bell.arm()
    core.due = 3
    bell.arm()
    assert timers.armed == [3]
    core.due = None
    bell.arm()
    assert timers.armed == []
    await timers.advance(10)
    assert core.rung == []


async def test_after_ringing_it_is_set_to_the_next_deadline() -> None:
    core = Core()
    bell, timers = alarm(core)
    core.due = 1
    bell.arm()

    def ring_and_go_on() -> None:
        core.rung.append(core.due)
        core.due = None if core.due == 2 else 2

    bell._ring = ring_and_go_on
    await timers.advance(10)
    assert core.rung == [1, 2]
