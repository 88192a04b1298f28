"""Tests of `backends.suggestions_memory`."""

from dataclasses import replace

from assist.ports import OpeningLine, Suggestion, SuggestionLog
from backends.suggestions_memory import MemorySuggestionLog

FIRST = Suggestion("s1", "m", "anna", "topic", "Which song?", "en-music", "music", "builtin", "en", "r1", 1)
LINE = OpeningLine("m", "anna", "en-music", "Which song?", "music", "builtin", "en", 1)


async def test_a_topic_is_recorded_once_in_a_room() -> None:
    log: SuggestionLog = MemorySuggestionLog()
    elsewhere = replace(FIRST, suggestion_id="s3", match_id="other")
    given = [FIRST, replace(FIRST, suggestion_id="s2", user_id="bo"), elsewhere]
    assert await log.add(given) == [FIRST, elsewhere]
    assert await log.add([replace(FIRST, suggestion_id="s4")]) == []
    assert await log.used_topics("m") == {"en-music"}
    assert await log.used_topics("empty") == frozenset()
    assert await log.get("s2") is None


async def test_opening_lines_are_kept_in_order_and_do_not_count_as_suggestions() -> None:
    log: SuggestionLog = MemorySuggestionLog()
    second = replace(LINE, user_id="bo")
    await log.add_openings([LINE, second])
    await log.add_openings([replace(LINE, at_ms=9)])
    assert await log.openings("m") == [LINE, second]
    assert await log.openings("empty") == []
    assert await log.used_topics("m") == frozenset()


async def test_the_last_rating_counts_and_an_unknown_id_is_ignored() -> None:
    log: SuggestionLog = MemorySuggestionLog()
    await log.add([FIRST])
    await log.rate("s1", used=False, rating=None)
    await log.rate("s1", used=True, rating=4)
    await log.rate("s9", used=True, rating=4)
    assert await log.get("s1") == replace(FIRST, used=True, rating=4)
    assert await log.get("s9") is None
