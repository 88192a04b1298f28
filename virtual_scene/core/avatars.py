"""Where people stand in one scene, and the rules of walking.

Contract: a pose is taken whole or refused (`Step.refusal`). What is taken waits to be told: `batch()` gives everybody
who has moved since, the newest pose only. Two promises hold for whoever is told in the order of the records: nobody is
out of bounds, and no two people are nearer than they may be. For the second one a step is checked against where
others are and where they were last told to be; if only the latter is in the way, that person is told first (`before`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from virtual_scene.core.definition import Definition
from virtual_scene.core.geometry import Quat, Vec, apart, around, distance
from virtual_scene.core.output import AvatarRecord
from virtual_scene.core.rules import Pace

_AROUND: Final = 16  # directions in which somebody may be moved away from another; more finds room in a tighter crowd
IDLE: Final = "idle"
NEUTRAL: Final = "neutral"

Space = Callable[[int, int], float]


@dataclass(slots=True)
class Avatar:
    """One person's body. `told` is where the others believe it to be."""

    slot: int
    user_id: str
    name: str
    position: Vec
    rotation: Quat
    pace: Pace
    told: Vec
    animation: str = IDLE
    emotion: str = NEUTRAL
    version: int = 1
    pending: bool = False

    def record(self) -> AvatarRecord:
        """As it is now."""
        return AvatarRecord(
            self.slot,
            self.user_id,
            self.name,
            self.position,
            self.rotation,
            self.animation,
            self.emotion,
            self.version,
        )

    def tell(self) -> AvatarRecord:
        """As it is now, which everybody is about to be told."""
        self.version += 1
        self.told, self.pending = self.position, False
        return self.record()


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a step: refused, or taken once these are told."""

    refusal: str | None = None
    before: tuple[AvatarRecord, ...] = ()


class Avatars:
    """Everybody's bodies. `space(a, b)`: how near the two may be, in metres."""

    def __init__(self, definition: Definition, space: Space) -> None:
        self._box = definition.box
        self._spawn = definition.spawn
        self._space = space
        self._bodies: dict[int, Avatar] = {}

    def enter(self, slot: int, user_id: str, name: str, *, now: float) -> Avatar:
        """Somebody comes in, at their seat's place or the first one that nobody stands in the way of.

        No pose may wait to be told: then each person is in the way of one place at most, and one is left."""
        spawns = [self._spawn[slot], *self._spawn]
        spawn = next(spawn for spawn in spawns if self._is_free(slot, spawn.place))
        body = Avatar(slot, user_id, name, spawn.place, spawn.facing, Pace(now=now), told=spawn.place)
        self._bodies[slot] = body
        return body

    def leave(self, slot: int) -> AvatarRecord:
        """Somebody is gone; as they were."""
        return self._bodies.pop(slot).record()

    def of(self, slot: int) -> Avatar:
        """Somebody who is here."""
        return self._bodies[slot]

    def all(self) -> list[AvatarRecord]:
        """Everybody as they are, by slot."""
        return [self._bodies[slot].record() for slot in sorted(self._bodies)]

    def step(self, slot: int, to: Vec, *, now: float) -> Step:
        """Walk there, or be refused and stay."""
        body = self._bodies[slot]
        if not self._box.holds(to):
            return Step("out of bounds")
        metres = distance(body.position, to)
        if not body.pace.allows(metres, now=now):
            return Step("too fast")
        others = [other for other in self._bodies.values() if other is not body]
        if any(apart(other.position, to) < self._space(slot, other.slot) for other in others):
            return Step("too near to somebody")
        late = [other for other in others if apart(other.told, to) < self._space(slot, other.slot)]
        body.pace.took(metres)
        body.position, body.pending = to, True
        return Step(before=tuple(other.tell() for other in late))

    def part(self, slot: int, other: int) -> list[AvatarRecord]:
        """The two may no longer be as near as before: `other` is moved away if need be. Tell the records in order."""
        told = self.batch()
        keeper, body = self._bodies[slot], self._bodies[other]
        if apart(keeper.position, body.position) >= self._space(slot, other):
            return told
        body.position = self._away_from(keeper, body)
        return [*told, body.tell()]

    def batch(self) -> list[AvatarRecord]:
        """Everybody whose pose waits to be told."""
        return [body.tell() for body in self._bodies.values() if body.pending]

    @property
    def waiting(self) -> bool:
        """Whether a pose waits to be told."""
        return any(body.pending for body in self._bodies.values())

    def _is_free(self, slot: int, place: Vec) -> bool:
        others = (other for other in self._bodies.values() if other.slot != slot)
        return self._box.holds(place) and all(
            apart(other.position, place) >= self._space(slot, other.slot) for other in others
        )

    def _away_from(self, keeper: Avatar, body: Avatar) -> Vec:
        """The nearest place with room on the circle about the other, else the first spawn with room."""
        ring = around(keeper.position, self._space(keeper.slot, body.slot), _AROUND)
        ring.sort(key=lambda place: distance(place, body.position))
        places = [*ring, *(spawn.place for spawn in self._spawn)]
        return next(place for place in places if self._is_free(body.slot, place))
