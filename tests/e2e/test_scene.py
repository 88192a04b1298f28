"""Scenes over real sockets: everybody sees the same, one holder at most, a lost connection keeps its seat."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from protocol.base import NAMESPACE_SCENE
from tests.e2e.people import make_match, two_ids
from tests.e2e.test_old_client import run_node
from tests.support.client import ChatClient, Payload, connected
from tests.support.server import Server, StartServer
from tests.virtual_scene.replica import Replica, state_of

SCENE = "rooftop-cafe"
FREE_THINGS = (1, 2, 3, 4)
ROUNDS = 200
PLENTY = {"VISAVIS_LIMITS__EVENTS_PER_SECOND": "10000"}


class Visitor:
    """One person in a scene: what they were told, applied to the snapshot that they got on coming in."""

    def __init__(self, client: ChatClient, joined: Payload) -> None:
        self.client = client
        self.slot: int = joined["slot"]
        self._replica = Replica(joined["snapshot"])
        self._applied = len(client.events)

    @property
    def replica(self) -> Replica:
        """With everything applied that has come so far."""
        for name, payload in self.client.events[self._applied :]:
            if name == "scene_event":
                self._replica.apply(payload)
        self._applied = len(self.client.events)
        return self._replica

    async def ask(self, event: str, **payload: Any) -> Payload:
        return await self.client.ask(event, payload)

    async def ok(self, event: str, **payload: Any) -> Payload:
        return await self.client.ok(event, payload)

    async def touch(self, object_id: int, action: str, **payload: Any) -> Payload:
        return await self.ok("object_interaction", objectId=object_id, action=action, **payload)

    async def sees(self, object_id: int, version: int) -> Payload:
        """The object, once this person has been told of this version of it."""
        await self.client.wait_for(
            "scene_event", lambda event: event.get("objectId") == object_id and event["version"] >= version
        )
        return self.replica.objects[object_id]


@contextlib.asynccontextmanager
async def visitor(server: Server, user_id: str, scene_id: str = SCENE, **more: str) -> AsyncIterator[Visitor]:
    async with connected(server.url, query={"userId": user_id}, namespace=NAMESPACE_SCENE) as client:
        yield Visitor(client, await client.ok("join_scene", {"sceneId": scene_id, **more}))


async def everybody_agrees(server: Server, people: Sequence[Visitor], scene_id: str) -> Payload:
    """The server's state, which a fresh visitor is given; the others must come to the same, the newcomer included."""
    async with visitor(server, "the late one", scene_id) as late:
        for person in people:
            await person.client.wait_for(
                "scene_event", lambda event: event.get("action") == "enter" and event["userId"] == "the late one"
            )
        state: Payload = late.replica.state
        for person in people:
            assert person.replica.state == state
        await late.ok("leave_scene")
    return state


async def test_two_people_of_a_match_see_each_other_walk_and_hand_over_a_cup(shared_server: Server) -> None:
    ana_id, ben_id = two_ids()
    match_id = make_match(shared_server, ana_id, ben_id)
    async with (
        visitor(shared_server, ana_id, matchId=match_id) as ana,
        visitor(shared_server, ben_id, matchId=match_id) as ben,
    ):
        await ana.client.wait_for("scene_event", lambda event: event["userId"] == ben_id and event["action"] == "enter")
        for step in range(1, 6):
            await ana.ok("avatar_action", position=[-0.9 - step / 10, 0, 0.9], rotation={"yaw": 270}, animation="walk")
        seen = await ben.client.wait_for(
            "scene_event", lambda event: event["userId"] == ana_id and event["position"]["x"] == -1.4
        )
        assert (seen["animation"], seen["type"], seen["sceneId"]) == ("walk", "avatar_action", SCENE)
        assert seen["rotation"] == {"x": 0, "y": 0.7071, "z": 0, "w": -0.7071}

        assert (await ana.touch(1, "grab"))["owner"] == ana.slot
        await ana.touch(1, "offer", arg=ben_id)
        await ben.client.wait_for("scene_event", lambda event: event.get("offeredTo") == ben.slot)
        version = (await ben.touch(1, "accept"))["version"]
        assert (await ana.sees(1, version))["owner"] == ben.slot
        put = await ben.touch(1, "release", position=[0, 0.75, 0.3])
        assert (await ana.sees(1, put["version"]))["position"] == {"x": 0, "y": 0.75, "z": 0.3}

        await ana.ok("scene_message", message="cheers", emotion="happy")
        said = await ben.client.wait_for("scene_message")
        assert (said["userId"], said["message"], said["emotion"]) == (ana_id, "cheers", "happy")
        assert said["position"] == {"x": -1.4, "y": 0, "z": 0.9}
        await ben.ok("environment_change", key="time", value="night")
        for person in (ana, ben):
            await person.client.wait_for("scene_event", lambda event: event.get("value") == "night")
        assert ana.replica.state == ben.replica.state
        async with connected(shared_server.url, query={"userId": "eve"}, namespace=NAMESPACE_SCENE) as eve:
            refused = await eve.refused("join_scene", {"sceneId": SCENE, "matchId": match_id})
            assert refused["code"] == "forbidden"


