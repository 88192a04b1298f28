from collections.abc import Callable

import pytest

from backends.presence_memory import MemoryPresenceStore
from rooms.ports import PresenceStore


@pytest.fixture(params=[MemoryPresenceStore])
def presence(request: pytest.FixtureRequest) -> PresenceStore:
    make: Callable[[], PresenceStore] = request.param
    return make()


async def test_nobody_is_online_at_first(presence: PresenceStore) -> None:
    assert await presence.count() == 0
    assert await presence.all_online(limit=5) == []
    assert await presence.online(["a"]) == frozenset()


async def test_those_who_came_are_online_until_they_go(presence: PresenceStore) -> None:
    for user_id in ("b", "a", "c", "a"):
        await presence.set_online(user_id)
    await presence.set_offline("c")
    await presence.set_offline("nobody")
    assert await presence.online(["a", "c", "x"]) == {"a"}
    assert sorted(await presence.all_online(limit=5)) == ["a", "b"]
    assert await presence.count() == 2


async def test_a_list_is_no_longer_than_asked_for(presence: PresenceStore) -> None:
    for number in range(5):
        await presence.set_online(f"u{number}")
    assert len(await presence.all_online(limit=3)) == 3
    assert await presence.all_online(limit=0) == []
