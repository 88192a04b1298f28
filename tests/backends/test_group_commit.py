import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from backends.group_commit import GroupCommitter
from protocol.errors import Unavailable


class Ledger:
    """A transaction that ends when the test says so; keeps what was committed, group by group."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def commit(self, group: Sequence[Any]) -> list[Any]:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.groups.append(list(group))
        return [ValueError(work) if work == "bad" else f"did {work}" for work in group]


def submit_all(committer: GroupCommitter[Any], *works: Any) -> list[asyncio.Task[Any]]:
    return [asyncio.ensure_future(committer.submit(work)) for work in works]


async def loop_turns() -> None:
    """Let everything that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_waits_together_is_one_group_in_order() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit)
    assert await asyncio.gather(*submit_all(committer, 1, 2, 3)) == ["did 1", "did 2", "did 3"]
    assert ledger.groups == [[1, 2, 3]]


async def test_nothing_is_answered_before_its_commit() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit)
    ledger.gate.clear()
    waiting = submit_all(committer, 1, 2)
    await loop_turns()
    assert not any(task.done() for task in waiting)
    ledger.gate.set()
    assert await asyncio.gather(*waiting) == ["did 1", "did 2"]


async def test_what_comes_during_a_commit_is_the_next_group() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit)
    ledger.gate.clear()
    first = submit_all(committer, 1)
    await loop_turns()
    rest = submit_all(committer, 2, 3)
    await loop_turns()
    assert committer.waiting == 2
    ledger.gate.set()
    await asyncio.gather(*first, *rest)
    assert ledger.groups == [[1], [2, 3]]


async def test_a_group_is_no_larger_than_allowed() -> None:
    ledger = Ledger()
    seen: list[tuple[int, float]] = []
    committer = GroupCommitter(ledger.commit, group_max=4, observe=lambda size, seconds: seen.append((size, seconds)))
    await asyncio.gather(*submit_all(committer, *range(10)))
    assert [len(group) for group in ledger.groups] == [4, 4, 2]
    assert [size for size, _ in seen] == [4, 4, 2]
    assert all(seconds >= 0 for _, seconds in seen)


async def test_a_failing_piece_harms_no_other() -> None:
    committer = GroupCommitter(Ledger().commit)
    good, bad, other = submit_all(committer, 1, "bad", 2)
    assert await good == "did 1"
    assert await other == "did 2"
    with pytest.raises(ValueError, match="bad"):
        await bad


async def test_a_commit_that_fails_is_unavailable_for_the_whole_group_and_the_next_one_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = Ledger()
    seen: list[int] = []
    committer = GroupCommitter(ledger.commit, observe=lambda size, _seconds: seen.append(size))
    ledger.error = OSError("disk full")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            results = await asyncio.gather(*submit_all(committer, 1, 2), return_exceptions=True)
            assert [type(result) for result in results] == [Unavailable, Unavailable]
        ledger.error = None
        assert await committer.submit(3) == "did 3"
    assert ledger.groups == [[3]]
    assert seen == [1]
    assert [record.message for record in caplog.records] == [
        "writes can not be committed",
        "writes are committed again",
    ], "one line at the change, not one per group"


async def test_a_cancelled_waiter_harms_no_other_and_is_dropped_when_its_group_has_not_begun() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit)
    ledger.gate.clear()
    under_way = submit_all(committer, 1, 2)
    await loop_turns()
    waiting = submit_all(committer, 3, 4)
    await loop_turns()
    under_way[0].cancel()
    waiting[0].cancel()
    await loop_turns()
    ledger.gate.set()
    assert await under_way[1] == "did 2"
    assert await waiting[1] == "did 4"
    assert ledger.groups == [[1, 2], [4]]
    assert under_way[0].cancelled()


async def test_a_full_queue_refuses_at_once() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit, queue_max=2)
    ledger.gate.clear()
    first = submit_all(committer, 0)
    await loop_turns()
    waiting = submit_all(committer, 1, 2)
    await loop_turns()
    with pytest.raises(Unavailable):
        await committer.submit(3)
    ledger.gate.set()
    assert await asyncio.gather(*first, *waiting) == ["did 0", "did 1", "did 2"]


async def test_close_commits_what_waits_and_refuses_what_comes_later() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit, group_max=2)
    waiting = submit_all(committer, *range(5))
    await loop_turns()
    await committer.close()
    assert await asyncio.gather(*waiting) == [f"did {n}" for n in range(5)]
    with pytest.raises(Unavailable):
        await committer.submit(9)
    await committer.close()


async def test_giving_up_on_close_does_not_stop_the_writes() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit)
    ledger.gate.clear()
    waiting = submit_all(committer, 1)
    await loop_turns()
    closing = asyncio.ensure_future(committer.close())
    await loop_turns()
    closing.cancel()
    await loop_turns()
    ledger.gate.set()
    assert await asyncio.gather(*waiting) == ["did 1"]


async def test_when_the_loop_is_torn_down_nobody_is_left_waiting() -> None:
    ledger = Ledger()
    committer = GroupCommitter(ledger.commit, group_max=1)
    ledger.gate.clear()
    waiting = submit_all(committer, 1, 2)
    await loop_turns()
    [drain] = [task for task in asyncio.all_tasks() if task.get_name() == "group commit"]
    drain.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert ledger.groups == []


async def test_a_commit_that_answers_for_too_few_is_a_failure_of_all() -> None:
    async def commit(group: Sequence[Any]) -> list[Any]:
        return list(group)[:-1]

    committer: GroupCommitter[int] = GroupCommitter(commit)
    results = await asyncio.gather(*submit_all(committer, 1, 2), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
