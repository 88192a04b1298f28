"""A map that forgets."""

from rooms.core.cache import RecentMap


def test_an_entry_is_found_until_it_is_dropped() -> None:
    entries = RecentMap[str, int](2)
    entries.put("a", 1)
    assert entries.get("a") == 1
    entries.drop("a")
    entries.drop("a")
    assert entries.get("a") is None
    assert len(entries) == 0


def test_the_entry_used_longest_ago_goes_first() -> None:
    entries = RecentMap[str, int](2)
    entries.put("a", 1)
    entries.put("b", 2)
    assert entries.get("a") == 1
    entries.put("c", 3)
    assert (entries.get("a"), entries.get("b"), entries.get("c")) == (1, None, 3)
    assert len(entries) == 2


def test_replacing_an_entry_makes_it_the_newest() -> None:
    entries = RecentMap[str, int](2)
    entries.put("a", 1)
    entries.put("b", 2)
    entries.put("a", 3)
    entries.put("c", 4)
    assert (entries.get("a"), entries.get("b")) == (3, None)
