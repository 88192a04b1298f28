"""An event loop whose clock jumps to the next timer: an hour of timers runs in a moment.

For services over memory back ends, chosen by `@pytest.mark.virtual_time`. Not for sockets: the loop looks at them, but
never waits for them.
"""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class JumpingSelector(selectors.BaseSelector):
    """Never sleeps: where a real selector would wait, it moves the clock instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            # Nothing is scheduled: only another thread (a driver's) can wake the loop, so this waits for it.
            return self._real.select(None)
        self.now_s += max(0.0, timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`loop.time()` starts at 0.0 seconds and moves only when every task waits for a timer."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s
