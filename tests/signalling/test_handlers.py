"""Every event of the contract, said by one of two people in a room and answered."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.in_process import InProcess, in_process


class Pair:
    """ann (connection 1) and bob (connection 2) in the room "m"; carol (3) is elsewhere."""

    def __init__(self, house: InProcess) -> None:
        self.house = house

    async def open(self) -> "Pair":
        for sid, user_id in (("1", "ann"), ("2", "bob"), ("3", "carol")):
            await self.house.server.connect(sid, query=f"userId={user_id}")
        for sid in ("1", "2"):
            await self.ok(sid, "join_chat", {"matchId": "m"})
        return self

    async def ok(self, sid: str, event: str, *payload: Any) -> dict[str, Any]:
        answer = await self.house.server.ask(sid, event, *payload)
        assert answer["ok"] is True, (event, answer)
        return answer

    async def code(self, sid: str, event: str, *payload: Any) -> str:
        answer = await self.house.server.ask(sid, event, *payload)
        assert answer["ok"] is False, (event, answer)
        code: str = answer["error"]["code"]
        return code


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with in_process(limits={"suggestions_per_minute": 2}) as house:
        yield await Pair(house).open()


async def test_messages_are_sent_changed_read_and_found_again(pair: Pair) -> None:
    sent = await pair.ok("1", "send_message", {"content": "helo", "clientId": "c1"})
    assert (sent["seq"], sent["status"]) == (1, "delivered")
    assert await pair.ok("1", "send_message", {"content": "helo", "clientId": "c1"}) == sent
    message = {"messageId": sent["messageId"]}
    assert (await pair.ok("1", "edit_message", {**message, "content": "hello"}))["version"] == 2
    assert (await pair.ok("2", "react", {**message, "emoji": "🎉"}))["version"] == 3
    assert (await pair.ok("2", "mark_read", {"seq": 1}))["readSeq"] == 1
    private = await pair.ok("2", "private_message", {"to": "ann", "content": "psst"})
    assert (await pair.ok("2", "delete_message", {"messageId": private["messageId"]}))["version"] == 2
    history = await pair.ok("1", "fetch_history", {"after": 0})
    assert [(item["content"], item["seq"]) for item in history["messages"]] == [("hello", 1), ("", 2)]
    assert history["more"] is False
    assert (await pair.ok("1", "fetch_history", {"before": 2}))["messages"][0]["reactions"] == {"🎉": ["bob"]}
    assert (await pair.ok("1", "fetch_history", {"before": 1}))["messages"] == []


async def test_a_place_is_a_message(pair: Pair) -> None:
    shared = await pair.ok("1", "share_location", {"lat": 55.7, "lon": 13})
    assert shared["seq"] == 1
    assert pair.house.server.told("new_message")[0]["content"] == {"lat": 55.7, "lon": 13.0}


async def test_who_enters_a_room_has_received_what_is_in_it(pair: Pair) -> None:
    await pair.ok("1", "send_message", {"content": "hello"})
    joined = await pair.ok("2", "join_chat", {"matchId": "m", "since": 0})
    assert [message["seq"] for message in joined["messages"]] == [1]


async def test_leaving_a_room_forgets_it_as_the_current_one(pair: Pair) -> None:
    assert await pair.ok("1", "leave_chat", {"matchId": "m"}) == {"ok": True}
    assert await pair.code("1", "mark_read", {"seq": 0}) == "invalid"
    await pair.ok("1", "join_chat", {"matchId": "other"})
    await pair.ok("1", "leave_chat", {"matchId": "m"})
    assert (await pair.ok("1", "fetch_history"))["messages"] == []


async def test_typing_is_answered(pair: Pair) -> None:
    assert await pair.ok("1", "typing", {"typing": True}) == {"ok": True}
    assert pair.house.server.told("typing") == [{"matchId": "m", "userId": "ann", "typing": True}]


async def test_a_game_is_played(pair: Pair) -> None:
    game = await pair.ok("1", "play_game", "icebreaker")
    assert (game["game"], game["matchId"]) == ("icebreaker", "m")
    assert await pair.code("1", "play_game", {"game": "chess"}) == "not_found"


async def test_help_is_asked_for_so_often_and_rated(pair: Pair) -> None:
    for _ in range(2):
        assert (await pair.ok("1", "request_ai_help"))["requestId"]
    assert await pair.code("1", "request_ai_help", {"question": "what now?"}) == "rate_limited"
    assert await pair.code("3", "request_ai_help", {"matchId": "m"}) == "forbidden"
    assert await pair.code("1", "rate_suggestion", {"suggestionId": "none", "used": True}) == "not_found"


async def test_saying_who_one_is_again_changes_nothing(pair: Pair) -> None:
    assert (await pair.ok("1", "authenticate", "ann"))["userId"] == "ann"
    assert (await pair.ok("1", "mark_read", {"seq": 0}))["readSeq"] == 0


async def test_strangers_get_nothing(pair: Pair) -> None:
    sent = await pair.ok("1", "send_message", {"content": "hello"})
    message = {"messageId": sent["messageId"]}
    for event, payload in (
        ("join_chat", {"matchId": "m"}),
        ("leave_chat", {"matchId": "m"}),
        ("fetch_history", {"matchId": "m"}),
        ("send_message", {"matchId": "m", "content": "x"}),
        ("share_location", {"matchId": "m", "lat": 1, "lon": 1}),
        ("mark_read", {"matchId": "m", "seq": 1}),
        ("typing", {"matchId": "m"}),
        ("play_game", {"matchId": "m", "game": "icebreaker"}),
        ("edit_message", {**message, "content": "x"}),
        ("delete_message", message),
        ("react", {**message, "emoji": "x"}),
    ):
        assert await pair.code("3", event, payload) == "forbidden", event
    assert pair.house.counted() == {"forbidden": 11}
