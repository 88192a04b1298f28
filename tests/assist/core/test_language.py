"""Tests of `assist.core.language`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assist.core.language import Lang, choose, from_tag, from_texts, has_han, in_common, of_person


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


@pytest.mark.parametrize(
    ("tag", "sources", "lang"),
    [
        ("zh-CN", [["hello"]], "zh"),
        ("fr", [["你好"]], "en"),
        (None, [["你好"], ["hello"]], "zh"),
        (" ", [["123", "!"], [], ["hello"]], "en"),
        (None, [], None),
        (None, [["123"], []], None),
    ],
)
def test_a_person_is_known_by_a_tag_or_by_the_first_source_with_letters(
    tag: str | None, sources: list[list[str]], lang: Lang | None
) -> None:
    assert of_person(tag, *sources) == lang


@pytest.mark.parametrize(
    ("people", "talk", "lang"),
    [
        (["zh", "zh"], ["hello there"], "zh"),
        (["en", "en"], ["你好"], "en"),
        (["en", "zh"], ["你好"], "zh"),
        (["zh", "en"], ["hello there"], "en"),
        (["zh", "en"], ["123"], "zh"),
        (["en", "zh"], [], "en"),
        ([None, "zh"], [], "zh"),
        ([None, "zh"], ["hello there"], "en"),
        ([None, None], [], None),
        ([None, None], ["你好"], "zh"),
    ],
)
def test_two_people_read_their_common_language_or_that_of_their_talk_or_the_callers(
    people: list[Lang | None], talk: list[str], lang: Lang | None
) -> None:
    assert in_common(people, talk) == lang
