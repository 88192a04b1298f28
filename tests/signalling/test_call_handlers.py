"""Every call event, said by one of two people in a room and answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.in_process import InProcess, in_process


async def settle() -> None:
    """What was spawned runs as far as it comes."""
    for _ in range(50):
        await asyncio.sleep(0)


class Line:
    """ann has the connections 1 and 2, bob 3 and 4; 1 and 3 are in the room "m". carol (5) is elsewhere."""

    def __init__(self, house: InProcess) -> None:
        self.house = house

    async def open(self) -> "Line":
        """Everybody is there."""
        for sid, user_id in (("1", "ann"), ("2", "ann"), ("3", "bob"), ("4", "bob"), ("5", "carol")):
            await self.house.server.connect(sid, query=f"userId={user_id}")
        for sid in ("1", "3"):
            await self.ok(sid, "join_chat", matchId="m")
        return self

    async def ok(self, sid: str, event: str, **payload: Any) -> dict[str, Any]:
        """The answer to an event that is not refused, once what follows from it has been told."""
        answer = await self.house.server.ask(sid, event, payload)
        assert answer.pop("ok") is True, (event, answer)
        await settle()
        return answer

    async def code(self, sid: str, event: str, **payload: Any) -> str:
        answer = await self.house.server.ask(sid, event, payload)
        assert answer["ok"] is False, (event, answer)
        code: str = answer["error"]["code"]
        return code

    def told(self, event: str) -> list[tuple[Any, list[str], str | None]]:
        """(payload, rooms and connections, connection skipped) of each emit of an event."""
        return [(data, to, skip) for name, data, to, skip in self.house.server.sent if name == event]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with in_process() as house:
        yield await Line(house).open()


async def test_a_call_is_rung_answered_offered_muted_and_ended(line: Line) -> None:
    started = await line.ok("1", "start_call", audio=True, video=True, mode="relay", clientId="x")
    call_id = started["callId"]
    assert started.keys() == {"callId", "state", "expiresAt", "iceServers"}
    ((ringing, to, skip),) = line.told("incoming_call")
    assert (ringing["from"], ringing["video"], to, skip) == ("ann", True, ["u:bob"], None)
    answered = await line.ok("3", "answer_call", callId=call_id, accept=True)
    assert (answered["callId"], answered["state"]) == (call_id, "connecting")
    ((elsewhere, to, skip),) = line.told("call_ended")
    assert (elsewhere["reason"], to, skip) == ("answered_elsewhere", ["u:bob"], "3")
    assert [to for _, to, _ in line.told("call_state")] == [["1"], ["3"]]
    assert await line.ok("1", "webrtc_offer", callId=call_id, sdp="v=0", target="relay") == {"sdp": "answer to v=0"}
    assert await line.ok("1", "ice_candidate", callId=call_id, candidate=None, target="relay") == {}
    assert await line.ok("3", "call_media", callId=call_id, audio=False, video=True, screen=False) == {}
    ((media, to, _),) = line.told("call_media")
    assert (media["userId"], to) == ("bob", ["1"])
    assert await line.ok("3", "end_call", callId=call_id) == {"reason": "completed"}
    assert [(data["reason"], to) for data, to, _ in line.told("call_ended")[1:]] == [
        ("completed", ["1"]),
        ("completed", ["3"]),
    ]
    ((entry, to, _),) = line.told("new_message")
    assert (entry["type"], entry["content"]["callId"], to) == ("call", call_id, ["u:ann", "u:bob"])
    for event, more in (
        ("answer_call", {"accept": True}),
        ("cancel_call", {}),
        ("end_call", {}),
        ("webrtc_offer", {"sdp": "v=0", "target": "relay"}),
        ("webrtc_answer", {"sdp": "v=0", "target": "bob"}),
        ("ice_candidate", {"candidate": None, "target": "relay"}),
        ("call_media", {"audio": True, "video": True}),
        ("call_consent", {"kind": "p2p", "granted": True}),
    ):
        assert await line.code("1", event, callId=call_id, **more) == "gone", event
        assert await line.code("5", event, callId=call_id, **more) == "forbidden", event
        assert await line.code("1", event, callId="none", **more) == "not_found", event


async def test_the_older_name_may_name_the_person(line: Line) -> None:
    started = await line.ok("2", "request_video_call", to="bob")
    assert started["state"] == "ringing"
    ((ringing, _, _),) = line.told("incoming_call")
    assert (ringing["video"], ringing["matchId"]) == (True, "m")
    assert await line.ok("2", "cancel_call", callId=started["callId"]) == {"reason": "cancelled"}


async def test_a_call_without_a_match_is_refused(line: Line) -> None:
    assert await line.code("2", "start_call") == "invalid"
    assert await line.code("5", "start_call", matchId="m") == "forbidden"


async def test_a_peer_to_peer_call_is_signalled_between_the_two(line: Line) -> None:
    call_id = (await line.ok("1", "start_call", mode="p2p"))["callId"]
    await line.ok("4", "answer_call", callId=call_id, accept=True)
    assert await line.code("1", "webrtc_offer", callId=call_id, sdp="o", target="bob") == "forbidden"
    assert await line.ok("4", "call_consent", callId=call_id, kind="p2p", granted=True) == {"effective": True}
    assert await line.ok("1", "webrtc_offer", callId=call_id, sdp="o", target="bob") == {}
    assert await line.ok("4", "webrtc_answer", callId=call_id, sdp="a", target="ann") == {}
    assert line.told("webrtc_offer") == [({"callId": call_id, "from": "ann", "sdp": "o"}, ["4"], None)]
    assert line.told("webrtc_answer") == [({"callId": call_id, "from": "bob", "sdp": "a"}, ["1"], None)]


async def test_a_dropped_connection_is_no_hang_up_and_the_next_one_may_act(line: Line) -> None:
    call_id = (await line.ok("1", "start_call"))["callId"]
    await line.ok("3", "answer_call", callId=call_id, accept=True)
    await line.house.server.leave("3", "transport_lost")
    await line.house.server.connect("6", query="userId=bob")
    await settle()
    assert line.told("call_state")[-1][1] == ["6"]
    assert await line.ok("6", "webrtc_offer", callId=call_id, sdp="again") == {"sdp": "answer to again"}
    assert await line.code("4", "end_call", callId=call_id) == "forbidden"
    assert await line.ok("6", "end_call", callId=call_id) == {"reason": "completed"}
