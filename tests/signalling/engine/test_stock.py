"""The engine with honest clients: connecting, upgrading, heartbeats, acks, and events that are too large."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import orjson
import pytest
import socketio
from socketio.exceptions import ConnectionRefusedError as Refuse

from signalling.engine import EngineOptions
from tests.signalling.engine.harness import POLL_PATH, Running, acked, open_poll, running
from tests.support.rawws import Frame, text_frame

pytestmark = [pytest.mark.e2e]

QUICK = EngineOptions(ping_interval_s=0.1, ping_timeout_s=0.1, connect_timeout_s=0.2)


async def client(server: Running, *transports: str, **settings: Any) -> socketio.AsyncClient:
    """The official Python client, connected."""
    it = socketio.AsyncClient(reconnection=False)
    await it.connect(server.url, transports=list(transports) or None, **settings)
    return it


# -- honest clients --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_fifty_quick_emits_are_all_acked_in_order(transports: list[str]) -> None:
    async with running() as server:
        it = await client(server, *transports)
        answers: list[Any] = []
        done = asyncio.Event()

        def answered(*arguments: Any) -> None:
            answers.append(arguments)
            if len(answers) == 50:
                done.set()

        for number in range(50):
            await it.emit("echo", number, callback=answered)
        await asyncio.wait_for(done.wait(), 5)
        assert answers == [("echo", number) for number in range(50)]
        assert it.transport() == transports[-1]
        await it.disconnect()
        assert server.hooks.refused == {}


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_binary_travels_both_ways_and_to_both_transports_at_once(transport: str) -> None:
    async with running() as server:
        heard: asyncio.Queue[Any] = asyncio.Queue()
        them = [await client(server, "polling"), await client(server, "websocket")]
        for it in them:
            it.on("shouted", heard.put)
            await it.call("join", "all")
        me = await client(server, transport)
        assert await me.call("echo", {"a": [b"\x00\xff", "text", b""]}) == ("echo", {"a": [b"\x00\xff", "text", b""]})
        assert await me.call("shout", b"\x01\x02") == "done"
        assert [await heard.get(), await heard.get()] == [b"\x01\x02", b"\x01\x02"]
        for it in [*them, me]:
            await it.disconnect()


async def test_an_upgrade_keeps_what_was_sent_meanwhile() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        sid = url.split("sid=")[1]
        held = asyncio.create_task(http.get(url))
        ws = await server.raw(f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
        await ws.send_text("2probe")
        assert await ws.receive_text() == "3probe"
        async with await held as response:
            assert await response.text() == "6"
        async with http.post(url, data='421["echo"]') as response:
            assert response.status == 200
        async with http.get(url) as response:
            assert await response.text() == "6"
        await ws.send_text("5")
        assert await ws.receive_text() == '431["echo"]'
        assert await acked(ws, "echo", 2) == ["echo", 2]
        async with http.get(url) as response:
            assert response.status == 400
        second = await server.raw(f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
        assert await second.receive_text() is None
        await second.close()
        assert await acked(ws, "echo", 3) == ["echo", 3]
        await ws.close()


@pytest.mark.parametrize("first", [text_frame("2"), text_frame("40"), Frame(2, b"2probe"), Frame(3), None])
async def test_a_failed_upgrade_leaves_the_polling_connection_alone(first: Frame | None) -> None:
    async with running(EngineOptions(connect_timeout_s=0.2)) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        ws = await server.raw(f"/socket.io/?EIO=4&transport=websocket&sid={url.split('sid=')[1]}")
        if first is not None:
            await ws.send(first)
        assert await ws.receive_text() is None
        await ws.close()
        async with http.post(url, data='421["echo"]') as response:
            assert response.status == 200
        async with http.get(url) as response:
            assert await response.text() == '431["echo"]'
        assert sum(server.hooks.refused.values()) == (first is not None)
        assert server.hooks.endings == []


async def test_an_upgrade_cut_off_in_a_frame_is_counted() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        ws = await server.raw(f"/socket.io/?EIO=4&transport=websocket&sid={url.split('sid=')[1]}")
        await ws.send(b"\x81")
        await ws.close()
        await server.hooks.until(lambda: server.hooks.refused == {"websocket_protocol": 1})


async def test_an_event_named_like_the_catch_all_is_just_unknown() -> None:
    async with running() as server:
        ws = await server.joined()
        assert await acked(ws, "*", 1) == [{"unknown": "*"}]
        await ws.send_text('42["echo"]')
        assert await acked(ws, "echo") == ["echo"]
        await ws.close()


async def test_emit_with_a_callback_gets_the_answer_of_the_client_once() -> None:
    async with running() as server:
        ws = await server.joined()
        answers: list[Any] = []
        (sid,) = server.server.manager.rooms["/"][None]

        async def answered(*arguments: Any) -> None:
            answers.append(arguments)

        await server.server.emit("question", 1, to=sid, callback=answered)
        assert await ws.receive_text() == '421["question",1]'
        await ws.send(text_frame("431[42]"), text_frame("431[43]"), text_frame("430[44]"))
        assert await acked(ws, "echo") == ["echo"]
        assert answers == [(42,)]
        assert server.hooks.refused == {"malformed_packet": 2}
        await ws.close()


async def test_emit_reaches_rooms_skips_and_spreads_tuples() -> None:
    async with running() as server:
        one, two = await server.joined(), await server.joined()
        sids = list(server.server.manager.rooms["/"][None])
        await server.server.emit("nothing", namespace="/nobody-is-here")
        await server.server.emit("a", (1, 2))
        await server.server.emit("b", skip_sid=sids[0])
        await server.server.emit("c", [3], skip_sid=[sids[1]])
        assert [await one.receive_text() for _ in range(2)] == ['42["a",1,2]', '42["c",[3]]']
        assert [await two.receive_text() for _ in range(2)] == ['42["a",1,2]', '42["b"]']
        await one.close()
        await two.close()


# -- connecting ------------------------------------------------------------------------------------------------------


async def test_the_handshake_names_the_limits_of_the_server() -> None:
    async with running(EngineOptions(ping_interval_s=1.25, ping_timeout_s=0.5)) as server:
        ws = await server.raw()
        opened = orjson.loads((await ws.receive_text() or "")[1:])
        del opened["sid"]
        assert opened == {"upgrades": [], "pingInterval": 1250, "pingTimeout": 500, "maxPayload": 1048576}
        await ws.close()


async def test_a_refused_connection_is_told_why_and_may_try_again() -> None:
    async with running() as server:

        async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
            if not auth:
                raise Refuse("token missing", {"code": "unauthenticated"})
            if auth == {"token": "boom"}:
                raise RuntimeError("a mistake")

        server.server.on("connect", connect, namespace="/ops")
        ws = await server.raw()
        await ws.receive_text()
        await ws.send(text_frame("40/ops,"), text_frame('40/ops,{"token":"boom"}'), text_frame('40{"token":"bad"}'))
        await ws.send(text_frame("40/nowhere,"), text_frame('40/ops,{"token":"good"}'))
        assert [await ws.receive_text() for _ in range(4)] == [
            '44/ops,{"message":"token missing","data":{"code":"unauthenticated"}}',
            '44/ops,{"message":"internal"}',
            '44{"message":"Connection rejected by server"}',
            '44/nowhere,{"message":"Invalid namespace"}',
        ]
        assert (await ws.receive_text() or "").startswith('40/ops,{"sid":')
        assert server.hooks.refused == {"unknown_namespace": 1}
        await ws.close()


async def test_a_client_that_leaves_while_its_connect_handler_runs_leaves_no_trace() -> None:
    async with running() as server:
        inside, gone = asyncio.Event(), asyncio.Event()
        left: list[str] = []

        async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
            inside.set()
            await gone.wait()

        async def disconnect(sid: str, reason: str) -> None:
            left.append(reason)

        server.server.on("connect", connect)
        server.server.on("disconnect", disconnect)
        ws = await server.raw()
        await ws.receive_text()
        await ws.send_text("40")
        await inside.wait()
        (eio_sid,) = server.server.eio.sockets
        server.server.close_connection(eio_sid, "kicked")
        await server.hooks.until(lambda: server.hooks.endings == [(eio_sid, "kicked")])
        gone.set()
        assert await ws.receive_text() is None
        await ws.close()
        assert left == ["transport_lost"]


async def test_leaving_the_last_namespace_starts_the_connect_timeout_again() -> None:
    async with running(EngineOptions(connect_timeout_s=0.2)) as server:
        by_client, by_server = await server.joined(), await server.joined()
        await by_client.send_text("41")
        (sid,) = [sid for sid in server.server.manager.rooms["/"][None]][1:]
        await server.server.disconnect(sid)
        assert await by_server.drain_to_end() == ["41"]
        assert await by_client.drain_to_end() == []
        await by_client.close()
        await by_server.close()
        assert [reason for _, reason in server.hooks.endings] == ["connect_timeout"] * 2


async def test_ghosts_are_closed_and_members_are_not() -> None:
    async with running(EngineOptions(connect_timeout_s=0.1)) as server, aiohttp.ClientSession() as http:
        member, ghost = await server.joined(), await server.raw()
        async with http.get(server.url + POLL_PATH) as response:
            assert response.status == 200
        await ghost.drain_to_end()
        await ghost.close()
        await server.hooks.until(lambda: len(server.hooks.endings) == 2)
        assert {reason for _, reason in server.hooks.endings} == {"connect_timeout"}
        assert await acked(member, "echo") == ["echo"]
        await member.close()


# -- heartbeat -------------------------------------------------------------------------------------------------------


async def test_a_client_that_answers_pings_stays_and_one_that_does_not_goes() -> None:
    async with running(QUICK) as server, aiohttp.ClientSession() as http:
        await open_poll(http, server)
        alive, dead = await server.joined(), await server.joined()
        for _ in range(4):
            assert await alive.receive_text() == "2"
            await alive.send_text("3")
        await server.hooks.until(lambda: len(server.hooks.endings) == 2)
        assert {reason for _, reason in server.hooks.endings} == {"ping_timeout"}
        assert await acked(alive, "echo") == ["echo"]
        await alive.close()
        await dead.close()


async def test_a_handler_that_takes_longer_than_the_ping_timeout_does_not_end_its_client() -> None:
    async with running(QUICK) as server:
        release = asyncio.Event()

        async def slow(sid: str) -> str:
            await release.wait()
            return "slow"

        server.server.on("slow", slow)
        ws = await server.joined()
        await ws.send_text('421["slow"]')
        assert await ws.receive_text() == "2"
        await ws.send_text("3")
        asyncio.get_running_loop().call_later(0.3, release.set)
        assert await ws.receive_text() == '431["slow"]'
        assert await ws.receive_text() == "2"
        release.clear()
        await ws.send_text('422["slow"]')
        await server.hooks.until(lambda: bool(server.hooks.endings))
        release.set()
        await ws.close()


# -- too large -------------------------------------------------------------------------------------------------------


async def test_a_large_event_is_answered_through_the_hook_and_the_connection_goes_on() -> None:
    async with running() as server:
        ws = await server.joined()
        large = "x" * 70_000
        assert await acked(ws, "echo", large) == [{"ok": False, "error": {"code": "too_large"}}]
        await ws.send(text_frame('452-["echo",{"_placeholder":true,"num":0}]'), Frame(2, b"x" * 70_000), Frame(2, b"x"))
        await ws.send_text(f'42/nowhere,1["{large}"]')
        server.hooks.ack = None
        await ws.send_text(f'421["{large}"]')
        assert await acked(ws, "echo", "small") == ["echo", "small"]
        assert server.hooks.refused == {"too_large": 4}
        await ws.close()


async def test_attachments_that_never_come_are_given_up_after_the_timeout() -> None:
    async with running(EngineOptions(connect_timeout_s=0.1)) as server:
        ws = await server.joined()
        await ws.send_text('451-["echo",{"_placeholder":true,"num":0}]')
        await server.hooks.until(lambda: server.hooks.refused == {"malformed_packet": 1})
        assert await acked(ws, "echo") == ["echo"]
        await ws.close()


async def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    async with running(EngineOptions(connect_timeout_s=0.1)) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"POST {url.removeprefix(server.url)} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n42".encode())
        await server.hooks.until(lambda: server.hooks.refused == {"malformed_frame": 1})
        writer.close()
        await writer.wait_closed()
