"""How connections end: slow consumers, failing handlers, shutdown, clients that leave in any way they like."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import pytest
import socketio

from signalling.engine import EngineOptions, transport
from tests.signalling.engine.harness import POLL_PATH, Running, acked, open_poll, running
from tests.support.rawws import RawWebSocket, text_frame

pytestmark = [pytest.mark.e2e]

QUICK = EngineOptions(ping_interval_s=0.1, ping_timeout_s=0.1)

# -- slow consumers --------------------------------------------------------------------------------------------------

CHUNK = "x" * 50_000


async def flood(server: Running, room: str, stop: asyncio.Event, megabytes: int = 40) -> int:
    """Emit to a room until something has happened; the number of events sent."""
    for number in range(megabytes * 20):
        if stop.is_set():
            return number
        await server.server.emit("shouted", CHUNK, room=room)
        await asyncio.sleep(0.001)
    raise AssertionError("nobody was found slow")


async def test_a_reader_that_stops_is_closed_and_the_others_miss_nothing() -> None:
    async with running() as server:
        stuck, good = await server.joined(), await server.joined()
        for ws in (stuck, good):
            await ws.send_text('421["join","all"]')
            assert await ws.receive_text() == "431[]"
        stop, heard = asyncio.Event(), 0

        async def listen() -> None:
            nonlocal heard
            while (text := await good.receive_text()) is not None:
                heard += text.startswith('42["shouted"')
                if text.startswith("439"):
                    return

        listening = asyncio.create_task(listen())
        watching = asyncio.create_task(server.hooks.until(lambda: bool(server.hooks.endings), 20))
        watching.add_done_callback(lambda _: stop.set())
        sent = await flood(server, "all", stop)
        await watching
        await good.send_text('429["echo"]')
        await listening
        assert heard == sent
        assert server.hooks.refused == {"slow_consumer": 1}
        assert [reason for _, reason in server.hooks.endings] == ["slow_consumer"]
        await stuck.drain_to_end()
        assert stuck.reset or stuck.closed_code == 4008
        await stuck.close()
        await good.close()


async def test_a_burst_over_the_limit_is_told_with_a_code_of_its_own() -> None:
    async with running(EngineOptions(send_buffer_bytes=100_000)) as server:
        ws = await server.joined()
        await acked(ws, "join", "all")
        for _ in range(40):
            await server.server.emit("shouted", CHUNK, room="all")
        await ws.drain_to_end()
        assert ws.closed_code == 4008
        await ws.close()


async def test_a_polling_client_that_stops_polling_is_closed() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        async with http.post(url, data='42["join","all"]') as response:
            assert response.status == 200
        for _ in range(22):
            await server.server.emit("shouted", CHUNK, room="all")
        await server.hooks.until(lambda: bool(server.hooks.endings))
        assert server.hooks.refused == {"slow_consumer": 1}
        async with http.get(url) as response:
            assert response.status == 400


async def unread_poll(server: Running, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A poll whose answer, 30 MB of it, nobody reads."""
    await server.server.emit("shouted", "x" * 30_000_000, room="all")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(f"GET {url.removeprefix(server.url)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return reader, writer


async def read_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(1_000_000):
        pass


async def test_a_polling_client_that_does_not_read_its_answer_is_reset() -> None:
    async with running(EngineOptions(send_buffer_bytes=8_000_000)) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        async with http.post(url, data='42["join","all"]') as response:
            assert response.status == 200
        reader, writer = await unread_poll(server, url)
        while not server.hooks.endings:
            await asyncio.sleep(0.01)
            await server.server.emit("shouted", "x", room="all")
        assert server.hooks.refused == {"slow_consumer": 1}
        with pytest.raises(ConnectionError):
            await read_all(reader)
        writer.close()


async def test_an_answer_that_is_not_read_within_the_ping_timeout_ends_the_connection() -> None:
    options = EngineOptions(ping_timeout_s=0.2, send_buffer_bytes=64_000_000)
    async with running(options) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        async with http.post(url, data='42["join","all"]') as response:
            assert response.status == 200
        reader, writer = await unread_poll(server, url)
        await server.hooks.until(lambda: bool(server.hooks.endings))
        assert server.hooks.endings[0][1] == "transport_lost"
        with pytest.raises(ConnectionError):
            await read_all(reader)
        writer.close()


# -- failures of ours ------------------------------------------------------------------------------------------------


async def test_a_failing_handler_is_logged_once_a_second_and_harms_nobody(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport._failures, "next_at", 0.0)
    async with running() as server:

        async def disconnect(sid: str, reason: str) -> None:
            raise RuntimeError("a mistake in leaving")

        server.server.on("disconnect", disconnect)
        ws = await server.joined()
        await ws.send(*[text_frame('421["fail"]')] * 50)
        assert await acked(ws, "echo") == ["echo"]
        await ws.close()
        await server.hooks.until(lambda: bool(server.hooks.endings))
        assert server.hooks.refused == {}
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.exc_info is not None
    assert transport._failures.suppressed == 50


# -- the end ---------------------------------------------------------------------------------------------------------


async def test_close_all_tells_everybody_and_is_done_within_a_second() -> None:
    async with running(namespaces=["/", "/ops"]) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        held = asyncio.create_task(http.get(url))
        both, silent, ghost = await server.joined(), await server.joined(), await server.raw()
        await both.send_text("40/ops,")
        assert (await both.receive_text() or "").startswith("40/ops")
        loop = asyncio.get_running_loop()
        before = loop.time()
        endings = asyncio.gather(both.drain_to_end(), ghost.drain_to_end())
        await server.server.close_all("shutdown", reconnect="now")
        assert loop.time() - before < 1.0
        told = '["connection_closing",{"reason":"shutdown","reconnect":"now"}]'
        assert sorted((await endings)[0]) == [f"42/ops,{told}", f"42{told}"]
        async with await held as response:
            assert await response.text() == f"42{told}\x1e1"
        assert both.closed_code == ghost.closed_code == 1001
        assert await silent.drain_to_end() == [f"42{told}"]
        assert {reason for _, reason in server.hooks.endings} == {"shutdown"}
        async with http.get(server.url + POLL_PATH) as response:
            assert response.status == 503
        for ws in (both, silent, ghost):
            await ws.close()


async def test_close_all_waits_neither_for_an_upgrade_nor_for_an_unread_answer() -> None:
    async with running(EngineOptions(send_buffer_bytes=64_000_000)) as server, aiohttp.ClientSession() as http:
        upgrading, unread = await open_poll(http, server), await open_poll(http, server)
        async with http.post(unread, data='42["join","all"]') as response:
            assert response.status == 200
        ws = await server.raw(f"/socket.io/?EIO=4&transport=websocket&sid={upgrading.split('sid=')[1]}")
        await ws.send_text("2probe")
        assert await ws.receive_text() == "3probe"
        reader, writer = await unread_poll(server, unread)
        await reader.readexactly(1)
        loop = asyncio.get_running_loop()
        before = loop.time()
        await server.server.close_all("shutdown")
        assert await ws.receive_text() is None
        assert ws.closed_code == 1001
        with pytest.raises(ConnectionError):
            await read_all(reader)
        assert loop.time() - before < 1.0
        await ws.close()
        writer.close()


@pytest.mark.parametrize("transport_name", ["polling", "websocket"])
async def test_the_official_client_is_told_and_comes_back(transport_name: str) -> None:
    async with running() as server:
        it = socketio.AsyncClient(reconnection_delay=0.01, randomization_factor=0)
        told: asyncio.Queue[Any] = asyncio.Queue()
        arrivals: asyncio.Queue[str] = asyncio.Queue()
        it.on("connection_closing", told.put)
        it.on("connect", lambda: arrivals.put_nowait("here"))
        await it.connect(server.url, transports=[transport_name])
        await arrivals.get()
        (eio_sid,) = server.server.eio.sockets
        server.server.close_connection(eio_sid, "auth_expired")
        assert await asyncio.wait_for(told.get(), 3) == {"reason": "auth_expired", "reconnect": "after"}
        if transport_name == "websocket":
            await asyncio.wait_for(arrivals.get(), 3)
            assert await it.call("echo", 1) == ("echo", 1)
        await it.disconnect()


async def test_closing_an_empty_server_is_done_at_once() -> None:
    async with running() as server:
        await server.server.close_all("shutdown")
        server.server.close_connection("nobody", "kicked")


async def test_a_disconnect_from_the_engine_ends_the_connection_after_its_handlers() -> None:
    async with running() as server:
        left: list[str] = []
        server.server.on("disconnect", lambda sid, reason: left.append(reason))
        ws: RawWebSocket = await server.joined()
        (eio_sid,) = server.server.eio.sockets
        await server.server.eio.disconnect(eio_sid)
        assert left == ["server_disconnect"]
        await server.server.eio.disconnect(eio_sid)
        assert await ws.receive_text() is None
        await ws.close()


async def test_overlapping_polls_end_the_connection() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        held = asyncio.create_task(http.get(url))
        await asyncio.sleep(0.05)
        async with http.get(url) as response:
            assert response.status == 400
        async with await held as response:
            assert await response.text() == "1"
        assert server.hooks.refused == {"bad_request": 1}


async def test_a_polling_client_may_leave_with_a_poll_open() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        held = asyncio.create_task(http.get(url))
        await asyncio.sleep(0.05)
        async with http.post(url, data="1") as response:
            assert response.status == 200
        async with await held as response:
            assert await response.text() == "6"
        assert server.hooks.endings[0][1] == "client_left"


async def test_a_poll_whose_client_is_gone_ends_the_connection() -> None:
    async with running(QUICK) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET {url.removeprefix(server.url)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await server.hooks.until(lambda: bool(server.hooks.endings))


async def test_a_bad_packet_in_a_poll_ends_the_connection_when_asked_to() -> None:
    async with running(EngineOptions(close_on_bad_poll=True)) as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        async with http.post(url, data="abc") as response:
            assert response.status == 400
        async with http.get(url) as response:
            assert response.status == 400
        assert server.hooks.endings[0][1] == "protocol_error"


async def test_posts_of_one_connection_are_handled_in_turn_and_only_so_many_may_wait() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        release = asyncio.Event()

        async def hold(sid: str) -> None:
            await release.wait()

        server.server.on("hold", hold)
        url = await open_poll(http, server)
        posts = [asyncio.create_task(http.post(url, data='42["hold"]')) for _ in range(10)]
        await server.hooks.until(lambda: server.hooks.refused == {"bad_request": 2})
        release.set()
        statuses = [(await post).status for post in posts]
        assert sorted(statuses) == [200] * 8 + [400] * 2