@pytest.mark.timeout(170)
async def test_of_simultaneous_grabs_exactly_one_wins_and_all_agree(start_server: StartServer) -> None:
    server = start_server(env=PLENTY)
    chance = random.Random(7)
    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(visitor(server, f"user {n}", "arena")) for n in range(10)]
        wins = dict.fromkeys(range(10), 0)
        for number in range(ROUNDS):
            thing = FREE_THINGS[number % len(FREE_THINGS)]
            rivals = chance.sample(people, 2 + number % 9)
            answers = await asyncio.gather(
                *(rival.ask("object_interaction", objectId=thing, action="grab") for rival in rivals)
            )
            won = [(rival, answer) for rival, answer in zip(rivals, answers, strict=True) if answer["ok"]]
            assert len(won) == 1, answers
            assert {answer["error"]["code"] for answer in answers if not answer["ok"]} <= {"conflict"}
            winner, grabbed = won[0]
            believed = [await person.sees(thing, grabbed["version"]) for person in people]
            assert {one["owner"] for one in believed} == {winner.slot}
            wins[winner.slot] += 1
            # Half of them hand it over before it is put down.
            if number % 2:
                other = people[(winner.slot + 1) % 10]
                await winner.touch(thing, "offer", arg=other.slot)
                winner, _ = other, await other.touch(thing, "accept")
            released = await winner.touch(thing, "release")
            believed = [await person.sees(thing, released["version"]) for person in people]
            assert {one["owner"] for one in believed} == {None}
        assert sum(wins.values()) == ROUNDS
        assert len([slot for slot, count in wins.items() if count]) > 1
        gone = people.pop()
        await gone.ok("leave_scene")
        state = await everybody_agrees(server, people, "arena")
        assert all(one["version"] > ROUNDS / len(FREE_THINGS) for one in state["objects"] if one["id"] in FREE_THINGS)


async def wander(person: Visitor, chance: random.Random, until: asyncio.Event) -> int:
    """Somebody who does all sorts of things, refused or not, one after the other; how many."""
    done = 0
    place = [0.0, 0.0, 0.0]
    while not until.is_set():
        place = [max(-6.0, min(6.0, place[0] + chance.uniform(-1, 1))), 0, chance.uniform(-4, 4)]
        thing = chance.choice([*FREE_THINGS, 5])  # nothing that lets people come nearer than others
        deed = chance.choice(["grab", "release", "offer", "accept", "use", "move"])
        arg = chance.randrange(4) if deed == "offer" else None
        deeds: list[tuple[str, dict[str, Any]]] = [
            ("avatar_action", {"position": place, "rotation": {"yaw": chance.uniform(0, 360)}}),
            ("avatar_action", {"emotion": chance.choice(["happy", "shy", "calm"])}),
            ("object_interaction", {"objectId": thing, "action": deed, **({} if arg is None else {"arg": arg})}),
            ("environment_change", {"key": "stars", "value": round(chance.random(), 2)}),
        ]
        event, payload = chance.choice(deeds)
        await person.ask(event, **payload)
        done += 1
    return done


async def test_whoever_comes_late_finds_what_the_others_believe(start_server: StartServer) -> None:
    server = start_server(env=PLENTY)
    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(visitor(server, f"user {n}", "busy")) for n in range(4)]
        until = asyncio.Event()
        async with asyncio.TaskGroup() as walks:
            done = [walks.create_task(wander(p, random.Random(n), until)) for n, p in enumerate(people)]
            for number in range(10):
                # In the midst of it: what a newcomer starts from must fit what comes after.
                late = await stack.enter_async_context(visitor(server, f"late {number % 3}", "busy"))
                await late.client.wait_for_count("scene_event", 10)
                assert late.replica.nearest >= 0.6
                if number < 7:
                    await late.ok("leave_scene")
                else:
                    people.append(late)
            until.set()
        assert min(task.result() for task in done) > 10
        await everybody_agrees(server, people, "busy")
        assert all(person.replica.nearest >= 0.6 for person in people)
    assert "Traceback" not in server.log


