"""The summary of a call: what it holds, who gets it, and that a store that does not answer only takes its part."""

import logging
from typing import Any

import pytest

from assist.summaries import FOLLOW_UPS_FROM_S, SummaryService
from media.core.call_meter import LegTotal
from media.core.level import Level
from media.core.speech import Span
from media.core.talk import analyse
from media.facts import TalkMeasured
from rooms.announcer import Announcer
from rooms.kit import Kit
from rooms.model import User
from tests.assist.call_house import PEOPLE, CallHouse
from tests.assist.fakes import RecordingBus

TALK = analyse([Span(0, 12), Span(20, 22)], [Span(12.2, 18), Span(21, 24)], start=0.0, end=60.0)
TOTALS = (LegTotal("anna", "up", 4.256, Level.GOOD, 0.00123), LegTotal("anna", "down", None, Level.LOST, 1.2))


class Summaries:
    """A house with summaries, and what its devices were told."""

    def __init__(self) -> None:
        self.house = CallHouse()
        self.house.rooms.put("m", User("anna", "Anna", lang="en"), User("bo", "Bo", lang="en"))
        self.bus = RecordingBus()
        self.prompts = self.house.service()
        kit = Kit(self.house.clock, self.house.kit.ids, self.house.timers, self.house.facts, Announcer(self.bus))
        SummaryService(kit, self.prompts, self.house.chooser()).subscribe(self.house.facts)

    async def end(self, duration_s: float = 60.0) -> list[Any]:
        """The call is over; (user ids, devices, payload) of what was told."""
        self.house.end()
        devices = {"anna": ("a1", "a2"), "bo": ()}
        self.house.facts.publish(TalkMeasured("c", "m", PEOPLE, TALK, TOTALS, duration_s, devices))
        await self.house.timers.settle()
        assert self.house.timers.failures == []
        return [(sent.user_ids, sent.only, sent.payload) for sent in self.bus.sent if sent.event == "call_summary"]


@pytest.fixture
def summaries() -> Summaries:
    return Summaries()


async def test_a_call_is_summed_up_for_the_devices_that_were_in_it(summaries: Summaries) -> None:
    shown = await summaries.house.show()
    summaries.house.speak()
    await summaries.house.timers.settle()
    ((user_ids, devices, payload),) = await summaries.end()
    assert (tuple(user_ids), tuple(devices)) == (("anna",), ("a1", "a2"))
    assert len(payload.pop("followUps")) == 2
    assert payload == {
        "callId": "c",
        "duration": 60.0,
        "quality": [
            {"userId": "anna", "direction": "up", "mos": 4.26, "level": "good", "loss": 0.0012},
            {"userId": "anna", "direction": "down", "level": "lost", "loss": 1.0},
        ],
        "talk": {
            "shares": [{"userId": "anna", "share": 0.614}, {"userId": "bo", "share": 0.386}],
            "overlaps": 1,
            "longestSilenceMs": 36_000,
            "turns": 4,
        },
        "prompts": [{"promptId": shown.prompt_id, "text": shown.text, "topic": shown.topic, "resumed": True}],
    }


async def test_follow_ups_are_topics_that_the_room_has_not_had(summaries: Summaries) -> None:
    shown = await summaries.house.show()
    ((_, _, payload),) = await summaries.end()
    texts = payload["followUps"]
    assert len(set(texts)) == 2
    assert shown.text not in texts
    assert len(await summaries.house.suggestions.used_topics("m")) == 3


async def test_after_a_short_call_there_is_nothing_to_follow_up(summaries: Summaries) -> None:
    ((_, _, payload),) = await summaries.end(FOLLOW_UPS_FROM_S - 0.1)
    assert payload["followUps"] == []
    assert await summaries.house.suggestions.used_topics("m") == frozenset()


async def test_what_a_store_does_not_tell_is_left_out(summaries: Summaries, caplog: pytest.LogCaptureFixture) -> None:
    summaries.house.prompts_line.cut("of_call")
    summaries.house.suggestions_line.cut("used_topics")
    with caplog.at_level(logging.WARNING):
        ((_, _, payload),) = await summaries.end()
    assert (payload["prompts"], payload["followUps"]) == ([], [])
    assert [vars(record)["part"] for record in caplog.records] == ["prompts", "follow-ups"]


async def test_nothing_is_left_to_follow_up_when_the_bank_is_used_up(summaries: Summaries) -> None:
    while await summaries.house.chooser().choose("m", PEOPLE, suggestion_id=summaries.house.kit.ids.new()):
        pass
    ((_, _, payload),) = await summaries.end()
    assert payload["followUps"] == []
