"""What others of the house have to say to the people in a call, and what they hear from them."""

from media.facts import TopicsWavedAway
from protocol.prompts import TopicPrompt
from tests.media.house import CallHouse


def topic(call_id: str, prompt_id: str = "p") -> TopicPrompt:
    return TopicPrompt(
        call_id=call_id, prompt_id=prompt_id, text="?", why="dead_air", silence_ms=7_000, provider="builtin", lang="en"
    )


async def test_both_are_told_in_order_on_their_devices_in_the_call(calls: CallHouse) -> None:
    call_id = await calls.active()
    assert calls.calls.tell(call_id, [topic(call_id, "p1"), topic(call_id, "p2")])
    await calls.timers.settle()
    for device in ("a1", "b1"):
        assert [told["promptId"] for told in calls.heard(device, "topic_prompt")] == ["p1", "p2"]
    assert calls.heard("a2") == calls.heard("b2") == []


async def test_who_has_not_answered_is_told_nothing(calls: CallHouse) -> None:
    call_id = (await calls.start()).call_id
    assert calls.calls.tell(call_id, [topic(call_id)])
    await calls.timers.settle()
    assert len(calls.heard("a1", "topic_prompt")) == 1
    assert calls.heard("b1", "topic_prompt") == calls.heard("b2", "topic_prompt") == []


async def test_a_call_that_is_over_or_unknown_takes_nothing(calls: CallHouse) -> None:
    call_id = await calls.active()
    await calls.end(call_id)
    calls.ears.forget()
    assert not calls.calls.tell(call_id, [topic(call_id)])
    assert not calls.calls.tell("none", [topic("none")])
    await calls.timers.settle()
    assert calls.ears.envelopes == []


async def test_topics_are_waved_away_by_people_of_a_call_that_runs(calls: CallHouse) -> None:
    calls.ears.listen(calls.house.facts, TopicsWavedAway)
    call_id = await calls.active()
    calls.calls.wave_away(call_id, "bob")
    calls.calls.wave_away(call_id, "carol")
    calls.calls.wave_away("none", "bob")
    assert calls.ears.facts == [TopicsWavedAway(call_id, "bob")]
    await calls.end(call_id)
    calls.ears.forget()
    calls.calls.wave_away(call_id, "ann")
    assert calls.ears.facts == []
