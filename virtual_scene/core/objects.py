"""Who holds what: the state table of an object and the objects of one scene.

Contract: a method takes who does what and `now` (monotonic seconds) and returns the changes to tell, in order. The
state changes in `_fire` only, by `TRANSITIONS`; what is not there raises `Conflict` and changes nothing. A grab is
conditional: granted if the object is free when the server gets to it, so the first one processed wins and nobody takes
from anybody. `version` grows by one with each change of state, owner, offer or value; moves leave it. `deadline()`
says when to call `tick`. People are slots.

    free --grab--> held --offer--> offered --accept--> held (by the other)
    held, offered --release, expire, drop--> free
    locked, shared --use--> the same
    consent --offer--> asked --accept--> agreed --release, drop--> consent
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.errors import Conflict, InvalidPayload, NotFound
from virtual_scene.core.definition import Action, Definition, Thing
from virtual_scene.core.geometry import Vec, distance
from virtual_scene.core.rules import Cooldowns

LEASE_S: Final = 10.0  # larger keeps a cup longer in the hand of a page that hangs, smaller drops it on a slow path
_TAKEN_M: Final = 0.05  # a rest place nearer to a standing object than this is in use


class ObjectState(StrEnum):
    """What an object is to people."""

    FREE = "free"
    HELD = "held"
    OFFERED = "offered"
    LOCKED = "locked"
    SHARED = "shared"
    CONSENT = "consent"
    ASKED = "asked"
    AGREED = "agreed"


class ObjectEvent(StrEnum):
    """What can happen to it. `drop`: its holder has left; `decline` also when the person asked has left."""

    GRAB = "grab"
    RELEASE = "release"
    MOVE = "move"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    DECLINE = "decline"
    USE = "use"
    EXPIRE = "expire"
    DROP = "drop"


_S, _E = ObjectState, ObjectEvent
_IN_HAND: Final = (_S.HELD, _S.OFFERED)
_WAITING: Final = (_S.OFFERED, _S.ASKED)
_TOGETHER: Final = (_S.ASKED, _S.AGREED)
TRANSITIONS: Final[dict[tuple[ObjectState, ObjectEvent], ObjectState]] = {
    (_S.FREE, _E.GRAB): _S.HELD,
    **{(state, event): _S.FREE for state in _IN_HAND for event in (_E.RELEASE, _E.EXPIRE, _E.DROP)},
    **{(state, event): state for state in _IN_HAND for event in (_E.MOVE, _E.USE)},
    **{(state, _E.OFFER): _S.OFFERED for state in _IN_HAND},
    **{(_S.OFFERED, event): _S.HELD for event in (_E.ACCEPT, _E.DECLINE, _E.WITHDRAW)},
    (_S.LOCKED, _E.USE): _S.LOCKED,
    (_S.SHARED, _E.USE): _S.SHARED,
    **{(state, _E.OFFER): _S.ASKED for state in (_S.CONSENT, _S.ASKED)},
    (_S.ASKED, _E.ACCEPT): _S.AGREED,
    **{(_S.ASKED, event): _S.CONSENT for event in (_E.DECLINE, _E.WITHDRAW)},
    **{(state, event): _S.CONSENT for state in _TOGETHER for event in (_E.RELEASE, _E.DROP)},
}
_FIRST: Final = {"free": _S.FREE, "locked": _S.LOCKED, "shared": _S.SHARED, "consent": _S.CONSENT}
# Who may: the holder; the person it is offered to; either of the two. Grab and use of what stands are anybody's.
_HOLDERS: Final = frozenset({_E.MOVE, _E.OFFER, _E.WITHDRAW})
_TARGETS: Final = frozenset({_E.ACCEPT, _E.DECLINE})


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """An object at one moment. `owner` and `offered_to` are slots; once agreed they are the two people."""

    id: int
    kind: str
    state: ObjectState
    owner: int | None
    offered_to: int | None
    version: int
    position: Vec
    value: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An object changed, or moved. `slot` did it, or it was done to."""

    record: ObjectRecord
    action: str
    slot: int


