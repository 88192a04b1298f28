import asyncio
from dataclasses import replace

from assist.ports import OpeningLine, Suggestion
from tests.contract.stores import Stores

FIRST = Suggestion("s1", "m", "anna", "topic", "哪首歌?", "en-music", "music", "builtin", "en", "r1", 1)
LINE = OpeningLine("m", "anna", "en-music", "Which song?", None, "builtin", "en", 1)


async def test_a_suggestion_comes_back_as_recorded(stores: Stores) -> None:
    bare = replace(FIRST, suggestion_id="s2", topic_id="t2", topic=None, request_id=None, kind="icebreaker")
    assert await stores.suggestions.add([FIRST, bare]) == [FIRST, bare]
    assert await stores.suggestions.get("s1") == FIRST
    assert await stores.suggestions.get("s2") == bare
    assert await stores.suggestions.get("s3") is None
    assert await stores.suggestions.add([]) == []


async def test_a_topic_comes_once_in_a_room(stores: Stores) -> None:
    elsewhere = replace(FIRST, suggestion_id="s3", match_id="other")
    given = [FIRST, replace(FIRST, suggestion_id="s2", user_id="bo"), elsewhere]
    assert await stores.suggestions.add(given) == [FIRST, elsewhere]
    assert await stores.suggestions.add([replace(FIRST, suggestion_id="s4")]) == []
    assert await stores.suggestions.used_topics("m") == {"en-music"}
    assert await stores.suggestions.used_topics("empty") == frozenset()
    assert await stores.suggestions.get("s2") is None


async def test_two_requests_at_once_do_not_get_the_same_topic(stores: Stores) -> None:
    recorded = await asyncio.gather(
        *(stores.suggestions.add([replace(FIRST, suggestion_id=f"s{n}")]) for n in range(40))
    )
    assert sum(map(len, recorded)) == 1


async def test_the_last_rating_counts_and_an_unknown_id_is_ignored(stores: Stores) -> None:
    await stores.suggestions.add([FIRST])
    await stores.suggestions.rate("s1", used=False, rating=None)
    assert await stores.suggestions.get("s1") == replace(FIRST, used=False)
    await stores.suggestions.rate("s1", used=True, rating=4)
    await stores.suggestions.rate("s9", used=True, rating=4)
    assert await stores.suggestions.get("s1") == replace(FIRST, used=True, rating=4)
    assert await stores.suggestions.get("s9") is None


async def test_opening_lines_keep_their_order_and_come_once(stores: Stores) -> None:
    lines = [LINE, replace(LINE, user_id="bo"), replace(LINE, topic_id="a-first", topic="food")]
    await stores.suggestions.add_openings([*lines, LINE])
    await stores.suggestions.add_openings([replace(LINE, text="other", at_ms=9)])
    await stores.suggestions.add_openings([])
    assert await stores.suggestions.openings("m") == lines
    assert await stores.suggestions.openings("empty") == []


async def test_opening_lines_do_not_count_as_suggestions(stores: Stores) -> None:
    await stores.suggestions.add_openings([LINE])
    assert await stores.suggestions.used_topics("m") == frozenset()
    assert await stores.suggestions.add([FIRST]) == [FIRST]
