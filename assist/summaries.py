"""What became of a call, told to its people when it is over: how it was, how they talked, and what to go on with."""

import logging
from typing import Final

from assist.prompts import PromptService
from assist.topic_choice import TopicChooser
from media.facts import TalkMeasured
from media.meter import LEVELS
from protocol.errors import ProtocolError
from protocol.quality import CallSummary, CallTalk, SummaryPrompt, SummaryQuality, TalkShare
from rooms.facts import FactBus
from rooms.kit import Kit

log = logging.getLogger(__name__)

FOLLOW_UPS: Final = 2
# After a shorter call there is nothing to follow up. Each follow-up is a topic that the room can not be offered again.
FOLLOW_UPS_FROM_S: Final = 30.0


class SummaryService:
    """Sends `call_summary` to the devices that were in the call. What a store does not tell is left out of it."""

    def __init__(self, kit: Kit, prompts: PromptService, chooser: TopicChooser) -> None:
        self._announcer = kit.announcer
        self._ids = kit.ids
        self._timers = kit.timers
        self._prompts = prompts
        self._chooser = chooser

    def subscribe(self, facts: FactBus) -> None:
        """From now on."""
        facts.subscribe(TalkMeasured, self._on_measured)

    def _on_measured(self, fact: TalkMeasured) -> None:
        self._timers.spawn(self._tell(fact), f"summary of call {fact.call_id}")

    async def _tell(self, fact: TalkMeasured) -> None:
        summary = CallSummary(
            call_id=fact.call_id,
            duration=fact.duration_s,
            quality=_quality(fact),
            talk=_talk(fact),
            prompts=await self._shown(fact),
            follow_ups=await self._follow_ups(fact),
        )
        for user_id, devices in fact.devices.items():
            if devices:
                await self._announcer.tell([user_id], summary, only=devices)

    async def _shown(self, fact: TalkMeasured) -> list[SummaryPrompt]:
        try:
            return await self._prompts.of_call(fact.call_id)
        except ProtocolError as error:
            _left_out("prompts", fact, error)
            return []

    async def _follow_ups(self, fact: TalkMeasured) -> list[str]:
        """Something to write about next."""
        found: list[str] = []
        if fact.duration_s < FOLLOW_UPS_FROM_S:
            return found
        try:
            while len(found) < FOLLOW_UPS:
                chosen = await self._chooser.choose(fact.match_id, fact.user_ids, suggestion_id=self._ids.new())
                if chosen is None:
                    break
                found.append(chosen.text)
        except ProtocolError as error:
            _left_out("follow-ups", fact, error)
        return found


def _left_out(part: str, fact: TalkMeasured, error: ProtocolError) -> None:
    log.warning(
        "the summary of a call is not complete",
        extra={"part": part, "call_id": fact.call_id, "reason": type(error).__name__},
    )


def _quality(fact: TalkMeasured) -> list[SummaryQuality]:
    return [
        SummaryQuality(
            user_id=total.user_id,
            direction=total.direction,
            mos=None if total.mos is None else round(total.mos, 2),
            level=LEVELS[total.level],
            loss=round(min(1.0, total.loss), 4),
        )
        for total in fact.totals
    ]


def _talk(fact: TalkMeasured) -> CallTalk:
    """Shares are told once enough was said for them to mean something."""
    shares = fact.talk.shares
    return CallTalk(
        shares=[]
        if shares is None
        else [
            TalkShare(user_id=user_id, share=round(share, 3))
            for user_id, share in zip(fact.user_ids, shares, strict=True)
        ],
        overlaps=len(fact.talk.overlaps),
        longest_silence_ms=round(1000 * fact.talk.longest_silence_s),
        turns=len(fact.talk.turns),
    )


__all__ = ["FOLLOW_UPS", "FOLLOW_UPS_FROM_S", "SummaryService"]
