"""New matches, the lines that open the talk, and help on request."""

import asyncio
import json
import re
import urllib.error
from functools import partial
from typing import Any

import pytest

from tests.e2e.people import a_pair, make_match, two_ids
from tests.support.client import ChatClient, connected
from tests.support.server import Server, StartServer

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TOPICS_AT_LEAST = 120


def is_in(lang: str, text: str) -> bool:
    return bool(CHINESE.search(text)) == (lang == "zh")


async def test_a_new_match_comes_with_opening_lines_in_the_language_of_each_profile(shared_server: Server) -> None:
    ana, ben = two_ids()
    profiles = {
        ana: {"name": "安娜", "lang": "zh-CN", "interests": ["电影", "徒步"]},
        ben: {"name": "Ben", "lang": "en", "interests": ["film", "hiking"]},
    }
    service = shared_server.dev_token("backend", scope="service")
    async with (
        connected(shared_server.url, token=shared_server.dev_token(ana)) as one,
        connected(shared_server.url, token=shared_server.dev_token(ben)) as two,
    ):
        body = {"userA": ana, "userB": ben, "score": 0.9, "profiles": profiles}
        status, match = shared_server.post("/api/v1/matches", body, token=service)
        assert (status, match["userA"], match["userB"], match["members"]) == (201, ana, ben, [ana, ben])
        for client, lang, peer, name in ((one, "zh", ben, "Ben"), (two, "en", ana, "安娜")):
            created = await client.wait_for("match_created")
            assert (created["matchId"], created["score"]) == (match["matchId"], 0.9)
            assert created["peer"] == {"userId": peer, "name": name, "interests": profiles[peer]["interests"]}
            assert len(created["openingLines"]) == 3
            icebreakers = await client.wait_for_count("ai_suggestion", 3)
            assert [item["text"] for item in icebreakers] == created["openingLines"]
            for item in icebreakers:
                assert (item["matchId"], item["kind"], item["lang"]) == (match["matchId"], "icebreaker", lang)
                assert is_in(lang, item["text"])


def test_a_match_is_made_once_per_idempotency_key(shared_server: Server) -> None:
    ana, ben = two_ids()
    service = shared_server.dev_token("backend", scope="service")
    key = {"Idempotency-Key": f"match of {ana}"}
    body = {"userA": ana, "userB": ben}
    first, made = shared_server.post("/api/v1/matches", body, token=service, headers=key)
    again, same = shared_server.post("/api/v1/matches", body, token=service, headers=key)
    other, another = shared_server.post("/api/v1/matches", body, token=service)
    assert (first, again, other) == (201, 200, 201)
    assert made == same
    assert another["matchId"] != made["matchId"]
    assert shared_server.get(f"/api/v1/matches/{made['matchId']}", token=service) == made
    assert _refusal(shared_server, {"userA": ana, "userB": "somebody else"}, service, key) == (409, "conflict")


def test_only_the_backend_makes_matches_of_others(shared_server: Server) -> None:
    ana, ben = two_ids()
    stranger = shared_server.dev_token("stranger")
    assert _refusal(shared_server, {"userA": ana, "userB": ben}, stranger) == (403, "forbidden")
    assert _refusal(shared_server, {"userA": ana, "userB": ana}, shared_server.dev_token(ana)) == (422, "invalid")


