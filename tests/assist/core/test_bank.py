"""Tests of `assist.core.bank` on small banks made here; the shipped one is tested in `test_data`."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assist.core.bank import TopicBank, match_tags, normalise

Document = dict[str, Any]


def documents() -> list[Document]:
    english: Document = {
        "lang": "en",
        "tags": {
            "music": {"label": "music", "aliases": ["jazz", "rock music"]},
            "sports": {"label": "sports", "aliases": ["rock climbing", "Ski-ing"]},
            "food": {"label": "good food", "aliases": ["hot pot", "hot"]},
        },
        "templates": [
            {"id": "en-shared-01", "text": "You like {interest} too?", "depth": 1, "mood": "warm", "opener": True}
        ],
        "topics": [
            {
                "id": "en-music-loop",
                "text": "Which song is on repeat?",
                "tags": ["music"],
                "depth": 1,
                "mood": "light",
                "opener": True,
            }
        ],
    }
    chinese: Document = {
        "lang": "zh",
        "tags": {
            "music": {"label": "音乐", "aliases": ["听歌"]},
            "sports": {"label": "运动", "aliases": ["攀岩", "Ｆ１赛车"]},
            "food": {"label": "美食", "aliases": ["火锅", "火锅底料"]},
        },
        "templates": [
            {"id": "zh-shared-01", "text": "你也喜欢{interest}？", "depth": 1, "mood": "warm", "opener": True}
        ],
        "topics": [
            {
                "id": "zh-music-loop",
                "text": "最近单曲循环哪首歌？",
                "tags": ["music", "food"],
                "depth": 2,
                "mood": "light",
                "opener": False,
            }
        ],
    }
    return [english, chinese]


def small_bank() -> TopicBank:
    return TopicBank.parse(documents())


def test_a_good_bank_is_taken_over_whole() -> None:
    bank = small_bank()
    assert bank.tags == {"music", "sports", "food"}
    assert bank.languages["zh"].labels["music"] == "音乐"
    assert bank.languages["zh"].topics[0].tags == ("music", "food")
    assert bank.languages["en"].templates[0].fill("jazz") == "You like jazz too?"


@pytest.mark.parametrize(
    ("interest", "tags"),
    [
        ("jazz", {"music"}),
        ("  JAZZ ", {"music"}),
        ("ＪＡＺＺ", {"music"}),
        ("jazzy", set()),
        ("acid-jazz", {"music"}),
        ("rock climbing", {"sports"}),
        ("rock   music", {"music"}),
        ("rock_climbing and jazz", {"sports", "music"}),
        ("ski ing", {"sports"}),
        ("hot pot", {"food"}),
        ("hotel", set()),
        ("shot", set()),
        ("喜欢jazz和火锅底料", {"music", "food"}),
        ("攀岩", {"sports"}),
        ("f1赛车", {"sports"}),
        ("music", {"music"}),
        ("quilting", set()),
        ("", set()),
    ],
)
def test_interests_are_matched_to_tags(interest: str, tags: set[str]) -> None:
    assert match_tags(small_bank(), [interest]) == tags


def test_the_longest_alias_takes_its_text() -> None:
    raw = documents()
    raw[0]["tags"]["sports"]["aliases"].append("hot pot racing")
    assert match_tags(TopicBank.parse(raw), ["hot pot racing"]) == {"sports"}


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_interests_give_known_tags(interests: list[str]) -> None:
    bank = small_bank()
    assert match_tags(bank, interests) <= bank.tags


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once or normalise(normalise(once)) == normalise(once)


def change(action: Callable[[list[Document]], object]) -> list[Document]:
    raw = copy.deepcopy(documents())
    action(raw)
    return raw


def topic(raw: list[Document]) -> Document:
    entry: Document = raw[0]["topics"][0]
    return entry


def template(raw: list[Document]) -> Document:
    entry: Document = raw[1]["templates"][0]
    return entry


BAD: list[tuple[str, Callable[[list[Document]], object]]] = [
    ("languages must be", lambda raw: raw.pop()),
    ("language 'en' is there twice", lambda raw: raw[1].update(lang="en", templates=[], topics=[])),
    ("lang 'fr'", lambda raw: raw[0].update(lang="fr")),
    ("lang 'None'", lambda raw: raw[0].pop("lang")),
    ("document: an object", lambda raw: raw.insert(0, [])),  # type: ignore[arg-type]  # wrong on purpose
    ("en: tags: an object", lambda raw: raw[0].update(tags=None)),
    (r"\['sports'\] are not in every language", lambda raw: raw[1]["tags"].pop("sports")),
    ("tag 'music': label", lambda raw: raw[0]["tags"]["music"].update(label=" ")),
    ("tag 'music': an object", lambda raw: raw[0]["tags"].update(music=1)),
    ("tag 'music': aliases: a list", lambda raw: raw[0]["tags"]["music"].update(aliases="jazz")),
    ("tag 'music': alias: a text", lambda raw: raw[0]["tags"]["music"].update(aliases=[3])),
    ("'jazz' stands for both 'music' and 'food'", lambda raw: raw[1]["tags"]["food"]["aliases"].append("jazz")),
    ("en: topics: a list", lambda raw: raw[0].pop("topics")),
    ("en: templates: a list", lambda raw: raw[0].update(templates={})),
    ("en: entry: an object", lambda raw: raw[0]["topics"].append("x")),
    ("id None", lambda raw: topic(raw).pop("id")),
    ("id 'zh-music'", lambda raw: topic(raw).update(id="zh-music")),
    ("id 'en-Music'", lambda raw: topic(raw).update(id="en-Music")),
    ("id 'en-music-loop' is malformed or there twice", lambda raw: raw[0]["topics"].append(topic(raw))),
    ("en-music-loop: text: a text", lambda raw: topic(raw).update(text=None)),
    ("en-music-loop: text of 5 characters", lambda raw: topic(raw).update(text="Well?")),
    ("en-music-loop: text of 201 characters", lambda raw: topic(raw).update(text="x" * 201)),
    ("en-music-loop: tags", lambda raw: topic(raw).update(tags=[])),
    ("en-music-loop: tags", lambda raw: topic(raw).update(tags=["music", "music"])),
    ("en-music-loop: tags", lambda raw: topic(raw).update(tags=["polo"])),
    ("en-music-loop: tags: a list", lambda raw: topic(raw).update(tags="music")),
    ("en-music-loop: depth 4", lambda raw: topic(raw).update(depth=4)),
    ("en-music-loop: depth True", lambda raw: topic(raw).update(depth=True)),
    ("en-music-loop: mood 'angry'", lambda raw: topic(raw).update(mood="angry")),
    ("en-music-loop: opener", lambda raw: topic(raw).update(opener="yes")),
    ("zh-shared-01: must hold", lambda raw: template(raw).update(text="你也喜欢这个吗？")),
    ("zh-shared-01: must hold", lambda raw: template(raw).update(text="{interest}和{interest}")),
]


@pytest.mark.parametrize(("named", "action"), BAD)
def test_a_wrong_bank_is_refused_by_name(named: str, action: Callable[[list[Document]], object]) -> None:
    with pytest.raises(ValueError, match=named):
        TopicBank.parse(change(action))
