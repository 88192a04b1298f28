"""Reading by wake-ups and by turns, on a loop whose time is ours, and on the real one."""

import asyncio
from collections.abc import Callable
from typing import cast

from media.core.pace import PACED_FROM, PAUSE_S, PLENTY, WINDOW_S
from media.transport import Endpoint
from media.transport.endpoint import BATCH
from media.transport.intake import Intake

from .conftest import HandClock
from .peers import RecordingEngine, Stranger, until

FD = 7


class HandLoop:
    """What an intake uses of a loop: one watched descriptor and one timer, run by hand."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.watched: dict[int, Callable[[], None]] = {}
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def add_reader(self, fd: int, callback: Callable[[], None]) -> None:
        self.watched[fd] = callback

    def remove_reader(self, fd: int) -> None:
        self.watched.pop(fd, None)

    def call_later(self, delay: float, callback: Callable[[], None]) -> "HandLoop":
        self.timers.append((self.clock.now + delay, callback))
        return self

    def call_soon(self, callback: Callable[[], None]) -> "HandLoop":
        return self.call_later(0.0, callback)

    def cancel(self) -> None:
        self.timers.clear()

    def fire(self) -> None:
        """Let the time of the only timer come."""
        ((when, callback),) = self.timers
        self.timers.clear()
        self.clock.now = when
        callback()


class Source:
    """So many datagrams lie in the socket."""

    def __init__(self) -> None:
        self.here = 0
        self.turns = 0

    def read(self) -> int:
        count = min(self.here, BATCH)
        self.here -= count
        self.turns += 1
        return count


def made() -> tuple[HandClock, HandLoop, Source, Intake]:
    clock, source = HandClock(), Source()
    loop = HandLoop(clock)
    intake = Intake(cast(asyncio.AbstractEventLoop, loop), FD, source.read, clock)
    return clock, loop, source, intake


def under_load(clock: HandClock, loop: HandLoop, source: Source) -> None:
    """One datagram a wake-up, faster than the limit, until the intake takes turns."""
    for _ in range(3 * round(PACED_FROM * WINDOW_S)):
        if not loop.watched:
            return
        source.here = 1
        loop.watched[FD]()
        clock.now += 0.8 / PACED_FROM
    raise AssertionError("still one wake-up for each datagram")


def test_the_loop_watches_the_socket_and_each_datagram_is_read_as_it_comes() -> None:
    clock, loop, source, _ = made()
    for turns in range(1, 100):
        source.here = 1
        loop.watched[FD]()
        clock.now += 2 / PACED_FROM
        assert (source.here, source.turns) == (0, turns)
    assert loop.timers == []


def test_under_load_the_socket_is_read_once_in_a_pause() -> None:
    clock, loop, source, _ = made()
    under_load(clock, loop, source)
    before, turns = clock.now, source.turns
    for _ in range(50):
        source.here = 4
        loop.fire()
        assert source.here == 0
    assert source.turns - turns == 50
    assert clock.now - before <= 50 * PAUSE_S + 1e-6
    assert loop.watched == {}


def test_after_a_full_turn_the_loop_does_its_other_work_and_then_the_next() -> None:
    clock, loop, source, _ = made()
    under_load(clock, loop, source)
    source.here = BATCH + PLENTY
    loop.fire()
    assert source.here == PLENTY
    before = clock.now
    loop.fire()
    assert (source.here, clock.now) == (0, before)


def test_when_the_load_is_over_the_loop_watches_again() -> None:
    clock, loop, source, _ = made()
    under_load(clock, loop, source)
    begin = clock.now
    while not loop.watched:
        loop.fire()
    assert clock.now - begin <= 2 * WINDOW_S + 2 * PAUSE_S
    assert loop.timers == []
    source.here = 1
    loop.watched[FD]()
    assert source.here == 0


def test_closing_ends_both_ways_of_reading() -> None:
    _, loop, _, intake = made()
    intake.close()
    assert loop.watched == {}
    clock, loop, source, intake = made()
    under_load(clock, loop, source)
    intake.close()
    assert loop.timers == []


async def test_an_endpoint_takes_everything_in_turns_and_stops_taking_them(
    timed: Endpoint, engine: RecordingEngine, clock: HandClock
) -> None:
    """Over a real socket; only the clock is ours."""
    transport = timed.new_transport(1, [])
    intake = timed._intakes[0]

    def paced() -> bool:
        return intake._pace.paced

    with Stranger(timed.addresses[0]) as stranger:
        await stranger.check(transport.credentials)
        sent = 2 * round(PACED_FROM * WINDOW_S)
        for number in range(sent):
            stranger.send(bytes([0x80, 96]) + number.to_bytes(2, "big") + bytes(40))
        await until(lambda: timed.refused.total() == sent)
        clock.now += WINDOW_S
        stranger.send(b"\x80\x60" + bytes(40))
        await until(paced)
        for number in range(sent):
            stranger.send(bytes([0x80, 96]) + number.to_bytes(2, "big") + bytes(40))
        await until(lambda: timed.refused.total() == 2 * sent + 1)
        clock.now += WINDOW_S
        await until(lambda: intake._timer is not None)
        clock.now += 10 * WINDOW_S
        await until(lambda: not paced())
        await stranger.check(transport.credentials)
    assert timed.dropped == 0


async def test_a_closed_endpoint_reads_nothing_more(engine: RecordingEngine) -> None:
    """Its descriptor may be somebody else's by then."""
    clock = HandClock()
    endpoint = Endpoint(engine, clock=clock)
    await endpoint.start(["127.0.0.1"])
    intake = endpoint._intakes[0]
    read, turns = intake._read, 0

    def counted() -> int:
        nonlocal turns
        turns += 1
        return read()

    intake._read = counted
    enough = round(PACED_FROM * WINDOW_S)
    with Stranger(endpoint.addresses[0]) as stranger:
        for _ in range(enough):
            stranger.send(b"\x80\x60" + bytes(40))
        await until(lambda: endpoint.refused.total() == enough)
        clock.now += WINDOW_S
        stranger.send(b"\x80\x60" + bytes(40))
        await until(lambda: intake._pace.paced)
        await endpoint.close()
        turns = 0
        for _ in range(3):
            await asyncio.sleep(PAUSE_S)
    assert turns == 0
