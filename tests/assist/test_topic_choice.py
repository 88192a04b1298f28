"""Tests of `assist.topic_choice` over memory ports."""

import asyncio
from dataclasses import replace

import pytest

from assist.core.bank import match_tags
from assist.core.depth import FIRST_MESSAGES
from assist.ports import Offer, Suggestion, TopicProvider
from assist.providers.builtin import load_bank
from assist.topic_choice import PROVIDER_DEADLINE_S
from protocol.errors import NotFound, Unavailable
from rooms.model import User
from tests.assist.call_house import PEOPLE, CallHouse, ScriptedProvider, SlowProvider
from tests.assist.fakes import BrokenProvider

ANNA = User("anna", "Anna", lang="en-GB", interests=("Hiking", "jazz"))
BO = User("bo", "博", lang="zh-CN", interests=("徒步",))
CLEO = User("bo", "Cleo", lang="en")
NEW = Offer("coze-1", "What made you laugh today?", "humour", False)


async def chosen(house: CallHouse, provider: TopicProvider | None = None, suggestion_id: str = "p") -> Suggestion:
    """The topic for the two of the room, the first of whom has called."""
    found = await house.chooser(provider).choose("m", PEOPLE, suggestion_id=suggestion_id)
    assert found is not None
    return found


def tags_of(suggestion: Suggestion) -> frozenset[str]:
    """What a bank topic is about."""
    bank = load_bank().languages["zh" if suggestion.lang == "zh" else "en"]
    return frozenset(next(topic.tags for topic in bank.topics if topic.topic_id == suggestion.topic_id))


async def test_what_both_like_comes_first_and_is_recorded_for_nobody_in_particular() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    found = await chosen(house)
    assert (found.kind, found.topic, found.user_id, found.suggestion_id) == ("shared_interest", "hiking", "", "p")
    assert (found.provider, found.lang, found.request_id, found.at_ms) == (
        "builtin",
        "en",
        None,
        house.clock.wall_ms(),
    )
    assert house.suggestions.all() == [found]
    assert house.observed == [("builtin", "topics")]


async def test_no_topic_comes_twice_in_a_room_until_nothing_is_left() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, CLEO)
    chooser = house.chooser()
    texts: list[str] = []
    while (found := await chooser.choose("m", PEOPLE, suggestion_id=f"p{len(texts)}")) is not None:
        texts.append(found.text)
    assert len(set(texts)) == len(texts)
    assert set(texts) >= {topic.text for topic in load_bank().languages["en"].topics}


async def test_a_topic_that_a_person_was_offered_is_not_shown_in_a_call() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, CLEO)
    first = await chosen(house)
    again = CallHouse()
    again.rooms.put("m", ANNA, CLEO)
    await again.suggestions.add([first])
    assert (await chosen(again, suggestion_id="q")).topic_id != first.topic_id


async def test_two_silences_at_once_get_different_topics() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, CLEO)
    found = await asyncio.gather(*(chosen(house, suggestion_id=f"p{number}") for number in range(3)))
    assert len({suggestion.topic_id for suggestion in found}) == 3


async def test_what_they_have_written_about_comes_before_general_topics() -> None:
    for number in range(20):
        house = CallHouse()
        house.rooms.put("m", User("anna", "Anna", lang="en"), CLEO)
        house.rooms.say("m", "bo", "I burnt the lasagne again, cooking is hard")
        for _ in range(number):
            house.kit.ids.seed()
        found = await chosen(house)
        assert "cooking" in tags_of(found) or "food" in tags_of(found)
        assert found.kind == "topic"


async def test_what_they_have_written_about_does_not_become_a_shared_interest() -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "Anna", lang="en", interests=("cooking",)), CLEO)
    house.rooms.say("m", "bo", "cooking is hard")
    provider = ScriptedProvider(NEW)
    await chosen(house, provider)
    (ask,) = provider.asked
    assert (ask.interests, ask.peer_interests) == (("cooking",), ())
    assert ask.talked_about == match_tags(load_bank(), ["cooking is hard"]) >= {"cooking"}
    assert (await chosen(house)).kind == "topic"


