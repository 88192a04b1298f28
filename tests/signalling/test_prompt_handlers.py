"""A silence in a call of the whole server, without sockets: both are shown one topic, and say what they think of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from media.core.silence import HeldBack
from media.facts import SilenceEnded, TopicDue, TopicHeldBack, TopicsWavedAway
from tests.support.in_process import InProcess, in_process
from tests.support.media import ScriptedMedia


class Call:
    """ann rings from connection 1 and has 2 besides, bob answers on 3 and has 4; carol (5) is elsewhere."""

    def __init__(self, house: InProcess) -> None:
        self.house = house
        self.media = cast(ScriptedMedia, house.built.media)
        self.call_id = ""

    async def open(self) -> "Call":
        """Media of both flows."""
        for sid, user_id in (("1", "ann"), ("2", "ann"), ("3", "bob"), ("4", "bob"), ("5", "carol")):
            await self.house.server.connect(sid, query=f"userId={user_id}")
        # Devices that come while a call runs are told of it, too; these were there before.
        await settle()
        for sid in ("1", "3"):
            await self.ok(sid, "join_chat", matchId="m")
        self.call_id = (await self.ok("1", "start_call", audio=True, video=False, mode="relay"))["callId"]
        await self.ok("3", "answer_call", callId=self.call_id, accept=True)
        self.media.up(self.call_id, "ann", "bob")
        return self

    async def ok(self, sid: str, event: str, **payload: Any) -> dict[str, Any]:
        answer = await self.house.server.ask(sid, event, payload)
        assert answer["ok"] is True, (event, answer)
        return answer

    async def refused(self, sid: str, event: str, **payload: Any) -> dict[str, Any]:
        answer = await self.house.server.ask(sid, event, payload)
        assert answer["ok"] is False, (event, answer)
        error: dict[str, Any] = answer["error"]
        return error

    def silence(self) -> None:
        """Nobody has spoken for 7 s."""
        self.media.hears(TopicDue(self.call_id, "m", ("ann", "bob"), 7_040))

    def shown(self) -> list[tuple[dict[str, Any], list[str]]]:
        """(payload, connections) of each topic told."""
        return [(data, to) for name, data, to, _ in self.house.server.sent if name == "topic_prompt"]

    async def topic(self) -> dict[str, Any]:
        """A silence; what was shown for it."""
        before = len(self.shown())
        self.silence()
        await until(lambda: len(self.shown()) == before + 2)
        return self.shown()[-1][0]

    def counted(self, outcome: str) -> float | None:
        """`talk_prompts_total`."""
        labels = {"trigger": "dead_air", "outcome": outcome}
        return self.house.metrics.registry.get_sample_value("talk_prompts_total", labels)


async def settle() -> None:
    """What was spawned runs as far as it comes."""
    for _ in range(200):
        await asyncio.sleep(0)


async def until(true: Callable[[], bool]) -> None:
    """Let spawned work run until this holds."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come to this")


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    async with in_process() as house:
        yield await Call(house).open()


async def test_both_are_shown_the_same_topic_once_on_their_devices_in_the_call(call: Call) -> None:
    topic = await call.topic()
    await settle()
    assert sorted(to for _, to in call.shown()) == [["1"], ["3"]]
    assert [data for data, _ in call.shown()] == [topic, topic]
    assert topic["text"]
    assert topic.keys() == {"callId", "promptId", "text", "topic", "why", "silenceMs", "provider", "lang"}
    assert (topic["callId"], topic["why"], topic["silenceMs"]) == (call.call_id, "dead_air", 7_040)
    assert (topic["provider"], topic["lang"]) == ("builtin", "en")
    assert call.counted("shown") == 1


async def test_a_topic_of_the_call_is_no_suggestion_afterwards(call: Call) -> None:
    topic = await call.topic()
    while (answer := await call.house.server.ask("1", "request_ai_help", {}))["ok"]:
        assert answer["requestId"]
    await until(lambda: bool(call.house.server.told("ai_suggestion")))
    assert topic["text"] not in {data["text"] for data in call.house.server.told("ai_suggestion")}


async def test_a_talk_that_goes_on_is_counted_and_told_in_the_summary(call: Call) -> None:
    topic = await call.topic()
    call.media.hears(SilenceEnded(call.call_id, True, 9.0))
    assert call.counted("resumed") == 1
    assert call.house.metrics.registry.get_sample_value("talk_prompt_resumed_seconds_count") == 1
    await call.ok("1", "end_call", callId=call.call_id)
    (told,) = await call.house.built.services.prompts.of_call(call.call_id)
    assert told.wire() == {
        "promptId": topic["promptId"],
        "text": topic["text"],
        "topic": topic["topic"],
        "resumed": True,
    }


async def test_what_was_held_back_is_counted(call: Call) -> None:
    call.media.hears(TopicHeldBack(call.call_id, HeldBack.WAVED_AWAY))
    assert (call.counted("held_back_waved_away"), call.counted("shown")) == (1, 0)


async def test_either_of_the_two_rates_a_topic_and_nobody_else(call: Call) -> None:
    prompt_id = (await call.topic())["promptId"]
    assert await call.ok("1", "rate_suggestion", promptId=prompt_id, used=True, rating=5) == {"ok": True}
    assert await call.ok("4", "rate_suggestion", promptId=prompt_id, used=True) == {"ok": True}
    assert call.media.waved_away == []
    for sid, rated in (("5", prompt_id), ("1", "made up")):
        error = await call.refused(sid, "rate_suggestion", promptId=rated, used=False)
        assert (error["code"], error["field"]) == ("not_found", "promptId")
    assert call.media.waved_away == []
    # A topic is nobody's suggestion, though both are in one log.
    error = await call.refused("1", "rate_suggestion", suggestionId=prompt_id, used=True)
    assert (error["code"], error["field"]) == ("not_found", "suggestionId")


async def test_who_waves_a_topic_away_is_heard_by_the_relay(call: Call) -> None:
    prompt_id = (await call.topic())["promptId"]
    await call.ok("3", "rate_suggestion", promptId=prompt_id, used=False)
    assert call.media.waved_away == [TopicsWavedAway(call.call_id, "bob")]


async def test_after_the_call_a_topic_may_still_be_rated(call: Call) -> None:
    prompt_id = (await call.topic())["promptId"]
    await call.ok("1", "end_call", callId=call.call_id)
    assert await call.ok("1", "rate_suggestion", promptId=prompt_id, used=False, rating=2) == {"ok": True}
    assert call.media.waved_away == []
