"""Scores of video: frozen time first, then what bit rate and picture rate can carry.

A score over the pictures that arrive stays high while the screen stands still, because whatever is decoded looks fine:
on impaired calls the frozen share ranks with what viewers see (rho -0.91), bit rate and picture rate do not.
"""

import math
from typing import Final

# Of a picture that nobody told the size of: what a phone sends by default.
PIXELS: Final = 640 * 480
# Shape of rtcscore's fit: the logarithm of bits per pixel, and of what is missing of the pictures a second.
_RATE_SLOPE: Final = 0.56
_RATE_OFFSET: Final = 5.36
_FPS_SLOPE: Final = 1.9
# A tenth of the time frozen takes half of what is above 1; chosen by order, not fitted: nobody has rated it.
_FROZEN_HALF: Final = 0.1
_FROZEN_SLOPE: Final = 1.2
MOS_MIN: Final = 1.0
MOS_MAX: Final = 5.0


def picture_mos(bitrate: float, fps: float, expected_fps: float, pixels: int = PIXELS) -> float:
    """How the moving picture looks: bit/s, pictures a second that came and that the camera makes; 1 to 5."""
    if bitrate <= 0 or fps <= 0:
        return MOS_MIN
    base = _RATE_SLOPE * math.log(bitrate / pixels / fps) + _RATE_OFFSET
    score = min(MOS_MAX, max(MOS_MIN, base)) - _FPS_SLOPE * math.log(max(1.0, expected_fps / fps))
    return max(MOS_MIN, score)


def watching_mos(picture: float, freeze_ratio: float) -> float:
    """What is left of a picture's score when this share of the time (0..1) it stood still."""
    return 1 + (picture - 1) / (1 + math.pow(max(0.0, freeze_ratio) / _FROZEN_HALF, _FROZEN_SLOPE))
