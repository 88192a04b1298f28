"""Who and what is at fault when a call is bad: one cause a second, or none (wire contract, section 10, 1-3).

Contract: `second` once a second with what was measured on each leg in it; returns the cause that callers are told, the
same for all. It is there from at most 3 s after a trouble begins, may stay 3 s after its end, and is absent otherwise.

The leg on which the trouble arises is blamed: what an uplink loses is missing on the downlinks behind it too, so that
is taken off before a downlink is looked at. Of several troubles the one that costs most is told. When this server is
itself late, arrivals say nothing about paths, and nobody is blamed.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from media.core.audio_quality import CURVES, conversational_mos, one_way_ms
from protocol.quality import CauseKind
from protocol.quality import LegDirection as Direction

WINDOW_S: Final = 3
# Of the packets of the window. Half of it is no trouble (contract: 0.3 %); twice as much would miss what people hear.
LOSS_RATIO: Final = 0.015
# In a call of speech alone 0.3 % are one packet in seven seconds: fewer than this many are chance.
LOSS_PACKETS: Final = 4
JITTER_SPREAD_S: Final = 0.05  # 95 % - 5 % of the transit
# A receiver reports the mean deviation (RFC 3550), not the spread: of evenly spread delays it is a third, of normal
# ones less.
JITTER_REPORTED_S: Final = 0.018
# A step of the delay widens the spread until the packets before it are forgotten, two seconds. It is no jitter.
JITTER_SECONDS: Final = 3
JITTER_SURE_S: Final = 0.008  # mean deviation that a step does not leave behind
DELAY_RTT_S: Final = 0.3
DELAY_SECONDS: Final = 2
# With packets lost, a queue of three packets of speech: a path that only loses has none, one that is full has more.
QUEUE_S: Final = 0.06
DEVICE_SECONDS: Final = 2
HOST_LAG_S: Final = 0.05  # as late as the jitter that would be blamed
HOLD_SECONDS: Final = 1  # a cause stays for so long after its window says no more
# By how much another must cost more before it is told instead; two that are alike would take turns.
MARGIN_MOS: Final = 0.3
# Receivers report every second, some browsers every five of speech alone: what an uplink lost may come up that late.
_REPORT_LAG_S: Final = 3
_RTT_WINDOW_S: Final = 60
_DEVICE_COST: Final = 3.5
_BUFFER_S: Final = 0.06
_BEST: Final = CURVES["browser", False]


@dataclass(frozen=True, slots=True)
class Path:
    """One direction of a leg in one second. "Up": as the relay received it. "Down": as the receiver reported it, what
    the uplinks behind it had lost included."""

    expected: int = 0  # packets sent on it
    lost: int = 0  # on the path, before recovery
    recovered: int = 0  # of the lost: came by retransmission
    jitter_s: float = 0.0  # mean deviation, RFC 3550
    spread_s: float | None = None  # 95 % - 5 % of the transit; None where only the receiver knows it
    queue_s: float = 0.0  # transit above the least; 0 where only the round trip tells
    held_back: bool = False  # the relay sends less than there is, for want of road


@dataclass(frozen=True, slots=True)
class Source:
    """A microphone or camera in one second."""

    on: bool = False  # as `call_media` says
    packets: int = 0
    silent: bool = False  # every packet had level 127: digital silence


@dataclass(frozen=True, slots=True)
class LegSecond:
    """All of one person in one second."""

    user_id: str
    up: Path = field(default_factory=Path)
    down: Path = field(default_factory=Path)
    rtt_s: float | None = None  # the newest: a mean would tell what has changed seconds later
    audio: Source = field(default_factory=Source)
    video: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class Cause:
    """`amount`: percent for loss and bandwidth, milliseconds for jitter and delay. Nobody is at fault for `host`."""

    kind: CauseKind
    user_id: str | None
    direction: Direction
    amount: int
    cost: float  # of the score, MOS


class _Leg:
    """What is remembered of one person."""

    def __init__(self) -> None:
        self.up: deque[Path] = deque(maxlen=WINDOW_S + _REPORT_LAG_S)
        self.down: deque[Path] = deque(maxlen=WINDOW_S)
        self.rtts: deque[float] = deque(maxlen=_RTT_WINDOW_S)
        self.uneven: dict[Direction, int] = {"up": 0, "down": 0}  # seconds in a row
        self.slow = self.mute_microphone = self.dark_camera = 0


class CauseFinder:
    """See the module."""

    def __init__(self) -> None:
        self._legs: dict[str, _Leg] = {}
        self._told: Cause | None = None
        self._held = 0

    def second(self, legs: Sequence[LegSecond], *, host_lag_s: float) -> Cause | None:
        """Take a second of all legs; `host_lag_s` is by how much this server was late in it."""
        for leg in legs:
            self._remember(leg)
        if host_lag_s > HOST_LAG_S:
            found = [Cause("host", None, "up", round(1000 * host_lag_s), _DEVICE_COST)]
        else:
            found = [cause for leg in legs for cause in self._of_leg(leg, legs)]
        self._told = self._choose(found)
        return self._told

    def _remember(self, leg: LegSecond) -> None:
        memory = self._legs.setdefault(leg.user_id, _Leg())
        memory.up.append(leg.up)
        memory.down.append(leg.down)
        if leg.rtt_s is not None:
            memory.rtts.append(leg.rtt_s)
        memory.slow = memory.slow + 1 if leg.rtt_s is not None and leg.rtt_s > DELAY_RTT_S else 0
        audio, video = leg.audio, leg.video
        dead = (audio.packets == 0 and video.packets > 0) or (audio.packets > 0 and audio.silent)
        memory.mute_microphone = memory.mute_microphone + 1 if audio.on and dead else 0
        dark = video.on and video.packets == 0 and audio.packets > 0
        memory.dark_camera = memory.dark_camera + 1 if dark else 0

    def _of_leg(self, leg: LegSecond, legs: Sequence[LegSecond]) -> Iterable[Cause]:
        memory = self._legs[leg.user_id]
        others = [self._legs[other.user_id] for other in legs if other.user_id != leg.user_id]
        if max(memory.mute_microphone, memory.dark_camera) >= DEVICE_SECONDS:
            yield Cause("device", leg.user_id, "up", 0, _DEVICE_COST)
        recent = list(memory.up)[-WINDOW_S:]
        up = self._of_path(leg, "up", _lost(recent), sum(path.expected for path in recent), leg.up.queue_s)
        lost_before = sum(path.lost - path.recovered for other in others for path in other.up)
        rise = leg.rtt_s - min(memory.rtts) if leg.rtt_s is not None else 0.0
        own = max(0, _lost(memory.down) - max(0, lost_before))
        sent = sum(path.expected for path in memory.down)
        down = self._of_path(_alone(leg, others), "down", own, sent, max(0.0, rise - leg.up.queue_s))
        yield from up
        yield from down
        if not up and not down and memory.slow >= DELAY_SECONDS and leg.rtt_s is not None:
            cost = _BEST.top - conversational_mos(_BEST.top, one_way_ms(leg.rtt_s, _BUFFER_S))
            yield Cause("delay", leg.user_id, "up", round(1000 * leg.rtt_s), cost)

    def _of_path(self, leg: LegSecond, direction: Direction, lost: int, sent: int, queue_s: float) -> list[Cause]:
        """Loss, bandwidth or jitter of one direction; at most one of them."""
        path = leg.up if direction == "up" else leg.down
        ratio = min(1.0, lost / sent) if sent > 0 else 0.0
        lossy = lost >= LOSS_PACKETS and ratio >= LOSS_RATIO
        uneven = self._uneven(leg, direction)
        cost = _BEST.top - _BEST.mos(100 * ratio)
        if path.held_back or (lossy and queue_s >= QUEUE_S):
            cost = max(cost, _BEST.top - conversational_mos(_BEST.top, one_way_ms(2 * queue_s, _BUFFER_S)))
            return [Cause("bandwidth", leg.user_id, direction, round(100 * ratio), cost)]
        if lossy:
            return [Cause("loss", leg.user_id, direction, max(1, round(100 * ratio)), cost)]
        if uneven:
            # What is uneven by more than a buffer holds is missing: 10 ms over the threshold are about 1 %.
            spread = path.spread_s if path.spread_s is not None else 3 * path.jitter_s
            cost = _BEST.top - _BEST.mos(100 * max(0.01, spread - JITTER_SPREAD_S))
            return [Cause("jitter", leg.user_id, direction, round(1000 * spread), cost)]
        return []

    def _uneven(self, leg: LegSecond, direction: Direction) -> bool:
        seconds = self._legs[leg.user_id].uneven
        path = leg.up if direction == "up" else leg.down
        wide = path.spread_s > JITTER_SPREAD_S if path.spread_s is not None else path.jitter_s > JITTER_REPORTED_S
        seconds[direction] = seconds[direction] + 1 if wide else 0
        return seconds[direction] >= (JITTER_SECONDS - 1 if path.jitter_s >= JITTER_SURE_S else JITTER_SECONDS)

    def _choose(self, found: Sequence[Cause]) -> Cause | None:
        told = self._told
        if not found:
            self._held += 1
            return told if self._held <= HOLD_SECONDS else None
        self._held = 0
        worst = max(found, key=lambda cause: cause.cost)
        for cause in found:
            same = told is not None and (cause.kind, cause.user_id, cause.direction) == (
                told.kind,
                told.user_id,
                told.direction,
            )
            if same and cause.cost >= worst.cost - MARGIN_MOS:
                return cause
        return worst


def _alone(leg: LegSecond, others: Iterable[_Leg]) -> LegSecond:
    """The leg with the jitter of its downlink alone; deviations that do not know of each other add up as squares."""
    before = max((path.jitter_s for other in others for path in other.up), default=0.0)
    own = math.sqrt(max(0.0, leg.down.jitter_s**2 - before**2))
    return replace(leg, down=replace(leg.down, jitter_s=own))


def _lost(paths: Iterable[Path]) -> int:
    return max(0, sum(path.lost for path in paths))