def _refusal(
    server: Server, body: dict[str, Any], token: str, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.post("/api/v1/matches", body, token=token, headers=headers)
    with refused.value as answer:
        return answer.code, json.loads(answer.read())["error"]["code"]


async def test_help_comes_as_suggestions_of_the_request_to_the_asker_alone(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        for device in pair.devices:
            await device.wait_for_count("ai_suggestion", 3)
        await pair.ana.ok("join_chat", {"matchId": pair.match_id})
        request_id = (await pair.ana.ok("request_ai_help"))["requestId"]
        for device in (pair.ana, pair.ana_too):
            found = await device.wait_for_count("ai_suggestion", 3, lambda item: item.get("requestId") == request_id)
            for item in found:
                assert item["matchId"] == pair.match_id
                assert (item["provider"], item["lang"]) == ("builtin", "en")
                assert item["suggestionId"]
        await pair.ben.ok("typing", {"matchId": pair.match_id})  # a round trip: what was on its way has arrived
        assert [item for item in pair.ben.seen("ai_suggestion") if "requestId" in item] == []


async def test_a_client_may_choose_the_language_and_the_bare_text(shared_server: Server) -> None:
    ana, ben = two_ids()
    auth = {"lang": "zh", "suggestionText": True}
    async with connected(shared_server.url, token=shared_server.dev_token(ana), auth=auth) as client:
        match_id = make_match(shared_server, ana, ben)
        icebreakers = await client.wait_for_count("ai_suggestion", 3)
        await client.ok("request_ai_help", {"matchId": match_id})
        texts = (await client.wait_for_count("ai_suggestion", 6))[3:]
        # The icebreakers came by the profile, which names no language, and those asked for by the connection.
        assert all(isinstance(text, str) for text in icebreakers + texts)
        assert all(is_in("zh", text) for text in texts)


async def test_nothing_is_suggested_twice_in_a_room_until_nothing_is_left(start_server: StartServer) -> None:
    server = start_server(
        env={"VISAVIS_LIMITS__SUGGESTIONS_PER_MINUTE": "1000", "VISAVIS_LIMITS__EVENTS_PER_SECOND": "1000"}
    )
    async with a_pair(server) as pair:
        for device in (pair.ana, pair.ben):
            await device.wait_for_count("ai_suggestion", 3)
        refusals = [await _ask_until_refused(device, pair.match_id) for device in (pair.ana, pair.ben)]
        assert [error["code"] for error in refusals] == ["unavailable"] * 2
        items = pair.ana.seen("ai_suggestion") + pair.ben.seen("ai_suggestion")
        texts = [item["text"] for item in items]
        assert len(set(texts)) == len(texts) >= TOPICS_AT_LEAST


def _answers(request_id: str, item: dict[str, Any]) -> bool:
    return item.get("requestId") == request_id


async def _ask_until_refused(client: ChatClient, match_id: str) -> dict[str, Any]:
    while (answer := await client.ask("request_ai_help", {"matchId": match_id}))["ok"]:
        request_id = answer["requestId"]
        await client.wait_for("ai_suggestion", partial(_answers, request_id))
    error: dict[str, Any] = answer["error"]
    return error


async def test_a_suggestion_is_rated_by_the_person_whom_it_was_for(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        suggestion_id = (await pair.ana.wait_for("ai_suggestion"))["suggestionId"]
        await pair.ana_too.ok("rate_suggestion", {"suggestionId": suggestion_id, "used": True, "rating": 5})
        theirs = {"suggestionId": suggestion_id, "used": False}
        assert (await pair.ben.refused("rate_suggestion", theirs))["code"] == "not_found"
        error = await pair.ana.refused("rate_suggestion", {"suggestionId": suggestion_id, "used": True, "rating": 6})
        assert (error["code"], error["field"]) == ("invalid", "rating")


async def test_the_icebreaker_hides_an_answer_until_both_have_given_one(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        for device in (pair.ana, pair.ben):
            await device.ok("join_chat", {"matchId": pair.match_id})
        game = await pair.ana.ok("play_game", "icebreaker")
        move = {"game": "icebreaker", "gameId": game["gameId"]}
        await pair.ana.ok("play_game", {**move, "move": {"answer": "pancakes"}})
        half = await pair.ben.wait_for("game_state", lambda told: told["state"]["answers"])
        assert half["state"]["answers"] == [{"userId": pair.ana_id, "text": None}]
        assert "pancakes" not in json.dumps(pair.ben.events)
        both = await pair.ben.ok("play_game", {**move, "move": {"answer": "noodles"}})
        assert [answer["text"] for answer in both["state"]["history"][0]["answers"]] == ["pancakes", "noodles"]
        await pair.ana_too.wait_for("game_state", lambda told: told["state"]["history"] == both["state"]["history"])
        error = await pair.ana.refused("play_game", {"game": "chess", "matchId": pair.match_id})
        assert error["code"] in {"not_found", "invalid"}


async def test_two_who_start_the_game_at_once_are_in_the_same_one(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        start = {"game": "icebreaker", "matchId": pair.match_id}
        games = await asyncio.gather(*(device.ok("play_game", start) for device in pair.devices))
        assert len({game["gameId"] for game in games}) == 1
