"""What the process writes to stderr, and what it does not."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator

import aiohttp.http_exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.log_format import OWN_PACKAGES, LineFormatter
from monitoring.logs import LogFormat, RejectionLog, configure
from monitoring.metrics import RejectKind

HOSTILE = "203.0.113.9 said\nTraceback: my secret words"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


class Output:
    """The stream and the clock of a configured process."""

    def __init__(self, level: str = "info", format: LogFormat = "plain") -> None:
        self.stream = io.StringIO()
        self.now = 50.0
        self.gate = configure(level, format, stream=self.stream, clock=lambda: self.now)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    names = [
        "aiohttp.access", "engineio.server", "engineio.client", "socketio.server", "socketio.client", *OWN_PACKAGES,
    ]  # fmt: skip
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    logging.captureWarnings(False)


def raised(error: Exception, *, through: str) -> Exception:
    """`error` with a traceback through a function of the module `through`."""

    def throw() -> None:
        raise error

    # `__name__` makes the code that exec defines a module of ours; its value is no function.
    scope: dict[str, Callable[[Callable[[], None]], None]] = {"__name__": through}  # type: ignore[dict-item]
    exec("def handle(throw):\n    throw()", scope)
    try:
        scope["handle"](throw)
    except Exception as caught:
        return caught
    raise AssertionError("throw() raises")


def test_a_plain_line_has_time_level_logger_message_and_fields() -> None:
    output = Output()
    logging.getLogger("rooms.chat").info("room opened", extra={"match_id": "m1", "members": 2, "why": "two words"})
    (line,) = output.lines()
    time, rest = line.split(" ", 1)
    assert time.endswith("Z")
    assert "T" in time
    assert rest == 'INFO    rooms.chat: room opened match_id=m1 members=2 why="two words"'


def test_a_json_line_is_an_object_with_the_same_fields() -> None:
    output = Output(format="json")
    logging.getLogger("rooms").warning("odd", extra={"kinds": {"a": 1}, "odd": object(), "who": "é"})
    (line,) = output.objects()
    assert line.pop("time")
    assert line == {
        "level": "WARNING", "logger": "rooms", "message": "odd", "kinds": {"a": 1}, "odd": "object", "who": "é",
    }  # fmt: skip


@given(message=st.text(), value=st.text(), as_json=st.booleans())
def test_whatever_the_text_a_record_is_one_line(message: str, value: str, as_json: bool) -> None:
    record = logging.LogRecord("rooms", logging.INFO, "f.py", 1, message, None, None)
    record.value = value
    line = LineFormatter(as_json=as_json, debug=False).format(record)
    assert len(line.splitlines()) == 1 or as_json
    assert "\n" not in line
    if as_json:
        assert json.loads(line)["level"] == "INFO"
    else:
        assert line.isprintable()


def test_long_texts_are_cut() -> None:
    output = Output()
    logging.getLogger("rooms").info("x" * 5000)
    assert len(output.lines()[0]) < 1200


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_own_lines_below_the_level_are_not_written(level: str) -> None:
    output = Output(level)
    logger = logging.getLogger("visavis.deep.module")
    logger.debug("debug")
    logger.info("info")
    logger.warning("warning")
    logger.error("error")
    order = ["debug", "info", "warning", "error"]
    assert [line.split(": ")[1] for line in output.lines()] == order[order.index(level) :]


def test_an_own_bug_is_one_line_with_its_type_and_places_but_not_its_text() -> None:
    output = Output()
    error = raised(KeyError(HOSTILE), through="rooms.chat")
    logging.getLogger("signalling.dispatch").error("handler failed", exc_info=error, extra={"event": "typing"})
    (line,) = output.lines()
    assert "handler failed event=typing error=KeyError" in line
    assert "rooms.chat:2 handle" in line
    assert "secret words" not in line
    assert "203.0.113.9" not in line


def test_at_debug_the_text_of_an_error_is_shown_on_the_same_line() -> None:
    output = Output("debug", "json")
    logging.getLogger("rooms").error("failed", exc_info=raised(KeyError("key"), through="rooms.chat"))
    (line,) = output.objects()
    assert line["detail"] == "'key'"


def test_causes_and_error_numbers_are_named() -> None:
    output = Output(format="json")
    try:
        try:
            raise OSError(98, "Address already in use")
        except OSError as inner:
            raise RuntimeError("outer") from inner
    except RuntimeError:
        logging.getLogger("visavis").exception("could not start")
    assert output.objects()[0]["error"] == "RuntimeError <- OSError EADDRINUSE"


def test_a_suppressed_context_is_not_named() -> None:
    output = Output(format="json")
    try:
        try:
            raise KeyError
        except KeyError:
            raise RuntimeError from None
    except RuntimeError:
        logging.getLogger("visavis").exception("x")
    assert output.objects()[0]["error"] == "RuntimeError"


def test_a_chain_of_causes_without_end_is_cut() -> None:
    error = RuntimeError()
    error.__cause__ = error
    output = Output(format="json")
    logging.getLogger("visavis").error("x", exc_info=error)
    assert str(output.objects()[0]["error"]).count("RuntimeError") < 20


def test_malformed_http_leaves_neither_traceback_nor_address() -> None:
    output = Output()
    error = raised(aiohttp.http_exceptions.BadStatusLine(HOSTILE), through="visavis.http")
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "203.0.113.9", exc_info=error)
    (line,) = output.lines()
    assert line.endswith("ERROR   aiohttp.server: Error handling request from %s error=BadStatusLine")


def test_a_bug_of_ours_that_a_library_reports_keeps_its_places() -> None:
    output = Output()
    error = raised(ZeroDivisionError("x"), through="visavis.api")
    for _ in range(3):
        logging.getLogger("aiohttp.server").error("Error handling request from %s", "203.0.113.9", exc_info=error)
    (line,) = output.lines()
    assert "visavis.api:2 handle" in line
    assert "203.0.113.9" not in line


@pytest.mark.parametrize("kind", [ConnectionResetError, TimeoutError])
def test_a_lost_connection_is_no_bug_of_ours(kind: type[Exception]) -> None:
    output = Output()
    logging.getLogger("asyncio").error("Task failed", exc_info=raised(kind(), through="visavis.api"))
    assert output.lines()[0].endswith(f"asyncio: Task failed error={kind.__name__}")


def test_library_lines_share_one_a_second_and_what_was_held_back_is_counted() -> None:
    output = Output(format="json")
    put_together = f"Invalid session {HOSTILE}"
    for _ in range(10):
        logging.getLogger("engineio.server").error(put_together)
        logging.getLogger("socketio.server").warning("%s is not connected to namespace %s", HOSTILE, "/")
    output.now += 1.0
    logging.getLogger("engineio.server").error(put_together)
    first, second = output.objects()
    assert str(first["message"]).startswith("library message of test_logs:")
    assert "suppressed" not in first
    assert second["suppressed"] == {"engineio.server": 9, "socketio.server": 10}
    assert "secret words" not in output.stream.getvalue()


def test_refusals_and_library_lines_share_the_same_second() -> None:
    output = Output(format="json")
    log = RejectionLog(output.gate, clock=lambda: output.now)
    log.add(RejectKind.INVALID)
    logging.getLogger("engineio.server").error("Invalid transport")
    log.add(RejectKind.INVALID, 5)
    assert len(output.lines()) == 1
    output.now += 1
    assert log.write(now=output.now)
    assert output.objects()[1]["kinds"] == {"invalid": 5}
    assert output.objects()[1]["suppressed"] == {"engineio.server": 1}


def test_asyncio_messages_end_where_they_begin_to_quote() -> None:
    output = Output(format="json")
    put_together = f"Exception in callback Hidden.method({HOSTILE})\nhandle: <Handle x>"
    logging.getLogger("asyncio").error(put_together)
    assert output.objects()[0]["message"] == "Exception in callback Hidden.method"


def test_library_chatter_is_cut_at_the_logger_unless_debugging() -> None:
    output = Output()
    for name in ("engineio.server", "socketio.server", "sqlalchemy.engine", "asyncio"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    assert output.lines() == []
    output = Output("debug")
    logging.getLogger("engineio.server").info("%s: Received packet", "sid")
    assert "sid: Received packet" in output.lines()[0]


def test_the_access_log_is_always_off() -> None:
    for level in ("debug", "info"):
        output = Output(level)
        logging.getLogger("aiohttp.access").critical("203.0.113.9 GET /")
        assert output.lines() == []


def test_own_warnings_are_limited_for_each_place() -> None:
    output = Output(format="json")
    logger = logging.getLogger("rooms")
    for number in range(5):
        logger.warning("first %d", number)
        logger.warning("second")
        if number == 3:
            output.now += 1.0
    assert [(line["message"], line.get("suppressed")) for line in output.objects()] == [
        ("first 0", None), ("second", None), ("first 4", 3), ("second", 3),
    ]  # fmt: skip


def test_own_lines_below_warning_are_not_limited() -> None:
    output = Output()
    for _ in range(5):
        logging.getLogger("rooms").info("again")
    assert len(output.lines()) == 5


@pytest.mark.parametrize("format", ["plain", "json"])
@pytest.mark.parametrize("key", ["token", "content", "remote", "IP"])
def test_fields_that_must_not_be_logged_are_withheld(key: str, format: LogFormat) -> None:
    output = Output(format=format)
    logging.getLogger("rooms").info("x", extra={key: HOSTILE})
    assert "withheld" in output.lines()[0]
    assert "203.0.113.9" not in output.lines()[0]


def test_a_token_inside_a_text_is_taken_out() -> None:
    output = Output()
    logging.getLogger("rooms").info("got %s", JWT, extra={"also": JWT})
    assert "eyJ" not in output.lines()[0]
    assert output.lines()[0].count("[token]") == 2


def test_log_arguments_that_do_not_fit_are_one_line_too() -> None:
    output = Output()
    logging.getLogger("rooms").info("one %s", "a", "b")
    assert "log arguments do not fit the text at test_logs:" in output.lines()[0]


def test_a_closed_stream_loses_lines_silently(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.stream.close()
    logging.getLogger("rooms").error("x")
    assert capsys.readouterr() == ("", "")


def test_python_warnings_become_lines() -> None:
    output = Output()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(HOSTILE, stacklevel=1)
    assert "py.warnings" in output.lines()[0]
    assert len(output.lines()) == 1


def test_configuring_again_replaces_the_first() -> None:
    first, second = Output(), Output()
    logging.getLogger("rooms").info("x")
    assert first.lines() == []
    assert len(second.lines()) == 1


async def test_a_task_nobody_awaited_shows_its_own_places() -> None:
    output = Output(format="json")
    error = raised(LookupError(HOSTILE), through="assist.service")
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": error, "future": HOSTILE}
    )
    (line,) = output.objects()
    assert line["message"] == "Task exception was never retrieved"
    assert "assist.service:2 handle" in str(line["trace"])
    assert "secret words" not in output.stream.getvalue()
