"""Whatever people do at once, and however they come and go: one holder at most, and everybody believes the same.

Random schedules of four people who grab, hand over, walk, change things, are cut off and come back. Each device keeps a
replica out of its snapshot and what it was told since; after each step all of them must be the server's state once
everything has been told, versions must not go back, and nobody may have been shown too near to another."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.errors import Conflict, NotFound, ProtocolError, RateLimited
from tests.virtual_scene.stage import CUP, DANCE, JUKEBOX, LANTERN, PEOPLE, SAUCER, Stage
from virtual_scene.core.geometry import vec
from virtual_scene.core.objects import ObjectState

S = ObjectState
PERSON = st.sampled_from(sorted(PEOPLE))
DEEDS = st.sampled_from(["grab", "release", "offer", "accept", "decline", "withdraw", "move", "use", "sip", "play"])
OBJECTS = st.sampled_from([CUP, SAUCER, LANTERN, JUKEBOX, DANCE])
PLACES = st.tuples(st.floats(-6.5, 6.5), st.floats(-5.5, 5.5))
# Few places near to each other, so that people are in each other's way, and where another was a moment ago.
CROWD = st.tuples(st.sampled_from([-0.5, 0, 0.5]), st.sampled_from([-0.5, 0, 0.5]))
WAITS = st.sampled_from([0.01, 0.1, 1, 4, 11, 16])


class Evening(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.device: dict[str, str] = {}
        self.devices = Counter[str]()
        self.refused = Counter[type[ProtocolError]]()
        self.versions: dict[int, int] = {}

    @initialize()
    def open(self) -> None:
        for person in ("a", "b"):
            self.join(person)

    @rule(person=PERSON)
    def join(self, person: str) -> None:
        """For the first time, again on another device, or back from a lost connection."""
        before = self.device.get(person)
        self.devices[person] += 1
        self.device[person] = f"{person}{self.devices[person]}"
        self.stage.join(self.device[person])
        if before is not None:
            self.stage.replicas.pop(before, None)
        assert self.stage.agree()  # an arrival has everything told

    @precondition(lambda self: self.device)
    @rule(person=PERSON)
    def leave(self, person: str) -> None:
        if person in self.device:
            self.stage.leave(self.device.pop(person))

    @rule(person=PERSON)
    def lose_the_connection(self, person: str) -> None:
        if person in self.device:
            self.stage.drop(self.device.pop(person))

    @rule(person=PERSON, deed=DEEDS, object_id=OBJECTS, arg=PERSON.map(PEOPLE.get), place=PLACES)
    def act(self, person: str, deed: str, object_id: int, arg: str, place: tuple[float, float]) -> None:
        given: Any = arg if deed == "offer" else None
        position = vec(place[0], 1, place[1]) if deed in {"move", "release"} else None
        self.attempt(person, lambda device: self.stage.act(device, object_id, deed, arg=given, position=position))

    @rule(object_id=st.sampled_from([CUP, SAUCER, DANCE]), person=PERSON, to=PERSON)
    def offer_or_ask(self, object_id: int, person: str, to: str) -> None:
        """Its holder offers it; if nobody has it, somebody takes it, or asks, first."""
        owner = self.record(object_id).owner
        holders = [name for name in self.device if self.stage.world.seat_of(self.device[name]).slot == owner]
        giver = holders[0] if holders else person
        self.attempt(giver, lambda device: self.stage.act(device, object_id, "grab"))
        self.attempt(giver, lambda device: self.stage.act(device, object_id, "offer", arg=PEOPLE[to]))

    @rule(object_id=OBJECTS, order=st.permutations(sorted(PEOPLE)))
    def grab_all_at_once(self, object_id: int, order: list[str]) -> None:
        free = self.record(object_id).state is S.FREE
        present = [person for person in order if person in self.device]
        won = [person for person in present if self.attempt(person, lambda d: self.stage.act(d, object_id, "grab"))]
        assert won == (present[:1] if free else [])

    @rule(person=PERSON, place=CROWD | PLACES)
    def walk(self, person: str, place: tuple[float, float]) -> None:
        self.attempt(person, lambda device: self.stage.go(device, *place))

    @rule(person=PERSON, other=PERSON, place=PLACES)
    def follow(self, person: str, other: str, place: tuple[float, float]) -> None:
        """One steps aside and another at once to where that was."""
        if other in self.device:
            slot = self.stage.world.seat_of(self.device[other]).slot
            before = next(a.position for a in self.stage.world.snapshot().avatars if a.slot == slot)
            self.attempt(other, lambda device: self.stage.go(device, *place))
            self.attempt(person, lambda device: self.stage.go(device, before.x, before.z))

    @rule(person=PERSON, emotion=st.sampled_from(["happy", "shy"]))
    def feel(self, person: str, emotion: str) -> None:
        self.attempt(person, lambda device: self.stage.pose(device, emotion=emotion))

    @rule(person=PERSON, time=st.sampled_from(["dusk", "night"]))
    def change(self, person: str, time: str) -> None:
        self.attempt(person, lambda device: self.stage.set(device, "time", time))

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.stage.wait(seconds)

    @invariant()
    def nothing_is_held_by_nobody_or_by_two(self) -> None:
        seated = {seat.slot for seat in self.stage.world.seats}
        for record in self.stage.world.snapshot().objects:
            assert (record.owner is not None) == (record.state in {S.HELD, S.OFFERED, S.ASKED, S.AGREED})
            assert (record.offered_to is not None) == (record.state in {S.OFFERED, S.ASKED, S.AGREED})
            assert {record.owner, record.offered_to} - {None} <= seated
            assert record.owner != record.offered_to or record.owner is None
            assert record.version >= self.versions.get(record.id, 0)
            self.versions[record.id] = record.version

    @invariant()
    def everybody_believes_the_same_about_things(self) -> None:
        """Poses may wait for their batch; nothing else may."""
        state = self.stage.state()
        for replica in self.stage.replicas.values():
            assert (replica.state["objects"], replica.state["environment"]) == (state["objects"], state["environment"])
            assert replica.avatars.keys() == {avatar["slot"] for avatar in state["avatars"]}

    @invariant()
    def nobody_was_shown_too_near(self) -> None:
        nearest = 0.2 if self.danced else 0.6
        assert all(replica.nearest >= nearest for replica in self.stage.replicas.values())

    @property
    def danced(self) -> bool:
        return any(name == "agree:dance" for name in self.stage.happened)

    def teardown(self) -> None:
        self.stage.wait(0.2)
        assert self.stage.agree()
        self.stage.wait(60)
        assert self.stage.agree()
        self.join("d")
        assert self.stage.agree()
        assert set(self.refused) <= {Conflict, NotFound, RateLimited}

    def attempt(self, person: str, act: Any) -> bool:
        """Whether it was granted."""
        if person not in self.device:
            return False
        try:
            act(self.device[person])
        except ProtocolError as error:
            kind = Conflict if isinstance(error, Conflict) else type(error)
            self.refused[kind] += 1
            return False
        return True

    def record(self, object_id: int) -> Any:
        return next(record for record in self.stage.world.snapshot().objects if record.id == object_id)


TestEvening = Evening.TestCase
TestEvening.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
