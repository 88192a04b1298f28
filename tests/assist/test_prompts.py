"""Tests of `assist.prompts` over memory ports, on a clock that the test moves."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assist.ports import PromptRating
from assist.prompts import RESUME_WITHIN_S
from media.core.silence import HeldBack
from media.facts import SilenceEnded, TopicHeldBack
from protocol.errors import NotFound, Unavailable
from protocol.quality import SummaryPrompt
from rooms.model import User
from tests.assist.call_house import CallHouse, SlowProvider


@pytest.fixture
def house() -> CallHouse:
    house = CallHouse()
    house.rooms.put("m", User("anna", "Anna", lang="en"), User("bo", "Bo", lang="en"))
    return house


def hold_back(house: CallHouse, why: HeldBack) -> None:
    house.facts.publish(TopicHeldBack("c", why))


# -- shown ---------------------------------------------------------------------------------------------------------


async def test_a_silence_gets_one_topic_that_is_on_record(house: CallHouse) -> None:
    house.service()
    shown = await house.show()
    (suggestion,) = house.suggestions.all()
    stored = await house.prompts.get(shown.prompt_id)
    assert stored is not None
    wanted = {
        "callId": "c",
        "promptId": suggestion.suggestion_id,
        "text": suggestion.text,
        "topic": suggestion.topic,
        "why": "dead_air",
        "silenceMs": 7_000,
        "provider": "builtin",
        "lang": "en",
    }
    assert shown.wire() == wanted
    kept = (stored.call_id, stored.match_id, stored.topic_id, stored.text, stored.topic, stored.lang, stored.provider)
    assert kept == ("c", "m", suggestion.topic_id, shown.text, shown.topic, "en", "builtin")
    assert (stored.why, stored.silence_ms, stored.at_ms) == ("dead_air", 7_000, house.clock.wall_ms())
    assert stored.resumed_after_ms is None
    assert house.counted == {"shown": 1}
    assert house.timers.failures == []


@pytest.mark.parametrize("line", ["suggestions", "prompts"])
async def test_a_topic_is_not_shown_before_it_is_on_record(house: CallHouse, line: str) -> None:
    house.service()
    gate = (house.suggestions_line if line == "suggestions" else house.prompts_line).hold("add")
    house.due()
    await house.timers.settle()
    assert house.audience.told == []
    gate.set()
    await house.timers.settle()
    assert len(house.audience.told) == 1


@pytest.mark.virtual_time
async def test_a_topic_is_out_in_time_though_a_provider_is_slow(house: CallHouse) -> None:
    house.service(SlowProvider())
    loop = asyncio.get_running_loop()
    began = loop.time()
    house.due()
    await house.timers.drain()
    assert loop.time() - began < 0.3
    assert [told.provider for told in house.audience.told] == ["builtin"]


@pytest.mark.parametrize(
    ("log", "method"), [("suggestions", "add"), ("suggestions", "used_topics"), ("prompts", "add")]
)
async def test_a_store_that_does_not_answer_costs_the_topic_and_nothing_else(
    house: CallHouse, log: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = house.service()
    line = house.suggestions_line if log == "suggestions" else house.prompts_line
    line.cut(method)
    house.due()
    await house.timers.settle()
    assert house.audience.told == []
    assert house.counted == {"failed": 1}
    assert [record.message for record in caplog.records] == ["no topic for a call"]
    assert await service.of_call("c") == []
    line.mend()
    await house.show()
    assert house.counted == {"failed": 1, "shown": 1}
    assert house.timers.failures == []


async def test_when_no_topic_is_left_it_counts_as_failed(house: CallHouse) -> None:
    house.service()
    chooser = house.chooser()
    number = 0
    while await chooser.choose("m", ("anna", "bo"), suggestion_id=f"s{number}"):
        number += 1
    house.due()
    await house.timers.settle()
    assert (house.audience.told, house.counted) == ([], {"failed": 1})


async def test_a_topic_whose_moment_is_over_is_not_shown(house: CallHouse) -> None:
    service = house.service()
    for over in (house.speak, house.end):
        gate = house.prompts_line.hold("add")
        house.due()
        await house.timers.settle()
        over()
        gate.set()
        await house.timers.settle()
    assert house.audience.told == []
    assert house.counted == {"failed": 2}
    assert await service.of_call("c") == []


async def test_a_call_that_nobody_runs_gets_none(house: CallHouse) -> None:
    service = house.service()
    house.due("other")
    await house.timers.settle()
    assert (house.audience.told, house.counted) == ([], {"failed": 1})
    assert await service.of_call("other") == []


async def test_a_silence_told_again_while_its_topic_is_chosen_gets_one(house: CallHouse) -> None:
    house.service()
    house.due()
    house.due()
    await house.timers.settle()
    assert len(house.audience.told) == 1
    assert house.counted == {"failed": 1, "shown": 1}


async def test_what_was_held_back_is_counted_and_not_shown(house: CallHouse) -> None:
    house.service()
    hold_back(house, HeldBack.RECENT)
    hold_back(house, HeldBack.WAVED_AWAY)
    hold_back(house, HeldBack.RECENT)
    await house.timers.settle()
    assert house.audience.told == []
    assert house.counted == {"held_back_recent": 2, "held_back_waved_away": 1}


# -- measured ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 3.25, RESUME_WITHIN_S - 0.001])
async def test_a_word_in_time_is_kept_with_how_long_it_took(house: CallHouse, after_s: float) -> None:
    service = house.service()
    shown = await house.show()
    await house.timers.advance(after_s)
    house.speak()
    house.speak()
    await house.timers.settle()
    stored = await house.prompts.get(shown.prompt_id)
    assert stored is not None
    assert stored.resumed_after_ms == round(after_s * 1000)
    assert house.resumed_s == [pytest.approx(after_s)]
    await house.timers.advance(60)
    assert house.counted == {"shown": 1, "resumed": 1}
    assert house.timers.armed == []
    assert [prompt.resumed for prompt in await service.of_call("c")] == [True]


async def test_a_word_that_comes_late_does_not_count(house: CallHouse) -> None:
    service = house.service()
    shown = await house.show()
    await house.timers.advance(RESUME_WITHIN_S - 0.001)
    assert house.counted == {"shown": 1}
    await house.timers.advance(0.001)
    assert house.counted == {"shown": 1, "not_resumed": 1}
    house.speak()
    await house.timers.settle()
    assert house.counted == {"shown": 1, "not_resumed": 1}
    stored = await house.prompts.get(shown.prompt_id)
    assert stored is not None
    assert stored.resumed_after_ms is None
    assert [prompt.resumed for prompt in await service.of_call("c")] == [False]


async def test_a_late_word_does_not_count_though_the_timer_is_later_still(house: CallHouse) -> None:
    house.service()
    await house.show()
    house.clock.now_s += RESUME_WITHIN_S + 0.5
    house.speak()
    assert house.counted == {"shown": 1, "not_resumed": 1}


async def test_the_end_of_the_call_is_no_answer(house: CallHouse) -> None:
    house.service()
    await house.show()
    house.end()
    assert house.counted == {"shown": 1, "not_resumed": 1}
    await house.timers.advance(60)
    assert house.counted == {"shown": 1, "not_resumed": 1}
    assert house.timers.armed == []


async def test_a_word_in_another_call_means_nothing(house: CallHouse) -> None:
    house.service()
    await house.show()
    house.speak("other")
    house.end("other")
    assert house.counted == {"shown": 1}


async def test_a_trouble_that_is_over_is_no_answer(house: CallHouse) -> None:
    house.service()
    await house.show()
    house.facts.publish(SilenceEnded("c", False, 9.0))
    assert house.counted == {"shown": 1}


async def test_a_second_topic_settles_the_first(house: CallHouse) -> None:
    service = house.service()
    await house.show()
    await house.timers.advance(5)
    await house.show()
    assert house.counted == {"shown": 2, "not_resumed": 1}
    await house.timers.advance(RESUME_WITHIN_S - 1)
    house.speak()
    assert house.counted == {"shown": 2, "not_resumed": 1, "resumed": 1}
    assert [prompt.resumed for prompt in await service.of_call("c")] == [False, True]


# -- for the summary -----------------------------------------------------------------------------------------------


async def test_topics_of_a_call_are_known_while_it_runs_and_read_from_the_log_after(house: CallHouse) -> None:
    service = house.service()
    first = await house.show()
    house.speak()
    await house.timers.advance(130)
    second = await house.show()
    house.prompts_line.cut("of_call")
    wanted = [
        SummaryPrompt(prompt_id=first.prompt_id, text=first.text, topic=first.topic, resumed=True),
        SummaryPrompt(prompt_id=second.prompt_id, text=second.text, topic=second.topic, resumed=False),
    ]
    assert await service.of_call("c") == wanted
    house.end()
    with pytest.raises(Unavailable):
        await service.of_call("c")
    house.prompts_line.mend()
    assert await service.of_call("c") == wanted
    assert await house.service().of_call("c") == wanted


async def test_an_outcome_on_its_way_to_the_log_is_in_the_summary(house: CallHouse) -> None:
    service = house.service()
    await house.show()
    gate = house.prompts_line.hold("resumed", before=True)
    house.speak()
    await house.timers.settle()
    house.end()
    assert [prompt.resumed for prompt in await service.of_call("c")] == [True]
    gate.set()
    await house.timers.settle()
    house.prompts_line.calls.clear()
    assert [prompt.resumed for prompt in await service.of_call("c")] == [True]
    assert house.prompts_line.calls == ["of_call"]


async def test_an_outcome_that_the_log_does_not_take_is_told_and_nothing_fails(
    house: CallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    service = house.service()
    await house.show()
    house.prompts_line.cut("resumed")
    house.speak()
    await house.timers.settle()
    assert [record.message for record in caplog.records] == ["the outcome of a topic is not kept"]
    assert [prompt.resumed for prompt in await service.of_call("c")] == [True]
    assert house.timers.failures == []


# -- rated ---------------------------------------------------------------------------------------------------------


async def test_either_person_rates_a_topic(house: CallHouse) -> None:
    service = house.service()
    prompt_id = (await house.show()).prompt_id
    await service.rate("anna", prompt_id, used=True, rating=5)
    await service.rate("bo", prompt_id, used=True)
    assert await house.prompts.ratings(prompt_id) == {"anna": PromptRating(True, 5), "bo": PromptRating(True, None)}
    assert house.audience.waved_away == []


async def test_who_waves_a_topic_away_wants_no_more(house: CallHouse) -> None:
    service = house.service()
    prompt_id = (await house.show()).prompt_id
    await service.rate("bo", prompt_id, used=False, rating=1)
    assert house.audience.waved_away == [("c", "bo")]
    assert await house.prompts.ratings(prompt_id) == {"bo": PromptRating(False, 1)}


async def test_no_more_is_heard_though_the_log_does_not_answer(house: CallHouse) -> None:
    service = house.service()
    prompt_id = (await house.show()).prompt_id
    house.prompts_line.cut("rate")
    with pytest.raises(Unavailable):
        await service.rate("bo", prompt_id, used=False)
    assert house.audience.waved_away == [("c", "bo")]


async def test_no_more_holds_for_a_topic_that_is_being_chosen(house: CallHouse) -> None:
    service = house.service()
    prompt_id = (await house.show()).prompt_id
    gate = house.prompts_line.hold("add")
    house.due()
    await house.timers.settle()
    await service.rate("bo", prompt_id, used=False)
    gate.set()
    await house.timers.settle()
    assert [told.prompt_id for told in house.audience.told] == [prompt_id]


async def test_strangers_and_made_up_ids_are_not_found(house: CallHouse) -> None:
    service = house.service()
    prompt_id = (await house.show()).prompt_id
    for user_id, rated in (("carol", prompt_id), ("", prompt_id), ("anna", "made up")):
        with pytest.raises(NotFound) as refused:
            await service.rate(user_id, rated, used=False)
        assert refused.value.body()["field"] == "promptId"
    del house.rooms.matches["m"]
    with pytest.raises(NotFound):
        await service.rate("anna", prompt_id, used=True)
    assert house.audience.waved_away == []
    assert await house.prompts.ratings(prompt_id) == {}


# -- anything at any time ------------------------------------------------------------------------------------------

STEP = st.one_of(
    st.tuples(st.sampled_from(("due", "due", "speak", "settle", "settle", "end", "cut", "mend")), st.just(0.0)),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 1.0, 19.0, 21.0))),
)


async def run(steps: list[tuple[str, float]]) -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "Anna", lang="en"), User("bo", "Bo", lang="en"))
    service = house.service()
    due = 0
    actions: dict[str, Any] = {
        "due": house.due,
        "speak": house.speak,
        "end": house.end,
        "cut": lambda: house.prompts_line.cut("add", "resumed"),
        "mend": house.prompts_line.mend,
    }
    for what, seconds in steps:
        due += what == "due"
        if what in actions:
            actions[what]()
        else:
            await house.timers.advance(seconds)
    await house.timers.settle()
    house.end()
    await house.timers.settle()
    house.prompts_line.mend()
    counted = house.counted
    assert counted["shown"] + counted["failed"] == due
    assert counted["resumed"] + counted["not_resumed"] == counted["shown"] == len(house.audience.told)
    topics = [suggestion.topic_id for suggestion in house.suggestions.all()]
    assert len(topics) == len(set(topics))
    shown = await service.of_call("c")
    assert [prompt.prompt_id for prompt in shown] == [told.prompt_id for told in house.audience.told]
    assert sum(prompt.resumed for prompt in shown) <= counted["resumed"]
    assert (house.timers.armed, house.timers.failures, house.timers.running) == ([], [], 0)
    assert (service._due, service._calls) == ({}, {})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=1, max_size=20))
def test_every_topic_that_was_due_is_counted_once_and_nothing_is_left_of_a_call(steps: list[tuple[str, float]]) -> None:
    asyncio.run(run(steps))
