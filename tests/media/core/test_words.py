"""Texts of causes and notices: all there, in both languages, with the name in them."""

from typing import get_args

import pytest

from media.core.words import Lang, advice_text, cause_text, notice_text
from protocol.quality import CauseKind, NoticeKind
from protocol.quality import LegDirection as Direction

HAN = range(0x4E00, 0xA000)


def is_chinese(text: str) -> bool:
    return any(ord(letter) in HAN for letter in text)


@pytest.mark.parametrize("kind", get_args(CauseKind))
@pytest.mark.parametrize("direction", get_args(Direction))
def test_every_cause_has_its_words(kind: CauseKind, direction: Direction) -> None:
    for lang in get_args(Lang):
        text = cause_text(kind, direction, lang, name="Anna", amount=8)
        assert ("Anna" in text) == (kind != "host")
        assert "{" not in text
        assert is_chinese(text) == (lang == "zh")
        assert is_chinese(advice_text(kind, lang)) == (lang == "zh")


@pytest.mark.parametrize("kind", get_args(NoticeKind))
def test_every_notice_has_its_words(kind: NoticeKind) -> None:
    for lang in get_args(Lang):
        text = notice_text(kind, lang, name="Anna")
        own = notice_text(kind, lang, name=None)
        assert "Anna" in text
        assert "{" not in text + own
        assert "你" in own or "you" in own
        assert is_chinese(text) == is_chinese(own) == (lang == "zh")


def test_the_amount_is_where_it_says_something() -> None:
    assert cause_text("loss", "up", "en", name="Anna", amount=8) == "Anna's uplink loses 8 %"
    assert cause_text("delay", "down", "zh", name="安娜", amount=420) == "安娜 的网络往返延迟 420 毫秒"


def test_a_name_with_braces_is_only_a_name() -> None:
    assert "{amount}" in cause_text("loss", "up", "en", name="{amount}", amount=8)
