"""The log of topics shown in calls, over every back end."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from assist.ports import Prompt, PromptRating
from protocol.errors import Conflict
from tests.contract.stores import Stores, sqlite_stores

FIRST = Prompt(
    "p1", "c", "m", "zh-food-01", "火锅开了,你第一筷子下什么?", "food", "zh", "builtin", "dead_air", 7_010, 5
)


async def test_a_prompt_comes_back_as_recorded(stores: Stores) -> None:
    bare = replace(FIRST, prompt_id="p2", topic=None)
    await stores.prompts.add(FIRST)
    await stores.prompts.add(bare)
    assert await stores.prompts.get("p1") == FIRST
    assert await stores.prompts.get("p2") == bare
    assert await stores.prompts.get("p3") is None


async def test_an_id_is_taken_once(stores: Stores) -> None:
    await stores.prompts.add(FIRST)
    with pytest.raises(Conflict):
        await stores.prompts.add(replace(FIRST, text="another"))
    assert await stores.prompts.get("p1") == FIRST


async def test_prompts_of_a_call_come_oldest_first_and_without_those_of_others(stores: Stores) -> None:
    late, early = replace(FIRST, prompt_id="p0", at_ms=9), replace(FIRST, prompt_id="p2", at_ms=5)
    for prompt in (late, early, replace(FIRST, prompt_id="p3", call_id="other"), FIRST):
        await stores.prompts.add(prompt)
    assert await stores.prompts.of_call("c") == [FIRST, early, late]
    assert await stores.prompts.of_call("empty") == []


async def test_a_talk_that_goes_on_is_kept_for_its_prompt_alone(stores: Stores) -> None:
    other = replace(FIRST, prompt_id="p2")
    await stores.prompts.add(FIRST)
    await stores.prompts.add(other)
    await stores.prompts.resumed("p1", after_ms=0)
    await stores.prompts.resumed("p9", after_ms=1)
    assert await stores.prompts.of_call("c") == [replace(FIRST, resumed_after_ms=0), other]


async def test_each_person_has_one_rating_and_the_last_one_counts(stores: Stores) -> None:
    await stores.prompts.add(FIRST)
    assert await stores.prompts.ratings("p1") == {}
    await stores.prompts.rate("p1", "ann", used=False, rating=None)
    await stores.prompts.rate("p1", "bob", used=True, rating=5)
    await stores.prompts.rate("p1", "ann", used=True, rating=4)
    assert await stores.prompts.ratings("p1") == {"ann": PromptRating(True, 4), "bob": PromptRating(True, 5)}
    assert await stores.prompts.get("p1") == FIRST


async def test_ratings_at_once_are_all_kept(stores: Stores) -> None:
    await stores.prompts.add(FIRST)
    people = [f"u{number % 10}" for number in range(40)]
    await asyncio.gather(*(stores.prompts.rate("p1", user_id, used=True, rating=3) for user_id in people))
    assert await stores.prompts.ratings("p1") == dict.fromkeys(people, PromptRating(True, 3))


async def test_what_nobody_knows_can_not_be_rated(stores: Stores) -> None:
    await stores.prompts.rate("p1", "ann", used=True, rating=None)
    assert await stores.prompts.ratings("p1") == {}
    await stores.prompts.add(FIRST)
    assert await stores.prompts.ratings("p1") == {}


async def test_a_prompt_that_was_not_shown_leaves_nothing_behind(stores: Stores) -> None:
    kept = replace(FIRST, prompt_id="p2")
    for prompt in (FIRST, kept):
        await stores.prompts.add(prompt)
        await stores.prompts.rate(prompt.prompt_id, "ann", used=True, rating=None)
    await stores.prompts.withdraw("p1")
    await stores.prompts.withdraw("p1")
    assert await stores.prompts.of_call("c") == [kept]
    assert await stores.prompts.ratings("p1") == {}
    assert await stores.prompts.ratings("p2") == {"ann": PromptRating(True, None)}


async def test_prompts_and_ratings_outlive_the_process(tmp_path: Path) -> None:
    async with sqlite_stores(tmp_path) as stores:
        await stores.prompts.add(FIRST)
        await stores.prompts.resumed("p1", after_ms=2_500)
        await stores.prompts.rate("p1", "ann", used=True, rating=1)
    async with sqlite_stores(tmp_path) as stores:
        assert await stores.prompts.of_call("c") == [replace(FIRST, resumed_after_ms=2_500)]
        assert await stores.prompts.ratings("p1") == {"ann": PromptRating(True, 1)}
