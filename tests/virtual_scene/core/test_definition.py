"""Scenes as documents: what is read, what is refused and why."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_scene.stage import SCENE, scene
from virtual_scene.core.definition import DefinitionError, parse
from virtual_scene.core.geometry import Vec, yaw

CUP = {"id": 1, "kind": "cup", "pos": [0, 0, 0]}


def changed(path: str, value: Any) -> str:
    """The scene with one thing changed: `environment.stars.max`, `objects.0.id`."""
    document = json.loads(json.dumps(SCENE))
    *way, last = path.split(".")
    part = document
    for step in way:
        part = part[int(step)] if isinstance(part, list) else part[step]
    part[int(last) if isinstance(part, list) else last] = value
    return json.dumps(document)


def test_a_scene_is_read() -> None:
    room = scene()
    assert (room.id, room.capacity, len(room.objects)) == ("room", 4, 5)
    assert room.box.low == Vec(-6, 0, -5)
    assert (room.spawn[0].place, room.spawn[0].facing) == (Vec(-1, 0, 0), yaw(90))
    assert {key: setting.first for key, setting in room.environment.items()} == {
        "time": "dusk",
        "stars": 0.5,
        "music": False,
        "weather": "dry",
    }
    assert [thing.first for thing in room.objects] == [None, None, "off", "silence", None]
    assert (room.prompts("hand_over:cup"), room.prompts("grab:cup")) == (("toast",), ())


def test_the_hash_names_the_content() -> None:
    same = json.dumps(json.loads(json.dumps(SCENE)), indent=3, sort_keys=True)
    assert parse(same).hash == scene().hash
    assert scene(v=2).hash != scene().hash
    assert scene().public()["hash"] == scene().hash
    assert parse(json.dumps({k: v for k, v in scene().public().items() if k != "hash"})).hash == scene().hash


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("id", "Room 1", "id: "),
        ("v", 0, "v: "),
        ("colour", "red", "colour: "),
        ("unit", "inch", "unit: "),
        ("bounds", [-6, 0, -5, 6, 4], "bounds"),
        ("bounds", [6, 0, -5, -6, 4, 5], "some room"),
        ("bounds", [-0.5, 0, -0.5, 0.5, 4, 0.5], "out of bounds"),
        ("capacity", 0, "capacity: "),
        ("capacity", 51, "capacity: "),
        ("capacity", 5, "a spawn for each"),
        ("spawn.1.pos", [0, 0, 0], "1.2 m apart"),
        ("spawn.1.pos", [9, 0, 0], "out of bounds"),
        ("rests.table.0", [0, 9, 0], "out of bounds"),
        ("rests", {}, "rest of object 1"),
        ("objects.0.pos", [0, 9, 0], "out of bounds"),
        ("objects.0.id", 2, "ids of objects"),
        ("objects.0.id", 65_536, "objects.0.id: "),
        ("objects.0.id", "1", "objects.0.id: "),
        ("objects.0.grab", "stolen", "objects.0.grab: "),
        ("objects.0.actions.sip.cooldown", -1, "cooldown"),
        ("objects", [{**CUP, "id": number} for number in range(201)], "objects: "),
        ("environment.time.of", [], "`of`"),
        ("environment.stars.of", ["many"], "`of`"),
        ("environment.stars.max", 0, "min must be below max"),
        ("environment.stars.initial", 2, "initial"),
        ("environment.time.initial", "noon", "initial"),
        ("topics.0.on", "Wave!", "topics.0.on: "),
    ],
)
def test_what_is_wrong_is_named(path: str, value: object, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(changed(path, value))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text() | st.binary())
def test_what_is_no_document_is_refused_and_raises_nothing_else(text: str | bytes) -> None:
    with pytest.raises(DefinitionError):
        parse(text)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("time", ["dusk", "night"], ["noon", "", 1, True, 0.5]),
        ("stars", [0, 1, 0.25], [-0.1, 1.1, True, "0.5"]),
        ("music", [True, False], [1, 0, "on", 0.0]),
    ],
)
def test_a_setting_allows_its_values_only(key: str, good: list[object], bad: list[object]) -> None:
    setting = scene().environment[key]
    assert all(setting.allows(value) for value in good)
    assert not any(setting.allows(value) for value in bad)