class SceneObject:
    """One object and its holder. `lease_until` is None for what needs no renewal and while its holder is away."""

    def __init__(self, thing: Thing) -> None:
        self.thing = thing
        self.state = _FIRST[thing.grab]
        self.owner: int | None = None
        self.offered_to: int | None = None
        self.version = 1
        self.position = thing.place
        self.value = thing.first
        self.lease_until: float | None = None

    @property
    def record(self) -> ObjectRecord:
        """As it is now."""
        return ObjectRecord(
            self.thing.id,
            self.thing.kind,
            self.state,
            self.owner,
            self.offered_to,
            self.version,
            self.position,
            self.value,
        )

    def fire(self, event: ObjectEvent, slot: int, *, to: int | None = None, value: str | None = None) -> None:
        """Something happens to it by `slot`. Raises `Conflict`: not in this state, or not by this person."""
        after = self.check(event, slot)
        before = self._essence
        self.state = after
        self._people(event, slot, to)
        if value is not None:
            self.value = value
        if self._essence != before:
            self.version += 1

    def check(self, event: ObjectEvent, slot: int) -> ObjectState:
        """The state after the event. Raises as `fire`; changes nothing."""
        after = TRANSITIONS.get((self.state, event))
        if after is None or not self._may(event, slot):
            raise Conflict(self._objection(slot), field="objectId")
        return after

    def _people(self, event: ObjectEvent, slot: int, to: int | None) -> None:
        match event:
            case ObjectEvent.GRAB:
                self.owner = slot
            case ObjectEvent.OFFER:
                self.owner, self.offered_to = slot, to
            case ObjectEvent.ACCEPT if self.state is _S.HELD:
                self.owner, self.offered_to = slot, None
            case ObjectEvent.WITHDRAW | ObjectEvent.DECLINE if self.state is _S.HELD:
                self.offered_to = None
            case _ if self.state in {_S.FREE, _S.CONSENT}:
                self.owner = self.offered_to = None

    def _may(self, event: ObjectEvent, slot: int) -> bool:
        if event in _HOLDERS:
            return self.owner in {slot, None}  # None: anybody may ask for consent
        if event in _TARGETS:
            return self.offered_to == slot
        if event is _E.RELEASE and self.state in _TOGETHER:
            return slot in {self.owner, self.offered_to}
        return self.owner in {slot, None}

    def _objection(self, slot: int) -> str:
        if self.owner == slot:
            return "not possible with this object now"
        return "not possible with this object" if self.owner is None else "it is not free"

    @property
    def _essence(self) -> tuple[ObjectState, int | None, int | None, str | None]:
        return self.state, self.owner, self.offered_to, self.value


