"""Messages on the wire: types, ranges and defaults."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.chat import (
    HISTORY_DEFAULT,
    HISTORY_MAX,
    MAX_CONTENT,
    MAX_SEQ,
    EditMessage,
    FetchHistory,
    LocationContent,
    MarkRead,
    PrivateMessage,
    React,
    SendMessage,
    ShareLocation,
)
from protocol.rooms import JoinChat


def test_a_message_is_text_unless_it_says_otherwise() -> None:
    assert SendMessage.from_wire({"content": "hi"}).type == "text"


@pytest.mark.parametrize("kind", ["call", "system", "TEXT", "", None, 1])
def test_a_client_can_not_send_what_only_the_server_writes_or_nobody_knows(kind: Any) -> None:
    with pytest.raises(ValidationError):
        SendMessage.from_wire({"content": "hi", "type": kind})


@pytest.mark.parametrize("content", [None, 7, True, ["hi"], b"hi"])
def test_content_is_text_or_an_object(content: Any) -> None:
    with pytest.raises(ValidationError):
        SendMessage.from_wire({"content": content})


def test_the_older_name_takes_the_same_payload() -> None:
    payload = {"to": "bob", "content": "hi", "clientId": "c1"}
    assert PrivateMessage.from_wire(payload).wire() == SendMessage.from_wire(payload).wire()


@pytest.mark.parametrize("seconds", [0, -1, 604_801, 1.5, "60"])
def test_self_destruction_takes_whole_seconds_up_to_a_week(seconds: Any) -> None:
    with pytest.raises(ValidationError):
        SendMessage.from_wire({"content": "hi", "destructAfter": seconds})


@pytest.mark.parametrize("client_id", ["", "x" * 129, 7])
def test_a_client_id_has_bounds(client_id: Any) -> None:
    with pytest.raises(ValidationError):
        SendMessage.from_wire({"content": "hi", "clientId": client_id})


@pytest.mark.parametrize("place", [{"lat": 90, "lon": -180}, {"lat": -90.0, "lon": 180.0}, {"lat": 0, "lon": 0}])
@pytest.mark.parametrize("cls", [LocationContent, ShareLocation])
def test_the_whole_globe_is_a_place(cls: type[LocationContent | ShareLocation], place: dict[str, float]) -> None:
    assert cls.from_wire(place).wire() == place


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({}, "lat"),
        ({"lat": 1}, "lon"),
        ({"lat": 90.01, "lon": 0}, "lat"),
        ({"lat": 0, "lon": -180.01}, "lon"),
        ({"lat": float("nan"), "lon": 0}, "lat"),
        ({"lat": 0, "lon": float("inf")}, "lon"),
        ({"lat": "1", "lon": 0}, "lat"),
        ({"lat": 0, "lon": 0, "accuracy": -1}, "accuracy"),
        ({"lat": 0, "lon": 0, "accuracy": float("nan")}, "accuracy"),
    ],
)
@pytest.mark.parametrize("cls", [LocationContent, ShareLocation])
def test_a_place_off_the_globe_is_refused_and_the_field_named(
    cls: type[LocationContent | ShareLocation], place: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        cls.from_wire(place)
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("seq", [-1, MAX_SEQ + 1, "1", 1.0, True, None])
def test_a_seq_is_a_whole_number_that_javascript_can_hold(seq: Any) -> None:
    with pytest.raises(ValidationError):
        MarkRead.from_wire({"seq": seq})


def test_a_seq_may_be_zero_and_the_largest() -> None:
    assert JoinChat.from_wire({"matchId": "m", "since": 0}).since == 0
    assert MarkRead.from_wire({"seq": MAX_SEQ}).seq == MAX_SEQ


@pytest.mark.parametrize("limit", [0, HISTORY_MAX + 1, "5", None])
def test_a_page_of_history_has_bounds(limit: Any) -> None:
    with pytest.raises(ValidationError):
        FetchHistory.from_wire({"limit": limit})


def test_a_page_of_history_has_a_default_size() -> None:
    assert FetchHistory.from_wire({}).limit == HISTORY_DEFAULT


@pytest.mark.parametrize("content", ["", "x" * (MAX_CONTENT + 1), {"a": 1}])
def test_an_edit_is_text_within_bounds(content: Any) -> None:
    with pytest.raises(ValidationError):
        EditMessage.from_wire({"messageId": "01M", "content": content})


def test_a_reaction_is_put_unless_it_is_taken_back() -> None:
    assert React.from_wire({"messageId": "01M", "emoji": "👍"}).on is True


@pytest.mark.parametrize("emoji", ["", "x" * 33])
def test_a_reaction_is_short(emoji: str) -> None:
    with pytest.raises(ValidationError):
        React.from_wire({"messageId": "01M", "emoji": emoji})
