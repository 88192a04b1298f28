"""What is kept of calls, and that a store that does not answer harms none."""

import logging
from dataclasses import replace

import pytest

from backends.bus_memory import MemoryBus
from backends.calls_memory import MemoryCallLog
from media import facts
from media.core.call_meter import CallSecond, LegScore
from media.core.cause import Cause
from media.core.level import Level
from media.ports import CallRecord
from media.records import FLUSH_S, CallRecorder, timeline_data
from rooms.announcer import Announcer
from rooms.facts import FactBus
from rooms.kit import Kit
from tests.support.clock import EPOCH_MS, FakeClock, FakeIds, FakeTimers
from tests.support.fakes import Line, through

SCORE = LegScore("ann", "up", 4.123, Level.GOOD, 0.01, 0.0021, 0.04, 51_234.6, None, None)
SECOND = CallSecond((SCORE, replace(SCORE, direction="down", level=Level.UNKNOWN)), None, ())
RECORD = CallRecord("c", "m", ("ann", "bob"), "relay", True, EPOCH_MS)


class Recorded:
    """A recorder on a virtual clock, and the line to its log."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.facts = FactBus()
        self.log, self.line = MemoryCallLog(), Line()
        kit = Kit(self.clock, FakeIds(self.clock), self.timers, self.facts, Announcer(MemoryBus()))
        CallRecorder(kit, through(self.line, self.log))

    async def seconds(self, count: int) -> None:
        for _ in range(count):
            await self.timers.advance(1.0)
            self.facts.publish(facts.CallMeasured("c", SECOND))
        await self.timers.settle()

    async def begin(self) -> None:
        self.facts.publish(facts.CallStarted("c", "m", "ann", ("bob",), True, "relay"))
        await self.timers.advance(1.0)
        self.facts.publish(facts.CallConnected("c", "m", 0.5))
        await self.timers.settle()

    async def end(self) -> None:
        self.facts.publish(facts.CallEnded("c", "m", ("ann", "bob"), "completed", 12.5))
        await self.timers.settle()


@pytest.fixture
async def recorded() -> Recorded:
    return Recorded()


async def test_a_call_is_kept_from_its_ring_to_its_end(recorded: Recorded) -> None:
    recorded.facts.publish(facts.CallStarted("c", "m", "ann", ("bob",), True, "relay"))
    await recorded.timers.settle()
    assert await recorded.log.call("c") == RECORD
    await recorded.timers.advance(1.0)
    recorded.facts.publish(facts.CallConnected("c", "m", 0.5))
    await recorded.timers.settle()
    running = replace(RECORD, connected_ms=EPOCH_MS + 1000)
    assert await recorded.log.call("c") == running
    await recorded.timers.advance(12.5)
    await recorded.end()
    over = replace(running, ended_ms=EPOCH_MS + 13_500, reason="completed", duration_s=12.5)
    assert await recorded.log.call("c") == over


async def test_seconds_are_written_together_and_the_rest_at_the_end(recorded: Recorded) -> None:
    await recorded.begin()
    await recorded.seconds(10)
    assert await recorded.log.timeline("c", limit=100) == []
    await recorded.seconds(1)
    assert len(await recorded.log.timeline("c", limit=100)) == 1 + FLUSH_S
    await recorded.seconds(3)
    await recorded.end()
    entries = await recorded.log.timeline("c", limit=100)
    assert [entry.at_ms for entry in entries] == [EPOCH_MS + 1000 * second for second in range(2, 16)]
    assert entries[0].data == timeline_data(SECOND)
    await recorded.seconds(20)
    assert len(await recorded.log.timeline("c", limit=100)) == 14


def test_a_second_is_kept_without_texts_and_without_what_nobody_knows() -> None:
    up = {"userId": "ann", "direction": "up", "mos": 4.12, "level": "good", "loss": 0.01}
    up |= {"jitterMs": 2.1, "rttMs": 40.0, "bitrate": 51_235}
    assert timeline_data(SECOND) == {"legs": [up]}
    blamed = replace(SECOND, cause=Cause("loss", "ann", "up", 3, 0.5))
    assert timeline_data(blamed)["cause"] == {"userId": "ann", "direction": "up", "kind": "loss", "amount": 3}
    host = replace(SECOND, cause=Cause("host", None, "up", 80, 3.5))
    assert timeline_data(host)["cause"] == {"kind": "host", "amount": 80}


async def test_a_call_to_somebody_busy_and_facts_of_no_call_keep_nothing(recorded: Recorded) -> None:
    recorded.facts.publish(facts.CallConnected("c", "m", 0.5))
    await recorded.seconds(12)
    await recorded.end()
    assert await recorded.log.call("c") is None
    assert await recorded.log.timeline("c", limit=10) == []


async def test_a_log_that_does_not_answer_costs_a_line_and_no_call(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.line.cut("put", "add_seconds")
    with caplog.at_level(logging.WARNING):
        await recorded.begin()
        await recorded.seconds(12)
        recorded.line.mend()
        await recorded.end()
    assert recorded.timers.failures == []
    assert {record.getMessage() for record in caplog.records} == {"what a call was like was not kept"}
    kept = await recorded.log.call("c")
    assert kept is not None
    assert kept.reason == "completed"
    assert len(await recorded.log.timeline("c", limit=100)) == 1
