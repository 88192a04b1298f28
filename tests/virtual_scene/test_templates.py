"""The scenes that are shipped."""

import pytest

from virtual_scene.core.definition import DefinitionError
from virtual_scene.core.world import World
from virtual_scene.templates import DEFAULT, load, read


def test_every_shipped_scene_is_sound_and_the_default_is_among_them() -> None:
    scenes = load()
    assert DEFAULT in scenes
    for name, definition in scenes.items():
        assert definition.id == name
        assert definition.name.keys() >= {"en", "zh"}
        world = World(definition, now=0)
        for number in range(definition.capacity):
            world.join(f"user {number}", "somebody", f"device {number}", now=0)
        assert len(world.seats) == definition.capacity


def test_one_scene_is_for_ten_people_with_four_things_to_take() -> None:
    assert any(
        scene.capacity >= 10 and sum(thing.grab == "free" for thing in scene.objects) >= 4 for scene in load().values()
    )


def test_the_happenings_of_topics_can_happen() -> None:
    for definition in load().values():
        names = {f"{deed}:{thing.kind}" for thing in definition.objects for deed in ("grab", "hand_over", "agree")}
        for thing in definition.objects:
            for action, rule in thing.actions.items():
                names.add(f"{action}:{thing.kind}")
                names |= {f"{action}:{thing.kind}:{value}" for value in rule.values}
        for key, setting in definition.environment.items():
            names |= {f"environment:{key}", *(f"environment:{key}:{value}" for value in setting.of)}
        assert {topic.on for topic in definition.topics if not topic.on.startswith("gesture:")} <= names


def test_a_bad_document_is_named() -> None:
    good = b'{"id": "room", "v": 1, "bounds": [0, 0, 0, 1, 1, 1], "capacity": 1, "spawn": [{"pos": [0, 0, 0]}]}'
    assert read("room.json", good).capacity == 1
    for name, text in (("room.json", b"{}"), ("hall.json", good)):
        with pytest.raises(DefinitionError, match=rf"^{name}: "):
            read(name, text)
