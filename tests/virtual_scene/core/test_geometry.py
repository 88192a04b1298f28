"""Places and rotations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtual_scene.core.geometry import Box, Quat, Vec, apart, around, distance, quat, vec, yaw

METRES = st.floats(-1e6, 1e6, allow_nan=False)


def test_places_are_kept_to_the_millimetre_and_zero_has_no_sign() -> None:
    place = vec(1.23449, -0.00001, 2)
    assert place == Vec(1.234, 0.0, 2.0)
    assert math.copysign(1, place.y) == 1


@given(st.tuples(METRES, METRES, METRES, METRES).filter(lambda parts: any(parts)))
def test_any_quaternion_but_zero_becomes_one_of_length_one(parts: tuple[float, float, float, float]) -> None:
    assert math.hypot(*quat(*parts)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (0, Quat(0, 0, 0, 1)),
        (90, Quat(0, 0.7071, 0, 0.7071)),
        (180, Quat(0, 1, 0, 0)),
        (-90, Quat(0, -0.7071, 0, 0.7071)),
    ],
)
def test_a_yaw_turns_about_the_vertical(degrees: float, expected: Quat) -> None:
    assert yaw(degrees) == expected


def test_distances() -> None:
    assert distance(Vec(0, 0, 0), Vec(1, 2, 2)) == 3
    assert apart(Vec(0, 0, 0), Vec(3, 9, 4)) == 5


def test_a_box_holds_its_walls_and_clamps_to_them() -> None:
    box = Box(Vec(-1, 0, -1), Vec(1, 2, 1))
    assert box.holds(Vec(-1, 0, 1))
    assert not box.holds(Vec(0, 2.001, 0))
    assert box.clamp(Vec(-9, 1, 9)) == Vec(-1, 1, 1)


@given(METRES, METRES, st.floats(0.1, 10))
def test_places_around_are_never_nearer_than_asked_for(x: float, z: float, radius: float) -> None:
    centre = vec(x, 1, z)
    places = around(centre, radius, 16)
    assert len(set(places)) == 16
    assert all(radius <= apart(centre, place) <= radius + 0.003 and place.y == 1 for place in places)
