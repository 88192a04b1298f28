"""Topics in a call: shown to both when the talk dies, and measured by whether it goes on.

`media` says when (`TopicDue`); what is shown is chosen by `topic_choice.py`, recorded, and told through the
`CallAudience`. A topic whose moment is over before it is ready (somebody speaks, or the call ends) is not shown. Each
one shown is `resumed` when somebody speaks within `RESUME_WITHIN_S`, and `not_resumed` otherwise.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from assist.ports import CallAudience, CountPrompt, People, Prompt, PromptLog
from assist.topic_choice import TopicChooser
from media.core.silence import HeldBack
from media.facts import CallEnded, SilenceEnded, TopicDue, TopicHeldBack
from monitoring.metrics import PromptOutcome, PromptTrigger
from protocol.errors import NotFound, ProtocolError
from protocol.prompts import TopicPrompt
from protocol.quality import SummaryPrompt
from rooms.facts import FactBus
from rooms.kit import Kit

log = logging.getLogger(__name__)

RESUME_WITHIN_S: Final = 20.0
"""A word that comes later has other reasons than the topic. Longer flatters the topics, shorter punishes those that
make people think."""

_HELD_BACK: Final = {
    HeldBack.RECENT: PromptOutcome.HELD_BACK_RECENT,
    HeldBack.WAVED_AWAY: PromptOutcome.HELD_BACK_WAVED_AWAY,
}


@dataclass(eq=False, slots=True)
class _Shown:
    """A topic that people in a call have been shown at `at` (monotonic seconds)."""

    prompt: Prompt
    at: float
    resumed: bool = False


@dataclass(eq=False, slots=True)
class _Call:
    """The topics of a call that runs. `waiting`: the one of which it is not known yet whether somebody takes it up;
    `disarm` stops its timer. `saving`: outcomes that are on their way to the log."""

    shown: list[_Shown] = field(default_factory=list)
    waiting: _Shown | None = None
    disarm: Callable[[], None] = lambda: None
    saving: int = 0
    over: bool = False


class PromptService:
    """See the module."""

    def __init__(
        self,
        kit: Kit,
        chooser: TopicChooser,
        *,
        prompts: PromptLog,
        people: People,
        audience: CallAudience,
        count: CountPrompt,
    ) -> None:
        self._clock = kit.clock
        self._ids = kit.ids
        self._timers = kit.timers
        self._chooser = chooser
        self._log = prompts
        self._people = people
        self._audience = audience
        self._count = count
        self._due: dict[str, TopicDue] = {}
        self._calls: dict[str, _Call] = {}

    def subscribe(self, facts: FactBus) -> None:
        """From now on show topics in calls and see what becomes of them."""
        facts.subscribe(TopicDue, self._on_due)
        facts.subscribe(TopicHeldBack, self._on_held_back)
        facts.subscribe(SilenceEnded, self._on_silence_ended)
        facts.subscribe(CallEnded, self._on_ended)

    async def rate(self, user_id: str, prompt_id: str, *, used: bool, rating: int | None = None) -> None:
        """Keep what a person of the match says of a topic. Waved away (not `used`), it is the last one of its call.

        Raises `NotFound` for anybody else, and for a topic that was never shown."""
        prompt = await self._log.get(prompt_id)
        match = await self._people.match(prompt.match_id) if prompt is not None else None
        if prompt is None or match is None or user_id not in match.members:
            raise NotFound("no such topic", field="promptId")
        if not used:
            # First, so that it counts even when the log does not answer; also for a topic that is being chosen.
            self._due.pop(prompt.call_id, None)
            self._audience.wave_away(prompt.call_id, user_id)
        await self._log.rate(prompt_id, user_id, used=used, rating=rating)

    async def of_call(self, call_id: str) -> list[SummaryPrompt]:
        """The topics shown in a call, oldest first, for its summary; also of a call of earlier days."""
        call = self._calls.get(call_id)
        if call is not None:
            return [_summary(shown.prompt, resumed=shown.resumed) for shown in call.shown]
        return [
            _summary(found, resumed=found.resumed_after_ms is not None) for found in await self._log.of_call(call_id)
        ]

    def _on_due(self, fact: TopicDue) -> None:
        self._due[fact.call_id] = fact
        self._timers.spawn(self._prompt(fact), f"topic of call {fact.call_id}")

    def _on_held_back(self, fact: TopicHeldBack) -> None:
        self._count(PromptTrigger.DEAD_AIR, _HELD_BACK[fact.why])

    def _on_silence_ended(self, fact: SilenceEnded) -> None:
        if not fact.social:
            return  # a trouble is over; nobody has spoken yet
        self._due.pop(fact.call_id, None)
        call = self._calls.get(fact.call_id)
        if call is not None:
            self._judge(call, spoken=True)

    def _on_ended(self, fact: CallEnded) -> None:
        self._due.pop(fact.call_id, None)
        call = self._calls.get(fact.call_id)
        if call is not None:
            call.over = True
            self._judge(call, spoken=False)
            self._forget(fact.call_id, call)

    async def _prompt(self, fact: TopicDue) -> None:
        """Show a topic, or count that there was none."""
        shown = False
        try:
            shown = await self._show(fact)
        except ProtocolError as error:
            log.warning("no topic for a call", extra={"call_id": fact.call_id, "reason": type(error).__name__})
        finally:
            if self._is_due(fact):
                del self._due[fact.call_id]
            if not shown:
                self._count(PromptTrigger.DEAD_AIR, PromptOutcome.FAILED)

    async def _show(self, fact: TopicDue) -> bool:
        """Choose, record, tell. The records come first: a topic that is not on the disk is not shown."""
        prompt_id = self._ids.new()
        chosen = await self._chooser.choose(fact.match_id, fact.user_ids, suggestion_id=prompt_id)
        if chosen is None:
            return False
        prompt = Prompt(
            prompt_id=prompt_id,
            call_id=fact.call_id,
            match_id=fact.match_id,
            topic_id=chosen.topic_id,
            text=chosen.text,
            topic=chosen.topic,
            lang=chosen.lang,
            provider=chosen.provider,
            why="dead_air",
            silence_ms=fact.silence_ms,
            at_ms=self._clock.wall_ms(),
        )
        await self._log.add(prompt)
        if self._is_due(fact) and self._audience.tell(fact.call_id, [_event(prompt)]):
            self._note(prompt)
            return True
        await self._log.withdraw(prompt_id)
        return False

    def _is_due(self, fact: TopicDue) -> bool:
        return self._due.get(fact.call_id) is fact

    def _note(self, prompt: Prompt) -> None:
        """It is on its way to both: wait for somebody to speak."""
        self._count(PromptTrigger.DEAD_AIR, PromptOutcome.SHOWN)
        call = self._calls.setdefault(prompt.call_id, _Call())
        self._judge(call, spoken=False)
        call.waiting = _Shown(prompt, self._clock.monotonic())
        call.shown.append(call.waiting)
        call.disarm = self._timers.call_at(call.waiting.at + RESUME_WITHIN_S, lambda: self._judge(call, spoken=False))

    def _judge(self, call: _Call, *, spoken: bool) -> None:
        """What has become of the topic that waits, if one does."""
        shown, call.waiting = call.waiting, None
        if shown is None:
            return
        call.disarm()
        resumed_s = self._clock.monotonic() - shown.at
        # A loop that lags may hear of a late word before the timer.
        shown.resumed = spoken and resumed_s <= RESUME_WITHIN_S
        if shown.resumed:
            self._count(PromptTrigger.DEAD_AIR, PromptOutcome.RESUMED, resumed_s)
            call.saving += 1
            self._timers.spawn(self._save(call, shown.prompt, round(resumed_s * 1000)), "outcome of a topic")
        else:
            self._count(PromptTrigger.DEAD_AIR, PromptOutcome.NOT_RESUMED)

    async def _save(self, call: _Call, prompt: Prompt, after_ms: int) -> None:
        try:
            await self._log.resumed(prompt.prompt_id, after_ms=after_ms)
        except ProtocolError as error:
            reason = type(error).__name__
            log.warning("the outcome of a topic is not kept", extra={"call_id": prompt.call_id, "reason": reason})
        finally:
            call.saving -= 1
            self._forget(prompt.call_id, call)

    def _forget(self, call_id: str, call: _Call) -> None:
        """Once the log knows all of a call that is over, it is asked instead."""
        if call.over and not call.saving:
            self._calls.pop(call_id, None)


def _event(prompt: Prompt) -> TopicPrompt:
    return TopicPrompt(
        call_id=prompt.call_id,
        prompt_id=prompt.prompt_id,
        text=prompt.text,
        topic=prompt.topic,
        why=prompt.why,
        silence_ms=prompt.silence_ms,
        provider=prompt.provider,
        lang=prompt.lang,
    )


def _summary(prompt: Prompt, *, resumed: bool) -> SummaryPrompt:
    return SummaryPrompt(prompt_id=prompt.prompt_id, text=prompt.text, topic=prompt.topic, resumed=resumed)


__all__ = ["RESUME_WITHIN_S", "PromptService"]
