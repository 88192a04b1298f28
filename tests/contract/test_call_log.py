from dataclasses import replace

from media.ports import CallRecord, TimelineEntry
from tests.contract.stores import Stores

CALL = CallRecord("c1", "m", ("ben", "ana"), "relay", True, 1_000)
OVER = replace(CALL, connected_ms=1_500, ended_ms=9_000, reason="completed", duration_s=7.5)


def second(at_ms: int, mos: float = 4.1) -> TimelineEntry:
    return TimelineEntry(at_ms, {"legs": [{"userId": "ana", "direction": "up", "mos": mos}], "cause": None})


async def test_a_call_comes_back_as_it_was_put_last_with_the_caller_first(stores: Stores) -> None:
    await stores.calls.put(CALL)
    assert await stores.calls.call("c1") == CALL
    await stores.calls.put(OVER)
    assert await stores.calls.call("c1") == OVER
    assert await stores.calls.call("c2") is None


async def test_the_calls_of_a_person_come_newest_first_and_in_pages(stores: Stores) -> None:
    calls = [replace(CALL, call_id=f"c{number}", started_ms=number) for number in range(1, 6)]
    for call in calls:
        await stores.calls.put(call)
    await stores.calls.put(replace(CALL, call_id="c9", user_ids=("ben", "cho")))
    assert await stores.calls.calls_of("ana", limit=2) == [calls[4], calls[3]]
    assert await stores.calls.calls_of("ana", before="c4", limit=10) == [calls[2], calls[1], calls[0]]
    assert [call.call_id for call in await stores.calls.calls_of("ben", limit=1)] == ["c9"]
    assert await stores.calls.calls_of("nobody", limit=10) == []


async def test_a_timeline_is_in_order_in_pages_and_has_each_second_once(stores: Stores) -> None:
    await stores.calls.add_seconds("c1", [second(3_000), second(1_000)])
    await stores.calls.add_seconds("c1", [second(2_000), second(3_000, 2.0)])
    await stores.calls.add_seconds("c1", [])
    await stores.calls.add_seconds("c2", [second(1_500)])
    assert await stores.calls.timeline("c1", limit=10) == [second(1_000), second(2_000), second(3_000, 2.0)]
    assert await stores.calls.timeline("c1", after_ms=1_000, limit=1) == [second(2_000)]
    assert await stores.calls.timeline("none", limit=10) == []


async def test_of_two_entries_of_one_second_the_later_is_kept(stores: Stores) -> None:
    await stores.calls.add_seconds("c1", [second(1_000), second(1_000, 1.5)])
    assert await stores.calls.timeline("c1", limit=10) == [second(1_000, 1.5)]
