"""The client of the original description, run unchanged with the official socket.io-client for JavaScript."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import connected
from tests.support.server import Server, StartServer

pytestmark = pytest.mark.needs("node")

SCRIPTS = Path(__file__).parent / "js"
MATCH = "match_123"
COUNT = 50
WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def run_node(script: str, *arguments: str) -> Any:
    """The JSON that a script prints. It is installed with the page's packages; it reads no other input."""
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPTS / script), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


def spoken(side: dict[str, Any]) -> list[tuple[int, str, Any, str]]:
    return [(m["seq"], m["from"], m["content"], m["type"]) for m in side["new_message"]]


# Alone, polling; without a choice, polling and then an upgrade, as the original client connects.
@pytest.mark.parametrize("transport", ["polling", "websocket", None])
async def test_every_event_has_the_shape_that_it_expects(server: Server, transport: str | None) -> None:
    result = await run_node("old_client.mjs", server.url, *([transport] if transport else []))
    acks, ana, ben = result["acks"], result["ana"], result["ben"]
    assert result["transports"] == [transport or "websocket"] * 2
    assert acks["authenticate"] == {"ok": True, "userId": "user_a"}
    _check_joins(acks)
    _check_messages(acks, ana, ben)
    _check_suggestions(result)
    _check_location(acks)
    _check_game(acks, ben)


def _check_joins(acks: dict[str, Any]) -> None:
    for join in (acks["join"], acks["joinB"]):
        assert (join["ok"], join["matchId"], join["messages"], join["lastSeq"]) == (True, MATCH, [], 0)
        assert all(member["online"] is True for member in join["members"])
    assert {member["userId"] for member in acks["joinB"]["members"]} == {"user_a", "user_b"}


def _check_messages(acks: dict[str, Any], ana: dict[str, Any], ben: dict[str, Any]) -> None:
    place = {"lat": 31.2304, "lon": 121.4737}
    expected = [
        (1, "user_a", "你好！ hello", "text"),
        (2, "user_b", "hi back", "text"),
        (3, "user_a", "psst", "text"),
        (4, "user_a", place, "location"),
    ]
    assert spoken(ana)[:4] == spoken(ben) == expected
    for message in ben["new_message"]:
        required = {"messageId", "matchId", "from", "content", "type", "timestamp", "seq"}
        assert set(message) == required
        assert message["matchId"] == MATCH
        assert WIRE_TIME.fullmatch(message["timestamp"])
    sent = [acks["send"], acks["private"]]
    assert [(ack["ok"], ack["seq"], ack["status"]) for ack in sent] == [(True, 2, "delivered"), (True, 3, "delivered")]
    assert [ack["messageId"] for ack in sent] == [message["messageId"] for message in ben["new_message"][1:3]]


def _check_suggestions(result: dict[str, Any]) -> None:
    acks, ana, ben = result["acks"], result["ana"], result["ben"]
    assert acks["help"]["ok"] is True
    assert acks["help"]["requestId"]
    assert len(ana["ai_suggestion"]) > result["icebreakers"] > 0
    texts = ana["ai_suggestion"] + ben["ai_suggestion"]
    assert all(isinstance(text, str) and text.strip() for text in texts)
    assert len(set(texts)) == len(texts)


def _check_location(acks: dict[str, Any]) -> None:
    assert acks["location"]["ok"] is True
    assert acks["location"]["messageId"]
    error = acks["locationEmpty"]["error"]
    assert (acks["locationEmpty"]["ok"], error["code"], error["field"]) == (False, "invalid", "lat")
    assert error["retryable"] is False


def _check_game(acks: dict[str, Any], ben: dict[str, Any]) -> None:
    game = acks["game"]
    assert game["ok"] is True
    assert {"gameId", "state", "turn"} <= set(game)
    assert set(game["state"]["question"]) == {"en", "zh"}
    (told,) = ben["game_state"]
    assert (told["gameId"], told["matchId"], told["game"]) == (game["gameId"], MATCH, "icebreaker")
    assert told["state"]["question"] == game["state"]["question"]


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_quick_emits_are_all_stored_acknowledged_and_told_in_order(
    start_server: StartServer, transport: str
) -> None:
    server = start_server(env={"VISAVIS_LIMITS__MESSAGES_BURST": str(2 * COUNT)})
    result = await run_node("burst.mjs", server.url, transport, str(COUNT))
    assert [ack["ok"] for ack in result["acks"]] == [True] * COUNT
    assert result["ackOrder"] == list(range(COUNT))
    # Those without an ack were sent first, so they come first.
    assert [ack["seq"] for ack in result["acks"]] == list(range(COUNT + 1, 2 * COUNT + 1))
    contents = [f"{kind} {number}" for kind in ("plain", "asked") for number in range(COUNT)]
    assert result["arrived"] == [{"content": text, "seq": seq} for seq, text in enumerate(contents, start=1)]
    async with connected(server.url, query={"userId": "user_b"}) as ben:
        history = await ben.ok("fetch_history", {"matchId": "match_burst", "after": 0, "limit": 200})
    assert [message["content"] for message in history["messages"]] == contents


async def test_what_is_sent_at_once_after_connecting_goes_to_the_match_of_the_query(server: Server) -> None:
    query = {"userId": "user_a", "matchId": MATCH}
    for number in range(10):
        async with connected(server.url, query=query | {"matchId": f"{MATCH}_{number}"}) as ana:
            await ana.ok("send_message", {"to": "user_b", "content": "hi"})
            assert (await ana.wait_for("new_message"))["matchId"] == f"{MATCH}_{number}"


async def test_its_video_calls_ring_are_declined_answered_and_hung_up(server: Server) -> None:
    result = await run_node("old_call.mjs", server.url)
    ana, ben = result["ana"], result["ben"]
    rings = ben["incoming_call"]
    assert [(ring["matchId"], ring["from"], ring["audio"], ring["video"]) for ring in rings] == [
        (MATCH, "user_a", True, True)
    ] * 2
    first, second = (ring["callId"] for ring in rings)
    assert first != second

    assert (result["declined"]["ok"], result["declined"]["state"]) == (True, "ended")
    assert (result["accepted"]["ok"], result["accepted"]["state"]) == (True, "connecting")
    assert result["hungUp"] == {"ok": True, "reason": "completed"}
    ends = [[(end["callId"], end["reason"], end["duration"]) for end in side["call_ended"]] for side in (ana, ben)]
    assert ends[0][0] == (first, "declined", 0)
    assert ends[1][-1] == (second, "completed", 0)
    entries = [
        (1, "call", {"callId": first, "reason": "declined", "duration": 0, "video": True}),
        (2, "call", {"callId": second, "reason": "completed", "duration": 0, "video": True}),
    ]
    for side in (ana, ben):
        assert [(entry["seq"], entry["type"], entry["content"]) for entry in side["new_message"]] == entries
