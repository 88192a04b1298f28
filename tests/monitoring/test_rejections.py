"""Refused inputs in the log."""

import asyncio
import logging
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.line_gate import LineGate
from monitoring.metrics import RejectKind
from monitoring.rejections import RejectionLog


class Lines(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def total(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for record in self.records:
            total.update(vars(record).get("kinds", {}))
        return total


class Bench:
    """A log with a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.gate = LineGate()
        self.log = RejectionLog(self.gate, clock=lambda: self.now)
        self.lines = Lines()
        logger = logging.getLogger("monitoring.rejections")
        logger.handlers[:] = [self.lines]
        logger.setLevel(logging.INFO)
        logger.propagate = False


@pytest.fixture
def bench() -> object:
    logger = logging.getLogger("monitoring.rejections")
    yield Bench()
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def test_the_first_refusal_is_written_at_once_and_the_rest_gathered(bench: Bench) -> None:
    bench.log.add(RejectKind.INVALID)
    for _ in range(99):
        bench.log.add(RejectKind.INVALID)
    bench.log.add(RejectKind.BAD_TOKEN, 3)
    assert len(bench.lines.records) == 1
    assert not bench.log.write(now=0.9)
    assert bench.log.write(now=1.0)
    assert not bench.log.write(now=2.0)
    assert [vars(record)["kinds"] for record in bench.lines.records] == [
        {"invalid": 1},
        {"bad_token": 3, "invalid": 99},
    ]


def test_lines_that_libraries_had_to_hold_back_are_told_too(bench: Bench) -> None:
    bench.gate.hold("aiohttp.server")
    assert bench.log.write(now=0.0)
    record = bench.lines.records[0]
    assert vars(record)["suppressed"] == {"aiohttp.server": 1}
    assert not hasattr(record, "kinds")


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from(RejectKind), st.integers(1, 50)), max_size=60))
def test_the_lines_add_up_to_what_was_refused(steps: list[tuple[float, RejectKind, int]]) -> None:
    bench = Bench()
    added: Counter[str] = Counter()
    for pause, kind, count in steps:
        bench.now += pause
        bench.log.add(kind, count)
        added[kind.value] += count
    bench.log.write(now=bench.now + 10)
    assert bench.lines.total() == added
    assert len(bench.lines.records) <= bench.now + 3


async def test_the_task_writes_each_second_and_the_rest_when_cancelled(bench: Bench) -> None:
    turns = 0

    async def sleep(seconds: float) -> None:
        nonlocal turns
        turns += 1
        bench.now += seconds
        bench.log.add(RejectKind.INVALID)
        bench.log.add(RejectKind.INVALID)
        if turns == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await bench.log.run(sleep=sleep)
    assert bench.lines.total() == {"invalid": 6}


async def test_the_task_ends_silently_with_nothing_to_say(bench: Bench) -> None:
    async def sleep(_: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await bench.log.run(sleep=sleep)
    assert bench.lines.records == []
