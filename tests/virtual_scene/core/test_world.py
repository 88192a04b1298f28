"""A scene as a whole: who is told what when somebody does something."""

import pytest

from protocol.errors import Conflict, InvalidPayload, NotFound, RateLimited, SceneFull
from tests.virtual_scene.stage import CUP, DANCE, JUKEBOX, LANTERN, Stage, refusal, scene
from virtual_scene.core.geometry import Vec, vec, yaw
from virtual_scene.core.objects import LEASE_S, ObjectState
from virtual_scene.core.seats import GRACE_S
from virtual_scene.core.world import BATCH_S


@pytest.fixture
def stage() -> Stage:
    """ann (a1) and bob (b1) are there, with a moment gone."""
    stage = Stage()
    stage.join("a1", "b1")
    stage.wait(1)
    return stage


def actions(stage: Stage, device: str) -> list[tuple[str, str | None]]:
    """(who, what) of everything that a device was told."""
    return [(payload["userId"], payload.get("action")) for payload in stage.heard(device)]


# Coming and going


def test_those_who_are_there_hear_of_a_newcomer_who_finds_the_exact_state(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    stage.go("a1", -2, 0)
    stage.set("b1", "time", "night")
    stage.join("c1")
    enter = stage.heard("b1")[-1]
    assert (enter["action"], enter["userId"], enter["slot"], enter["name"]) == ("enter", "cat", 2, "C")
    assert (enter["position"], enter["version"]) == ({"x": 0, "y": 0, "z": 2}, 1)
    assert stage.agree()
    assert stage.replicas["c1"].objects[CUP]["owner"] == 0
    assert stage.happened[-1] == "enter"


def test_a_full_scene_takes_nobody(stage: Stage) -> None:
    stage.join("c1", "d1")
    with pytest.raises(SceneFull):
        stage.world.join("eve", "Eve", "e1", now=stage.now)
    assert stage.agree()


def test_who_leaves_drops_everything_and_is_told_of_at_once(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    stage.leave("a1")
    assert actions(stage, "b1")[-2:] == [("ann", "drop"), ("ann", "leave")]
    assert stage.heard("b1")[-1]["reason"] == "left"
    assert stage.agree()
    assert stage.world.leave("ann") == []
    with pytest.raises(NotFound):
        stage.pose("a1")


def test_who_is_cut_off_keeps_seat_and_cup_for_the_grace(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    before = stage.state()
    stage.drop("a1")
    stage.wait(GRACE_S - 0.01)
    assert stage.state() == before
    assert refusal(lambda: stage.act("b1", CUP, "grab")).code == "conflict"
    stage.join("a2")
    stage.wait(1)
    assert stage.state() == before
    assert [seat.slot for seat in stage.world.seats] == [0, 1]
    assert ("ann", "enter") not in actions(stage, "b1")
    assert stage.agree()
    stage.act("a2", CUP, "release")


def test_after_the_grace_everybody_is_told(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    stage.drop("a1")
    stage.wait(GRACE_S)
    assert actions(stage, "b1")[-2:] == [("ann", "drop"), ("ann", "leave")]
    assert stage.heard("b1")[-1]["reason"] == "gone"
    assert stage.agree()
    stage.join("a1")
    assert stage.agree()


def test_a_second_connection_replaces_the_first(stage: Stage) -> None:
    stage.join("a2")
    last = stage.heard("a1")[-1]
    assert (last["action"], last["userId"], last["reason"]) == ("leave", "ann", "replaced")
    assert ("ann", "leave") not in actions(stage, "b1")
    with pytest.raises(NotFound):
        stage.go("a1", -2, 0)
    stage.drop("a1")  # too late to matter
    stage.go("a2", -2, 0)
    stage.wait(1)
    assert ("", "a1") not in stage.world.devices
    assert stage.replicas["b1"].state == stage.state()


# Walking


def test_steps_are_told_ten_times_a_second_the_newest_only(stage: Stage) -> None:
    for step in range(10):
        stage.go("a1", -1 - step / 50, 0)
    assert ("ann", None) not in actions(stage, "b1")
    stage.wait(BATCH_S)
    poses = [payload for payload in stage.heard("b1") if payload.get("action") is None]
    assert [pose["position"]["x"] for pose in poses] == [-1.18]
    assert poses[0].keys() >= {"slot", "position", "rotation", "animation", "emotion", "at", "version"}
    assert stage.agree()


def test_a_walk_of_a_second_is_ten_events_and_standing_is_none(stage: Stage) -> None:
    for step in range(40):
        stage.go("a1", -1 - step / 40, 0)
        stage.wait(0.025)
    stage.wait(60)
    poses = [payload for payload in stage.heard("b1") if payload.get("action") is None]
    assert 10 <= len(poses) <= 11
    assert stage.world.deadline() is None


def test_turning_waits_and_a_change_of_mood_or_gait_does_not(stage: Stage) -> None:
    stage.pose("a1", rotation=yaw(180))
    assert stage.heard("b1")[-1]["userId"] == "bob"
    stage.pose("a1", animation="walk")
    told = stage.heard("b1")[-1]
    assert (told["animation"], told["rotation"]) == ("walk", {"x": 0, "y": 1, "z": 0, "w": 0})
    stage.pose("a1", animation="walk", emotion="happy")
    assert stage.heard("b1")[-1]["emotion"] == "happy"
    count = len(stage.heard("b1"))
    stage.pose("a1", animation="walk", emotion="happy")
    stage.wait(1)
    assert len(stage.heard("b1")) == count
    assert stage.agree()


def test_who_flickers_is_told_of_ten_times_a_second_at_most(stage: Stage) -> None:
    count = len(stage.heard("b1"))
    for step in range(200):
        stage.pose("a1", animation=("walk", "idle")[step % 2])
        stage.wait(0.01)
    stage.wait(0.2)
    assert len(stage.heard("b1")) - count <= 8 + 2 * 4 + 2 * 10 + 2
    assert stage.agree()


def test_a_gesture_is_told_at_once_and_not_too_often(stage: Stage) -> None:
    for _ in range(8):
        stage.pose("a1", action="wave")
    assert actions(stage, "b1")[-8:] == [("ann", "wave")] * 8
    with pytest.raises(RateLimited):
        stage.pose("a1", action="wave")
    assert stage.happened.count("gesture:wave") == 8
    stage.wait(1)
    stage.pose("a1", action="anything else")
    assert stage.happened[-1] == "gesture:wave"
    assert actions(stage, "b1")[-1] == ("ann", "anything else")


def test_a_refused_step_tells_its_sender_alone_where_it_stands(stage: Stage) -> None:
    for x, z in ((9, 0), (1, 0), (-5, 4.9)):
        error = refusal(lambda x=x, z=z: stage.go("a1", x, z))
        assert (error.code, error.field) == ("conflict", "position")
    corrections = [payload for payload in stage.heard("a1") if payload.get("teleport")]
    assert [payload["position"] for payload in corrections] == [{"x": -1, "y": 0, "z": 0}] * 3
    assert not any(payload.get("teleport") for payload in stage.heard("b1"))
    stage.wait(1)
    assert stage.agree()


def test_nobody_is_shown_too_near_to_another_whatever_the_order(stage: Stage) -> None:
    stage.go("b1", 3, 0)
    stage.go("a1", 1, 0)
    stage.go("b1", 3.5, 0)
    stage.wait(1)
    assert stage.replicas["a1"].nearest >= 0.6
    assert stage.agree()


# Objects


def test_a_cup_is_handed_over(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    stage.act("a1", CUP, "move", position=vec(-0.5, 1, 0))
    offered = stage.act("a1", CUP, "offer", arg="bob")
    assert (offered.state, offered.owner, offered.offered_to) == (ObjectState.OFFERED, 0, 1)
    assert stage.act("b1", CUP, "accept").owner == 1
    stage.act("b1", CUP, "release", position=vec(0.5, 0.75, 0))
    told = [payload for payload in stage.heard("a1") if payload["type"] == "object_interaction"]
    assert [(payload["action"], payload["userId"], payload["owner"]) for payload in told] == [
        ("grab", "ann", 0),
        ("move", "ann", 0),
        ("offer", "ann", 0),
        ("accept", "bob", 1),
        ("release", "bob", None),
    ]
    assert [payload["version"] for payload in told] == [2, 2, 3, 4, 5]
    assert stage.happened[-2:] == ["grab:cup", "hand_over:cup"]
    assert stage.agree()


def test_who_loses_a_grab_is_told_alone_who_has_it(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    error = refusal(lambda: stage.act("b1", CUP, "grab"))
    assert (error.code, error.field) == ("conflict", "objectId")
    lost = stage.heard("b1")[-1]
    assert (lost["action"], lost["owner"], lost["version"], lost["objectId"]) == ("refused", 0, 2, CUP)
    assert ("bob", "refused") not in actions(stage, "a1")
    assert stage.agree()


def test_a_slot_may_be_named_instead_of_a_person(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    assert stage.act("a1", CUP, "offer", arg=1).offered_to == 1
    for arg in (2, "cat", None, True, 0.5, 7):
        if arg == 0.5:
            assert refusal(lambda: stage.act("a1", CUP, "offer", arg=0.5)).code == "conflict"  # oneself
        else:
            assert refusal(lambda arg=arg: stage.act("a1", CUP, "offer", arg=arg)).code == "not_found"


def test_nothing_is_put_outside(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    error = refusal(lambda: stage.act("a1", CUP, "move", position=vec(0, 99, 0)))
    assert (error.code, error.field) == ("conflict", "position")


def test_what_is_held_falls_when_its_holder_gives_no_sign(stage: Stage) -> None:
    stage.act("a1", CUP, "grab")
    for _ in range(3):
        stage.wait(LEASE_S - 1)
        stage.pose("a1", rotation=yaw(5))  # any sign will do
    stage.wait(LEASE_S)
    assert actions(stage, "b1")[-1] == ("ann", "expire")
    assert stage.replicas["b1"].objects[CUP]["owner"] is None
    assert stage.agree()


def test_lights_and_music(stage: Stage) -> None:
    assert stage.act("a1", LANTERN, "use").value == "on"
    assert stage.act("b1", JUKEBOX, "play", arg="jazz").value == "jazz"
    assert stage.act("b1", JUKEBOX, "kick").version == 2
    assert stage.happened[-3:] == ["use:lantern:on", "play:jukebox:jazz", "kick:jukebox"]
    assert isinstance(refusal(lambda: stage.act("b1", JUKEBOX, "grab")), Conflict)
    assert isinstance(refusal(lambda: stage.act("b1", JUKEBOX, "dance")), NotFound)
    assert isinstance(refusal(lambda: stage.act("b1", LANTERN, "use", arg="blue")), InvalidPayload)
    assert stage.agree()


def test_two_who_dance_may_be_near_until_one_withdraws(stage: Stage) -> None:
    stage.go("b1", 0.5, 0)
    assert isinstance(refusal(lambda: stage.go("a1", 0.2, 0)), Conflict)
    stage.act("a1", DANCE, "offer", arg="bob")
    stage.act("b1", DANCE, "accept")
    assert stage.happened[-1] == "agree:dance"
    stage.go("a1", 0.2, 0)
    stage.wait(1)
    assert stage.replicas["a1"].nearest == pytest.approx(0.3)
    stage.act("b1", DANCE, "release")
    told = stage.heard("a1")[-2:]
    assert [(payload["userId"], payload.get("teleport"), payload.get("action")) for payload in told] == [
        ("ann", True, None),
        ("bob", None, "release"),
    ]
    assert stage.agree()
    assert isinstance(refusal(lambda: stage.go("a1", 0.2, 0)), Conflict)


# Environment and talk


def test_the_time_of_day_changes_for_all(stage: Stage) -> None:
    assert stage.set("a1", "time", "night") == 2
    told = stage.heard("b1")[-1]
    assert (told["type"], told["userId"], told["key"], told["value"], told["version"]) == (
        "environment_change",
        "ann",
        "time",
        "night",
        2,
    )
    assert "owner" not in told
    count = len(stage.heard("b1"))
    assert stage.set("b1", "time", "night") == 2
    assert len(stage.heard("b1")) == count
    stage.set("b1", "stars", 1.0)
    assert stage.happened[-2:] == ["environment:time:night", "environment:stars"]
    assert stage.agree()
    with pytest.raises(NotFound):
        stage.set("a1", "moon", "full")


def test_what_is_said_comes_from_where_its_speaker_stands(stage: Stage) -> None:
    stage.pose("a1", emotion="shy")
    stage.say("a1", "hello")
    stage.say("a1", "look there", position=vec(99, 1, 0), emotion="happy")
    said = stage.heard("b1")[-2:]
    assert [(one["message"], one["position"], one["emotion"]) for one in said] == [
        ("hello", {"x": -1, "y": 0, "z": 0}, "shy"),
        ("look there", {"x": 6, "y": 1, "z": 0}, "happy"),
    ]
    assert stage.heard("a1")[-2:] == said
    assert stage.state()["avatars"][0]["emotion"] == "shy"


def test_who_is_not_there_can_do_nothing(stage: Stage) -> None:
    for act in (
        lambda: stage.say("x1", "boo"),
        lambda: stage.pose("x1", action="wave"),
        lambda: stage.act("x1", CUP, "grab"),
        lambda: stage.set("x1", "time", "night"),
    ):
        with pytest.raises(NotFound):
            act()
    stage.drop("x1")
    assert stage.agree()


def test_a_tick_with_nothing_due_tells_nothing() -> None:
    stage = Stage(scene(capacity=1))
    stage.join("a1")
    assert stage.world.tick(now=stage.now + 100) == []
    stage.go("a1", -1.1, 0)
    assert stage.world.tick(now=stage.now) == []
    assert stage.world.snapshot().avatars[0].position == Vec(-1.1, 0, 0)
