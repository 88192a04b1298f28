"""Presence and typing on the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.presence import Presence, SetTyping


def test_typing_means_began_unless_it_says_otherwise() -> None:
    assert SetTyping.from_wire({}) == SetTyping(match_id=None, typing=True)


@pytest.mark.parametrize("typing", [1, "true", None])
def test_typing_is_true_or_false(typing: Any) -> None:
    with pytest.raises(ValidationError):
        SetTyping.from_wire({"typing": typing})


def test_somebody_never_seen_has_no_last_seen() -> None:
    assert Presence(user_id="ann", online=True).wire() == {"userId": "ann", "online": True}
