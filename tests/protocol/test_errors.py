"""Refusals and closes: a closed set of codes, safe texts, one tree."""

import inspect
import re

import pytest

from protocol import errors
from protocol.errors import CloseReason, ErrorCode, ProtocolError, RateLimited, Reconnect

CODES = (
    "unauthenticated forbidden not_found invalid conflict rate_limited too_large busy gone blocked unavailable internal"
)
RETRYABLE = {"Busy", "RateLimited", "Unavailable", "Internal"}


def all_errors() -> list[type[ProtocolError]]:
    found: list[type[ProtocolError]] = []
    waiting = [ProtocolError]
    while waiting:
        cls = waiting.pop()
        # Tests of other modules may declare their own.
        children = [child for child in cls.__subclasses__() if child.__module__ == errors.__name__]
        found += children
        waiting += children
    return found


def test_the_codes_are_those_of_the_contract() -> None:
    assert {code.value for code in ErrorCode} == set(CODES.split())


def test_each_code_has_an_error() -> None:
    assert {cls.code for cls in all_errors()} == set(ErrorCode)


@pytest.mark.parametrize("cls", all_errors(), ids=lambda cls: cls.__name__)
def test_a_plain_error_says_code_message_and_whether_to_retry(cls: type[ProtocolError]) -> None:
    error = cls()
    assert error.body() == {
        "code": cls.code.value,
        "message": cls.default_message,
        "retryable": cls.__name__ in RETRYABLE,
    }
    assert str(error) == cls.default_message
    assert inspect.getdoc(cls)


def test_field_and_wait_stand_in_the_body_when_they_are_given() -> None:
    body = RateLimited("slow down", field="content", retry_after_ms=250).body()
    assert body == {
        "code": "rate_limited",
        "message": "slow down",
        "retryable": True,
        "field": "content",
        "retryAfterMs": 250,
    }


def test_a_wait_of_zero_is_told() -> None:
    assert RateLimited(retry_after_ms=0).body()["retryAfterMs"] == 0


def test_the_base_itself_reads_as_internal_and_says_nothing() -> None:
    assert ProtocolError().body() == {
        "code": "internal",
        "message": "something went wrong on the server",
        "retryable": False,
    }


def test_the_tree_at_the_top_of_the_file_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"^(.*?)[|`]- (\w+) +(\w+)", errors.__doc__ or "", re.MULTILINE)
    assert {name for _, name, _ in drawn} == {cls.__name__ for cls in all_errors()}
    parents: dict[int, str] = {}
    for indent, name, code in drawn:
        cls = getattr(errors, name)
        depth = len(indent)
        parent = parents[max(level for level in parents if level < depth)] if depth > 4 else "ProtocolError"
        assert cls.__bases__[0].__name__ == parent
        assert cls.code.value == code
        parents = {level: known for level, known in parents.items() if level < depth} | {depth: name}


def test_each_close_reason_says_whether_to_come_back() -> None:
    assert {reason.value: reason.reconnect for reason in CloseReason} == {
        "client_left": Reconnect.NEVER,
        "replaced": Reconnect.NEVER,
        "slow_consumer": Reconnect.NOW,
        "kicked": Reconnect.NEVER,
        "room_closed": Reconnect.NEVER,
        "shutdown": Reconnect.AFTER,
        "auth_expired": Reconnect.AFTER,
        "protocol_error": Reconnect.AFTER,
    }
