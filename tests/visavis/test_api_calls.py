"""Calls over HTTP: for the people in them, and the operators."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from media.ports import CallRecord, TimelineEntry
from tests.support.http_client import Http, http

CALLS = "/api/v1/calls"
RINGING = CallRecord("c1", "m", ("ann", "bob"), "relay", True, 1_700_000_000_000)
OVER = replace(
    RINGING,
    call_id="c2",
    connected_ms=1_700_000_001_500,
    ended_ms=1_700_000_009_000,
    reason="completed",
    duration_s=7.5,
)


@pytest.fixture
async def server() -> AsyncIterator[Http]:
    async with http(dev=False) as server:
        log = server.house.built.stores.calls
        await log.put(RINGING)
        await log.put(OVER)
        leg = {"userId": "ann", "direction": "up", "mos": 4.1, "level": "good", "loss": 0.0}
        cause = {"kind": "loss", "userId": "ann", "direction": "up", "amount": 3}
        await log.add_seconds("c2", [TimelineEntry(1_700_000_002_000 + 1000 * n, {"legs": [leg]}) for n in range(3)])
        await log.add_seconds("c2", [TimelineEntry(1_700_000_005_000, {"legs": [leg], "cause": cause})])
        yield server


async def test_one_s_own_calls_come_newest_first_in_pages(server: Http) -> None:
    status, page, _ = await server.ask("GET", f"{CALLS}?limit=1", by="ann")
    assert (status, page["more"]) == (200, True)
    assert page["calls"] == [
        {
            "callId": "c2",
            "matchId": "m",
            "caller": "ann",
            "participants": ["ann", "bob"],
            "mode": "relay",
            "video": True,
            "state": "ended",
            "startedAt": "2023-11-14T22:13:20.000Z",
            "connectedAt": "2023-11-14T22:13:21.500Z",
            "endedAt": "2023-11-14T22:13:29.000Z",
            "reason": "completed",
            "duration": 7.5,
        }
    ]
    _, page, _ = await server.ask("GET", f"{CALLS}?before=c2", by="bob")
    assert ([call["callId"] for call in page["calls"]], page["more"]) == (["c1"], False)
    assert page["calls"][0]["state"] == "running"
    assert "endedAt" not in page["calls"][0]
    _, page, _ = await server.ask("GET", CALLS, by="eve")
    assert page == {"calls": [], "more": False}


async def test_a_call_is_for_its_people_and_the_operators(server: Http) -> None:
    for reader in ({"by": "bob"}, {"by": "x", "scope": "ops"}, {"by": "x", "scope": "service"}):
        for path in (f"{CALLS}/c2", f"{CALLS}/c2/timeline"):
            assert (await server.ask("GET", path, **reader))[1]["callId"] == "c2"
    for path in (f"{CALLS}/c2", f"{CALLS}/c2/timeline"):
        assert await server.code("GET", path, by="eve") == (403, "forbidden")
        assert await server.code("GET", path, by="eve", scope="moderator") == (403, "forbidden")
        assert await server.code("GET", path) == (401, "unauthenticated")
    assert await server.code("GET", f"{CALLS}/none", by="ann") == (404, "not_found")


async def test_a_timeline_tells_each_second_in_pages(server: Http) -> None:
    _, first, _ = await server.ask("GET", f"{CALLS}/c2/timeline?limit=3", by="ann")
    assert [second["at"] for second in first["seconds"]] == [f"2023-11-14T22:13:2{n}.000Z" for n in (2, 3, 4)]
    assert first["more"]
    _, rest, _ = await server.ask("GET", f"{CALLS}/c2/timeline?after=1700000004000", by="ann")
    (second,) = rest["seconds"]
    assert second["cause"] == {"kind": "loss", "userId": "ann", "direction": "up", "amount": 3}
    assert second["legs"][0]["mos"] == 4.1
    assert not rest["more"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=-2", "limit=1001"])
async def test_a_query_that_does_not_fit_is_refused(server: Http, query: str) -> None:
    assert await server.code("GET", f"{CALLS}/c2/timeline?{query}", by="ann") == (422, "invalid")
