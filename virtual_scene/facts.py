"""What happened in scenes, told in process (`rooms.facts.FactBus`), in the past tense."""

from dataclasses import dataclass

from rooms.facts import Fact


@dataclass(frozen=True, slots=True)
class SceneEntered(Fact):
    """Somebody came in for the first time, not back from a lost connection. `match_id` is None in an open scene."""

    scene_id: str
    match_id: str | None
    user_id: str


@dataclass(frozen=True, slots=True)
class SceneLeft(Fact):
    """Somebody left, or did not come back within the grace."""

    scene_id: str
    match_id: str | None
    user_id: str


@dataclass(frozen=True, slots=True)
class SceneHappened(Fact):
    """Something that a talk prompt may take up. `name` is as hand_over:cup, `prompts` are the names that the scene's
    definition has for it; `user_ids` are all who are there. Names only: nothing that anybody said."""

    scene_id: str
    match_id: str | None
    name: str
    prompts: tuple[str, ...]
    user_ids: tuple[str, ...]
