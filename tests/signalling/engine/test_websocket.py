"""The WebSocket under the engine: closing in both directions, back-pressure, fairness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from signalling.engine import EngineOptions
from signalling.engine.connection import Connection
from signalling.engine.websocket import CLOSE_TIMEOUT_S, READ_PAUSE_BYTES, WebSocket, reset
from tests.signalling.engine.harness import Running, acked, running
from tests.support.rawws import Frame, close_frame, text_frame

pytestmark = [pytest.mark.e2e]


def only(server: Running) -> Connection:
    (connection,) = server.server.eio.sockets.values()
    return connection


async def until_paused(inside: Any) -> None:
    async with asyncio.timeout(5):
        while not inside._paused:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", [close_frame(1000), close_frame(None)])
async def test_a_client_that_answers_our_close_frame_is_let_go_at_once(answer: Frame) -> None:
    async with running() as server:
        ws = await server.joined()
        server.server.close_connection(only(server).sid, "kicked")
        before = asyncio.get_running_loop().time()
        while ws.closed_code is None:
            await ws.receive()
        await ws.send(text_frame("42[1]"), answer)
        assert await ws.receive() is None
        assert asyncio.get_running_loop().time() - before < CLOSE_TIMEOUT_S / 2
        await ws.close()
        assert server.hooks.refused == {}


@pytest.mark.parametrize("junk", [b"", b"\xff" * 50])
async def test_a_client_that_does_not_answer_our_close_frame_is_let_go_soon(junk: bytes) -> None:
    async with running() as server:
        ws = await server.joined()
        server.server.close_connection(only(server).sid, "kicked")
        while ws.closed_code is None:
            await ws.receive()
        await ws.send(junk)
        async with asyncio.timeout(CLOSE_TIMEOUT_S * 3):
            assert await ws.receive() is None
        await ws.close()
        assert server.hooks.refused == {}


async def test_a_flood_behind_a_slow_handler_is_held_back_by_tcp_and_handled_later() -> None:
    limit = 64 * 1024
    async with running(EngineOptions(max_frame_bytes=limit)) as server:
        release, handled = asyncio.Event(), 0

        async def hold(sid: str) -> None:
            await release.wait()

        async def count(sid: str, text: str) -> None:
            nonlocal handled
            handled += 1

        server.server.on("hold", hold)
        server.server.on("count", count)
        ws = await server.joined()
        connection = only(server)
        await ws.send_text('42["hold"]')
        frame = text_frame('42["count","' + "x" * 1000 + '"]').encode()
        sending = asyncio.create_task(ws.send(*[frame] * 10_000))
        inside: Any = connection._ws
        await until_paused(inside)
        assert not sending.done()
        # One read of the event loop may come on top of the bound.
        assert inside._reader.buffered_bytes <= limit + READ_PAUSE_BYTES + 256 * 1024
        release.set()
        await sending
        assert await acked(ws, "echo") == ["echo"]
        assert handled == 10_000
        await ws.close()


async def test_closing_a_paused_connection_still_sees_the_answer() -> None:
    async with running(EngineOptions(max_frame_bytes=1024)) as server:
        release = asyncio.Event()

        async def hold(sid: str) -> None:
            await release.wait()

        server.server.on("hold", hold)
        ws = await server.joined()
        connection = only(server)
        await ws.send_text('42["hold"]')
        frame = text_frame('42["echo","' + "x" * 100 + '"]').encode()
        await ws.send(*[frame] * 3000)
        await until_paused(connection._ws)
        server.server.close_connection(connection.sid, "kicked")
        await ws.send(close_frame(1000))
        await ws.drain_to_end()
        release.set()
        await ws.close()


async def test_one_busy_client_does_not_keep_the_others_waiting() -> None:
    async with running() as server:
        busy, other = await server.joined(), await server.joined()
        order: list[str] = []

        async def note(sid: str, who: str) -> None:
            order.append(who)

        server.server.on("note", note)
        await busy.send(*[text_frame('42["note","busy"]')] * 400)
        await other.send_text('42["note","other"]')
        assert await acked(busy, "echo") == ["echo"]
        assert order.count("busy") == 400
        assert order.index("other") < 399
        await busy.close()
        await other.close()


async def test_a_socket_without_a_connection_ignores_everything() -> None:
    socket = WebSocket(max_bytes=100)
    assert socket.waiting_bytes == 0
    socket.write(b"x")
    assert await socket.receive() is None
    socket.feed_data(b"\x81")
    assert socket.interrupted
    socket.close(1000)
    socket.close(1000)
    socket.abort()
    socket.feed_eof()
    socket.feed_eof()
    await socket.ended()
    reset(None)
