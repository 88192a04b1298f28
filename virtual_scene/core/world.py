"""One scene: people, objects and environment, and what follows from what somebody does.

Contract: every method takes what somebody does and `now` (monotonic seconds) and returns what to tell, in order;
whoever applies it to a `snapshot()` has the exact state. Poses wait for the next batch, ten a second, everything else
is told at once. `deadline()` says when to call `tick`. `device` is the connection that somebody acts by. A refusal is
an error of `protocol.errors`; a `Refused` among them carries what its sender has to be told besides.
"""

from dataclasses import dataclass
from typing import Final

from protocol.errors import Conflict, NotFound
from rooms.core.limits import TokenBuckets
from virtual_scene.core.avatars import Avatars
from virtual_scene.core.definition import Definition
from virtual_scene.core.environment import Environment, Value
from virtual_scene.core.geometry import Quat, Vec
from virtual_scene.core.objects import Change, ObjectEvent, ObjectRecord, Objects, ObjectState, SceneObject
from virtual_scene.core.output import (
    AvatarRecord,
    Entered,
    EnvironmentSet,
    Happened,
    LeaveReason,
    Left,
    Output,
    Posed,
    Refused,
    Said,
    Touched,
)
from virtual_scene.core.rules import (
    GESTURES_BURST,
    GESTURES_PER_SECOND,
    PERSONAL_SPACE_M,
    limited,
)
from virtual_scene.core.seats import Seat, Seats

BATCH_S: Final = 0.1  # of poses to clients of the JSON channel; smaller costs events, larger looks like steps


