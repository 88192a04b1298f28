"""Tests of `assist.service` over memory ports."""

import asyncio
from collections import Counter

import pytest

from assist.ports import OpeningLine, Suggestion
from assist.providers.builtin import load_bank
from assist.service import GENEROUS_UNTIL, AssistService
from protocol.errors import NotAMember, NotFound, Unavailable
from protocol.prompts import AiSuggestion
from rooms.facts import MatchMade
from rooms.model import Match, User
from rooms.ports import Envelope
from tests.assist.fakes import BrokenProvider, House

ANNA = User("anna", "Anna", lang="en-GB", interests=("Hiking", "jazz"))
BO = User("bo", "博", lang="zh-CN", interests=("徒步",))
CLEO = User("cleo", "Cleo", lang="en")


async def made(house: House, service: AssistService, match: Match) -> dict[str, list[str]]:
    """What `RoomService` does for a new match."""
    service.subscribe(house.facts)
    shown = await service.opening_lines(match, await house.rooms.users(match.members))
    house.facts.publish(MatchMade(match))
    await house.timers.settle()
    return shown


async def test_help_goes_to_the_asker_alone_in_the_askers_language() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    service = house.service()
    for user, lang in ((ANNA, "en"), (BO, "zh")):
        request_id = await service.request_help(user.user_id, "m")
        assert house.payloads(user.user_id) == []
        await house.timers.settle()
        sent = house.payloads(user.user_id)
        assert len(sent) == 3
        assert {payload["requestId"] for payload in sent} == {request_id}
        assert {payload["lang"] for payload in sent} == {lang}
        assert {payload["provider"] for payload in sent} == {"builtin"}
        assert {payload["matchId"] for payload in sent} == {"m"}
    assert len(house.bus.sent) == 6
    assert {envelope.event for envelope in house.bus.sent} == {"ai_suggestion"}


async def test_each_suggestion_is_in_the_log_before_it_is_sent() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    unlogged: list[str] = []

    def look(envelope: Envelope) -> None:
        event = AiSuggestion.from_wire(envelope.payload)
        logged = house.log.stored(event.suggestion_id)
        if logged is None or (logged.text, logged.user_id) != (event.text, envelope.user_ids[0]):
            unlogged.append(event.suggestion_id)

    house.bus.before = look
    service = house.service()
    await made(house, service, house.rooms.matches["m"])
    await service.request_help("anna", "m")
    await house.timers.settle()
    assert len(house.bus.sent) == 9
    assert unlogged == []


async def test_kinds_follow_shared_interests_and_the_length_of_the_talk() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    service = house.service()
    await service.request_help("anna", "m")
    await house.timers.settle()
    assert [payload["kind"] for payload in house.payloads("anna")] == ["shared_interest", "icebreaker", "icebreaker"]
    house.rooms.say("m", "anna", "hi", "how are you")
    house.rooms.say("m", "bo", "你好", "挺好的")
    await service.request_help("anna", "m")
    await house.timers.settle()
    assert [payload["kind"] for payload in house.payloads("anna")[3:]] == ["shared_interest", "topic", "topic"]


async def has_more(service: AssistService, user_id: str) -> bool:
    """Whether one more request of the person in room "m" is answered."""
    try:
        await service.request_help(user_id, "m")
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize("count", [0, 10, 100])
async def test_no_topic_comes_twice_in_a_room_until_nothing_is_left(count: int) -> None:
    house = House()
    house.rooms.put("m", ANNA, CLEO)
    house.rooms.say("m", "anna", *["hello"] * count)
    service = house.service()
    await made(house, service, house.rooms.matches["m"])
    rounds = 0
    while await has_more(service, ("anna", "cleo")[rounds % 2]):
        rounds += 1
    with pytest.raises(Unavailable, match="no more topics"):
        await service.request_help("anna", "m")
    await house.timers.settle()
    texts = Counter(str(payload["text"]) for user in ("anna", "cleo") for payload in house.payloads(user))
    assert texts.most_common(1)[0][1] == 1
    assert set(texts) >= {topic.text for topic in load_bank().languages["en"].topics}
    # Generous at first, then one at a time, so that the bank lasts.
    assert rounds > len(texts) - GENEROUS_UNTIL
    # Another language and another room have their own.
    await service.request_help("anna", "m", lang="zh")
    house.rooms.put("other", ANNA, CLEO)
    await service.request_help("anna", "other")
    await house.timers.settle()


async def test_requests_at_once_share_the_topics_out() -> None:
    house = House()
    house.rooms.put("m", ANNA, CLEO)
    service = house.service()
    answers = await asyncio.gather(*(service.request_help(user, "m") for user in ("anna", "cleo") * 10))
    await house.timers.settle()
    assert len(set(answers)) == 20
    assert {payload["requestId"] for user in ("anna", "cleo") for payload in house.payloads(user)} == set(answers)
    topics = [suggestion.topic_id for suggestion in house.log.all()]
    assert len(topics) == len(set(topics))


async def test_a_request_that_lost_every_topic_to_another_asks_again() -> None:
    house = House()
    house.rooms.put("m", ANNA, CLEO)
    service = house.service()
    add = house.log.add
    rounds: list[int] = []

    async def add_second_time(suggestions: list[Suggestion]) -> list[Suggestion]:
        rounds.append(len(suggestions))
        return [] if len(rounds) == 1 else await add(suggestions)

    house.log.add = add_second_time  # type: ignore[method-assign,assignment]  # a store that fails
    await service.request_help("anna", "m")
    await house.timers.settle()
    assert rounds == [3, 3]
    assert len(house.payloads("anna")) == 3


