"""Scenes on the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.base import NAMESPACE_SCENE, REGISTRY
from protocol.scene import (
    AvatarAction,
    JoinedScene,
    JoinScene,
    ObjectInteraction,
    ObjectTouched,
    Place,
    SceneEvent,
    SendSceneMessage,
)
from tests.protocol.samples import ANSWERS


def test_scenes_have_a_namespace_of_their_own() -> None:
    assert {name for _, namespace, name in REGISTRY if namespace == NAMESPACE_SCENE} == {
        "join_scene",
        "leave_scene",
        "scene_message",
        "avatar_action",
        "object_interaction",
        "environment_change",
        "scene_event",
    }


def test_a_position_may_be_a_list_of_three() -> None:
    listed = AvatarAction.from_wire({"position": [1, 2.5, -3]})
    assert listed == AvatarAction.from_wire({"position": {"x": 1, "y": 2.5, "z": -3}})


@pytest.mark.parametrize(
    "position",
    [
        [],
        [1, 2],
        [1, 2, 3, 4],
        [1, 2, "3"],
        [1, 2, None],
        {"x": 1, "y": 2},
        {"x": 1, "y": 2, "z": True},
        {"x": float("nan"), "y": 0, "z": 0},
        {"x": float("inf"), "y": 0, "z": 0},
        {"x": 1e7, "y": 0, "z": 0},
        "1,2,3",
        7,
    ],
    ids=repr,
)
def test_what_is_no_place_is_refused(position: object) -> None:
    with pytest.raises(ValidationError):
        AvatarAction.from_wire({"position": position})


@pytest.mark.parametrize("rotation", [{"yaw": 90}, {"yaw": 0}, {"x": 0, "y": 0, "z": 0, "w": 1}], ids=repr)
def test_a_rotation_is_a_yaw_or_a_quaternion(rotation: dict[str, Any]) -> None:
    assert AvatarAction.from_wire({"rotation": rotation}).wire() == {"rotation": rotation}


@pytest.mark.parametrize(
    "rotation",
    [
        {},
        {"x": 0, "y": 0, "z": 0},
        {"x": 0, "y": 0, "z": 0, "w": 0},
        {"x": 0, "y": 0, "z": 0, "w": 1, "yaw": 0},
        {"w": 1, "yaw": 0},
        {"yaw": "90"},
    ],
    ids=repr,
)
def test_what_is_no_rotation_is_refused(rotation: object) -> None:
    with pytest.raises(ValidationError):
        AvatarAction.from_wire({"rotation": rotation})


@pytest.mark.parametrize("object_id", [-1, 65_536, "1", 1.0, True, None], ids=repr)
def test_an_object_has_a_number_of_two_bytes(object_id: object) -> None:
    with pytest.raises(ValidationError):
        ObjectInteraction.from_wire({"objectId": object_id, "action": "grab"})


@pytest.mark.parametrize("name", ["", "x" * 33, "a\nb", 7], ids=repr)
def test_names_are_short_and_printable(name: object) -> None:
    for event, key in ((AvatarAction, "emotion"), (AvatarAction, "action"), (AvatarAction, "animation")):
        with pytest.raises(ValidationError):
            event.from_wire({key: name})


@pytest.mark.parametrize("arg", ["bob", 1, 0.5, True])
def test_an_argument_keeps_its_type(arg: object) -> None:
    read = ObjectInteraction.from_wire({"objectId": 1, "action": "offer", "arg": arg}).arg
    assert read == arg
    assert isinstance(read, bool) == isinstance(arg, bool)


def test_the_scene_is_named_on_entering_and_later_only_by_choice() -> None:
    with pytest.raises(ValidationError):
        JoinScene.from_wire({})
    assert SendSceneMessage.from_wire({"message": "hi"}).scene_id is None


def test_nobody_as_the_owner_is_told_as_null() -> None:
    joined = JoinedScene.from_wire(ANSWERS["join_scene"])
    (cup,) = joined.snapshot.objects
    free = cup.model_copy(update={"owner": None, "offered_to": None, "state": "free"})
    snapshot = joined.snapshot.model_copy(update={"objects": [free]})
    (told,) = joined.model_copy(update={"snapshot": snapshot}).wire()["snapshot"]["objects"]
    assert told["owner"] is None
    assert "offeredTo" not in told
    assert ObjectTouched.model_validate(free.model_dump()).wire()["owner"] is None


def test_an_event_of_an_object_tells_its_owner_and_one_of_an_avatar_has_none() -> None:
    whole = {"type": "object_interaction", "scene_id": "s", "user_id": "ann", "slot": 0, "at": "t", "version": 1}
    assert SceneEvent.model_validate({**whole, "object_id": 1}).wire()["owner"] is None
    pose = SceneEvent.model_validate({**whole, "type": "avatar_action", "position": Place(x=0, y=0, z=0)})
    assert "owner" not in pose.wire()
