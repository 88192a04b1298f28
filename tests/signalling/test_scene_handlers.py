"""The namespace of scenes at the door: who is who there, and every event of it answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocol.base import NAMESPACE_SCENE
from tests.support.in_process import InProcess, Turned, in_process
from tests.support.keys import good


async def settle() -> None:
    """What was spawned runs as far as it comes."""
    for _ in range(50):
        await asyncio.sleep(0)


class Line:
    """A page has the connections N to `/` and N.s to the scenes: 1 is ann's, 2 bob's, 3 carol's, 4 nobody's."""

    def __init__(self, house: InProcess) -> None:
        self.house = house

    async def connect(self, *sids: str) -> None:
        users = {"1": "userId=ann", "2": "userId=bob", "3": "userId=carol", "4": ""}
        for sid in sids:
            namespace = NAMESPACE_SCENE if sid.endswith(".s") else "/"
            await self.house.server.connect(sid, query=users[sid[0]], namespace=namespace)
        await settle()

    async def ask(self, sid: str, event: str, **payload: Any) -> dict[str, Any]:
        namespace = NAMESPACE_SCENE if sid.endswith(".s") else "/"
        answer = await self.house.server.ask(sid, event, payload, namespace=namespace)
        await settle()
        return answer

    async def ok(self, sid: str, event: str, **payload: Any) -> dict[str, Any]:
        answer = await self.ask(sid, event, **payload)
        assert answer.pop("ok") is True, (event, answer)
        return answer

    async def code(self, sid: str, event: str, **payload: Any) -> str:
        answer = await self.ask(sid, event, **payload)
        assert answer["ok"] is False, (event, answer)
        code: str = answer["error"]["code"]
        return code

    async def leave(self, sid: str) -> None:
        await self.house.server.leave(sid, namespace=NAMESPACE_SCENE if sid.endswith(".s") else "/")

    def told(self, event: str) -> list[tuple[Any, list[str]]]:
        return [(data, to) for name, data, to, _ in self.house.server.sent if name == event]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with in_process() as house:
        line = Line(house)
        await line.connect("1.s", "2.s")
        yield line


async def test_every_event_is_answered_and_told_to_those_who_are_there(line: Line) -> None:
    joined = await line.ok("1.s", "join_scene", sceneId="rooftop-cafe", matchId="m")
    assert joined.keys() == {"sceneId", "slot", "definition", "snapshot"}
    await line.ok("2.s", "join_scene", sceneId="rooftop-cafe", matchId="m")
    assert line.told("scene_event")[-1][1] == ["1.s"]
    touched = await line.ok("1.s", "object_interaction", sceneId="rooftop-cafe", objectId=1, action="grab")
    assert (touched["owner"], touched["state"]) == (0, "held")
    event, to = line.told("scene_event")[-1]
    assert (event["type"], event["owner"], to) == ("object_interaction", 0, ["1.s", "2.s"])
    assert await line.code("2.s", "object_interaction", objectId=1, action="grab") == "conflict"
    assert line.told("scene_event")[-1][1] == ["2.s"]
    assert await line.ok("2.s", "avatar_action", action="wave", emotion="happy") == {}
    assert await line.code("2.s", "avatar_action", position=[99, 0, 0]) == "conflict"
    assert await line.ok("1.s", "environment_change", key="time", value="night") == {
        "key": "time",
        "value": "night",
        "version": 2,
    }
    assert await line.ok("1.s", "scene_message", message="look up") == {}
    said, to = line.told("scene_message")[-1]
    assert (said["message"], said["position"], to) == ("look up", {"x": -0.9, "y": 0, "z": 0.9}, ["1.s", "2.s"])
    assert await line.ok("1.s", "leave_scene", sceneId="rooftop-cafe") == {}
    assert await line.code("1.s", "leave_scene") == "not_found"


async def test_the_room_that_the_page_is_in_is_meant(line: Line) -> None:
    await line.connect("1", "2", "3", "3.s")
    await line.ok("1", "join_chat", matchId="m")
    await line.ok("1.s", "join_scene", sceneId="rooftop-cafe")
    await line.ok("2", "join_chat", matchId="m")
    assert (await line.ok("2.s", "join_scene", sceneId="rooftop-cafe"))["slot"] == 1
    assert (await line.ok("3.s", "join_scene", sceneId="rooftop-cafe"))["slot"] == 0  # of no match
    assert await line.code("3.s", "join_scene", sceneId="rooftop-cafe", matchId="m") == "forbidden"


async def test_the_room_of_another_person_at_the_same_page_is_not(line: Line) -> None:
    await line.connect("1")
    await line.ok("1", "join_chat", matchId="m")
    await line.ok("1.s", "authenticate", userId="carol")
    await line.ok("1.s", "join_scene", sceneId="rooftop-cafe")
    assert (await line.ok("2.s", "join_scene", sceneId="rooftop-cafe"))["slot"] == 1  # both in the open one


async def test_an_old_client_names_its_match_in_the_query(line: Line) -> None:
    for sid, query in (
        ("5.s", "userId=eve&matchId=m"),
        ("6.s", "userId=fay&matchId=m"),
        ("7.s", "userId=gus&matchId=m"),
    ):
        await line.house.server.connect(sid, query=query, namespace=NAMESPACE_SCENE)
    assert (await line.ok("5.s", "join_scene", sceneId="scene_1", userId="eve"))["slot"] == 0
    assert (await line.ok("6.s", "join_scene", sceneId="scene_1", userId="fay"))["slot"] == 1
    assert await line.code("7.s", "join_scene", sceneId="scene_1") == "forbidden"
    await line.house.server.connect("8.s", query="userId=eve&matchId=%00", namespace=NAMESPACE_SCENE)
    assert (await line.ok("8.s", "join_scene", sceneId="scene_1"))["slot"] == 0


async def test_nobody_in_particular_may_only_say_who_they_are(line: Line) -> None:
    await line.connect("4.s")
    for event in ("leave_scene", "scene_message", "avatar_action", "object_interaction", "environment_change"):
        assert await line.code("4.s", event) == "unauthenticated"
    assert await line.code("4.s", "join_scene", sceneId="rooftop-cafe") == "unauthenticated"
    joined = await line.ok("4.s", "join_scene", sceneId="rooftop-cafe", userId="dave")
    assert joined["snapshot"]["avatars"][0]["userId"] == "dave"


async def test_who_becomes_somebody_else_leaves_their_seat_behind(line: Line) -> None:
    await line.ok("1.s", "join_scene", sceneId="rooftop-cafe")
    await line.ok("2.s", "join_scene", sceneId="rooftop-cafe")
    await line.ok("1.s", "authenticate", userId="carol")
    assert await line.code("1.s", "avatar_action", action="wave") == "not_found"
    assert (await line.ok("1.s", "join_scene", sceneId="rooftop-cafe"))["slot"] == 2


async def test_a_lost_connection_keeps_the_seat(line: Line) -> None:
    await line.ok("1.s", "join_scene", sceneId="rooftop-cafe")
    await line.leave("1.s")
    assert line.house.built.services.scenes.people == 1
    await line.connect("1.s")
    assert (await line.ok("1.s", "join_scene", sceneId="rooftop-cafe"))["slot"] == 0


async def test_a_connection_to_scenes_is_no_presence_and_greeted_all_the_same(line: Line) -> None:
    assert line.house.built.services.presence.devices("ann") == 0
    assert [to for _, to in line.told("connected")] == [["1.s"], ["2.s"]]
    gauge = line.house.metrics.registry.get_sample_value
    assert gauge("websocket_connections") == 2
    await line.connect("1")
    assert (gauge("websocket_connections"), line.house.built.services.presence.devices("ann")) == (2, 1)
    await line.leave("1")
    assert (gauge("websocket_connections"), line.house.built.services.presence.devices("ann")) == (2, 0)


async def test_events_belong_to_their_namespace(line: Line) -> None:
    await line.connect("1")
    assert await line.code("1", "join_scene", sceneId="rooftop-cafe") == "invalid"
    assert await line.code("1.s", "join_chat", matchId="m") == "invalid"
    assert line.house.server.strikes == ["e1", "e1"]


async def test_a_token_is_asked_for_and_renewed_there_as_everywhere() -> None:
    async with in_process(dev=False) as house:
        line = Line(house)
        with pytest.raises(Turned):
            await house.server.connect("1.s", query="userId=ann", namespace=NAMESPACE_SCENE)
        await house.server.connect("1.s", {"token": good("ann")}, namespace=NAMESPACE_SCENE)
        assert (await line.ok("1.s", "refresh_token", token=good("ann")))["userId"] == "ann"
        assert await line.code("1.s", "refresh_token", token=good("bob")) == "forbidden"
        assert await line.code("1.s", "join_scene", sceneId="no such scene") == "not_found"
        assert await line.code("1.s", "join_scene", sceneId="rooftop-cafe", matchId="none") == "not_found"
        joined = await line.ok("1.s", "join_scene", sceneId="rooftop-cafe", userId="bob")
        assert joined["snapshot"]["avatars"][0]["userId"] == "ann"
        samples = house.metrics.registry.get_sample_value
        assert samples("events_total", {"event": "join_scene", "outcome": "ok"}) == 1


async def test_a_renewed_token_counts_for_all_namespaces_of_a_page_and_an_older_one_for_none() -> None:
    async with in_process(dev=False) as house:
        now = int(house.built.services.clock.wall_ms() / 1000)
        for sid, namespace in (("1", "/"), ("1.s", NAMESPACE_SCENE), ("2", "/")):
            await house.server.connect(sid, {"token": good("ann", exp=now + 100)}, namespace=namespace)
        chat, scene, other = (house.built.door.connections.get(sid) for sid in ("1", "1.s", "2"))
        assert chat is not None
        assert scene is not None
        assert other is not None
        line = Line(house)
        await line.ok("1", "refresh_token", token=good("ann", exp=now + 200))
        assert (chat.expires_at, scene.expires_at, other.expires_at) == (now + 200, now + 200, now + 100)
        await line.ok("1.s", "refresh_token", token=good("ann", exp=now + 150))
        assert (chat.expires_at, scene.expires_at) == (now + 200, now + 150)
