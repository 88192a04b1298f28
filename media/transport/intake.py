"""Reading a socket in the event loop, at the pace that `media.core.pace` sets."""

import asyncio
from collections.abc import Callable

from media.core.pace import Pace


class Intake:
    """Calls `read` when the socket has something, or by a timer while much comes.

    `read` takes what is there, within a bound of its own, returns how many datagrams that were, and must not raise.
    The loop does everything else that it has to do between two calls.
    """

    __slots__ = ("_clock", "_fd", "_loop", "_pace", "_read", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, fd: int, read: Callable[[], int], clock: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._read = read
        self._clock = clock
        self._pace = Pace()
        self._timer: asyncio.Handle | None = None
        loop.add_reader(fd, self._woken)

    def close(self) -> None:
        """Read no more. Call it before the socket is closed."""
        self._loop.remove_reader(self._fd)
        if self._timer is not None:
            self._timer.cancel()

    def _woken(self) -> None:
        wait = self._pace.after(self._read(), self._clock())
        if wait is not None:
            # Watched by the loop, every datagram would wake it all the same.
            self._loop.remove_reader(self._fd)
            self._again(wait)

    def _due(self) -> None:
        wait = self._pace.after(self._read(), self._clock())
        if wait is None:
            self._timer = None
            self._loop.add_reader(self._fd, self._woken)
        else:
            self._again(wait)

    def _again(self, wait: float) -> None:
        self._timer = self._loop.call_later(wait, self._due) if wait else self._loop.call_soon(self._due)


__all__ = ["Intake"]
