"""How late the event loop is.

A timer that fires late means that something held the loop; everything this process
does was late by as much.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

# Shorter sees shorter stalls and costs more wake-ups; four a second cost nothing measurable.
INTERVAL_S: Final = 0.25


async def watch_loop_lag(
    observe: Callable[[float], object],
    *,
    interval_s: float = INTERVAL_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Call `observe` with the lateness in seconds (never negative) of each timer, until cancelled."""
    while True:
        due = clock() + interval_s
        await sleep(interval_s)
        observe(max(0.0, clock() - due))
