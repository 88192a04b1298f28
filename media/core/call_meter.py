"""A call of two people as the relay measures it: scores by leg, the cause, notices, silences, and the talk as a whole.

Contract: `feed` with the counters of both legs twice a second or more often, `second` once a second; `media_set` and
`leg_changed` when they happen. Each takes `now`, on the clock of the arrivals. `feed` returns what came of silences,
`second` what callers are told. Nothing here knows words, wire or sockets.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from media.core.audio_quality import REPORTED, conversational_mos, one_way_ms
from media.core.cause import Cause, CauseFinder
from media.core.emodel import MOS_MAX
from media.core.leg_meter import BURST_S, Change, LegCounters, LegMeasures, LegMeter
from media.core.level import Level, LevelMeter
from media.core.notices import Notice, NoticeBoard
from media.core.silence import AirTimes, Output, Side, Silence
from media.core.talk import Talk, analyse
from media.core.video_quality import watching_mos
from protocol.quality import LegDirection as Direction
from protocol.quality import NoticeKind

# Receivers report about once a second, at their own moments: one report holds the losses of the time since the last.
_REPORTED_SECONDS: Final = 3
# Without a packet for so long a stream has stopped: Opus sends one each 0.4 s in silence (RFC 7587 3.1.3).
STOPPED_S: Final = 1.0
# Without a picture for so long, while sound comes, a camera gives nothing (wire contract, 10.3). Shorter takes a busy
# computer's hiccups for it, longer lets a topic through that a still picture is in the way of.
FROZEN_S: Final = 2.0
# With a fifth of the sound invented words are lost; less is heard, and told as a cause.
POOR_PERCENT: Final = 20.0
_POOR: Final[dict[Direction, NoticeKind]] = {"up": "poor_uplink", "down": "poor_downlink"}


@dataclass(frozen=True, slots=True)
class LegScore:
    """One direction of one person's leg in a second, as on the wire: ratios 0..1, bit/s. `mos` is None while nothing is
    to be judged; `level` then stands as it was."""

    user_id: str
    direction: Direction
    mos: float | None
    level: Level
    loss: float
    jitter_s: float
    rtt_s: float | None
    bitrate: float
    fps: float | None
    freezes: int | None


@dataclass(frozen=True, slots=True)
class CallSecond:
    """What a second of a call has come to."""

    legs: tuple[LegScore, ...]
    cause: Cause | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class LegTotal:
    """One direction of one person over the whole call: mean score (None: never judged), the level that it had most of
    the time (of two the worse), mean loss (ratio)."""

    user_id: str
    direction: Direction
    mos: float | None
    level: Level
    loss: float


class _Sum:
    """What a `LegTotal` is made of."""

    def __init__(self) -> None:
        self.mos = self.loss = 0.0
        self.judged = self.seconds = 0
        self.levels: Counter[Level] = Counter()

    def add(self, score: LegScore) -> None:
        """Take a second."""
        if score.level is Level.UNKNOWN:
            return
        self.seconds += 1
        self.loss += score.loss
        self.levels[score.level] += 1
        if score.mos is not None:
            self.judged += 1
            self.mos += score.mos

    def total(self, user_id: str, direction: Direction) -> LegTotal:
        """All of it; at least one second was added."""
        most = max(self.levels.values())
        level = [level for level in Level if self.levels[level] == most][-1]
        mos = self.mos / self.judged if self.judged else None
        return LegTotal(user_id, direction, mos, level, self.loss / self.seconds)


class _Person:
    """One of the two, with the scores of both directions."""

    def __init__(self, meter: LegMeter) -> None:
        self.meter = meter
        self.levels: dict[Direction, LevelMeter] = {"up": LevelMeter(), "down": LevelMeter()}
        self.reported: deque[Change] = deque(maxlen=_REPORTED_SECONDS)  # of sound
        self.speaks_muted_since: float | None = None
        self.poor_since: dict[Direction, float] = {}


class CallMeter:
    """See the module."""

    def __init__(self, user_ids: Sequence[str], *, now: float, times: AirTimes | None = None) -> None:
        self._people = {user_id: _Person(LegMeter(user_id, now=now)) for user_id in user_ids}
        self._began = now
        self._cause = CauseFinder()
        self._silence = Silence(times)
        self._board = NoticeBoard()
        self._sums: dict[tuple[str, Direction], _Sum] = {}

    def media_set(self, user_id: str, *, audio: bool, video: bool, speaking: bool | None, now: float) -> None:
        """`call_media` of this person. `speaking`: they talk into a muted microphone."""
        person = self._people[user_id]
        person.meter.set_media(audio=audio, video=video, now=now)
        person.speaks_muted_since = now if speaking and not audio else None

    def leg_changed(self, user_id: str, *, connected: bool) -> None:
        """Nothing authentic comes from this person any more, or it does again."""
        self._people[user_id].meter.connected = connected

    def wave_away(self) -> None:
        """One of the two wants no topics in this call."""
        self._silence.wave_away()

    def feed(self, legs: Sequence[LegCounters], *, now: float) -> list[Output]:
        """Take what has come, and return what the talk has come to by it."""
        for leg in legs:
            person = self._people.get(leg.user_id)
            if person is not None:
                person.meter.feed(leg, now=now)
        return self._silence.observe([self._side(person, now) for person in self._people.values()], now=now)

    def second(self, *, now: float, host_lag_s: float) -> CallSecond:
        """Close a second; `host_lag_s` is by how much this server was late in it."""
        measures = {user_id: person.meter.second(now=now) for user_id, person in self._people.items()}
        for user_id, person in self._people.items():
            reported = measures[user_id].down.get("audio", Change())
            person.reported.append(reported)
            if reported.lost * self._other(user_id).meter.frame_s >= BURST_S:
                person.meter.burst_at = now
        legs = [
            score for user_id in self._people for score in (self._up(user_id, measures), self._down(user_id, measures))
        ]
        for score in legs:
            self._sums.setdefault((score.user_id, score.direction), _Sum()).add(score)
        cause = self._cause.second([each.cause for each in measures.values()], host_lag_s=host_lag_s)
        return CallSecond(tuple(legs), cause, tuple(self._board.observe(self._troubles(now), now=now)))

    def totals(self) -> tuple[LegTotal, ...]:
        """How each direction was so far; those of which nothing is known are left out."""
        return tuple(sums.total(*key) for key, sums in self._sums.items() if sums.seconds)

    def talk(self, *, now: float) -> Talk:
        """The conversation so far."""
        first, second = (person.meter.spans() for person in self._people.values())
        return analyse(first, second, start=self._began, end=now)

    def _side(self, person: _Person, now: float) -> Side:
        meter = person.meter
        other = self._other(meter.user_id)
        bursts = [at for at in (meter.burst_at, other.meter.burst_at) if at is not None]
        return Side(
            speech_end=meter.speech_end,
            speaking=meter.speaking,
            muted=not meter.audio_on,
            # Of sound that has stopped coming nobody knows yet how much is lost.
            connected=meter.connected and not self._deaf(meter, now),
            frozen=self._frozen(meter, now),
            levels=meter.levels,
            invented=max(meter.invented, self._reported(other)),
            burst_at=max(bursts, default=None),
        )

    def _up(self, user_id: str, measures: dict[str, LegMeasures]) -> LegScore:
        person, found = self._people[user_id], measures[user_id]
        streams = [each for each in (found.audio, found.video) if each is not None]
        mos = _score(found)
        expected = sum(each.expected for each in streams)
        missing = sum(each.lost + each.late for each in streams)
        return LegScore(
            user_id=user_id,
            direction="up",
            mos=mos,
            level=person.levels["up"].judge(mos, lost=found.lost),
            loss=missing / expected if expected else 0.0,
            jitter_s=found.cause.up.jitter_s,
            rtt_s=found.rtt_s,
            bitrate=sum(each.bitrate for each in streams),
            fps=found.video.fps if found.video is not None else None,
            freezes=found.video.freezes if found.video is not None else None,
        )

    def _down(self, user_id: str, measures: dict[str, LegMeasures]) -> LegScore:
        """What this person hears and sees of the other: what came to the relay, less what the way down took."""
        person, other, found = self._people[user_id], self._other(user_id), measures[user_id]
        source = measures[other.meter.user_id]
        rtts = [rtt for rtt in (found.rtt_s, source.rtt_s) if rtt is not None]
        mos = _score(source)
        if mos is not None:
            percent = self._reported(person)
            mos = min(mos, REPORTED.mos(percent)) if percent > 0 else mos
            mos = conversational_mos(mos, one_way_ms(sum(rtts), other.meter.buffer_s))
        path = found.cause.down
        return LegScore(
            user_id=user_id,
            direction="down",
            mos=mos,
            level=person.levels["down"].judge(mos, lost=source.lost or not person.meter.connected),
            loss=path.lost / max(path.expected, path.lost) if path.lost else 0.0,
            jitter_s=path.jitter_s,
            rtt_s=found.rtt_s,
            bitrate=8.0 * sum(change.octets for change in found.down.values()),
            fps=source.video.fps if source.video is not None and "video" in found.down else None,
            freezes=source.video.freezes if source.video is not None and "video" in found.down else None,
        )

    def _troubles(self, now: float) -> dict[Notice, float]:
        """All that is the case, with the time since when."""
        found: dict[Notice, float] = {}
        for user_id, person in self._people.items():
            meter = person.meter
            if person.speaks_muted_since is not None:
                found[Notice("muted_while_speaking", user_id)] = person.speaks_muted_since
            if not meter.connected:
                found[Notice("peer_reconnecting", user_id)] = now
                continue
            if self._deaf(meter, now):
                found[Notice("one_way_audio", user_id)] = meter.heard_audio
            if self._frozen(meter, now):
                found[Notice("camera_frozen", user_id)] = meter.shown_at
            poor: dict[Direction, bool] = {"up": meter.due("audio") and meter.invented > POOR_PERCENT}
            poor["down"] = self._reported(person) - self._other(user_id).meter.invented > POOR_PERCENT
            for direction, kind in _POOR.items():
                if not poor[direction]:
                    person.poor_since.pop(direction, None)
                    continue
                found[Notice(kind, user_id)] = person.poor_since.setdefault(direction, now)
        return found

    def _deaf(self, meter: LegMeter, now: float) -> bool:
        return meter.due("audio") and now - meter.heard_audio >= STOPPED_S

    def _frozen(self, meter: LegMeter, now: float) -> bool:
        return meter.due("video") and now - meter.heard_audio < STOPPED_S and now - meter.shown_at >= FROZEN_S

    def _reported(self, person: _Person) -> float:
        """Percent of the other's sound that this person misses, by their reports: lost on both ways."""
        lost = max(0, sum(change.lost for change in person.reported))
        # What never came to the relay was not sent on, but leaves a hole in the numbers.
        sent = sum(change.packets for change in person.reported) + min(
            lost, self._other(person.meter.user_id).meter.missing
        )
        return min(100.0, 100 * lost / sent) if sent else 0.0

    def _other(self, user_id: str) -> _Person:
        return next(person for other, person in self._people.items() if other != user_id)


def _score(leg: LegMeasures) -> float | None:
    """How what comes from a person sounds and moves. How fine the picture is stays out: nobody told its size."""
    scores = [leg.audio.mos] if leg.audio is not None and leg.audio.mos is not None else []
    if leg.video is not None and leg.video.mos is not None and leg.video.freeze_ratio is not None:
        scores.append(watching_mos(MOS_MAX, leg.video.freeze_ratio))
    return min(scores, default=None)
