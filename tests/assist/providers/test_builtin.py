"""Tests of `assist.providers.builtin`."""

from collections.abc import Set as AbstractSet

import pytest

from assist.core.language import Lang
from assist.ports import Ask, IcebreakerProvider, Offer, TopicProvider
from assist.providers.builtin import BuiltinProvider, load_bank


def ask(
    lang: Lang = "en", *, count: int = 0, used: AbstractSet[str] = frozenset(), limit: int = 3, seed: int = 1
) -> Ask:
    return Ask(lang, ("hiking",), ("徒步",), used, count, seed, limit)


def test_it_has_both_capabilities() -> None:
    provider = BuiltinProvider()
    breaker: IcebreakerProvider = provider
    topics: TopicProvider = provider
    assert breaker.name == topics.name == "builtin"


def test_the_bank_is_loaded_once() -> None:
    assert load_bank() is load_bank()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_first_lines_are_openers_and_begin_with_the_shared_interest(lang: Lang) -> None:
    offers = await BuiltinProvider().icebreakers(ask(lang))
    assert len(offers) == 3
    assert [offer.shared for offer in offers] == [True, False, False]
    openers = {topic.topic_id for topic in load_bank().languages[lang].topics if topic.opener}
    assert {offer.topic_id for offer in offers[1:]} <= openers


async def test_long_talks_get_more_personal_topics() -> None:
    depth = {topic.topic_id: topic.depth for words in load_bank().languages.values() for topic in words.topics}

    async def mean(count: int) -> float:
        found: list[Offer] = []
        for seed in range(30):
            found += await BuiltinProvider().topics(ask(count=count, seed=seed))
        own = [depth[offer.topic_id] for offer in found if offer.topic_id in depth]
        return sum(own) / len(own)

    assert await mean(0) < await mean(10) < await mean(100)


async def test_when_openers_are_used_up_other_topics_come_and_then_nothing() -> None:
    used: set[str] = set()
    while offers := await BuiltinProvider().icebreakers(ask(used=used)):
        assert used.isdisjoint(offer.topic_id for offer in offers)
        assert len({offer.topic_id for offer in offers}) == len(offers)
        used |= {offer.topic_id for offer in offers}
    assert {topic.topic_id for topic in load_bank().languages["en"].topics} <= used


async def test_what_was_talked_about_comes_before_general_topics() -> None:
    tags = {topic.topic_id: topic.tags for topic in load_bank().languages["en"].topics}
    for seed in range(20):
        offers = await BuiltinProvider().topics(
            Ask("en", (), (), frozenset(), 10, seed, 1, talked_about=frozenset({"cooking"}))
        )
        assert "cooking" in tags[offers[0].topic_id]
        assert not offers[0].shared
