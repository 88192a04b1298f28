"""The door: who comes in, as whom, for how long, and what the engine is asked to do about it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocol.errors import CloseReason
from rooms.facts import DeviceCame, DeviceLeft, Fact
from tests.support.in_process import InProcess, RecordingServer, Turned, in_process
from tests.support.keys import good


@pytest.fixture
async def dev() -> AsyncIterator[InProcess]:
    async with in_process(dev=True) as house:
        yield house


@pytest.fixture
async def strict() -> AsyncIterator[InProcess]:
    """Not in development mode; an address may connect three times a second, a user hold two connections."""
    limits = {"connects_per_second": 3, "connections_per_user": 2}
    async with in_process(dev=False, limits=limits) as house:
        yield house


async def settled(house: InProcess) -> RecordingServer:
    """Once everything that was spawned has been said."""
    for _ in range(50):
        await asyncio.sleep(0)
    return house.server


async def turned(house: InProcess, sid: str, auth: object = None, **how: Any) -> dict[str, Any]:
    with pytest.raises(Turned) as caught:
        await house.server.connect(sid, auth, **how)
    assert caught.value.body["message"]
    assert house.built.door.connections.get(sid) is None
    return caught.value.body


def gauge(house: InProcess, name: str = "websocket_connections", **labels: str) -> float | None:
    return house.metrics.registry.get_sample_value(name, labels)


async def test_a_token_binds_the_connection_to_its_user(strict: InProcess) -> None:
    await strict.server.connect("1", {"token": good("ann", name="Ann", scope="ops")})
    connection = strict.built.door.connections.get("1")
    assert connection is not None
    assert (connection.user_id, connection.scope, connection.bound_by) == ("ann", "ops", "token")
    assert strict.server.rooms == {"u:ann": {"1"}}
    assert gauge(strict) == 1
    server = await settled(strict)
    (hello,) = server.told("connected")
    assert (hello["userId"], hello["sessionId"], hello["resumed"]) == ("ann", "1", False)
    assert hello["serverTime"].endswith("Z")


async def test_a_bad_token_is_turned_away_in_every_mode(dev: InProcess, strict: InProcess) -> None:
    for house in (dev, strict):
        body = await turned(house, "1", {"token": "x"}, query="userId=ann")
        assert body["code"] == "unauthenticated"
        assert house.counted() == {"bad_token": 1}


@pytest.mark.parametrize("auth", [None, "token", 7, [], {}, {"token": None}], ids=repr)
async def test_without_a_token_only_development_mode_lets_in(dev: InProcess, strict: InProcess, auth: object) -> None:
    assert (await turned(strict, "1", auth, query="userId=ann"))["code"] == "unauthenticated"
    await dev.server.connect("1", auth, query="userId=ann")
    connection = dev.built.door.connections.get("1")
    assert connection is not None
    assert (connection.user_id, connection.bound_by) == ("ann", "name")


async def test_nobody_in_particular_may_come_in_in_development_mode_and_say_later_who_it_is(dev: InProcess) -> None:
    await dev.server.connect("1")
    server = await settled(dev)
    assert "userId" not in server.told("connected")[0]
    assert (await server.ask("1", "typing"))["error"]["code"] == "unauthenticated"
    assert await server.ask("1", "authenticate", "ann") == {"ok": True, "userId": "ann"}
    assert server.rooms == {"u:ann": {"1"}}
    assert await server.ask("1", "authenticate", {"userId": "bob"}) == {"ok": True, "userId": "bob"}
    assert server.rooms == {"u:ann": set(), "u:bob": {"1"}}
    assert dev.built.services.presence.devices("ann") == 0


async def test_the_name_in_the_query_must_be_a_user_id(dev: InProcess) -> None:
    for query in ("userId=%00", "userId=%20ann", "userId=" + "x" * 129, "userId=a%E2%80%AEb"):
        assert (await turned(dev, "1", query=query))["field"] == "userId"
    assert dev.counted() == {"invalid": 4}


async def test_an_old_client_finds_itself_in_its_room(dev: InProcess) -> None:
    await dev.server.connect("1", query="userId=ann&matchId=m")
    sent = await dev.server.ask("1", "send_message", {"content": "at once"})
    assert sent["ok"] is True
    connection = dev.built.door.connections.get("1")
    assert connection is not None
    assert (connection.current_match, connection.bare_suggestions) == ("m", True)
    assert connection.entering is None


async def test_an_old_client_that_is_nobody_is_not_kept_waiting(dev: InProcess) -> None:
    await dev.server.connect("1", query="matchId=m")
    assert (await dev.server.ask("1", "typing"))["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("auth", "query", "lang", "bare"),
    [
        ({"lang": "zh-CN", "suggestionText": True}, "", "zh-CN", True),
        ({"suggestionText": "yes"}, "lang=en", "en", False),
        ({"lang": 7}, "", None, False),
        ({"lang": "x" * 36}, "", None, False),
        ({}, "", None, False),
    ],
)
async def test_a_client_says_how_it_wants_suggestions(
    dev: InProcess, auth: dict[str, Any], query: str, lang: str | None, bare: bool
) -> None:
    await dev.server.connect("1", auth, query=query)
    connection = dev.built.door.connections.get("1")
    assert connection is not None
    assert (connection.lang, connection.bare_suggestions) == (lang, bare)


@pytest.mark.parametrize(
    ("version", "code"), [(0, "client_too_old"), (2, "server_too_old"), ("1", "invalid"), (True, "invalid")]
)
async def test_only_the_present_version_is_spoken(dev: InProcess, version: object, code: str) -> None:
    assert (await turned(dev, "1", {"protocolVersion": version}))["code"] == code
    assert dev.counted() == {code: 1}
    await dev.server.connect("2", {"protocolVersion": 1})


async def test_an_address_may_connect_so_many_times_a_second(strict: InProcess) -> None:
    for number in range(3):
        await strict.server.connect(f"{number}", {"token": good(f"user-{number}")}, address="10.0.0.1")
    body = await turned(strict, "4", {"token": good("ann")}, address="10.0.0.1")
    assert (body["code"], body["retryable"]) == ("rate_limited", True)
    assert 0 < body["retryAfterMs"] <= 334
    await strict.server.connect("5", {"token": good("ann")}, address="10.0.0.2")
    assert strict.counted() == {"rate_limited": 1}


async def test_addresses_of_this_machine_are_not_limited_in_development_mode() -> None:
    async with in_process(dev=True, limits={"connects_per_second": 1}) as house:
        for number, address in enumerate(["127.0.0.1", "::1", "127.1.2.3"] * 3):
            await house.server.connect(f"{number}", address=address)
        unknown: tuple[tuple[str, str | None], ...] = (("a", "10.0.0.1"), ("b", "nonsense"), ("c", None))
        for sid, origin in unknown:
            await house.server.connect(sid, address=origin)
            assert (await turned(house, "z", address=origin))["code"] == "rate_limited"


async def test_a_user_may_hold_so_many_connections(strict: InProcess) -> None:
    token = good("ann")
    for number in range(2):
        await strict.server.connect(f"{number}", {"token": token}, address=f"10.0.0.{number}")
    body = await turned(strict, "2", {"token": token}, address="10.0.0.9")
    assert (body["code"], body["message"]) == ("rate_limited", "too many connections of this user")
    assert strict.counted() == {"connection_limit": 1}
    await strict.server.leave("0")
    await strict.server.connect("3", {"token": token}, address="10.0.0.10")


async def test_a_connection_of_a_token_can_not_become_another_users(strict: InProcess) -> None:
    await strict.server.connect("1", {"token": good("ann")})
    ask = strict.server.ask
    assert (await ask("1", "authenticate", {"token": good("bob")}))["error"]["code"] == "unauthenticated"
    assert (await ask("1", "authenticate", "bob"))["error"]["code"] == "forbidden"
    assert (await ask("1", "refresh_token", {"token": good("bob")}))["error"]["code"] == "forbidden"
    assert (await ask("1", "refresh_token", {"token": "x"}))["error"]["code"] == "unauthenticated"
    assert strict.server.rooms == {"u:ann": {"1"}}


async def test_in_development_mode_a_name_can_be_proved_later_and_then_stays(dev: InProcess) -> None:
    await dev.server.connect("1", query="userId=ann")
    ask = dev.server.ask
    assert (await ask("1", "authenticate", {"token": good("bob")}))["ok"] is True
    answer = await ask("1", "join_chat", {"matchId": "m", "userId": "carol"})
    assert [member["userId"] for member in answer["members"]] == ["bob"]


async def test_in_development_mode_join_chat_may_name_the_user(dev: InProcess) -> None:
    await dev.server.connect("1")
    answer = await dev.server.ask("1", "join_chat", {"matchId": "m", "userId": "carol"})
    assert [member["userId"] for member in answer["members"]] == ["carol"]


async def test_a_token_that_expires_closes_its_connection(strict: InProcess) -> None:
    await strict.server.connect("1", {"token": good("ann", exp=int(time.time()) + 60)})
    connection = strict.built.door.connections.get("1")
    assert connection is not None
    strict.built.door._expired(connection)
    assert strict.server.closed == [("e1", "auth_expired", "after")]


async def test_a_refreshed_token_replaces_the_timer_of_the_first(strict: InProcess) -> None:
    await strict.server.connect("1", {"token": good("ann")})
    connection = strict.built.door.connections.get("1")
    assert connection is not None
    first = connection.cancel_expiry
    exp = int(time.time()) + 900
    answer = await strict.server.ask("1", "refresh_token", {"token": good("ann", exp=exp, name="Ann")})
    assert answer["ok"] is True
    assert answer["userId"] == "ann"
    assert answer["expiresAt"].endswith(".000Z")
    assert connection.cancel_expiry is not first


async def test_a_connection_that_is_gone_can_not_be_closed_or_struck(dev: InProcess) -> None:
    await dev.server.connect("1", query="userId=ann")
    await dev.server.ask("1", "no_such_event")
    assert dev.server.strikes == ["e1"]
    dev.server.gone.add("1")
    dev.built.door.close("1", CloseReason.KICKED)
    await dev.server.ask("1", "no_such_event")
    assert dev.server.closed == []
    assert dev.server.strikes == ["e1"]


async def test_closing_says_why_and_whether_to_come_back(dev: InProcess) -> None:
    await dev.server.connect("1")
    dev.built.door.close("1", CloseReason.KICKED)
    dev.built.door.close("unknown", CloseReason.KICKED)
    await dev.built.door.close_all()
    assert dev.server.closed == [("e1", "kicked", "never"), ("all", "shutdown", "after")]


@pytest.mark.parametrize(
    ("reason", "counted"),
    [("client_left", "client_left"), ("transport_lost", "client_left"), ("slow_consumer", "slow_consumer")],
)
async def test_the_end_of_a_connection_is_counted_by_reason(dev: InProcess, reason: str, counted: str) -> None:
    await dev.server.connect("1", query="userId=ann")
    await dev.server.leave("1", reason)
    assert gauge(dev) == 0
    assert gauge(dev, "connections_closed_total", reason=counted) == 1
    assert dev.built.services.presence.devices("ann") == 0
    assert (await dev.server.ask("1", "typing"))["error"]["code"] == "gone"
    await dev.server.leave("1", reason)


async def test_the_house_hears_of_devices_that_can_be_told_things_and_of_their_end(dev: InProcess) -> None:
    heard: list[Fact] = []
    for kind in (DeviceCame, DeviceLeft):
        dev.built.door._kit.facts.subscribe(kind, heard.append)
    await dev.server.connect("1", query="userId=ann")
    assert heard == []
    await settled(dev)
    assert heard == [DeviceCame("ann", "1")]
    await dev.server.ask("1", "authenticate", "bob")
    await dev.server.leave("1")
    assert heard[1:] == [DeviceLeft("ann", "1"), DeviceCame("bob", "1"), DeviceLeft("bob", "1")]


async def test_a_device_that_is_nobodys_or_gone_before_its_welcome_is_no_news(dev: InProcess) -> None:
    heard: list[Fact] = []
    dev.built.door._kit.facts.subscribe(DeviceCame, heard.append)
    await dev.server.connect("1")
    await dev.server.connect("2", query="userId=ann")
    await dev.server.leave("2")
    await settled(dev)
    assert heard == []


async def test_two_people_are_told_what_they_say_to_each_other(dev: InProcess) -> None:
    await dev.server.connect("1", query="userId=ann")
    await dev.server.connect("2", query="userId=bob")
    for sid in ("1", "2"):
        await dev.server.ask(sid, "join_chat", {"matchId": "m"})
    sent = await dev.server.ask("1", "send_message", {"content": "hello"})
    assert sent["status"] == "delivered"
    ((event, data, to, _),) = [item for item in dev.server.sent if item[0] == "new_message"]
    assert (event, data["content"]) == ("new_message", "hello")
    assert set(to) == {"u:ann", "u:bob"}