@dataclass(frozen=True, slots=True)
class Pose:
    """What of one's body one sets; None leaves it. `action` is a gesture."""

    position: Vec | None = None
    rotation: Quat | None = None
    animation: str | None = None
    emotion: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does with an object. `arg`: whom it is offered to (slot or user id), or an action's value."""

    object_id: int
    action: str
    position: Vec | None = None
    arg: object = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a scene. `tick` counts the batches of poses."""

    tick: int
    avatars: list[AvatarRecord]
    objects: list[ObjectRecord]
    environment: dict[str, Value]


# What clients may do with any object besides the actions of its definition.
_DEEDS: Final = {
    event.value: event
    for event in (
        ObjectEvent.GRAB,
        ObjectEvent.RELEASE,
        ObjectEvent.MOVE,
        ObjectEvent.OFFER,
        ObjectEvent.WITHDRAW,
        ObjectEvent.ACCEPT,
        ObjectEvent.DECLINE,
    )
}


class World:
    """One scene."""

    def __init__(self, definition: Definition, *, now: float) -> None:
        self.definition = definition
        self._seats = Seats(definition.capacity)
        self._objects = Objects(definition)
        self._environment = Environment(definition.environment)
        self._avatars = Avatars(definition, self._space)
        self._gestures: TokenBuckets[int] = TokenBuckets(rate=GESTURES_PER_SECOND, burst=GESTURES_BURST)
        self._flips: TokenBuckets[int] = TokenBuckets(rate=GESTURES_PER_SECOND, burst=GESTURES_BURST)
        self._tick = 0
        self._batch_at = now

    @property
    def seats(self) -> list[Seat]:
        """Everybody, also those who are away, by slot."""
        return self._seats.all()

    @property
    def devices(self) -> list[tuple[str, str]]:
        """(user id, connection) of everybody who can be told something."""
        return [(seat.user_id, seat.device) for seat in self._seats.all() if seat.device is not None]

    def seat_of(self, device: str) -> Seat:
        """The seat that this connection holds. Raises `NotFound`."""
        seat = self._seats.of_device(device)
        if seat is None:
            raise NotFound("join the scene first", field="sceneId")
        return seat

    def snapshot(self) -> Snapshot:
        """As everybody who was told everything believes it to be, so call it when nothing waits (`join` sees to it)."""
        return Snapshot(self._tick, self._avatars.all(), self._objects.records(), self._environment.values)

    # -- coming and going

    def join(self, user_id: str, name: str, device: str, *, now: float) -> list[Output]:
        """Come in, or go on from this connection. Raises `SceneFull`."""
        taken = self._seats.take(user_id, name, device)
        # Then the snapshot of the newcomer and what the others were told are the same.
        outputs = self._batch(now)
        slot = taken.seat.slot
        if taken.new:
            body = self._avatars.enter(slot, user_id, name, now=now)
            outputs += [Entered(body.record()), Happened("enter", self._people())]
        else:
            self._objects.back(slot, now=now)
        if taken.replaced is not None:
            outputs.append(Left(self._avatars.of(slot).record(), "replaced", only=taken.replaced))
        return outputs

    def leave(self, user_id: str) -> list[Output]:
        """Give the seat back."""
        seat = self._seats.leave(user_id)
        return [] if seat is None else self._gone(seat, "left")

    def drop(self, device: str, *, now: float) -> None:
        """A connection is lost; the seat and what is held are kept for the grace."""
        seat = self._seats.drop(device, now=now)
        if seat is not None:
            self._objects.away(seat.slot)

    # -- acting

    def pose(self, device: str, pose: Pose, *, now: float) -> list[Output]:
        """Walk, turn, gesture. Raises `Refused` (bounds, speed, personal space), `RateLimited`."""
        slot = self.seat_of(device).slot
        body = self._avatars.of(slot)
        if pose.action is not None:
            limited(self._gestures.take(slot, now=now))
        outputs: list[Output] = []
        if pose.position is not None:
            step = self._avatars.step(slot, pose.position, now=now)
            if step.refusal is not None:
                correction = Posed(body.record(), teleport=True, only=device)
                raise Refused(step.refusal, field="position", outputs=[correction])
            outputs += [Posed(record) for record in step.before]
        self._objects.touch(slot, now=now)
        flips = pose.animation not in {None, body.animation} or pose.emotion not in {None, body.emotion}
        body.rotation = pose.rotation or body.rotation
        body.animation = pose.animation or body.animation
        body.emotion = pose.emotion or body.emotion
        # A change of mood or gait is told at once, but who flickers waits for the batch.
        if pose.action is not None or (flips and not self._flips.take(slot, now=now)):
            outputs.append(Posed(body.tell(), action=pose.action))
        else:
            body.pending = body.pending or flips or pose.rotation is not None
        if pose.action is not None:
            outputs += self._topic(f"gesture:{pose.action}")
        return outputs

    def interact(self, device: str, deed: Deed, *, now: float) -> tuple[ObjectRecord, list[Output]]:
        """Grab, move, offer, use ...; the object after it. Raises `NotFound`, `Conflict`, `Refused` (a grab or accept
        that lost), `InvalidPayload`, `RateLimited`."""
        seat = self.seat_of(device)
        one = self._objects.find(deed.object_id)
        event = None if deed.action in one.thing.actions else _DEEDS.get(deed.action)
        if event is None:
            changes = self._objects.use(one, deed.action, seat.slot, deed.arg, now=now)
            return one.record, [*self._told(changes), self._used(one, deed.action)]
        if deed.position is not None and not self.definition.box.holds(deed.position):
            raise Conflict("out of bounds", field="position")
        partners = [pair[:2] for pair in self._objects.agreed() if seat.slot in pair[:2]]
        to = self._target(deed.arg) if event is ObjectEvent.OFFER else None
        before = one.state
        try:
            changes = self._objects.act(one, event, seat.slot, now=now, position=deed.position, to=to)
        except Conflict as conflict:
            held = Touched(one.record, "refused", seat.slot, seat.user_id, only=device)
            raise Refused(conflict.message, field="objectId", outputs=[held]) from None
        outputs = self._parted(seat.slot, partners) if before is ObjectState.AGREED else []
        outputs += self._told(changes)
        return one.record, [*outputs, *self._done(one, event, before)]

    def change(self, device: str, key: str, value: Value, *, now: float) -> tuple[EnvironmentSet, list[Output]]:
        """Change the environment. Raises `NotFound`, `Conflict`, `InvalidPayload`, `RateLimited`."""
        seat = self.seat_of(device)
        was = self._environment.values.get(key)
        change = EnvironmentSet(self._environment.change(key, value, now=now), seat.slot, seat.user_id)
        if change.record.value == was:
            return change, []
        name = f"environment:{key}:{value}" if isinstance(value, str) else f"environment:{key}"
        return change, [change, Happened(name, self._people())]

    def say(self, device: str, message: str, position: Vec | None, emotion: str | None) -> list[Output]:
        """Say something from where one stands, or from another place in the scene."""
        seat = self.seat_of(device)
        body = self._avatars.of(seat.slot)
        place = body.position if position is None else self.definition.box.clamp(position)
        return [Said(seat.slot, seat.user_id, message, place, emotion or body.emotion)]

    # -- time

    def tick(self, *, now: float) -> list[Output]:
        """Graces and leases that are over, and the next batch of poses."""
        outputs: list[Output] = []
        for seat in self._seats.tick(now=now):
            outputs += self._gone(seat, "gone")
        outputs += self._told(self._objects.tick(now=now))
        if self._avatars.waiting and now >= self._batch_at + BATCH_S:
            outputs += self._batch(now)
        return outputs

    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        batch = self._batch_at + BATCH_S if self._avatars.waiting else None
        dues = (batch, self._seats.deadline(), self._objects.deadline())
        return min((due for due in dues if due is not None), default=None)

    # -- parts

    def _space(self, slot: int, other: int) -> float:
        pairs = (space for one, two, space in self._objects.agreed() if {one, two} == {slot, other})
        return min(pairs, default=PERSONAL_SPACE_M)

    def _people(self) -> tuple[str, ...]:
        return tuple(seat.user_id for seat in self._seats.all())

    def _batch(self, now: float) -> list[Output]:
        self._batch_at = now
        records = self._avatars.batch()
        self._tick += bool(records)
        return [Posed(record) for record in records]

    def _gone(self, seat: Seat, reason: LeaveReason) -> list[Output]:
        changes = self._objects.gone(seat.slot)
        outputs: list[Output] = [Touched(change.record, change.action, seat.slot, seat.user_id) for change in changes]
        return [*outputs, Left(self._avatars.leave(seat.slot), reason)]

    def _told(self, changes: list[Change]) -> list[Output]:
        told: list[Output] = []
        for change in changes:
            seat = self._seats.at(change.slot)
            assert seat is not None  # who leaves lets go of everything first
            told.append(Touched(change.record, change.action, seat.slot, seat.user_id))
        return told

    def _target(self, arg: object) -> int:
        seat = self._seats.of_user(arg) if isinstance(arg, str) else None
        if isinstance(arg, int | float) and not isinstance(arg, bool):
            seat = self._seats.at(int(arg))
        if seat is None:
            raise NotFound("nobody of that slot or user id is here", field="arg")
        return seat.slot

    def _parted(self, slot: int, partners: list[tuple[int, int]]) -> list[Output]:
        """Who has withdrawn from a gesture stays; the others of it step back to where people stand."""
        outputs: list[Output] = []
        for one, two in partners:
            other = two if one == slot else one
            records = self._avatars.part(slot, other)
            outputs += [Posed(record, teleport=record.slot == other) for record in records]
        return outputs

    def _used(self, one: SceneObject, action: str) -> Happened:
        value = f":{one.value}" if one.thing.actions[action].values else ""
        return Happened(f"{action}:{one.thing.kind}{value}", self._people())

    def _done(self, one: SceneObject, event: ObjectEvent, before: ObjectState) -> list[Output]:
        names = {
            (ObjectEvent.GRAB, ObjectState.FREE): "grab",
            (ObjectEvent.ACCEPT, ObjectState.OFFERED): "hand_over",
            (ObjectEvent.ACCEPT, ObjectState.ASKED): "agree",
        }
        name = names.get((event, before))
        return [] if name is None else [Happened(f"{name}:{one.thing.kind}", self._people())]

    def _topic(self, name: str) -> list[Output]:
        """Names that clients make up count only if the definition knows them."""
        return [Happened(name, self._people())] if self.definition.prompts(name) else []
