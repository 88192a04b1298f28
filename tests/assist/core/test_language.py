"""Tests of `assist.core.language`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assist.core.language import choose, from_tag, from_texts, has_han


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "zh_TW", "ZH-Hant-HK", "yue", "cmn-Hans", " zh "])
def test_chinese_tags_get_chinese(tag: str) -> None:
    assert from_tag(tag) == "zh"


@pytest.mark.parametrize("tag", ["en", "en-GB", "de", "ja-JP", "", "zhuang", "x-zh"])
def test_every_other_tag_gets_english(tag: str) -> None:
    assert from_tag(tag) == "en"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("今天天气真好", "zh"),
        ("今天吃hotpot吗", "zh"),
        ("我在用Python", "zh"),
        ("我喜欢Taylor Swift", "zh"),
        ("let's meet at 海底捞 tonight", "en"),
        ("l'été 夏天 rock'n'roll", "en"),
        ("I love 火锅", "en"),
        ("see you tomorrow", "en"),
        ("この映画は好きです", "en"),
        ("안녕하세요", "en"),
        ("㐀㐁", "zh"),
        ("\uf900", "zh"),
        ("\U00020000", "zh"),
    ],
)
def test_texts_are_judged_by_script_share(text: str, lang: str) -> None:
    assert from_texts([text]) == lang


@pytest.mark.parametrize("texts", [[], [""], ["123 :-)", "..."]])
def test_without_letters_nothing_is_known(texts: list[str]) -> None:
    assert from_texts(texts) is None


def test_a_tag_wins_over_texts_and_english_is_the_last_resort() -> None:
    assert choose("en", "你好") == "en"
    assert choose(None, "你好") == "zh"
    assert choose("  ", "你好", "吗") == "zh"
    assert choose(None, "42") == "en"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert from_texts([text]) in {"zh", "en", None}
    if from_texts([text]) == "zh":
        assert has_han(text)
