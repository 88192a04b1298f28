"""A connection's token in time: it expires, it is replaced, it is another person's."""

import time
import urllib.error

import pytest

from tests.e2e.people import two_ids
from tests.support.client import ChatClient, Refused, connected
from tests.support.server import Server

TTL_S = 2


async def test_a_connection_ends_with_its_token_and_is_told_so(shared_server: Server) -> None:
    ana, _ = two_ids()
    token = shared_server.dev_token(ana, ttl=TTL_S)
    began = time.monotonic()
    async with connected(shared_server.url, token=token) as client:
        await client.ok("join_chat", {"matchId": f"room of {ana}"})
        closing = await client.wait_for("connection_closing", within_s=TTL_S + 3)
        assert closing == {"reason": "auth_expired", "reconnect": "after"}
        await client.wait_until_gone()
        # The token was cut to whole seconds when it was made.
        assert TTL_S - 1 < time.monotonic() - began < TTL_S + 1
    with pytest.raises(Refused) as refused:
        await ChatClient.open(shared_server.url, token=token)
    assert refused.value.data["data"]["code"] == "unauthenticated"
    with pytest.raises(urllib.error.HTTPError) as unauthorized:
        shared_server.get("/api/v1/matches", token=token)
    with unauthorized.value as answer:
        assert (answer.code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_refreshed_token_keeps_the_connection(shared_server: Server) -> None:
    ana, _ = two_ids()
    async with connected(shared_server.url, token=shared_server.dev_token(ana, ttl=TTL_S)) as client:
        refreshed = await client.ok("refresh_token", {"token": shared_server.dev_token(ana, ttl=60)})
        assert refreshed["userId"] == ana
        assert refreshed["expiresAt"]
        with pytest.raises(TimeoutError):
            await client.wait_until_gone(within_s=TTL_S + 1)
        await client.ok("join_chat", {"matchId": f"room of {ana}"})


async def test_a_connection_can_not_become_another_persons(shared_server: Server) -> None:
    ana, ben = two_ids()
    async with connected(shared_server.url, token=shared_server.dev_token(ana)) as client:
        theirs = {"token": shared_server.dev_token(ben)}
        assert (await client.refused("refresh_token", theirs))["code"] == "forbidden"
        assert (await client.refused("authenticate", theirs))["code"] in {"forbidden", "unauthenticated"}
        assert (await client.refused("refresh_token", {"token": "x.y.z"}))["code"] == "unauthenticated"
        assert (await client.ok("authenticate", {"userId": ana}))["userId"] == ana


async def test_the_old_way_to_join_can_not_rename_a_proven_connection(shared_server: Server) -> None:
    ana, ben = two_ids()
    async with connected(shared_server.url, token=shared_server.dev_token(ana)) as client:
        joined = await client.ok("join_chat", {"matchId": f"room of {ana}", "userId": ben})
        assert [member["userId"] for member in joined["members"]] == [ana]
        await client.ok("send_message", {"content": "who am I?"})
        assert (await client.wait_for("new_message"))["from"] == ana
