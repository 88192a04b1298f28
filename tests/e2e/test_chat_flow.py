"""Chat of two people with two devices each: messages, receipts, typing, presence, changes, limits."""

import asyncio
import time

import pytest

from tests.e2e.people import a_pair, make_match, send, two_ids
from tests.support.client import ChatClient, Refused, connected
from tests.support.server import Server, StartServer

TYPING_LAPSE_S = 6.0
OFFLINE_WITHIN_S = 15.0


async def test_a_message_reaches_every_device_once_the_sending_one_included(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        first = await send(pair.ana, pair.match_id, "hello", clientId="c1")
        second = await send(pair.ben, pair.match_id, "hi", replyTo=first["messageId"])
        assert [first["seq"], second["seq"]] == [1, 2]
        assert first["status"] == "delivered"
        for device in pair.devices:
            one, two = await device.wait_for_count("new_message", 2)
            assert one == {
                "messageId": first["messageId"],
                "matchId": pair.match_id,
                "from": pair.ana_id,
                "content": "hello",
                "type": "text",
                "timestamp": first["timestamp"],
                "seq": 1,
                "clientId": "c1",
            }
            assert (two["content"], two["replyTo"]) == ("hi", first["messageId"])
            assert len(device.seen("new_message")) == 2


async def test_a_message_to_somebody_offline_is_stored_and_waits(shared_server: Server) -> None:
    ana, ben = two_ids()
    match_id = make_match(shared_server, ana, ben)
    async with connected(shared_server.url, token=shared_server.dev_token(ana)) as client:
        assert (await send(client, match_id, "are you there?"))["status"] == "stored"
    async with connected(shared_server.url, token=shared_server.dev_token(ben)) as client:
        joined = await client.ok("join_chat", {"matchId": match_id})
        assert [message["content"] for message in joined["messages"]] == ["are you there?"]
        assert joined["messages"][0]["version"] == 1


async def test_the_same_client_id_gives_the_same_answer_and_stores_nothing(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        first = await send(pair.ana, pair.match_id, "once", clientId="c1")
        again = await send(pair.ana_too, pair.match_id, "once", clientId="c1")
        other = await send(pair.ben, pair.match_id, "another person's c1", clientId="c1")
        assert (again["messageId"], again["seq"]) == (first["messageId"], 1)
        assert other["seq"] == 2
        await pair.ben.wait_for_count("new_message", 2)
        assert [message["seq"] for message in pair.ben.seen("new_message")] == [1, 2]


async def test_receipts_tell_all_devices_what_was_delivered_and_read(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        for text in ("one", "two"):
            await send(pair.ana, pair.match_id, text)
        delivered = {"matchId": pair.match_id, "userId": pair.ben_id, "deliveredSeq": 2, "readSeq": 0}
        for device in pair.devices:
            await device.wait_for("message_status", lambda status: status == delivered)
        assert (await pair.ben.ok("mark_read", {"matchId": pair.match_id, "seq": 2}))["readSeq"] == 2
        for device in pair.devices:
            await device.wait_for("message_status", lambda status: status == delivered | {"readSeq": 2})
        # A cursor never goes back, and never beyond what there is.
        assert (await pair.ben_too.ok("mark_read", {"matchId": pair.match_id, "seq": 1}))["readSeq"] == 2
        error = await pair.ben.refused("mark_read", {"matchId": pair.match_id, "seq": 3})
        assert (error["code"], error["field"]) == ("invalid", "seq")
        assert (await pair.ben.ok("join_chat", {"matchId": pair.match_id}))["readSeq"] == 2


async def test_typing_is_told_to_every_other_device_and_lapses_by_itself(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        began = time.monotonic()
        await pair.ana.ok("typing", {"matchId": pair.match_id, "typing": True})
        for device in (pair.ana_too, pair.ben, pair.ben_too):
            told = await device.wait_for("typing")
            assert told == {"matchId": pair.match_id, "userId": pair.ana_id, "typing": True}
        assert pair.ana.seen("typing") == []
        for device in (pair.ana_too, pair.ben, pair.ben_too):
            await device.wait_for("typing", lambda told: told["typing"] is False, within_s=TYPING_LAPSE_S + 2)
        assert time.monotonic() - began > TYPING_LAPSE_S - 0.1


async def test_typing_ends_with_the_message(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        await pair.ana.ok("typing", {"matchId": pair.match_id, "typing": True})
        await send(pair.ana, pair.match_id, "done")
        await pair.ben.wait_for("typing", lambda told: told["typing"] is False, within_s=1)


async def test_presence_follows_the_last_device(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        await pair.ben.close()
        members = (await pair.ana.ok("join_chat", {"matchId": pair.match_id}))["members"]
        assert {member["userId"]: member["online"] for member in members} == {pair.ana_id: True, pair.ben_id: True}
        await pair.ben_too.drop()
        offline = await pair.ana.wait_for("presence", lambda told: not told["online"], within_s=OFFLINE_WITHIN_S)
        assert offline["userId"] == pair.ben_id
        assert offline["lastSeen"]
        async with connected(shared_server.url, token=shared_server.dev_token(pair.ben_id)):
            await pair.ana.wait_for("presence", lambda told: told["online"])
        told = [presence["online"] for presence in pair.ana.seen("presence") if presence["userId"] == pair.ben_id]
        assert told == [False, True]


async def test_edit_delete_and_reactions_are_seen_by_all_devices(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        message_id = (await send(pair.ana, pair.match_id, "helo"))["messageId"]
        doomed = (await send(pair.ana, pair.match_id, "oops"))["messageId"]
        assert (await pair.ana.ok("edit_message", {"messageId": message_id, "content": "hello"}))["version"] == 2
        assert (await pair.ben.ok("react", {"messageId": message_id, "emoji": "👍"}))["version"] == 3
        assert (await pair.ben.ok("react", {"messageId": message_id, "emoji": "👍"}))["version"] == 3
        assert (await pair.ana.ok("delete_message", {"messageId": doomed}))["version"] == 2
        for device in pair.devices:
            edited, reacted, deleted = await device.wait_for_count("message_updated", 3)
            assert (edited["messageId"], edited["version"], edited["content"]) == (message_id, 2, "hello")
            assert (reacted["version"], reacted["reactions"]) == (3, {"👍": [pair.ben_id]})
            assert (deleted["messageId"], deleted["version"], deleted["deleted"]) == (doomed, 2, True)
        kept, tombstone = (await pair.ben.ok("fetch_history", {"matchId": pair.match_id}))["messages"]
        assert (kept["content"], kept["version"], kept["reactions"]) == ("hello", 3, {"👍": [pair.ben_id]})
        assert kept["editedAt"]
        assert (tombstone["seq"], tombstone["deleted"], tombstone["content"]) == (2, True, "")


async def test_only_the_author_changes_a_message(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        message_id = (await send(pair.ana, pair.match_id, "mine"))["messageId"]
        assert (await pair.ben.refused("edit_message", {"messageId": message_id, "content": "no"}))[
            "code"
        ] == "forbidden"
        assert (await pair.ben.refused("delete_message", {"messageId": message_id}))["code"] == "forbidden"
        await pair.ana.ok("delete_message", {"messageId": message_id})
        assert (await pair.ana.refused("edit_message", {"messageId": message_id, "content": "again"}))["code"] == "gone"


async def test_history_is_paged_both_ways_and_the_http_twin_agrees(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        for number in range(1, 13):
            await send(pair.ana, pair.match_id, f"number {number}")
        token = shared_server.dev_token(pair.ben_id)
        for query, expected, more in (
            ({}, range(1, 13), False),
            ({"limit": 5}, range(8, 13), True),
            ({"before": 8, "limit": 5}, range(3, 8), True),
            ({"before": 3, "limit": 5}, range(1, 3), False),
            ({"after": 0, "limit": 5}, range(1, 6), True),
            ({"after": 10, "limit": 5}, range(11, 13), False),
            ({"after": 12}, range(0), False),
        ):
            page = await pair.ben.ok("fetch_history", {"matchId": pair.match_id, **query})
            assert [message["seq"] for message in page["messages"]] == list(expected), query
            assert page["more"] is more, query
            text = "&".join(f"{key}={value}" for key, value in query.items())
            twin = shared_server.get(f"/api/v1/matches/{pair.match_id}/messages?{text}", token=token)
            assert twin == {"messages": page["messages"], "more": more}
        error = await pair.ben.refused("fetch_history", {"matchId": pair.match_id, "limit": 201})
        assert (error["code"], error["field"]) == ("invalid", "limit")


async def test_since_gives_what_was_missed_and_says_when_there_is_more(start_server: StartServer) -> None:
    server = start_server(env={"VISAVIS_LIMITS__MESSAGES_BURST": "600"})
    ana, ben = two_ids()
    match_id = make_match(server, ana, ben)
    async with (
        connected(server.url, token=server.dev_token(ana)) as client,
        connected(server.url, token=server.dev_token(ben)) as reader,
    ):
        answers = await asyncio.gather(*(send(client, match_id, f"number {number}") for number in range(510)))
        assert sorted(answer["seq"] for answer in answers) == list(range(1, 511))
        joined = await reader.ok("join_chat", {"matchId": match_id, "since": 3})
        assert [message["seq"] for message in joined["messages"]] == list(range(4, 504))
        assert (joined["gap"], joined["lastSeq"]) == (True, 510)
        rest = await reader.ok("fetch_history", {"matchId": match_id, "after": 503})
        assert [message["seq"] for message in rest["messages"]] == list(range(504, 511))
        assert rest["more"] is False
        for since, expected in ((505, range(506, 511)), (510, range(0))):
            joined = await reader.ok("join_chat", {"matchId": match_id, "since": since})
            assert [message["seq"] for message in joined["messages"]] == list(expected)
            assert "gap" not in joined
        newest = await reader.ok("join_chat", {"matchId": match_id})
        assert [message["seq"] for message in newest["messages"]] == list(range(461, 511))


async def test_in_development_mode_a_named_room_is_for_the_first_two_and_a_third_is_refused(
    shared_server: Server,
) -> None:
    ana, ben = two_ids()
    room = f"room of {ana}"
    async with (
        connected(shared_server.url, query={"userId": ana}) as first,
        connected(shared_server.url, query={"userId": ben}) as second,
        connected(shared_server.url, query={"userId": f"third {ana}"}) as third,
    ):
        await first.ok("join_chat", {"matchId": room})
        await second.ok("join_chat", {"matchId": room})
        for event in ("join_chat", "send_message", "fetch_history", "typing", "mark_read"):
            error = await third.refused(event, {"matchId": room, "content": "let me in", "seq": 0})
            assert error["code"] == "forbidden", event
        assert (await third.refused("request_ai_help", {"matchId": room}))["code"] == "forbidden"
        assert (await third.refused("play_game", {"game": "icebreaker", "matchId": room}))["code"] == "forbidden"
        await first.ok("send_message", {"content": "just us"})
        await second.wait_for("new_message")
        assert third.seen("new_message") == third.seen("typing") == third.seen("presence") == []


async def test_in_development_mode_writing_to_somebody_makes_the_match(shared_server: Server) -> None:
    ana, ben = two_ids()
    async with (
        connected(shared_server.url, query={"userId": ana}) as first,
        connected(shared_server.url, query={"userId": ben}) as second,
    ):
        await first.ok("send_message", {"to": ben, "content": "hello"})
        await second.ok("private_message", {"to": ana, "content": "hi"})
        (hello, hi) = await second.wait_for_count("new_message", 2)
        assert hello["matchId"] == hi["matchId"]
        assert (hello["seq"], hi["seq"]) == (1, 2)
        for client, peer in ((first, ben), (second, ana)):
            assert (await client.wait_for("match_created"))["peer"]["userId"] == peer


async def test_a_connection_without_a_name_can_do_nothing_until_it_says_one(shared_server: Server) -> None:
    ana, _ = two_ids()
    async with connected(shared_server.url) as client:
        assert "userId" not in await client.wait_for("connected")
        for event in ("send_message", "typing", "request_ai_help", "leave_chat"):
            assert (await client.refused(event, {"matchId": "m"}))["code"] == "unauthenticated", event
        assert (await client.ok("authenticate", ana))["userId"] == ana
        await client.ok("join_chat", {"matchId": f"room of {ana}"})


async def test_leaving_a_room_ends_only_that_it_is_the_current_one(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        await pair.ana.ok("join_chat", {"matchId": pair.match_id})
        await pair.ana.ok("send_message", {"content": "here"})
        await pair.ana.ok("leave_chat", {"matchId": pair.match_id})
        assert (await pair.ana.refused("send_message", {"content": "where?"}))["field"] == "matchId"
        await send(pair.ben, pair.match_id, "still heard")
        await pair.ana.wait_for("new_message", lambda message: message["content"] == "still heard")


async def test_unknown_events_and_bad_payloads_are_refused_and_the_connection_stays(shared_server: Server) -> None:
    async with a_pair(shared_server) as pair:
        assert (await pair.ana.refused("no_such_event", {"a": 1}))["code"] == "invalid"
        assert (await pair.ana.refused("send_message", [1, 2]))["code"] == "invalid"
        error = await pair.ana.refused("send_message", {"matchId": pair.match_id, "content": "x" * 4001})
        assert error["code"] == "too_large"
        error = await pair.ana.refused("send_message", {"matchId": 7, "content": "x"})
        assert (error["code"], error["field"], error["retryable"]) == ("invalid", "matchId", False)
        assert (await send(pair.ana, pair.match_id, "x" * 4000))["seq"] == 1


async def test_the_rate_limit_says_when_to_come_back_and_then_lets_the_message_in(start_server: StartServer) -> None:
    limits = {"VISAVIS_LIMITS__MESSAGES_PER_SECOND": "2", "VISAVIS_LIMITS__MESSAGES_BURST": "3"}
    async with a_pair(start_server(env=limits)) as pair:
        for number in range(3):
            await send(pair.ana, pair.match_id, f"number {number}")
        # The limit is the user's, so the other device is held as well; the other person is not.
        wanted = {"matchId": pair.match_id, "content": "number 3", "clientId": "c3"}
        error = await pair.ana_too.refused("send_message", wanted)
        assert (error["code"], error["retryable"]) == ("rate_limited", True)
        assert 0 < error["retryAfterMs"] <= 500
        await send(pair.ben, pair.match_id, "mine goes through")
        await asyncio.sleep(error["retryAfterMs"] / 1000)
        assert (await pair.ana_too.ok("send_message", wanted))["seq"] == 5


@pytest.mark.parametrize(("version", "code"), [(0, "client_too_old"), (2, "server_too_old")])
async def test_a_client_of_another_protocol_version_is_told_who_is_too_old(
    shared_server: Server, version: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await ChatClient.open(shared_server.url, query={"userId": "ana"}, auth={"protocolVersion": version})
    assert refused.value.data["data"]["code"] == code
