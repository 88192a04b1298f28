"""Emptying the write-ahead log after what was deleted or replaced."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from protocol.errors import Unavailable
from rooms.facts import FactBus, MessageChanged, MessageStored
from rooms.model import Message
from visavis.erasure import INTERVAL_S, Erasure

MESSAGE = Message(
    message_id="m", match_id="r", seq=1, sender_id="ann", type="text", content="", created_ms=0, deleted=True
)
Step = Callable[[FactBus], None]


def nothing(facts: FactBus) -> None:
    """An interval in which nobody changes anything."""


def change(facts: FactBus) -> None:
    """Somebody deletes a message."""
    facts.publish(MessageChanged(MESSAGE))


def change_many(facts: FactBus) -> None:
    """Several at once."""
    for _ in range(9):
        change(facts)


def write(facts: FactBus) -> None:
    """Somebody writes a message."""
    facts.publish(MessageStored(MESSAGE))


async def rounds(steps: Iterable[Step], outcomes: Iterable[bool | Exception] = (), *, during: Step = nothing) -> int:
    """How often the log is emptied when each step happens in an interval of its own and emptying ends as told, then
    well; `during` happens while it is emptied."""
    facts, coming, ends = FactBus(), iter(steps), iter(outcomes)
    done = 0

    async def checkpoint() -> bool:
        nonlocal done
        done += 1
        if done == 1:
            during(facts)
        outcome = next(ends, True)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(seconds: float) -> None:
        assert seconds == INTERVAL_S
        step = next(coming, None)
        if step is None:
            raise asyncio.CancelledError
        step(facts)

    with pytest.raises(asyncio.CancelledError):
        await Erasure(facts, checkpoint).run(sleep=sleep)
    return done


def test_two_tries_fit_into_the_promised_time() -> None:
    assert 2 * INTERVAL_S < 5


async def test_a_change_empties_the_log_once() -> None:
    assert await rounds([change, nothing, nothing]) == 1


def many_changes(facts: FactBus) -> None:
    for _ in range(9):
        change(facts)


async def test_many_changes_of_an_interval_empty_it_once() -> None:
    assert await rounds([many_changes, nothing]) == 1


async def test_each_later_change_empties_it_again() -> None:
    assert await rounds([change, nothing, change, change]) == 3


async def test_a_new_message_leaves_the_log_alone() -> None:
    assert await rounds([write, nothing]) == 0


async def test_a_reader_in_the_way_means_another_try() -> None:
    assert await rounds([change, nothing, nothing, nothing], [False, False]) == 3


async def test_a_database_that_fails_means_another_try_and_a_line(caplog: pytest.LogCaptureFixture) -> None:
    assert await rounds([change, nothing, nothing], [Unavailable()]) == 2
    assert [record.message for record in caplog.records] == ["the write-ahead log could not be emptied"]


async def test_a_change_while_the_log_is_emptied_is_not_forgotten() -> None:
    assert await rounds([change, nothing, nothing], during=change) == 2
