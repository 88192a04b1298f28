"""A log record as one line: plain or JSON.

No line holds text that a client sent. Our own messages are fixed texts with named
fields; the texts of exceptions and of other people's libraries may quote anything,
so outside of debug only their types and places are written.
"""

import errno
import json
import logging
import re
from collections.abc import Iterator
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final

from protocol.ids import iso_time

OWN_PACKAGES: Final = frozenset(
    ["protocol", "rooms", "media", "virtual_scene", "assist", "signalling", "backends", "monitoring", "visavis"]
)
_MAX_TEXT: Final = 1000
_MAX_FRAMES: Final = 12
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# A second fence: our own code does not log these, and if it ever does, the value stays out.
_WITHHELD: Final = frozenset(
    {"token", "secret", "authorization", "password", "cookie", "content", "text", "draft", "question"}
    | {"remote", "peername", "ip", "sdp"}
)
_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
# The fixed part of a library's text ends where it quotes something.
_QUOTED: Final = re.compile(r"[(<\[{'\":=/\d]")


def is_own(name: str) -> bool:
    """Whether a logger or module belongs to this server."""
    return name.partition(".")[0] in OWN_PACKAGES


def is_own_bug(error: BaseException | None) -> bool:
    """Whether an exception went through our code and is not about the transport or the peer."""
    if error is None or isinstance(error, ConnectionError | TimeoutError):
        return False
    if type(error).__module__.partition(".")[0] in {"aiohttp", "engineio", "socketio"}:
        return False
    return any(is_own(module) for module, _, _ in _frames(error.__traceback__))


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    for frame, line in walk_tb(traceback):
        yield str(frame.f_globals.get("__name__", "?")), line, frame.f_code.co_name


def error_of(record: logging.LogRecord) -> BaseException | None:
    """The exception a record carries."""
    return record.exc_info[1] if record.exc_info else None


class LineFormatter(logging.Formatter):
    """One line per record. `debug` also shows the texts of exceptions and libraries."""

    def __init__(self, *, as_json: bool, debug: bool) -> None:
        super().__init__()
        self._as_json = as_json
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line end."""
        fields = self._fields(record)
        if self._as_json:
            return json.dumps(fields, ensure_ascii=False, default=_type_name)
        head = "{time} {level:<7} {logger}: {message}".format(**fields)
        rest = [f"{key}={_plain(value)}" for key, value in list(fields.items())[4:]]
        return _one_line(" ".join([head, *rest]))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "time": iso_time(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": _clean(self._message(record)),
        }
        for key, value in vars(record).items():
            if key in _STANDARD:
                continue
            if key.lower() in _WITHHELD:
                value = "[withheld]"
            fields[key] = _clean(value) if isinstance(value, str) else value
        error = error_of(record)
        if error is not None:
            fields |= self._error_fields(error, own_logger=is_own(record.name))
        return fields

    def _message(self, record: logging.LogRecord) -> str:
        if self._debug or is_own(record.name):
            try:
                return record.getMessage()
            except (TypeError, ValueError, KeyError):
                return f"log arguments do not fit the text at {record.module}:{record.lineno}"
        # With arguments the text is a literal of the library; without, it may have been put together.
        text = str(record.msg).split("\n", 1)[0]
        if not record.args and record.name != "asyncio":
            return f"library message of {record.module}:{record.lineno}"
        return text if record.args else _QUOTED.split(text, maxsplit=1)[0].strip()

    def _error_fields(self, error: BaseException, *, own_logger: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {"error": " <- ".join(_causes(error))}
        if self._debug:
            fields["detail"] = _clean(str(error))
        if self._debug or own_logger or is_own_bug(error):
            places = [f"{module}:{line} {name}" for module, line, name in _frames(error.__traceback__)]
            fields["trace"] = places[-_MAX_FRAMES:]
        return fields


def _causes(error: BaseException | None) -> Iterator[str]:
    for _ in range(_MAX_FRAMES):
        if error is None:
            return
        number = (error.errno or 0) if isinstance(error, OSError) else 0
        yield f"{type(error).__name__} {errno.errorcode.get(number, '')}".strip()
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _clean(text: str) -> str:
    text = _JWT.sub("[token]", text)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."


def _plain(value: object) -> str:
    if isinstance(value, str) and value and value.isprintable() and not set(' "=') & set(value):
        return value
    return json.dumps(value, ensure_ascii=False, default=_type_name)


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _type_name(value: object) -> str:
    return type(value).__name__
