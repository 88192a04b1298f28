"""Tests of `assist.core.depth`."""

import pytest

from assist.core.depth import FIRST_MESSAGES, LONG_MESSAGES, WARM_MESSAGES, wishes


@pytest.mark.parametrize("count", range(FIRST_MESSAGES))
def test_a_talk_begins_with_easy_lines_that_fit_as_first_ones(count: int) -> None:
    first = wishes(count)[0]
    assert first.opener_only
    assert 3 not in first.depths


def test_it_gets_deeper_with_length() -> None:
    targets = [wishes(count)[0].target_depth for count in (0, FIRST_MESSAGES, WARM_MESSAGES, LONG_MESSAGES)]
    assert targets == [1, 2, 2, 3]
    assert 3 not in wishes(WARM_MESSAGES - 1)[0].depths
    assert 3 in wishes(WARM_MESSAGES)[0].depths


@pytest.mark.parametrize("count", [0, 5, 30, 10_000])
def test_the_last_wish_allows_everything(count: int) -> None:
    last = wishes(count)[-1]
    assert last.depths == range(1, 4)
    assert not last.opener_only
