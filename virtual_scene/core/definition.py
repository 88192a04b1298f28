"""The description of a scene: a JSON document, checked when it is read and named by its hash.

`parse(text)` is the only way in; it raises `DefinitionError`, whose text names the first thing wrong. Positions are
`[x, y, z]` in metres, yaw in degrees, cool-downs in seconds.
"""

import hashlib
import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from virtual_scene.core.geometry import Box, Quat, Vec, apart, vec, yaw
from virtual_scene.core.rules import PERSONAL_SPACE_M

MAX_CAPACITY: Final = 50  # what a client can draw; slots are one byte on the binary channel
MAX_OBJECTS: Final = 200  # a snapshot of so many is 4 kB on the binary channel and 30 kB as JSON
_HASH_CHARS: Final = 16

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
# `on` of a topic: words joined by colons, as hand_over:cup
Happening = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*(:[a-z0-9_-]+){0,3}$", max_length=100)]
Metres = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]
Spot = tuple[Metres, Metres, Metres]
Grab = Literal["free", "locked", "shared", "consent"]
Who = Literal["any", "scene"]


class DefinitionError(ValueError):
    """The document is no scene."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Spawn(_Part):
    """Where somebody may stand on entering."""

    pos: Spot
    yaw: float = Field(0.0, ge=-360, le=360)

    @property
    def place(self) -> Vec:
        """As a place."""
        return vec(*self.pos)

    @property
    def facing(self) -> Quat:
        """As a rotation."""
        return yaw(self.yaw)


class Setting(_Part):
    """A value of the environment. The first of `of`, `min` or false is how a scene begins, unless `initial` is."""

    type: Literal["enum", "float", "bool"]
    of: tuple[Word, ...] = ()
    min: float = Field(0.0, allow_inf_nan=False)
    max: float = Field(1.0, allow_inf_nan=False)
    initial: Word | float | bool | None = None
    who: Who = "any"
    rate: float = Field(2.0, gt=0, le=30, description="changes a second, of all people together")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.type == "enum") != bool(self.of):
            raise ValueError("an enum, and nothing else, has `of`")
        if self.min >= self.max:
            raise ValueError("min must be below max")
        if not self.allows(self.first):
            raise ValueError("initial is not one of the values")
        return self

    @property
    def first(self) -> str | float | bool:
        """The value of a new scene."""
        if self.initial is not None:
            return self.initial
        if self.type == "enum":
            return self.of[0]
        return self.min if self.type == "float" else False

    def allows(self, value: object) -> bool:
        """Whether it may have this value."""
        if self.type == "enum":
            return value in self.of
        if self.type == "bool":
            return isinstance(value, bool)
        return isinstance(value, int | float) and not isinstance(value, bool) and self.min <= value <= self.max


class Action(_Part):
    """What may be done with an object. With `values` it gives the object the named one, or the next in turn."""

    values: tuple[Word, ...] = ()
    cooldown: float = Field(0.0, ge=0, le=3600)


class Thing(_Part):
    """An object. `free` may be held by one, `locked` and `shared` are used where they stand, `consent` needs a yes of
    two people, who may then be as near as `space`."""

    id: int = Field(ge=0, le=65_535)
    kind: Word
    pos: Spot
    grab: Grab = "free"
    rest: Word | None = None
    actions: dict[Word, Action] = {}
    space: float = Field(PERSONAL_SPACE_M, ge=0.1, le=PERSONAL_SPACE_M)

    @property
    def place(self) -> Vec:
        """Where it is in a new scene."""
        return vec(*self.pos)

    @property
    def first(self) -> str | None:
        """The value that it has in a new scene."""
        return next((action.values[0] for action in self.actions.values() if action.values), None)


class Topic(_Part):
    """A name for talk prompts (`prompt`) when something happens in the scene (`on`)."""

    on: Happening
    prompt: Word


class Definition(_Part):
    """A scene. `bounds` = x, y, z of the lowest corner, then of the highest."""

    id: Word
    v: int = Field(ge=1)
    name: dict[Word, str] = {}
    unit: Literal["mm"] = "mm"
    bounds: tuple[Metres, Metres, Metres, Metres, Metres, Metres]
    capacity: int = Field(ge=1, le=MAX_CAPACITY)
    spawn: tuple[Spawn, ...]
    rests: dict[Word, tuple[Spot, ...]] = {}
    environment: dict[Word, Setting] = {}
    objects: Annotated[tuple[Thing, ...], Field(max_length=MAX_OBJECTS)] = ()
    topics: tuple[Topic, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        low, high = self.box
        if any(a >= b for a, b in zip(low, high, strict=True)):
            raise ValueError("bounds must have some room")
        places = [spawn.place for spawn in self.spawn] + [thing.place for thing in self.objects]
        places += [vec(*spot) for spots in self.rests.values() for spot in spots]
        if not all(self.box.holds(place) for place in places):
            raise ValueError("something is out of bounds")
        if len(self.spawn) < self.capacity:
            raise ValueError("there must be a spawn for each of the capacity")
        # With twice the radius between them one person can stand in the way of one of them only.
        crowded = [(a, b) for a in self.spawn for b in self.spawn if a is not b and apart(a.place, b.place) < _SPACING]
        if crowded:
            raise ValueError(f"spawns must be {_SPACING} m apart")
        self._check_objects()
        return self

    def _check_objects(self) -> None:
        if len({thing.id for thing in self.objects}) != len(self.objects):
            raise ValueError("ids of objects must differ")
        for thing in self.objects:
            if thing.rest is not None and not self.rests.get(thing.rest):
                raise ValueError(f"rest of object {thing.id} has no place")

    @property
    def box(self) -> Box:
        """The bounds."""
        return Box(vec(*self.bounds[:3]), vec(*self.bounds[3:]))

    @property
    def hash(self) -> str:
        """Names the content: two documents that say the same have the same."""
        text = json.dumps(self._dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]

    def public(self) -> dict[str, Any]:
        """The document as clients get it, with its hash."""
        return {**self._dump(), "hash": self.hash}

    def prompts(self, happening: str) -> tuple[str, ...]:
        """Names of the talk prompts for what has happened."""
        return tuple(topic.prompt for topic in self.topics if topic.on == happening)

    def _dump(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)


_SPACING: Final = 2 * PERSONAL_SPACE_M


def parse(text: str | bytes) -> Definition:
    """Read a document. Raises `DefinitionError`."""
    try:
        return Definition.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DefinitionError(f"{where}: {first['msg']}" if where else first["msg"]) from None
