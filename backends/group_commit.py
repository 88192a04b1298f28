"""Group commit: writes that wait at the same time share one transaction and one flush to the disk.

One group is under way at a time; what arrives meanwhile is the next group. So a quiet server commits each write at
once, a busy one pays one flush for many, and nobody waits for a timer.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from protocol.errors import Unavailable

log = logging.getLogger(__name__)

W = TypeVar("W")

# Larger groups save flushes but make the first of a group wait for the work of the last.
GROUP_MAX = 256
# What waits here is memory and latency: at 10,000 a client has long given up.
QUEUE_MAX = 10_000


class GroupCommitter(Generic[W]):
    """Runs pieces of work in groups.

    `commit(group)` runs all pieces in one transaction and returns when it is durable: for each piece, in order, its
    value, or the exception that it alone gets. When it raises, nothing of the group is stored and every piece gets
    `Unavailable`. `observe(size, seconds)` is called after each group that was committed.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[W]], Awaitable[Sequence[Any]]],
        *,
        group_max: int = GROUP_MAX,
        queue_max: int = QUEUE_MAX,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        self._commit = commit
        self._group_max = group_max
        self._queue_max = queue_max
        self._observe = observe
        self._waiting: deque[tuple[W, asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._failing = False

    @property
    def waiting(self) -> int:
        """How many pieces wait for their group; those under way do not count."""
        return len(self._waiting)

    async def submit(self, work: W) -> Any:
        """Run `work` in the next group that has room; returns its value after the commit.

        Cancelling the caller harms nobody else. Before its group has begun the work is then dropped; after that it
        is stored or not, and nobody hears which. A full queue or a closed committer raises `Unavailable` at once.
        """
        if self._closed:
            raise Unavailable("the server is stopping")
        if len(self._waiting) >= self._queue_max:
            raise Unavailable("too many writes are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((work, future))
        if self._task is None:
            self._task = loop.create_task(self._drain(), name="group commit")
        return await future

    async def close(self) -> None:
        """Take no more work and return when all that waits has been committed."""
        self._closed = True
        if self._task is not None:
            # Not `await`: who gives up waiting for us must not take the writes along.
            await asyncio.wait({self._task})

    async def _drain(self) -> None:
        try:
            while group := self._take():
                await self._run(group)
        finally:
            # Only when the loop itself is being torn down is anything left here.
            self._task = None
            _fail(self._waiting)
            self._waiting.clear()

    def _take(self) -> list[tuple[W, asyncio.Future[Any]]]:
        group: list[tuple[W, asyncio.Future[Any]]] = []
        while self._waiting and len(group) < self._group_max:
            piece = self._waiting.popleft()
            if not piece[1].done():
                group.append(piece)
        return group

    async def _run(self, group: list[tuple[W, asyncio.Future[Any]]]) -> None:
        began = time.perf_counter()
        try:
            outcomes = await self._commit([work for work, _ in group])
            answers = list(zip(group, outcomes, strict=True))
        except Exception as error:
            self._tell(error)
            _fail(group)
            return
        except BaseException:
            _fail(group)
            raise
        self._tell(None)
        for (_, future), outcome in answers:
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if self._observe is not None:
            self._observe(len(group), time.perf_counter() - began)

    def _tell(self, error: Exception | None) -> None:
        """One line when commits begin to fail and one when they work again, not one per group on a full disk."""
        if error is not None and not self._failing:
            log.error("writes can not be committed", extra={"cause": f"{type(error).__name__}: {error}"})
        elif error is None and self._failing:
            log.warning("writes are committed again")
        self._failing = error is not None


def _fail(pieces: "Sequence[tuple[Any, asyncio.Future[Any]]] | deque[tuple[Any, asyncio.Future[Any]]]") -> None:
    for _, future in pieces:
        if not future.done():
            future.set_exception(Unavailable("the database did not take it"))


__all__ = ["GROUP_MAX", "QUEUE_MAX", "GroupCommitter"]
