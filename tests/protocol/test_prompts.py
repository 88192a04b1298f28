"""Suggestions on the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.prompts import AiSuggestion, RateSuggestion, RequestAiHelp


def test_help_may_be_asked_for_with_nothing_said() -> None:
    assert RequestAiHelp.from_wire({}).wire() == {}


@pytest.mark.parametrize("key", ["draft", "question"])
@pytest.mark.parametrize("text", ["", "x" * 4001, 7])
def test_what_is_said_has_bounds(key: str, text: Any) -> None:
    with pytest.raises(ValidationError):
        RequestAiHelp.from_wire({key: text})


@pytest.mark.parametrize("rating", [0, 6, "5", 4.0, True])
def test_a_rating_is_one_to_five(rating: Any) -> None:
    with pytest.raises(ValidationError):
        RateSuggestion.from_wire({"suggestionId": "01S", "used": True, "rating": rating})


def test_a_suggestion_may_go_unrated() -> None:
    assert RateSuggestion.from_wire({"suggestionId": "01S", "used": False}).rating is None


def test_the_kinds_of_a_suggestion_are_a_closed_set() -> None:
    with pytest.raises(ValidationError):
        # A kind that there is not, on purpose.
        AiSuggestion(suggestion_id="01S", match_id="m", kind="poem", text="x", provider="builtin", lang="en")  # type: ignore[arg-type]