class Objects:
    """All objects of one scene."""

    def __init__(self, definition: Definition) -> None:
        self._objects = {thing.id: SceneObject(thing) for thing in definition.objects}
        self._rests = {name: [Vec(*spot) for spot in spots] for name, spots in definition.rests.items()}
        self._cooldowns = Cooldowns()
        self._away: set[int] = set()

    def find(self, object_id: int) -> SceneObject:
        """Raises `NotFound`."""
        found = self._objects.get(object_id)
        if found is None:
            raise NotFound("no such object in this scene", field="objectId")
        return found

    def records(self) -> list[ObjectRecord]:
        """All of them as they are, in the order of the definition."""
        return [one.record for one in self._objects.values()]

    def agreed(self) -> Iterator[tuple[int, int, float]]:
        """(slot, slot, metres): people who have agreed to be nearer than others."""
        for one in self._objects.values():
            if one.state is _S.AGREED and one.owner is not None and one.offered_to is not None:
                yield one.owner, one.offered_to, one.thing.space

    def act(
        self,
        one: SceneObject,
        event: ObjectEvent,
        slot: int,
        *,
        now: float,
        position: Vec | None = None,
        to: int | None = None,
    ) -> list[Change]:
        """Everything but `use`. `position`: where it is put by a move or a release. Raises `Conflict`."""
        if event is _E.OFFER and to == slot:
            raise Conflict("one can not offer something to oneself", field="arg")
        movable = one.state in _IN_HAND and event in {_E.MOVE, _E.RELEASE}
        one.fire(event, slot, to=to)
        if movable and position is not None:
            one.position = position
        self._renew(one, now)
        return [Change(one.record, event.value, slot)]

    def use(self, one: SceneObject, name: str, slot: int, arg: object, *, now: float) -> list[Change]:
        """An action of its definition. Raises `Conflict`, `NotFound`, `InvalidPayload`, `RateLimited`."""
        action = one.thing.actions.get(name)
        if action is None:
            raise NotFound("no such action of this object", field="action")
        value = _value(one, action, arg)
        one.check(_E.USE, slot)
        self._cooldowns.take(one.thing.id, name, cooldown_s=action.cooldown, now=now)
        one.fire(_E.USE, slot, value=value)
        self._renew(one, now)
        return [Change(one.record, name, slot)]

    def touch(self, slot: int, *, now: float) -> None:
        """The holder gives a sign of life: leases begin anew."""
        for one in self._held_by(slot):
            self._renew(one, now)

    def away(self, slot: int) -> None:
        """The holder's connection is lost: leases stand still for as long as the seat is kept."""
        self._away.add(slot)
        for one in self._held_by(slot):
            one.lease_until = None

    def back(self, slot: int, *, now: float) -> None:
        """The holder is here again."""
        self._away.discard(slot)
        self.touch(slot, now=now)

    def gone(self, slot: int) -> list[Change]:
        """Somebody has left: what they held falls to its place, what they were offered stays with its holder."""
        self._away.discard(slot)
        changes = []
        for one in self._objects.values():
            if one.owner == slot or (one.state is _S.AGREED and one.offered_to == slot):
                changes.append(self._let_go(one, _E.DROP, slot))
            elif one.offered_to == slot:
                one.fire(_E.DECLINE, slot)
                changes.append(Change(one.record, _E.DECLINE.value, slot))
        return changes

    def tick(self, *, now: float) -> list[Change]:
        """Leases that have run out."""
        due = [one for one in self._objects.values() if one.lease_until is not None and one.lease_until <= now]
        return [self._let_go(one, _E.EXPIRE, one.owner) for one in due if one.owner is not None]

    def deadline(self) -> float | None:
        """When the next lease runs out."""
        return min((one.lease_until for one in self._objects.values() if one.lease_until is not None), default=None)

    def _held_by(self, slot: int) -> Iterable[SceneObject]:
        return [one for one in self._objects.values() if one.owner == slot and one.state in _IN_HAND]

    def _renew(self, one: SceneObject, now: float) -> None:
        held = one.state in _IN_HAND and one.owner not in self._away
        one.lease_until = now + LEASE_S if held else None

    def _let_go(self, one: SceneObject, event: ObjectEvent, slot: int) -> Change:
        in_hand = one.state in _IN_HAND
        # The server's own events are in the holder's name; of two who agreed either may be gone.
        one.fire(event, slot if one.owner is None else one.owner)
        one.lease_until = None
        if in_hand:
            one.position = self._rest(one)
        return Change(one.record, event.value, slot)

    def _rest(self, one: SceneObject) -> Vec:
        """The nearest place to put it that nothing else stands on, or where it was in the beginning."""
        places = self._rests.get(one.thing.rest or "", [])
        standing = [
            other.position for other in self._objects.values() if other is not one and other.state not in _IN_HAND
        ]
        empty = [place for place in places if all(distance(place, taken) > _TAKEN_M for taken in standing)]
        return min(empty, key=lambda place: distance(place, one.position), default=one.thing.place)


def _value(one: SceneObject, action: Action, arg: object) -> str | None:
    """The value after an action: the named one, or the next in turn; None for actions that have none."""
    values = action.values
    if arg is None:
        if one.value not in values:
            return values[0] if values else None
        return values[(values.index(one.value) + 1) % len(values)]
    if not isinstance(arg, str) or arg not in values:
        raise InvalidPayload("not a value of this action", field="arg")
    return arg
