"""Refused inputs in the log: gathered, counted by kind, one line a second."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from .line_gate import LINE_INTERVAL_S, LineGate
from .metrics import RejectKind

_log = logging.getLogger(__name__)


class RejectionLog:
    """Writes counts by kind, never what was sent.

    `gate` is the one `logs.configure` returned, shared with the libraries' warnings.
    `add` writes at once when the gate is open and `run` writes the rest later, so
    that the sum over all lines equals what was added.
    """

    def __init__(self, gate: LineGate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate = gate
        self._clock = clock
        self._pending: Counter[str] = Counter()

    def add(self, kind: RejectKind, count: int = 1) -> None:
        """Gather `count` refusals; made to be the `on_reject` of `Metrics`."""
        self._pending[kind.value] += count
        self.write(now=self._clock())

    def write(self, *, now: float) -> bool:
        """Write what has gathered if there is something and a line may be written at `now`."""
        if not (self._pending or self._gate.holding) or not self._gate.admit(now):
            return False
        self._write_all()
        return True

    async def run(self, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Write what has gathered, once a second. When cancelled it writes the rest and ends."""
        try:
            while True:
                await sleep(LINE_INTERVAL_S)
                self.write(now=self._clock())
        finally:
            if self._pending or self._gate.holding:
                self._write_all()

    def _write_all(self) -> None:
        kinds = dict(sorted(self._pending.items()))
        self._pending.clear()
        extra: dict[str, object] = {"kinds": kinds} if kinds else {}
        if self._gate.holding:
            extra["suppressed"] = self._gate.release()
        _log.info("inputs refused", extra=extra)
