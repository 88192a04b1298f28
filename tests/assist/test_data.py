"""What the shipped topic bank must be: two languages, each written for itself, nothing twice."""

import itertools
import unicodedata
from collections import Counter

import pytest

from assist.core.bank import match_tags
from assist.core.language import Lang, from_texts, has_han
from assist.providers.builtin import load_bank

BANK = load_bank()
LANGS: list[Lang] = ["en", "zh"]
MAX_SIMILARITY = 0.4
"""Jaccard index of letter groups from which two lines read alike."""

LETTERS = {"en": 3, "zh": 2}
"""Letters of a group: English trigrams, Chinese pairs."""

OUT_OF_PLACE = {
    "en": [
        "sex",
        "naked",
        "politic",
        "election",
        "president",
        "religio",
        "salary",
        "money",
        "income",
        "invest",
        "rent",
    ],
    "zh": [
        "性感",
        "裸",
        "政治",
        "选举",
        "总统",
        "宗教",
        "工资",
        "收入",
        "彩礼",
        "投资",
        "存款",
        "房价",
        "吃药",
        "医院",
        "生病",
    ],
}


def groups(lang: Lang, text: str) -> set[str]:
    folded = "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum() or char == " ")
    size = LETTERS[lang]
    return {folded[at : at + size] for at in range(len(folded) - size + 1)}


def lines(lang: Lang) -> dict[str, str]:
    words = BANK.languages[lang]
    return {topic.topic_id: topic.text for topic in words.topics} | {
        template.template_id: template.text for template in words.templates
    }


@pytest.mark.parametrize("lang", LANGS)
def test_there_is_enough_of_everything(lang: Lang) -> None:
    words = BANK.languages[lang]
    assert len(words.topics) >= 150
    assert sum(topic.opener for topic in words.topics) >= 40
    assert sum(topic.depth == 3 for topic in words.topics) >= 30
    assert len(words.templates) >= 12
    assert min(Counter(topic.mood for topic in words.topics).values()) >= 15
    uses = Counter(tag for topic in words.topics for tag in topic.tags)
    assert {tag: uses[tag] for tag in BANK.tags if uses[tag] < 3} == {}


@pytest.mark.parametrize("lang", LANGS)
def test_first_lines_are_not_personal(lang: Lang) -> None:
    words = BANK.languages[lang]
    assert all(topic.depth < 3 for topic in words.topics if topic.opener)
    assert all(template.depth < 3 for template in words.templates if template.opener)


@pytest.mark.parametrize("lang", LANGS)
def test_no_two_lines_are_alike(lang: Lang) -> None:
    grouped = {key: groups(lang, text) for key, text in lines(lang).items()}
    alike = [
        (one, two)
        for (one, a), (two, b) in itertools.combinations(grouped.items(), 2)
        if len(a & b) / len(a | b) > MAX_SIMILARITY
    ]
    assert alike == []


@pytest.mark.parametrize("lang", LANGS)
def test_lines_do_not_all_begin_alike(lang: Lang) -> None:
    beginnings = Counter(text[:4] if lang == "zh" else " ".join(text.split()[:3]) for text in lines(lang).values())
    assert beginnings.most_common(1)[0][1] <= 0.1 * len(lines(lang))


@pytest.mark.parametrize("lang", LANGS)
def test_every_line_is_in_its_language(lang: Lang) -> None:
    for text in lines(lang).values():
        assert from_texts([text.replace("{interest}", "")]) == lang
        if lang == "en":
            assert not has_han(text)


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_out_of_place_between_strangers(lang: Lang) -> None:
    # Whole words in English: "parents" holds "rent".
    for key, text in lines(lang).items():
        words = text.casefold() if lang == "zh" else " " + " ".join(text.casefold().replace("?", " ").split())
        assert [bad for bad in OUT_OF_PLACE[lang] if (bad if lang == "zh" else f" {bad}") in words] == [], key


def test_the_two_languages_are_not_translations_of_each_other() -> None:
    # Same subjects, other examples: at most a part of the topics may have the same name in both.
    names = [{topic.topic_id.partition("-")[2] for topic in BANK.languages[lang].topics} for lang in LANGS]
    assert len(names[0] & names[1]) < 0.2 * min(map(len, names))


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("hiking", "hiking"),
        ("hike", "hiking"),
        ("徒步", "hiking"),
        ("爬山", "hiking"),
        ("movies", "film"),
        ("电影", "film"),
        ("HIKING", "hiking"),
        ("ｊａｚｚ", "music"),
        ("书法", "art"),
        ("看书", "books"),
        ("rock climbing", "sports"),
        ("rock", "music"),
        ("广场舞", "dance"),
        ("高铁旅行", "travel"),
        ("Pub Quiz", "games"),
        ("flower arranging in a garden", "nature"),
        ("做志愿者", "volunteering"),
        ("board-games", "games"),
    ],
)
def test_interests_as_people_type_them_find_their_tag(typed: str, tag: str) -> None:
    assert match_tags(BANK, [typed]) == {tag}


@pytest.mark.parametrize("lang", LANGS)
def test_every_tag_has_names_in_the_language(lang: Lang) -> None:
    for tag, label in BANK.languages[lang].labels.items():
        assert tag in match_tags(BANK, [label])
        assert has_han(label) == (lang == "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_shared_lines_read_well_with_every_label(lang: Lang) -> None:
    for template in BANK.languages[lang].templates:
        for label in BANK.languages[lang].labels.values():
            text = template.fill(label)
            assert label in text
            assert "{" not in text
