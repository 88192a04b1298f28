"""Saying who one is."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.errors import CloseReason
from protocol.session import Authenticate, ConnectionClosing, RefreshToken


def test_a_bare_string_is_a_user_id() -> None:
    assert Authenticate.from_wire("ann") == Authenticate.from_wire({"userId": "ann"})


def test_a_token_alone_is_enough() -> None:
    assert Authenticate.from_wire({"token": "a.b.c"}).user_id is None


@pytest.mark.parametrize("payload", [None, {}, {"name": "ann"}, {"userId": None}, "", 7, {"userId": 7}])
def test_who_gives_neither_user_id_nor_token_is_refused(payload: Any) -> None:
    with pytest.raises(ValidationError):
        Authenticate.from_wire(payload)


@pytest.mark.parametrize("token", ["", "x" * 8193, 7])
def test_a_token_has_bounds(token: Any) -> None:
    with pytest.raises(ValidationError):
        RefreshToken.from_wire({"token": token})


@pytest.mark.parametrize("reason", list(CloseReason))
def test_a_close_tells_its_reason_and_what_to_do(reason: CloseReason) -> None:
    told = ConnectionClosing(reason=reason, reconnect=reason.reconnect).wire()
    assert told == {"reason": reason.value, "reconnect": reason.reconnect.value}
