import time

from backends.clock_system import SystemClock, UlidIds
from rooms.ports import Clock, Ids


class StandingClock:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def monotonic(self) -> float:
        return self.ms / 1000

    def wall_ms(self) -> int:
        return self.ms


def test_the_system_clock_shows_the_time() -> None:
    clock: Clock = SystemClock()
    before = time.time_ns() // 1_000_000
    assert before <= clock.wall_ms() <= time.time_ns() // 1_000_000
    assert clock.monotonic() <= time.monotonic() <= clock.monotonic()


def test_ids_are_distinct_and_sort_in_the_order_they_were_made() -> None:
    ids: Ids = UlidIds(SystemClock())
    made = [ids.new() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    assert made == sorted(made)
    assert {len(one) for one in made} == {26}


def test_ids_sort_on_while_the_clock_stands_or_goes_back() -> None:
    clock = StandingClock()
    ids = UlidIds(clock)
    made = [ids.new(), ids.new()]
    clock.ms -= 60_000
    made += [ids.new(), ids.new()]
    clock.ms += 120_000
    made.append(ids.new())
    assert made == sorted(set(made))
    assert made[0][:10] == made[3][:10] != made[4][:10]


def test_a_used_up_millisecond_borrows_from_the_next() -> None:
    ids = UlidIds(StandingClock())
    first = ids.new()
    ids._randomness = (1 << 80) - 1
    assert first < ids.new() < ids.new()


def test_two_processes_do_not_make_the_same_ids() -> None:
    clock = StandingClock()
    one, two = UlidIds(clock), UlidIds(clock)
    assert not {one.new() for _ in range(1_000)} & {two.new() for _ in range(1_000)}


def test_seeds_are_63_bits_and_differ() -> None:
    ids = UlidIds(SystemClock())
    seeds = {ids.seed() for _ in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert max(seeds) >= 1 << 57
