"""Walking: bounds, speed and personal space, and in which order it is told."""

import pytest

from tests.virtual_scene.stage import scene
from virtual_scene.core.avatars import Avatars
from virtual_scene.core.geometry import Vec, apart, vec
from virtual_scene.core.output import AvatarRecord
from virtual_scene.core.rules import PERSONAL_SPACE_M


class Crowd:
    """Three people at their places, at second 0; `nearer[a, b]` lets two be nearer."""

    def __init__(self) -> None:
        self.nearer: dict[frozenset[int], float] = {}
        self.avatars = Avatars(scene(), lambda a, b: self.nearer.get(frozenset({a, b}), PERSONAL_SPACE_M))
        for slot, name in enumerate(("ann", "bob", "cat")):
            self.avatars.enter(slot, name, name, now=0)

    def step(self, slot: int, x: float, z: float, *, now: float = 100, y: float = 0) -> str | None:
        return self.avatars.step(slot, vec(x, y, z), now=now).refusal

    def at(self, slot: int) -> Vec:
        return self.avatars.of(slot).position


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


def places(records: list[AvatarRecord]) -> list[tuple[int, Vec]]:
    return [(record.slot, record.position) for record in records]


def test_everybody_begins_at_the_place_of_their_seat(crowd: Crowd) -> None:
    assert [record.position for record in crowd.avatars.all()] == [Vec(-1, 0, 0), Vec(1, 0, 0), Vec(0, 0, 2)]
    assert not crowd.avatars.waiting


def test_whose_place_is_taken_begins_at_the_first_free_one(crowd: Crowd) -> None:
    assert crowd.step(0, 0, -1.5) is None
    crowd.avatars.batch()
    assert crowd.avatars.enter(3, "dan", "Dan", now=0).position == Vec(-1, 0, 0)


@pytest.mark.parametrize(("x", "y", "z"), [(-6.001, 0, 0), (0, -0.001, 0), (0, 4.001, 0), (0, 0, 5.001)])
def test_nobody_leaves_the_bounds(crowd: Crowd, x: float, y: float, z: float) -> None:
    assert crowd.step(0, x, z, y=y) == "out of bounds"
    assert crowd.at(0) == Vec(-1, 0, 0)
    assert not crowd.avatars.waiting


def test_nobody_jumps(crowd: Crowd) -> None:
    assert crowd.step(0, -6, -5) == "too fast"
    assert crowd.step(0, -5, -3) is None
    assert crowd.step(0, -5, 1) == "too fast"
    assert crowd.step(0, -5, 1, now=100.4) is None


def test_nobody_comes_nearer_than_others_like(crowd: Crowd) -> None:
    assert crowd.step(0, 0.41, 0) == "too near to somebody"
    assert crowd.step(0, 0.4, 0) is None
    assert crowd.step(0, 0.4, 0, y=3) is None  # in the plane: jumping over somebody is no way
    assert crowd.step(0, 1, 0, y=3) == "too near to somebody"


def test_who_has_agreed_may_come_as_near_as_that(crowd: Crowd) -> None:
    crowd.nearer[frozenset({0, 1})] = 0.2
    assert crowd.step(0, 0.79, 0) is None
    assert crowd.step(0, 0.81, 0) == "too near to somebody"


def test_a_batch_tells_the_newest_pose_once(crowd: Crowd) -> None:
    for x in (-1.2, -1.4, -1.6):
        crowd.step(0, x, 0)
    crowd.avatars.of(1).pending = True
    assert places(crowd.avatars.batch()) == [(0, Vec(-1.6, 0, 0)), (1, Vec(1, 0, 0))]
    assert crowd.avatars.batch() == []
    assert [record.version for record in crowd.avatars.all()] == [2, 2, 1]


def test_who_steps_where_another_was_a_moment_ago_waits_for_that_to_be_told(crowd: Crowd) -> None:
    assert crowd.step(1, 3, 0) is None
    step = crowd.avatars.step(0, vec(0.9, 0, 0), now=100)
    assert step.refusal is None
    assert places(list(step.before)) == [(1, Vec(3, 0, 0))]
    assert places(crowd.avatars.batch()) == [(0, Vec(0.9, 0, 0))]


def test_who_is_nobodys_neighbour_waits_for_nobody(crowd: Crowd) -> None:
    assert crowd.step(1, 3, 0) is None
    assert crowd.avatars.step(0, vec(-2, 0, 0), now=100).before == ()


def test_after_a_gesture_the_other_one_is_moved_to_where_there_is_room(crowd: Crowd) -> None:
    crowd.nearer[frozenset({0, 1})] = 0.2
    assert crowd.step(0, 0.7, 0) is None
    crowd.nearer.clear()
    told = crowd.avatars.part(0, 1)
    assert [record.slot for record in told] == [0, 1]
    assert 0.6 <= apart(told[0].position, told[1].position) < 0.61
    assert told[1].position.x > 1
    assert crowd.avatars.part(0, 1) == []


def test_who_stands_in_a_corner_is_moved_out_of_it_and_not_onto_others(crowd: Crowd) -> None:
    crowd.nearer[frozenset({0, 1})] = 0.1
    for x in (-2, -5, -5.9):
        assert crowd.step(1, x, -4.9, now=100 - x) is None
    assert crowd.step(0, -3, -3, now=200) is None
    assert crowd.step(0, -5.8, -4.8, now=201) is None
    for now, place in ((202, (-3, -2)), (203, (-5.2, -4.2))):
        assert crowd.step(2, *place, now=now) is None
    crowd.nearer.clear()
    crowd.avatars.part(0, 1)
    at = [crowd.at(slot) for slot in range(3)]
    assert min(apart(a, b) for a in at for b in at if a is not b) >= 0.6
    assert scene().box.holds(at[1])


def test_without_room_about_the_other_it_is_a_place_of_the_scene() -> None:
    spawn = [{"pos": [x, 0, 0]} for x in (-2, 0, 2)]
    corridor = scene(bounds=[-6, 0, -0.1, 6, 4, 0.1], capacity=3, objects=[], rests={}, spawn=spawn)
    near = [0.1]  # of the first two
    avatars = Avatars(corridor, lambda a, b: near[0] if {a, b} == {0, 1} else PERSONAL_SPACE_M)
    for slot in range(3):
        avatars.enter(slot, str(slot), str(slot), now=0)
    # To the end of the corridor, where the third one closes it.
    for now, (slot, x) in enumerate([(0, -5), (0, -5.9), (1, -5.8), (2, -2), (2, -5.1)], start=1):
        assert avatars.step(slot, vec(x, 0, 0), now=now).refusal is None, (slot, x)
    near[0] = PERSONAL_SPACE_M
    assert avatars.part(0, 1)[-1].position == Vec(-2, 0, 0)


def test_who_has_left_is_in_nobodys_way(crowd: Crowd) -> None:
    assert crowd.avatars.leave(1).position == Vec(1, 0, 0)
    assert crowd.step(0, 1, 0) is None
    assert [record.slot for record in crowd.avatars.all()] == [0, 2]
