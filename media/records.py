"""Keeps what calls were like: the call itself, and each second of it.

Seconds are gathered and written together, so that a call costs the database one write in ten seconds. A store that does
not answer loses what was to be written, with a line in the log: a call never waits for its record.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from media import facts
from media.core.call_meter import CallSecond
from media.meter import LEVELS, quality_leg
from media.ports import CallLog, CallRecord, TimelineEntry
from protocol.errors import ProtocolError
from rooms.kit import Kit

log = logging.getLogger(__name__)

# Shorter writes more often, longer loses more of a timeline when the process dies.
FLUSH_S: Final = 10.0


@dataclass(eq=False, slots=True)
class _Open:
    """A call that runs. `lock`: writes of one call are made one after the other."""

    record: CallRecord
    seconds: list[TimelineEntry] = field(default_factory=list)
    flush_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class CallRecorder:
    """See the module."""

    def __init__(self, kit: Kit, call_log: CallLog) -> None:
        self._clock = kit.clock
        self._timers = kit.timers
        self._log = call_log
        self._open: dict[str, _Open] = {}
        kit.facts.subscribe(facts.CallStarted, self._on_started)
        kit.facts.subscribe(facts.CallConnected, self._on_connected)
        kit.facts.subscribe(facts.CallMeasured, self._on_measured)
        kit.facts.subscribe(facts.CallEnded, self._on_ended)

    def _on_started(self, fact: facts.CallStarted) -> None:
        record = CallRecord(
            call_id=fact.call_id,
            match_id=fact.match_id,
            user_ids=(fact.caller, *fact.callees),
            mode=fact.mode,
            video=fact.video,
            started_ms=self._clock.wall_ms(),
        )
        call = self._open[fact.call_id] = _Open(record)
        self._write(call, lambda: self._log.put(record))

    def _on_connected(self, fact: facts.CallConnected) -> None:
        call = self._open.get(fact.call_id)
        if call is not None:
            record = call.record = replace(call.record, connected_ms=self._clock.wall_ms())
            self._write(call, lambda: self._log.put(record))

    def _on_measured(self, fact: facts.CallMeasured) -> None:
        call = self._open.get(fact.call_id)
        if call is None:
            return
        now = self._clock.monotonic()
        if not call.seconds:
            call.flush_at = now + FLUSH_S
        call.seconds.append(TimelineEntry(self._clock.wall_ms(), timeline_data(fact.second)))
        if now >= call.flush_at:
            self._flush(call)

    def _on_ended(self, fact: facts.CallEnded) -> None:
        call = self._open.pop(fact.call_id, None)
        if call is None:
            return
        self._flush(call)
        ended_ms = self._clock.wall_ms()
        record = replace(call.record, ended_ms=ended_ms, reason=fact.reason, duration_s=fact.duration_s)
        self._write(call, lambda: self._log.put(record))

    def _flush(self, call: _Open) -> None:
        seconds, call.seconds = call.seconds, []
        if seconds:
            self._write(call, lambda: self._log.add_seconds(call.record.call_id, seconds))

    def _write(self, call: _Open, work: Callable[[], Awaitable[None]]) -> None:
        self._timers.spawn(self._written(call, work), f"record of call {call.record.call_id}")

    async def _written(self, call: _Open, work: Callable[[], Awaitable[None]]) -> None:
        async with call.lock:
            try:
                await work()
            except ProtocolError as error:
                log.warning(
                    "what a call was like was not kept",
                    extra={"call_id": call.record.call_id, "reason": type(error).__name__},
                )


def timeline_data(second: CallSecond) -> dict[str, Any]:
    """A second as it is kept: as in `call_quality`, without texts and names."""
    data: dict[str, Any] = {"legs": [quality_leg(score).wire() for score in second.legs if score.level in LEVELS]}
    cause = second.cause
    if cause is not None:
        named = {} if cause.user_id is None else {"userId": cause.user_id, "direction": cause.direction}
        data["cause"] = {**named, "kind": cause.kind, "amount": cause.amount}
    return data


__all__ = ["FLUSH_S", "CallRecorder", "timeline_data"]
