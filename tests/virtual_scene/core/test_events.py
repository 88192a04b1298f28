"""What a client sends, as places and rotations. What it is told is tested with `World`, through `Stage`."""

import pytest

from protocol.scene import Position, Rotation
from tests.virtual_scene.stage import CUP, Stage, scene
from virtual_scene.core.events import quat_of, snapshot, tells, vec_of
from virtual_scene.core.geometry import Quat, Vec, yaw
from virtual_scene.core.output import Happened


def test_places_and_rotations_of_a_client() -> None:
    assert vec_of(None) is None
    assert vec_of(Position.from_wire([1, 2.00049, 3])) == Vec(1, 2, 3)
    assert quat_of(None) is None
    assert quat_of(Rotation.from_wire({"yaw": 90})) == yaw(90)
    assert quat_of(Rotation.from_wire({"x": 0, "y": 0, "z": 0, "w": -2})) == Quat(0, 0, 0, -1)


def test_facts_are_not_for_clients() -> None:
    assert list(tells([Happened("enter", ("ann",))], scene_id="s", at="now")) == []


@pytest.mark.parametrize("slot", [0, 1])
def test_a_snapshot_says_whose_it_is(slot: int) -> None:
    stage = Stage(scene())
    stage.join("a1", "b1")
    stage.act("b1", CUP, "grab")
    told = snapshot(stage.world.snapshot(), slot=slot)
    assert (told.my_slot, told.tick, [avatar.user_id for avatar in told.avatars]) == (slot, 0, ["ann", "bob"])
    assert told.objects[0].wire() == {
        "id": CUP,
        "kind": "cup",
        "state": "held",
        "owner": 1,
        "version": 2,
        "position": {"x": 0, "y": 0.75, "z": 0},
    }
