"""Scores of speech from what a jitter buffer could not play.

`x` is the share, in percent, of the sound that a listener's player has to invent. Curves MOS = 1 + (top - 1) /
(1 + (x / half) ** slope) were fitted to PESQ-WB (ITU-T P.862.2) of calls through impaired paths; each belongs to what
the player does about missing sound and to whether Opus carries copies of lost packets (in-band FEC, RFC 6716 2.1.7).
Using one where another belongs is wrong by 0.4 on average. Docs: docs/quality.md.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from media.core.emodel import delay_impairment, mos_to_r, r_to_mos
from media.core.jitter_buffer import Tally

Concealment: TypeAlias = Literal["browser", "opus"]

# What a packet that FEC repairs is worth of a missing one: the copy has a fraction of the bit rate.
REPAIRED_SHARE: Final = 0.21
# Speech goes out in packets of 20 ms, and Opus looks 6.5 ms ahead (RFC 6716 2.2).
_SENDER_MS: Final = 26.5


@dataclass(frozen=True, slots=True)
class Curve:
    """`top`: the score when nothing is missing; `half`: the x that takes half of what is above 1."""

    top: float
    half: float
    slope: float

    def mos(self, x: float) -> float:
        """The score, 1 to `top`, at x percent."""
        return 1 + (self.top - 1) / (1 + math.pow(max(0.0, x) / self.half, self.slope))


CURVES: Final[dict[tuple[Concealment, bool], Curve]] = {
    ("opus", False): Curve(4.38, 5.25, 1.375),
    ("opus", True): Curve(3.99, 6.38, 1.38),
    # By Chromium's own count of what it concealed. Its player stretches time, so growing the buffer costs nothing.
    ("browser", False): Curve(4.47, 3.87, 1.48),
    # Not measured: the top of a stream with FEC, whose bit rate is lower, and how a browser falls from there.
    ("browser", True): Curve(3.99, 3.87, 1.48),
}
# How long the player's buffer may become. Chromium's holds some seconds; a second is where people hang up.
OFFSET_MAX_S: Final[dict[Concealment, float]] = {"opus": 0.4, "browser": 1.0}
# By loss alone, where nothing else is known: what a browser's receiver reports say (RFC 3550 6.4.1).
REPORTED: Final = Curve(4.31, 3.21, 1.24)


def invented_percent(tally: Tally, concealment: Concealment, *, fec: bool) -> float:
    """The x of the curves: 0..100, of all the sound that was played."""
    invented = float(tally.missing)
    if fec:
        invented -= (1 - REPAIRED_SHARE) * tally.repairable
    filler = tally.filler if concealment == "opus" else 0.0
    played = tally.expected + filler
    return min(100.0, max(0.0, 100 * (invented + filler) / played)) if played > 0 else 0.0


def listening_mos(tally: Tally, concealment: Concealment, *, fec: bool) -> float:
    """How the speech sounds, MOS-LQ. Defined for a tally in which something was expected.

    Browsers spend bits on copies only when the receiver reports losses: without them their stream is one without FEC.
    """
    score = CURVES[concealment, fec].mos(invented_percent(tally, concealment, fec=fec))
    if fec and concealment == "browser":
        return max(score, listening_mos(tally, concealment, fec=False))
    return score


def one_way_ms(rtt_s: float, buffer_s: float) -> float:
    """Mouth to ear over the relay, given both round trips together."""
    return 1000 * (rtt_s / 2 + buffer_s) + _SENDER_MS


def conversational_mos(mos: float, delay_ms: float) -> float:
    """How well one can talk, MOS-CQ: the listening score less what the one-way delay costs (G.107 Idd)."""
    impairment = delay_impairment(delay_ms)
    return min(mos, r_to_mos(mos_to_r(mos) - impairment)) if impairment else mos
