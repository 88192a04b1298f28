"""Places and rotations. Metres, y up; kept to the millimetre, as the binary channel will carry them."""

import math
from typing import NamedTuple

_DECIMALS = 3
_ROTATION_DECIMALS = 4  # 0.01 degrees; the 10 bits of a channel frame are coarser


class Vec(NamedTuple):
    """A place."""

    x: float
    y: float
    z: float


class Quat(NamedTuple):
    """A rotation, length 1."""

    x: float
    y: float
    z: float
    w: float


class Box(NamedTuple):
    """Where one may be: from `low` to `high`, both included."""

    low: Vec
    high: Vec

    def holds(self, place: Vec) -> bool:
        """Whether the place is inside."""
        return all(low <= at <= high for low, at, high in zip(self.low, place, self.high, strict=True))

    def clamp(self, place: Vec) -> Vec:
        """The nearest place inside."""
        x, y, z = (min(max(at, low), high) for low, at, high in zip(self.low, place, self.high, strict=True))
        return vec(x, y, z)


def vec(x: float, y: float, z: float) -> Vec:
    """A place to the millimetre."""
    # Adding zero turns -0.0 into 0.0: the two are equal but look different on the wire.
    return Vec(round(x, _DECIMALS) + 0.0, round(y, _DECIMALS) + 0.0, round(z, _DECIMALS) + 0.0)


def quat(x: float, y: float, z: float, w: float) -> Quat:
    """The rotation of a quaternion that is not zero, of any length."""
    length = math.hypot(x, y, z, w)
    parts = (round(part / length, _ROTATION_DECIMALS) + 0.0 for part in (x, y, z, w))
    return Quat(*parts)


def yaw(degrees: float) -> Quat:
    """The rotation about the vertical."""
    half = math.radians(degrees) / 2
    return quat(0.0, math.sin(half), 0.0, math.cos(half))


def distance(a: Vec, b: Vec) -> float:
    """Metres between two places."""
    return math.dist(a, b)


def apart(a: Vec, b: Vec) -> float:
    """Metres between two places in the plane, whatever their heights."""
    return math.hypot(a.x - b.x, a.z - b.z)


def around(centre: Vec, radius: float, steps: int) -> list[Vec]:
    """`steps` places on the circle about `centre` in the plane, rounded away from it."""
    places = []
    for step in range(steps):
        angle = 2 * math.pi * step / steps
        # A millimetre more than asked for, so that rounding never comes out nearer.
        reach = radius + 10**-_DECIMALS
        places.append(vec(centre.x + reach * math.cos(angle), centre.y, centre.z + reach * math.sin(angle)))
    return places
