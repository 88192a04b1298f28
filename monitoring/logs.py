"""Logging of the process: to stderr, one line each, and quiet about what strangers send."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Literal, TextIO

from .line_gate import LineGate, PlaceLimit
from .log_format import OWN_PACKAGES, LineFormatter, error_of, is_own, is_own_bug
from .rejections import RejectionLog

__all__ = ["LineGate", "LogFormat", "RejectionLog", "configure"]

LogFormat = Literal["plain", "json"]
# python-socketio and python-engineio hang a handler of their own on these unless a level is set.
_SELF_CONFIGURING = ("engineio.server", "engineio.client", "socketio.server", "socketio.client")


class _Quiet(logging.Filter):
    """Decides which records become lines (see `line_gate`)."""

    def __init__(self, gate: LineGate, clock: Callable[[], float]) -> None:
        super().__init__()
        self._gate = gate
        self._clock = clock
        self._places = PlaceLimit()

    def filter(self, record: logging.LogRecord) -> bool:
        own = is_own(record.name)
        if own and record.levelno < logging.WARNING:
            return True
        if own or is_own_bug(error_of(record)):
            held = self._places.admit((record.pathname, record.lineno), self._clock())
            if held:
                record.suppressed = held
            return held is not None
        if not self._gate.admit(self._clock()):
            self._gate.hold(record.name)
            return False
        if self._gate.holding:
            record.suppressed = self._gate.release()
        return True


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a closed or full stderr loses them instead of printing tracebacks about it."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: there is nowhere left to say it."""


def configure(
    level: str,
    format: LogFormat,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LineGate:
    """Take over the root logger. `level`: debug, info, warning or error.

    Returns the gate that `RejectionLog` shares with the libraries' warnings. At debug
    nothing is held back or left out, except the access log, which is always off
    because it names clients' addresses. May be called again; the last call holds.
    """
    debug = level == "debug"
    gate = LineGate()
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(as_json=format == "json", debug=debug))
    if not debug:
        handler.addFilter(_Quiet(gate, clock))
    own_level = logging.getLevelNamesMapping()[level.upper()]
    # Libraries below warning are cut at the logger: they log each packet at info, and a
    # record that a handler drops later has already cost its making.
    library_level = own_level if debug else max(own_level, logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(library_level)
    for package in OWN_PACKAGES:
        logging.getLogger(package).setLevel(own_level)
    for name in _SELF_CONFIGURING:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(library_level)
    logging.getLogger("aiohttp.access").setLevel(logging.CRITICAL + 1)
    logging.captureWarnings(True)
    return gate
