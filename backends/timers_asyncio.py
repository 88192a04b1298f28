"""Timers and tasks of services on the running event loop, with an owner that ends them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from rooms.ports import Clock

log = logging.getLogger(__name__)

# Least wait of a timer that came early. uvloop rounds to whole milliseconds: what is asked for in less than half of one
# comes at once, again and again until the time is there. Larger makes such a timer later than it need be.
_EARLY_WAIT_S: Final = 0.001


class AsyncioTimers:
    """`rooms.ports.Timers`. `clock` is the one whose `monotonic` the callers reckon with.

    Call `aclose` at shutdown: it cancels what is still armed or running and waits for it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._armed: set[_Timer] = set()
        self._tasks: set[asyncio.Future[None]] = set()
        self._closed = False

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """See the port. Never early: loops round to milliseconds, `callback` runs when the clock has reached `when`.
        An exception in it is logged. After `aclose` nothing is armed any more."""
        timer = _Timer(when, callback, self._clock, self._armed)
        if not self._closed:
            timer.arm()
        return timer.cancel

    def spawn(self, work: Awaitable[None], name: str) -> None:
        """See the port. After `aclose` the work is cancelled before it begins."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, name))
        if self._closed:
            task.cancel()

    def _ended(self, name: str, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", extra={"task": name}, exc_info=error)

    async def aclose(self) -> None:
        """Cancel every timer and task and wait until the tasks are over."""
        self._closed = True
        for timer in tuple(self._armed):
            timer.cancel()
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Timer:
    """One call that is due."""

    def __init__(self, when: float, callback: Callable[[], None], clock: Clock, armed: "set[_Timer]") -> None:
        self._when = when
        self._callback = callback
        self._clock = clock
        self._armed = armed
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, at_least: float = 0.0) -> None:
        """Ask the loop to look again when the time is due, but not within so many seconds."""
        delay = max(self._when - self._clock.monotonic(), at_least)
        self._handle = asyncio.get_running_loop().call_later(delay, self._fire)
        self._armed.add(self)

    def cancel(self) -> None:
        """Do not call, if it is not too late."""
        self._armed.discard(self)
        if self._handle is not None:
            self._handle.cancel()

    def _fire(self) -> None:
        if self._clock.monotonic() < self._when:
            self.arm(_EARLY_WAIT_S)
            return
        self._armed.discard(self)
        try:
            self._callback()
        except Exception:
            log.exception("a timer's callback failed")


__all__ = ["AsyncioTimers"]
