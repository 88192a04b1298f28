"""Measures the calls that run: reads the relay's counters, feeds the cores, tells callers and the house.

Each call has a timer of its own, at its own moment: a reading takes some milliseconds, and all calls in one go would
hold up every packet of media meanwhile. Peer-to-peer calls send no packet through the relay, so of them nothing is
known.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from media import facts
from media.core.call_meter import CallMeter, CallSecond, LegScore
from media.core.cause import Cause
from media.core.level import Level
from media.core.notices import Notice
from media.core.silence import AirTimes, DeadAirBegan, DeadAirEnded, Output, PromptDue
from media.core.words import Lang, advice_text, cause_text, notice_text
from media.ports import MediaPlane
from protocol.base import ServerEvent
from protocol.errors import ProtocolError
from protocol.quality import CallNotice, CallQuality, QualityCause, QualityLeg, QualityLevel
from rooms.facts import Fact
from rooms.kit import Kit
from rooms.model import User

log = logging.getLogger(__name__)

# How often counters are read. A topic comes up to this late; shorter costs a pass over all legs more often.
FEED_S: Final = 0.5
_FEEDS: Final = 2  # in a second
LEVELS: Final[dict[Level, QualityLevel]] = {
    Level.GOOD: "good",
    Level.FAIR: "fair",
    Level.POOR: "poor",
    Level.LOST: "lost",
}


class Tells(Protocol):
    """The part of `media.calls.CallService` that speaks to the people of a call."""

    def announce(self, call_id: str, user_id: str, event: ServerEvent) -> None:
        """Tell somebody in a call something."""
        ...


class Names(Protocol):
    """The part of `rooms.ports.RelationStore` that knows people."""

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """Those that exist, by id."""
        ...


@dataclass(eq=False, slots=True)
class _Measured:
    """A call that is measured."""

    call_id: str
    match_id: str
    user_ids: tuple[str, ...]
    meter: CallMeter
    names: dict[str, str]
    langs: dict[str, Lang]
    away: set[str] = field(default_factory=set)  # whose leg is lost
    due: float = 0.0  # of the next reading
    cancel: Callable[[], None] = lambda: None
    feeds: int = 0  # in the second that runs
    lag_s: float = 0.0  # by how much a reading in it was late


class CallMeters:
    """See the module."""

    def __init__(
        self,
        kit: Kit,
        *,
        media: MediaPlane,
        calls: Tells,
        people: Names,
        times: AirTimes | None = None,
        default_lang: Lang = "en",
    ) -> None:
        """`times`: of silences; `default_lang`: for people whose language nobody knows."""
        self._kit = kit
        self._media = media
        self._tells = calls
        self._people = people
        self._times = times
        self._default_lang = default_lang
        self._ringing: dict[str, facts.CallStarted] = {}
        self._calls: dict[str, _Measured] = {}
        self._begun = 0
        kit.facts.subscribe(facts.CallStarted, self._on_started)
        kit.facts.subscribe(facts.CallConnected, self._on_connected)
        kit.facts.subscribe(facts.CallEnded, self._on_ended)
        kit.facts.subscribe(facts.MediaSet, self._on_media_set)
        kit.facts.subscribe(facts.TopicsWavedAway, lambda fact: self.wave_away(fact.call_id))
        kit.facts.subscribe(facts.LegLost, lambda fact: self._on_leg(fact.call_id, fact.user_id, connected=False))
        kit.facts.subscribe(facts.LegReturned, lambda fact: self._on_leg(fact.call_id, fact.user_id, connected=True))
        kit.facts.subscribe(facts.LegConnected, lambda fact: self._on_leg(fact.call_id, fact.user_id, connected=True))

    def wave_away(self, call_id: str) -> None:
        """Somebody in the call wants no topics."""
        call = self._calls.get(call_id)
        if call is not None:
            call.meter.wave_away()

    def _on_started(self, fact: facts.CallStarted) -> None:
        if fact.mode == "relay":
            self._ringing[fact.call_id] = fact

    def _on_connected(self, fact: facts.CallConnected) -> None:
        started = self._ringing.pop(fact.call_id, None)
        if started is None:
            return
        user_ids = (started.caller, *started.callees)
        call = self._calls[fact.call_id] = _Measured(
            fact.call_id,
            fact.match_id,
            user_ids,
            CallMeter(user_ids, now=self._kit.clock.monotonic(), times=self._times),
            names={user_id: user_id for user_id in user_ids},
            langs=dict.fromkeys(user_ids, self._default_lang),
        )
        self._kit.timers.spawn(self._look_up(call), f"names of call {fact.call_id}")
        # The golden ratio spreads calls that begin together: measured in one go they would hold up all media.
        self._arm(call, FEED_S * (1 + self._begun * 0.618034 % 1.0))
        self._begun += 1

    async def _look_up(self, call: _Measured) -> None:
        try:
            users = await self._people.users(call.user_ids)
        except ProtocolError as error:
            log.warning("names are not known", extra={"call_id": call.call_id, "reason": type(error).__name__})
            return
        for user_id, user in users.items():
            call.names[user_id] = user.name
            if user.lang is not None:
                call.langs[user_id] = "zh" if user.lang.lower().startswith("zh") else "en"

    def _on_ended(self, fact: facts.CallEnded) -> None:
        self._ringing.pop(fact.call_id, None)
        call = self._calls.pop(fact.call_id, None)
        if call is not None:
            call.cancel()
            talk = call.meter.talk(now=self._kit.clock.monotonic())
            self._kit.facts.publish(
                facts.TalkMeasured(
                    call.call_id,
                    call.match_id,
                    call.user_ids,
                    talk,
                    call.meter.totals(),
                    fact.duration_s,
                    fact.devices,
                )
            )

    def _on_media_set(self, fact: facts.MediaSet) -> None:
        call = self._calls.get(fact.call_id)
        if call is not None:
            call.meter.media_set(
                fact.user_id,
                audio=fact.audio,
                video=fact.video,
                speaking=fact.speaking,
                now=self._kit.clock.monotonic(),
            )

    def _on_leg(self, call_id: str, user_id: str, *, connected: bool) -> None:
        call = self._calls.get(call_id)
        if call is not None and user_id in call.user_ids:
            call.meter.leg_changed(user_id, connected=connected)
            (call.away.discard if connected else call.away.add)(user_id)

    def _arm(self, call: _Measured, after_s: float = FEED_S) -> None:
        call.due = self._kit.clock.monotonic() + after_s
        call.cancel = self._kit.timers.call_at(call.due, lambda: self._tick(call))

    def _tick(self, call: _Measured) -> None:
        now = self._kit.clock.monotonic()
        call.lag_s = max(call.lag_s, now - call.due)
        try:
            self._measure(call, now)
        finally:
            # What can not be measured now may be the next time.
            if call.call_id in self._calls:
                self._arm(call)

    def _measure(self, call: _Measured, now: float) -> None:
        for output in call.meter.feed(self._media.measured(call.call_id), now=now):
            self._kit.facts.publish(_fact(call, output))
        call.feeds += 1
        if call.feeds < _FEEDS:
            return
        lag_s, call.feeds, call.lag_s = call.lag_s, 0, 0.0
        self._tell(call, call.meter.second(now=now, host_lag_s=lag_s))

    def _tell(self, call: _Measured, second: CallSecond) -> None:
        self._kit.facts.publish(facts.CallMeasured(call.call_id, second))
        legs = [quality_leg(score) for score in second.legs if score.level in LEVELS]
        for user_id in call.user_ids:
            if not call.away:
                self._tells.announce(call.call_id, user_id, _quality(call, legs, second.cause, call.langs[user_id]))
            for notice in second.notices:
                self._tells.announce(call.call_id, user_id, _notice(call, notice, user_id))


def _quality(call: _Measured, legs: list[QualityLeg], cause: Cause | None, lang: Lang) -> CallQuality:
    if cause is None:
        return CallQuality(call_id=call.call_id, legs=legs)
    told = _cause(cause, call.names, lang)
    return CallQuality(call_id=call.call_id, legs=legs, cause=told, advice=advice_text(cause.kind, lang))


def _notice(call: _Measured, notice: Notice, reader: str) -> CallNotice:
    name = None if notice.user_id == reader else call.names[notice.user_id]
    text = notice_text(notice.kind, call.langs[reader], name=name)
    return CallNotice(call_id=call.call_id, kind=notice.kind, user_id=notice.user_id, text=text)


def quality_leg(score: LegScore) -> QualityLeg:
    """A direction of a leg as on the wire. Its level must be known."""
    return QualityLeg(
        user_id=score.user_id,
        direction=score.direction,
        mos=None if score.mos is None else round(score.mos, 2),
        level=LEVELS[score.level],
        loss=round(min(1.0, score.loss), 4),
        jitter_ms=round(1000 * score.jitter_s, 1),
        rtt_ms=None if score.rtt_s is None else round(1000 * score.rtt_s, 1),
        bitrate=round(score.bitrate),
        fps=None if score.fps is None else round(score.fps, 1),
        freezes=score.freezes,
    )


def _cause(cause: Cause, names: dict[str, str], lang: Lang) -> QualityCause:
    who = cause.user_id
    text = cause_text(cause.kind, cause.direction, lang, name=names.get(who or "", ""), amount=cause.amount)
    return QualityCause(user_id=who, direction=None if who is None else cause.direction, kind=cause.kind, text=text)


def _fact(call: _Measured, output: Output) -> Fact:
    match output:
        case DeadAirBegan(trouble):
            return facts.SilenceBegan(call.call_id, trouble)
        case DeadAirEnded(social, silence_s):
            return facts.SilenceEnded(call.call_id, social, silence_s)
        case PromptDue(silence_s):
            return facts.TopicDue(call.call_id, call.match_id, call.user_ids, round(1000 * silence_s))
        case held_back:
            return facts.TopicHeldBack(call.call_id, held_back.why)
