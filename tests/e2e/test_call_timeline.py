"""A call over HTTP after its end: what it was, and how each second of it was."""

import asyncio
import time
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.support.call_peer import two_in_a_call
from tests.support.server import Server

pytestmark = pytest.mark.timeout(60)
TALK_S = 12.0


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time."""
    return datetime.fromisoformat(text).timestamp()


def directions(second: Any) -> set[tuple[str, str]]:
    return {(leg["userId"], leg["direction"]) for leg in second["legs"]}


async def test_a_call_its_end_and_each_of_its_seconds_can_be_read(server: Server) -> None:
    async with two_in_a_call(server) as (ana, ben):
        began = time.monotonic()
        path, token = f"/api/v1/calls/{ana.call_id}", server.dev_token(ben.user_id)
        running = server.get(path, token=token)
        await asyncio.sleep(TALK_S)
        lasted_s = time.monotonic() - began
        await ana.client.ok("end_call", {"callId": ana.call_id})
        await ben.client.wait_for("call_ended")
        told = len(ben.client.seen("call_quality"))
        people = {ana.user_id, ben.user_id}
    assert running["state"] == "running"
    assert "endedAt" not in running
    # What is read is on the disk, and the disk is behind the call.
    async with asyncio.timeout(5):
        while (call := server.get(path, token=token))["state"] != "ended":
            await asyncio.sleep(0.1)
    assert call["callId"] == ana.call_id
    assert set(call["participants"]) == people
    assert (call["caller"], call["mode"], call["video"], call["reason"]) == (ana.user_id, "relay", True, "completed")
    assert lasted_s <= call["duration"] <= lasted_s + 5  # media began before the test could look
    assert moment(call["startedAt"]) <= moment(call["connectedAt"]) < moment(call["endedAt"])
    assert moment(call["endedAt"]) - moment(call["connectedAt"]) == pytest.approx(call["duration"], abs=0.5)

    timeline = server.get(f"{path}/timeline", token=token)
    seconds = timeline["seconds"]
    assert (timeline["callId"], timeline["more"]) == (ana.call_id, False)
    assert len(seconds) >= told
    assert 0.75 * TALK_S <= len(seconds) <= call["duration"] + 1
    times = [moment(second["at"]) for second in seconds]
    assert all(after - before > 0 for before, after in pairwise(times))
    assert moment(call["connectedAt"]) <= times[0]
    assert times[-1] <= moment(call["endedAt"])
    both_ways = {(user_id, direction) for user_id in people for direction in ("up", "down")}
    # A leg is there from its first packet on.
    assert all(directions(second) == both_ways for second in seconds[3:])
    assert all(leg["bitrate"] > 0 for second in seconds[3:] for leg in second["legs"])

    first = server.get(f"{path}/timeline?limit=5", token=token)
    assert first["more"] is True
    rest = server.get(f"{path}/timeline?after={round(1000 * moment(first['seconds'][-1]['at']))}", token=token)
    assert first["seconds"] + rest["seconds"] == seconds
    with pytest.raises(HTTPError) as refused:
        server.get(f"{path}/timeline", token=server.dev_token("somebody-else"))
    with refused.value as answer:
        assert answer.code in (403, 404)