async def test_texts_of_a_sealed_room_are_not_read() -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "Anna"), User("bo", "Bo"), sealed=True)
    house.rooms.say("m", "anna", *["做饭太难了"] * 9)
    provider = ScriptedProvider(NEW)
    found = await chosen(house, provider)
    assert (found.lang, provider.asked[0].talked_about) == ("en", frozenset())
    assert provider.asked[0].message_count == 9


async def test_people_who_speak_get_no_first_lines_however_little_they_have_written() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    provider = ScriptedProvider(NEW)
    await chosen(house, provider)
    assert provider.asked[0].message_count == FIRST_MESSAGES


@pytest.mark.parametrize(
    ("anna", "bo", "said", "lang"),
    [
        ("zh-CN", "zh-TW", "hello there", "zh"),
        ("en", "fr", "你好", "en"),
        ("en", "zh", "最近怎么样", "zh"),
        ("zh", "en", "how are you", "en"),
        ("zh", "en", "", "zh"),
        ("en", "zh", "", "en"),
        (None, None, "最近怎么样", "zh"),
        (None, "zh", "", "zh"),
        (None, None, "", "en"),
    ],
)
async def test_the_line_is_in_a_language_both_take(anna: str | None, bo: str | None, said: str, lang: str) -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "A", lang=anna), User("bo", "B", lang=bo))
    house.rooms.say("m", "bo", *filter(None, [said]))
    assert (await chosen(house)).lang == lang


async def test_a_profile_tells_a_language_that_nobody_has_named() -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "A", bio="喜欢安静"), User("bo", "B", interests=("徒步",)))
    assert (await chosen(house)).lang == "zh"


async def test_pictures_and_calls_in_the_chat_are_not_read() -> None:
    house = CallHouse()
    house.rooms.put("m", User("anna", "Anna"), User("bo", "Bo"))
    house.rooms.say("m", "anna", "做饭太难了")
    talk = house.rooms.messages["m"]
    talk[0] = replace(talk[0], type="image")
    assert (await chosen(house)).lang == "en"


async def test_people_without_a_profile_get_a_topic() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    house.rooms.people.clear()
    house.rooms.say("m", "bo", "你好")
    assert (await chosen(house)).lang == "zh"


async def test_the_configured_provider_is_asked_first() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    found = await chosen(house, ScriptedProvider(NEW))
    assert (found.text, found.topic, found.kind, found.provider) == (NEW.text, NEW.topic, "topic", "coze")
    assert house.observed == [("coze", "topics")]


async def test_a_provider_that_repeats_itself_gives_way_to_the_builtin_one() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    provider = ScriptedProvider(NEW)
    await chosen(house, provider, "p1")
    assert (await chosen(house, provider, "p2")).provider == "builtin"
    assert provider.asked[1].used == {NEW.topic_id}


@pytest.mark.parametrize("provider", [BrokenProvider(), ScriptedProvider()])
async def test_a_provider_without_an_answer_gives_way_to_the_builtin_one(provider: TopicProvider) -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    assert (await chosen(house, provider)).provider == "builtin"
    assert house.observed == [(provider.name, "topics"), ("builtin", "topics")]


async def test_a_failure_is_logged_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    await chosen(house, BrokenProvider())
    (record,) = caplog.records
    assert (record.message, record.exc_info) == ("a provider had no topic for a call", None)
    assert (getattr(record, "provider", ""), getattr(record, "reason", "")) == ("broken", "RuntimeError")


@pytest.mark.virtual_time
async def test_a_slow_provider_is_waited_for_no_longer_than_its_deadline() -> None:
    house = CallHouse()
    house.rooms.put("m", ANNA, BO)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await chosen(house, SlowProvider())).provider == "builtin"
    assert loop.time() - began == pytest.approx(PROVIDER_DEADLINE_S, abs=0.01)
    assert PROVIDER_DEADLINE_S <= 0.3 / 2


async def test_no_match_and_no_store_are_told() -> None:
    house = CallHouse()
    with pytest.raises(NotFound):
        await house.chooser().choose("m", PEOPLE, suggestion_id="p")
    house.rooms.put("m", ANNA, BO)
    house.suggestions_line.cut("add")
    with pytest.raises(Unavailable):
        await house.chooser().choose("m", PEOPLE, suggestion_id="p")
