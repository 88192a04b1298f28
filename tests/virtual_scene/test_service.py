"""Who may come into a scene, who is told what, and what becomes of scenes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from protocol.errors import Conflict, Gone, NotAMember, NotFound, RateLimited, SceneFull, TooLarge, Unavailable
from protocol.scene import JoinScene
from tests.virtual_scene.house import MAX_CHARS, SceneHouse
from tests.virtual_scene.replica import Replica, state_of
from tests.virtual_scene.stage import CUP, LANTERN
from virtual_scene import facts


@pytest.fixture
async def house() -> AsyncIterator[SceneHouse]:
    house = await SceneHouse().open()
    yield house
    assert house.timers.failures == []


@pytest.fixture
async def open_house() -> AsyncIterator[SceneHouse]:
    """In development mode and without a match."""
    house = SceneHouse(dev=True)
    yield house
    assert house.timers.failures == []


# Coming in


async def test_a_newcomer_gets_the_whole_scene_and_the_others_are_told(house: SceneHouse) -> None:
    await house.join("a1")
    joined = (await house.join("b1")).wire()
    assert joined.keys() == {"sceneId", "slot", "definition", "snapshot"}
    assert (joined["sceneId"], joined["slot"], joined["snapshot"]["mySlot"]) == ("room", 1, 1)
    assert joined["definition"].keys() >= {"id", "hash", "objects", "bounds", "spawn", "environment"}
    assert [(avatar["userId"], avatar["name"]) for avatar in joined["snapshot"]["avatars"]] == [
        ("ann", "Ann"),
        ("bob", "bob"),
    ]
    (enter,) = house.heard("a1")
    assert (enter["type"], enter["action"], enter["userId"], enter["sceneId"]) == (
        "avatar_action",
        "enter",
        "bob",
        "room",
    )
    assert enter["at"].endswith("Z")
    assert house.heard("b1") == []


async def test_a_scene_of_a_match_is_for_its_members(house: SceneHouse) -> None:
    with pytest.raises(NotAMember):
        await house.join("c1")
    with pytest.raises(NotFound):
        await house.join("a1", match_id="no such match")
    with pytest.raises(NotFound):
        await house.join("a1", scene_id="no such scene")
    assert house.scenes.open == 0


async def test_each_match_has_a_scene_of_its_own(house: SceneHouse) -> None:
    other = (await house.house.match("ann", "cat")).match_id
    await house.join("b1")
    await house.join("c1", match_id=other)
    assert (house.scenes.open, house.scenes.people) == (2, 2)
    await house.say("c1", "anybody here?")
    assert house.heard("b1") == []


async def test_without_a_match_it_is_open_to_everybody_until_it_is_full(open_house: SceneHouse) -> None:
    joined = await open_house.join("a1", "b1", "c1", "d1")
    assert joined.slot == 3
    with pytest.raises(SceneFull):
        await open_house.scenes.join("eve", "e1", JoinScene(scene_id="room"), match_id=None)
    assert (open_house.scenes.open, open_house.scenes.people) == (1, 4)


async def test_a_name_that_nobody_knows_opens_the_default_scene_in_development_mode(open_house: SceneHouse) -> None:
    joined = await open_house.join("a1", scene_id="scene_123", match_id="made up")
    assert (joined.scene_id, joined.definition["id"]) == ("scene_123", "rooftop-cafe")
    await open_house.act("a1", CUP, "grab", sceneId="scene_123")
    with pytest.raises(NotAMember):
        await open_house.join("b1", "c1", scene_id="scene_123", match_id="made up")


async def test_who_comes_again_goes_on_from_the_new_connection(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.act("a1", CUP, "grab")
    joined = await house.join("a2")
    assert (joined.slot, joined.snapshot.objects[0].owner) == (0, 0)
    assert [(event["userId"], event["reason"]) for event in house.heard("a1", "leave")] == [("ann", "replaced")]
    assert house.heard("b1", "leave", "drop") == []
    with pytest.raises(NotFound):
        await house.say("a1", "still here?")
    await house.drop("a1")
    await house.say("a2", "here")
    assert house.heard("b1")[-1]["message"] == "here"


async def test_a_connection_is_in_one_scene_at_a_time(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.join("a1", scene_id="rooftop-cafe")
    assert [event["reason"] for event in house.heard("b1", "leave")] == ["left"]
    await house.join("a1", scene_id="rooftop-cafe")
    assert house.scenes.people == 2


async def test_who_does_not_get_in_stays_where_they_are(open_house: SceneHouse) -> None:
    await open_house.join("b1", "c1", "d1")
    await open_house.scenes.join("eve", "e1", JoinScene(scene_id="room"), match_id=None)
    await open_house.join("a1", scene_id="rooftop-cafe")
    with pytest.raises(SceneFull):
        await open_house.join("a1")
    await open_house.say("a1", "back")
    assert open_house.heard("a1")[-1]["sceneId"] == "rooftop-cafe"


async def test_a_connection_that_ends_while_it_comes_in_takes_no_seat(house: SceneHouse) -> None:
    gate = house.house.store_line.hold("users")
    joining = asyncio.ensure_future(house.join("a1"))
    await house.timers.settle()
    await house.drop("a1")
    gate.set()
    with pytest.raises(Gone):
        await joining
    assert house.scenes.open == 0


async def test_a_store_that_does_not_answer_is_a_refusal_and_the_next_try_gets_in(house: SceneHouse) -> None:
    house.house.store_line.cut("users")
    with pytest.raises(Unavailable):
        await house.join("a1")
    house.house.store_line.mend()
    assert (await house.join("a1")).slot == 0


# Going


async def test_leaving_is_told_at_once_and_the_last_one_takes_the_scene_along(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.act("a1", LANTERN, "use")
    await house.leave("a1", "room")
    assert [event["reason"] for event in house.heard("b1", "leave")] == ["left"]
    for scene_id in (None, "room"):
        with pytest.raises(NotFound):
            await house.leave("a1", scene_id)
    await house.leave("b1")
    assert (house.scenes.open, house.timers.armed) == (0, [])
    assert (await house.join("a1")).snapshot.objects[2].value == "off"


async def test_a_seat_is_kept_for_the_grace_and_then_told_to_be_free(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.act("a1", CUP, "grab")
    await house.drop("a1")
    await house.timers.advance(14.9)
    assert house.heard("b1", "leave") == []
    assert (await house.join("a2")).slot == 0
    await house.drop("a2")
    await house.timers.advance(15.1)
    assert [event["action"] for event in house.heard("b1", "leave", "drop")] == ["drop", "leave"]
    assert house.scenes.people == 1
    await house.drop("b1")
    await house.timers.advance(15.1)
    assert (house.scenes.open, house.timers.armed) == (0, [])


async def test_a_connection_without_a_seat_may_end(house: SceneHouse) -> None:
    await house.drop("a1")
    assert house.scenes.open == 0


# Acting


async def test_steps_come_ten_times_a_second(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.timers.advance(1)
    for step in range(40):
        await house.pose("a1", position=[-1 - step / 40, 0, 0], rotation={"yaw": step}, sceneId="room")
        await house.timers.advance(0.025)
    await house.timers.advance(0.1)
    steps = house.heard("b1")
    assert 10 <= len(steps) <= 11
    assert steps[-1]["position"] == {"x": -1.975, "y": 0, "z": 0}
    assert [step["version"] for step in steps] == sorted({step["version"] for step in steps})
    assert house.heard("a1")[-1] == steps[-1]  # the sender included
    await house.timers.advance(60)
    assert house.heard("b1") == steps


async def test_a_refused_step_is_told_to_its_sender_alone(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    house.ears.forget()
    with pytest.raises(Conflict):
        await house.pose("a1", position=[99, 0, 0])
    (correction,) = house.heard("a1")
    assert (correction["teleport"], correction["position"]) == (True, {"x": -1, "y": 0, "z": 0})
    assert house.heard("b1") == []


async def test_a_cup_goes_from_hand_to_hand(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    assert (await house.act("a1", CUP, "grab")).wire()["owner"] == 0
    with pytest.raises(Conflict):
        await house.act("b1", CUP, "grab")
    assert [event["owner"] for event in house.heard("b1", "refused")] == [0]
    await house.act("a1", CUP, "offer", arg="bob")
    assert (await house.act("b1", CUP, "accept")).owner == 1
    released = await house.act("b1", CUP, "release", position=[0.5, 0.75, 0])
    assert released.wire()["owner"] is None
    assert [event["action"] for event in house.heard("a1") if event["type"] == "object_interaction"] == [
        "grab",
        "offer",
        "accept",
        "release",
    ]


async def test_a_late_joiner_has_what_the_others_believe(house: SceneHouse) -> None:
    joined = await house.join("a1")
    replica = Replica(joined.wire()["snapshot"])
    house.ears.forget()
    await house.act("a1", CUP, "grab")
    await house.act("a1", CUP, "move", position=[0.2, 1, 0.2])
    await house.change("a1", "stars", 0.75)
    await house.pose("a1", position=[-1.5, 0, 0.5], animation="walk", emotion="happy")
    await house.pose("a1", position=[-1.6, 0, 0.5])
    late = (await house.join("b1")).wire()["snapshot"]
    for event in house.heard("a1"):
        replica.apply(event)
    assert replica.state == state_of(late)
    assert late["environment"]["stars"] == 0.75


async def test_the_environment_is_changed_and_told(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    changed = await house.change("a1", "time", "night")
    assert (changed.key, changed.value, changed.version) == ("time", "night", 2)
    told = house.heard("b1")[-1]
    assert (told["type"], told["key"], told["value"]) == ("environment_change", "time", "night")


async def test_what_is_said_goes_to_all_with_place_and_mood(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.say("a1", "look", position={"x": 1, "y": 2, "z": 3}, emotion="happy")
    for device in ("a1", "b1"):
        said = dict(house.heard(device)[-1])
        assert said.pop("at").endswith("Z")
        assert said == {
            "sceneId": "room",
            "userId": "ann",
            "slot": 0,
            "message": "look",
            "position": {"x": 1, "y": 2, "z": 3},
            "emotion": "happy",
        }


async def test_one_says_neither_too_much_nor_too_often(house: SceneHouse) -> None:
    await house.join("a1")
    with pytest.raises(TooLarge):
        await house.say("a1", "x" * (MAX_CHARS + 1))
    for _ in range(3):
        await house.say("a1", "x" * MAX_CHARS)
    with pytest.raises(RateLimited) as caught:
        await house.say("a1", "x")
    assert caught.value.retry_after_ms
    await house.timers.advance(0.2)
    await house.say("a1", "x")


async def test_another_scene_than_the_one_joined_is_not_found(house: SceneHouse) -> None:
    await house.join("a1")
    for act in (
        house.act("a1", CUP, "grab", sceneId="rooftop-cafe"),
        house.pose("a1", action="wave", sceneId="rooftop-cafe"),
        house.say("a1", "hi", sceneId="rooftop-cafe"),
        house.leave("a1", "rooftop-cafe"),
    ):
        with pytest.raises(NotFound):
            await act


async def test_a_bus_that_is_down_loses_events_and_no_state(
    house: SceneHouse, caplog: pytest.LogCaptureFixture
) -> None:
    await house.join("a1", "b1")
    house.ears.forget()
    house.house.bus_line.cut("publish")
    assert (await house.act("a1", CUP, "grab")).owner == 0
    assert "an event was not told" in caplog.text
    house.house.bus_line.mend()
    await house.act("a1", CUP, "release")
    assert [event["action"] for event in house.heard("b1")] == ["release"]


# The house


async def test_the_house_is_told_names_only(house: SceneHouse) -> None:
    await house.join("a1", "b1")
    await house.act("a1", CUP, "grab")
    await house.act("a1", CUP, "offer", arg=1)
    await house.act("b1", CUP, "accept")
    await house.pose("a1", action="wave")
    await house.pose("a1", action="my own secret")
    await house.say("a1", "my own secret")
    await house.join("a2")
    await house.leave("b1")
    where, both = ("room", house.match_id), ("ann", "bob")
    assert [fact for fact in house.ears.facts if type(fact).__module__ == "virtual_scene.facts"] == [
        facts.SceneEntered(*where, "ann"),
        facts.SceneHappened(*where, "enter", (), ("ann",)),
        facts.SceneEntered(*where, "bob"),
        facts.SceneHappened(*where, "enter", (), both),
        facts.SceneHappened(*where, "grab:cup", (), both),
        facts.SceneHappened(*where, "hand_over:cup", ("toast",), both),
        facts.SceneHappened(*where, "gesture:wave", ("greetings",), both),
        facts.SceneLeft(*where, "bob"),
    ]
