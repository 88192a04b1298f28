"""The parts of the E-model that scores of calls are made of (ITU-T G.107): rating to MOS and back, and delay."""

import math
from typing import Final

R_MAX: Final = 100.0
MOS_MAX: Final = 4.5
# Under this rating the polynomial dips below 1.
_R_MIN: Final = 6.52
# ITU-T G.107 7.4, default sensitivity: sT 1, mT 100 ms.
_DELAY_FREE_MS: Final = 100.0
_SHARPNESS: Final = 6.0


def r_to_mos(rating: float) -> float:
    """The mean opinion score, 1 to 4.5, of a transmission rating (G.107 annex B)."""
    if rating <= _R_MIN:
        return 1.0
    if rating >= R_MAX:
        return MOS_MAX
    return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6


def mos_to_r(mos: float) -> float:
    """The transmission rating of a score; what no rating gives is taken as the nearest that one does."""
    low, high = _R_MIN, R_MAX
    for _ in range(40):  # halves 93.5 down to less than a float can tell
        middle = (low + high) / 2
        if r_to_mos(middle) < mos:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def delay_impairment(one_way_ms: float) -> float:
    """What absolute one-way delay takes from the rating, echo apart: Idd of G.107, 0 up to 100 ms."""
    if one_way_ms <= _DELAY_FREE_MS:
        return 0.0
    x = math.log2(one_way_ms / _DELAY_FREE_MS)
    root = 1 / _SHARPNESS
    return 25 * (math.pow(1 + x**_SHARPNESS, root) - 3 * math.pow(1 + (x / 3) ** _SHARPNESS, root) + 2)
