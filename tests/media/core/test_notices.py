"""Notices: once, after their time, and again only after an end."""

from typing import get_args

from media.core.notices import AFTER_S, OVER_S, Notice, NoticeBoard
from protocol.quality import NoticeKind

DEAF = Notice("one_way_audio", "ann")


def test_every_kind_has_its_time() -> None:
    assert set(AFTER_S) == set(get_args(NoticeKind))


def test_a_trouble_is_told_once_when_it_has_lasted() -> None:
    board = NoticeBoard()
    told = [board.observe({DEAF: 10.0}, now=now) for now in (10.0, 12.9, 13.0, 14.0, 60.0)]
    assert told == [[], [], [DEAF], [], []]


def test_what_is_over_in_time_is_not_told() -> None:
    board = NoticeBoard()
    assert board.observe({DEAF: 10.0}, now=12.0) == []
    assert board.observe({}, now=13.0) == []
    assert board.observe({DEAF: 14.0}, now=16.0) == []


def test_it_is_told_again_only_after_an_end() -> None:
    board = NoticeBoard()
    assert board.observe({DEAF: 0.0}, now=3.0) == [DEAF]
    board.observe({}, now=3.0 + OVER_S - 0.1)
    assert board.observe({DEAF: 13.0}, now=16.0) == []
    board.observe({}, now=16.0 + OVER_S)
    assert board.observe({DEAF: 30.0}, now=33.0) == [DEAF]


def test_each_person_and_kind_is_a_trouble_of_its_own() -> None:
    board = NoticeBoard()
    others = {Notice("one_way_audio", "bob"): 0.0, Notice("muted_while_speaking", "ann"): 3.0}
    assert board.observe({DEAF: 0.0}, now=3.0) == [DEAF]
    assert board.observe({DEAF: 0.0, **others}, now=3.0) == list(others)
