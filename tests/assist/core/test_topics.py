"""Tests of `assist.core.topics` on the shipped bank."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assist.core.bank import match_tags
from assist.core.language import Lang
from assist.core.topics import MAX_INTEREST_CHARS, Pick, Wish, rank
from assist.providers.builtin import load_bank

BANK = load_bank()
WORDS = [
    "hiking",
    "徒步",
    "jazz",
    "爵士乐",
    "cats",
    "猫",
    "剧本杀",
    "quilting bees",
    "看电影",
    "movies",
    "",
    " ",
    "x" * 60,
]
INTERESTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=6)
LANGS: st.SearchStrategy[Lang] = st.sampled_from(["zh", "en"])


def picks(
    lang: Lang = "en",
    a: list[str] | None = None,
    b: list[str] | None = None,
    *,
    used: frozenset[str] = frozenset(),
    seed: int = 1,
    limit: int = 3,
    wish: Wish | None = None,
) -> list[Pick]:
    return rank(BANK, lang=lang, interests_a=a or [], interests_b=b or [], used=used, seed=seed, limit=limit, wish=wish)


def test_shared_interests_come_first_then_those_of_either_then_general_ones() -> None:
    # Everything at once: the order of the kinds, without the rule about different tags.
    given_tags = {"hiking", "music"}
    tiers = []
    used: set[str] = set()
    while found := picks(a=["hiking", "jazz"], b=["hiking"], used=frozenset(used), limit=1):
        used.add(found[0].topic_id)
        tiers.append(0 if found[0].shared else 1 if found[0].tags & given_tags else 2)
    assert tiers == sorted(tiers)
    assert set(tiers) == {0, 1, 2}


def test_templates_and_topics_of_a_shared_interest_take_turns() -> None:
    used: list[str] = []
    for _ in range(8):
        used.append(picks(a=["hiking"], b=["hiking"], used=frozenset(used), limit=1)[0].topic_id)
    assert [":" in topic_id for topic_id in used] == [True, False] * 4


def test_several_shared_interests_get_different_phrases() -> None:
    found = picks(a=["hiking", "jazz", "cats"], b=["cats", "jazz", "hiking"], limit=3)
    assert {pick.topic_id.partition(":")[2] for pick in found} == {"hiking", "jazz", "cats"}
    assert len({pick.topic_id.partition(":")[0] for pick in found}) == 3


def test_a_phrase_comes_again_only_after_the_others() -> None:
    used: list[str] = []
    for interest in ("quilting bees", "zorbing", "kite building"):
        used.append(picks(a=[interest], b=[interest], used=frozenset(used), limit=1)[0].topic_id)
    assert len({topic_id.partition(":")[0] for topic_id in used}) == 3


def test_an_interest_without_a_tag_is_served_by_templates() -> None:
    first = picks(a=["Quilting  Bees"], b=["quilting-bees"])[0]
    assert first.topic_id.endswith(":quilting bees")
    assert "Quilting Bees" in first.text
    assert (first.topic, first.shared) == ("quilting bees", True) or first.topic == "Quilting Bees"


@pytest.mark.parametrize(
    ("lang", "a", "b", "said"),
    [
        ("zh", "hiking", "徒步", "徒步"),
        ("en", "徒步", "hike", "hiking"),
        ("zh", "Hiking", "hiking", "徒步"),
        ("zh", "jazz", "jazz", "jazz"),
        ("en", "剧本杀", "剧本杀", "games"),
        ("en", "评弹", "评弹", "评弹"),
        ("en", "animals", "animals", "animals"),
    ],
)
def test_a_shared_interest_is_said_in_the_language_of_the_line(lang: Lang, a: str, b: str, said: str) -> None:
    texts = [pick.text for pick in picks(lang, [a], [b], limit=14) if ":" in pick.topic_id]
    assert texts
    assert all(said in text for text in texts)


@pytest.mark.parametrize("interest", ["y" * (MAX_INTEREST_CHARS + 1), "two\x00parts", "\ufdfa" * 10])
def test_what_can_not_be_said_in_a_sentence_makes_no_line(interest: str) -> None:
    assert all(":" not in pick.topic_id for pick in picks(a=[interest], b=[interest], limit=400))


def test_a_long_interest_still_gives_its_tag() -> None:
    text = "hiking " + "in very remote places " * 3
    first = picks(a=[text], b=[text], limit=1)[0]
    assert first.shared
    assert first.topic == "hiking"
    assert ":" not in first.topic_id


def test_what_the_talk_has_touched_counts_like_an_interest_of_one_of_them() -> None:
    near = Wish(near=frozenset({"cooking"}))
    found = picks(a=["hiking"], b=["hiking"], wish=near, limit=1)
    assert "hiking" in found[0].tags
    used: set[str] = set()
    touched = []
    while rest := picks(wish=near, used=frozenset(used), limit=1):
        used.add(rest[0].topic_id)
        touched.append("cooking" in rest[0].tags)
        assert not rest[0].shared
    assert touched == sorted(touched, reverse=True)
    assert set(touched) == {True, False}


def test_only_first_lines_are_offered_when_asked() -> None:
    openers = {topic.topic_id for topic in BANK.languages["en"].topics if topic.opener}
    found = picks(wish=Wish(range(1, 3), opener_only=True), limit=500)
    assert {pick.topic_id for pick in found} == openers


def test_depths_outside_the_wish_are_left_out_and_the_wanted_one_is_favoured() -> None:
    assert {pick.depth for pick in picks(wish=Wish(range(2, 4)), limit=500)} == {2, 3}
    first = [picks(wish=Wish(target_depth=target), seed=seed)[0] for target in (1, 3) for seed in range(40)]
    easy, deep = first[:40], first[40:]
    assert sum(pick.depth for pick in deep) / 40 > sum(pick.depth for pick in easy) / 40 + 0.5


def test_other_seeds_give_other_topics() -> None:
    assert len({picks(seed=seed)[0].topic_id for seed in range(50)}) > 20


@settings(deadline=None)
@given(LANGS, INTERESTS, INTERESTS, st.integers(0, 2**63), st.integers(0, 6))
def test_ranking_is_deterministic_and_within_its_limit(
    lang: Lang, a: list[str], b: list[str], seed: int, limit: int
) -> None:
    found = picks(lang, a, b, seed=seed, limit=limit)
    assert found == picks(lang, a, b, seed=seed, limit=limit)
    assert len(found) == limit
    assert len({pick.topic_id for pick in found}) == limit
    assert all(pick.topic_id.startswith(f"{lang}-") for pick in found)
    assert all(1 <= len(pick.text) <= 300 for pick in found)


@settings(max_examples=10, deadline=None)
@given(LANGS, INTERESTS, INTERESTS, st.integers(0, 2**63), st.integers(4, 9))
def test_nothing_comes_twice_until_nothing_is_left(
    lang: Lang, a: list[str], b: list[str], seed: int, limit: int
) -> None:
    used: set[str] = set()
    texts: set[str] = set()
    while found := picks(lang, a, b, used=frozenset(used), seed=seed + len(used), limit=limit):
        assert used.isdisjoint(pick.topic_id for pick in found)
        used |= {pick.topic_id for pick in found}
        texts |= {pick.text for pick in found}
    assert {topic.topic_id for topic in BANK.languages[lang].topics} <= used
    # Two spellings of one interest may be said by one word; apart from that ids and texts go together.
    assert len(texts) >= len(BANK.languages[lang].topics)


@settings(deadline=None)
@given(LANGS, INTERESTS, INTERESTS, st.integers(0, 2**63))
def test_a_tag_comes_twice_only_when_it_must(lang: Lang, a: list[str], b: list[str], seed: int) -> None:
    found = picks(lang, a, b, seed=seed, limit=4)
    general = {tag for topic in BANK.languages[lang].topics for tag in topic.tags}
    assert len(general) > 4
    seen: set[str] = set()
    for pick in found:
        assert seen.isdisjoint(pick.tags)
        seen |= pick.tags


def test_when_there_is_no_other_choice_a_tag_comes_again() -> None:
    everything = {topic.topic_id for topic in BANK.languages["en"].topics}
    left = {topic.topic_id for topic in BANK.languages["en"].topics if topic.tags[0] == "tea"}
    found = picks(used=frozenset(everything - left), limit=10)
    assert {pick.topic_id for pick in found} == left


def test_the_interests_of_the_other_side_count_too() -> None:
    found = picks(a=[], b=["photography"], limit=1)
    assert "photography" in found[0].tags
    assert not found[0].shared


def test_matching_is_by_tag_across_languages() -> None:
    assert match_tags(BANK, ["hike", "爬山"]) == {"hiking"}