async def test_who_comes_back_in_time_has_the_seat_and_the_cup(shared_server: Server) -> None:
    async with visitor(shared_server, "lea", "grace") as lea, visitor(shared_server, "max", "grace") as max_:
        await lea.touch(1, "grab")
        version = (await lea.touch(1, "move", position=[1, 1, 1]))["version"]
        await max_.client.wait_for("scene_event", lambda event: event["action"] == "move")
        before = state_of(max_.replica.state)
        count = len(max_.client.seen("scene_event"))
        await lea.client.drop()
        async with visitor(shared_server, "lea", "grace") as again:
            assert (again.slot, again.replica.state) == (lea.slot, before)
            lost = await max_.ask("object_interaction", objectId=1, action="grab")
            assert lost["error"]["code"] == "conflict"
            await again.touch(1, "release")
            assert (await max_.sees(1, version + 1))["owner"] is None
            # Nobody was told that somebody had gone: the refusal and the release are all that came.
            told = [event.get("action") for event in max_.client.seen("scene_event")[count:]]
            assert told == ["refused", "release"]


async def test_a_second_device_takes_over_and_the_first_is_told(shared_server: Server) -> None:
    async with visitor(shared_server, "kim", "twice") as first, visitor(shared_server, "kim", "twice") as second:
        assert second.slot == first.slot
        told = await first.client.wait_for("scene_event", lambda event: event["action"] == "leave")
        assert told["reason"] == "replaced"
        assert (await first.ask("avatar_action", action="wave"))["error"]["code"] == "not_found"
        await second.ok("avatar_action", action="wave")


async def test_malformed_scene_events_are_answered_and_harm_nobody(shared_server: Server) -> None:
    async with visitor(shared_server, "ned", "hostile") as ned, visitor(shared_server, "pat", "hostile") as pat:
        count = len(pat.client.seen("scene_event"))
        bad: list[tuple[str, Any]] = [
            ("avatar_action", {"position": [1, 2]}),
            ("avatar_action", {"position": {"x": 1e308, "y": 0, "z": 0}}),
            ("avatar_action", {"rotation": {"x": 0, "y": 0, "z": 0, "w": 0}}),
            ("object_interaction", {"objectId": 70_000, "action": "grab"}),
            ("object_interaction", {"objectId": 1, "action": "x" * 100}),
            ("environment_change", {"key": "time", "value": {"a": 1}}),
            ("environment_change", {"key": "time", "value": "noon"}),
            ("scene_message", {"message": ""}),
            ("join_scene", []),
            ("no_such_event", {}),
        ]
        for event, payload in bad:
            refused = await ned.client.refused(event, payload)
            assert refused["code"] in {"invalid", "too_large"}, (event, payload)
        assert (await ned.client.refused("object_interaction", {"objectId": 99, "action": "grab"}))[
            "code"
        ] == "not_found"
        await ned.ok("avatar_action", action="wave")
        await pat.client.wait_for("scene_event", lambda event: event["action"] == "wave")
        assert len(pat.client.seen("scene_event")) == count + 1


@pytest.mark.needs("node")
@pytest.mark.parametrize("transport", ["polling", "websocket", None])
async def test_the_class_of_the_old_client_works(server: Server, transport: str | None) -> None:
    result = await run_node("virtual_date.mjs", server.url, *([transport] if transport else []))
    ana, ben = result["ana"], result["ben"]
    assert [(event["userId"], event["action"]) for event in ana["entered"]] == [("user_b", "enter")]
    walked = ben["avatar_action"][-1]
    assert walked["position"] == {"x": -1.5, "y": 0, "z": 1}
    assert (walked["userId"], walked["animation"]) == ("user_a", "walk")
    for side in (ana, ben):
        (grabbed,) = side["object_interaction"]
        assert (grabbed["userId"], grabbed["objectId"], grabbed["action"], grabbed["state"]) == (
            "user_a",
            1,
            "grab",
            "held",
        )
        (night,) = side["environment_change"]
        assert (night["key"], night["value"], night["userId"]) == ("time", "night", "user_b")
        (said,) = side["scene_message"]
        assert (said["userId"], said["message"], said["position"], said["emotion"]) == (
            "user_a",
            "今晚的月色真美",
            {"x": 1, "y": 0, "z": 2},
            "happy",
        )
        assert said["sceneId"] == "scene_123"