async def test_a_new_match_gets_opening_lines_in_each_language_and_the_same_as_icebreakers() -> None:
    house = House()
    shown = await made(house, house.service(), house.rooms.put("m", ANNA, BO))
    assert {user: len(lines) for user, lines in shown.items()} == {"anna": 3, "bo": 3}
    for user, lang in (("anna", "en"), ("bo", "zh")):
        sent = house.payloads(user)
        assert [payload["text"] for payload in sent] == shown[user]
        assert {payload["kind"] for payload in sent} == {"icebreaker"}
        assert {payload["lang"] for payload in sent} == {lang}
        assert not any("requestId" in payload for payload in sent)
    assert [line.text for line in await house.log.openings("m")] == shown["anna"] + shown["bo"]


async def test_two_people_of_one_language_are_shown_different_lines() -> None:
    house = House()
    shown = await made(house, house.service(), house.rooms.put("m", ANNA, CLEO))
    assert set(shown["anna"]).isdisjoint(shown["cleo"])


async def test_a_match_told_twice_gets_its_icebreakers_once() -> None:
    house = House()
    service = house.service()
    match = house.rooms.put("m", ANNA, BO)
    await made(house, service, match)
    house.facts.publish(MatchMade(match))
    await house.timers.settle()
    assert len(house.bus.sent) == 6


async def test_a_match_is_told_without_lines_when_the_log_does_not_answer() -> None:
    house = House()

    async def down(lines: list[OpeningLine]) -> None:
        raise Unavailable

    house.log.add_openings = down  # type: ignore[method-assign,assignment]  # as above
    assert await made(house, house.service(), house.rooms.put("m", ANNA, BO)) == {"anna": [], "bo": []}
    assert house.bus.sent == []


async def test_in_a_large_group_everybody_has_lines_and_one_icebreaker() -> None:
    house = House()
    people = [User(f"u{number}", f"U{number}", lang="en") for number in range(50)]
    shown = await made(house, house.service(), house.rooms.put("g", *people, kind_of_room="group"))
    assert {len(lines) for lines in shown.values()} == {3}
    assert {len(house.payloads(user.user_id)) for user in people} == {1}
    texts = [payload["text"] for user in people for payload in house.payloads(user.user_id)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("user", "texts", "draft", "lang"),
    [
        (User("x", "X"), [], None, "en"),
        (User("x", "X"), [], "我不知道说什么", "zh"),
        (User("x", "X"), ["你好呀，很高兴认识你"], None, "zh"),
        (User("x", "X", bio="喜欢安静"), [], None, "zh"),
        (User("x", "X", interests=("徒步",)), ["hello there"], None, "en"),
        (User("x", "X", lang="fr"), ["你好"], "你好", "en"),
    ],
)
async def test_the_language_is_guessed_when_nobody_named_one(
    user: User, texts: list[str], draft: str | None, lang: str
) -> None:
    house = House()
    house.rooms.put("m", user, BO)
    house.rooms.say("m", "x", *texts)
    house.rooms.say("m", "bo", "最近怎么样")
    await house.service().request_help("x", "m", draft=draft)
    await house.timers.settle()
    assert {payload["lang"] for payload in house.payloads("x")} == {lang}


async def test_texts_of_a_sealed_room_are_not_read() -> None:
    house = House()
    house.rooms.put("m", User("x", "X"), BO, sealed=True)
    house.rooms.say("m", "x", "你好呀，很高兴认识你")
    await house.service().request_help("x", "m")
    await house.timers.settle()
    assert {payload["lang"] for payload in house.payloads("x")} == {"en"}


async def test_people_without_a_profile_are_helped_too() -> None:
    house = House()
    match = house.rooms.put("m", ANNA, BO)
    house.rooms.people.clear()
    await made(house, house.service(), match)
    assert len(house.payloads("bo")) == 3


async def test_strangers_and_unknown_rooms_are_refused() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    service = house.service()
    with pytest.raises(NotAMember):
        await service.request_help("cleo", "m")
    with pytest.raises(NotFound):
        await service.request_help("anna", "nowhere")
    assert house.log.all() == []


async def test_only_the_person_concerned_can_rate() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    service = house.service()
    await service.request_help("anna", "m")
    await house.timers.settle()
    suggestion_id = str(house.payloads("anna")[0]["suggestionId"])
    await service.rate("anna", suggestion_id, used=True, rating=5)
    for user, wrong in (("bo", suggestion_id), ("anna", "none")):
        with pytest.raises(NotFound):
            await service.rate(user, wrong, used=False)
    kept = await house.log.get(suggestion_id)
    assert kept is not None
    assert (kept.used, kept.rating) == (True, 5)


async def test_every_provider_call_is_observed_with_its_time() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    service = house.service()
    await service.request_help("anna", "m")
    house.rooms.say("m", "anna", *["hello"] * 4)
    await service.request_help("anna", "m")
    await house.timers.settle()
    assert house.observed == [("builtin", "icebreaker", 0.25), ("builtin", "topics", 0.25)]


async def test_a_failing_call_is_observed_too() -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    with pytest.raises(RuntimeError):
        await house.service(BrokenProvider()).request_help("anna", "m")
    assert house.observed == [("broken", "icebreaker", 0.25)]


@pytest.mark.parametrize("per_request", [1, 5])
async def test_the_number_of_suggestions_is_configured(per_request: int) -> None:
    house = House()
    house.rooms.put("m", ANNA, BO)
    await house.service(per_request=per_request).request_help("anna", "m", question="What shall I ask?")
    await house.timers.settle()
    assert len(house.payloads("anna")) == per_request
