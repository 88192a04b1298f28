"""A real server on a loopback port around the engine, and a recorder of what its hooks are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from signalling.engine import EngineOptions, EngineServer, create_server
from tests.support.rawws import RawWebSocket

WS_PATH = "/socket.io/?EIO=4&transport=websocket"
POLL_PATH = "/socket.io/?EIO=4&transport=polling"


class Recorder:
    """The hooks of a test: counts refusals, keeps endings."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.by_sid: Counter[str | None] = Counter()
        self.endings: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.ack: list[Any] | None = [{"ok": False, "error": {"code": "too_large"}}]

    def rejected(self, kind: str, *, eio_sid: str | None) -> None:
        self.refused[str(kind)] += 1
        self.by_sid[eio_sid] += 1
        self.changed.set()

    def closed(self, sid: str, reason: str) -> None:
        self.endings.append((sid, reason))
        self.changed.set()

    def too_large_ack(self, namespace: str, ack_id: int) -> list[Any] | None:
        return self.ack

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until the hooks have been told enough."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Running:
    """A running server and where it listens."""

    def __init__(self, server: EngineServer, hooks: Recorder, port: int) -> None:
        self.server = server
        self.hooks = hooks
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, path: str = WS_PATH, **headers: str) -> RawWebSocket:
        """A raw WebSocket after the handshake; nothing has been read from it yet."""
        return await RawWebSocket.connect(
            "127.0.0.1", self.port, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    async def joined(self, namespace: str = "/") -> RawWebSocket:
        """A raw WebSocket that is connected to a namespace."""
        ws = await self.raw()
        await ws.receive_text()
        await ws.send_text("40" if namespace == "/" else f"40{namespace},")
        answer = await ws.receive_text()
        assert answer is not None
        assert answer.startswith("40")
        return ws


def add_handlers(server: EngineServer) -> None:
    """An application in miniature: echo with ack, a room to shout in, and an event that fails."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> bool | None:
        return False if isinstance(auth, dict) and auth.get("token") == "bad" else None

    async def echo(sid: str, *arguments: Any) -> Any:
        return ("echo", *arguments)

    async def join(sid: str, room: str) -> None:
        await server.enter_room(sid, room)

    async def shout(sid: str, text: Any) -> str:
        await server.emit("shouted", text, room="all")
        return "done"

    async def fail(sid: str, *arguments: Any) -> None:
        raise RuntimeError("a mistake in a handler")

    async def unknown(event: str, sid: str, *arguments: Any) -> dict[str, str]:
        return {"unknown": event}

    server.on("connect", connect)
    server.on("echo", echo)
    server.on("join", join)
    server.on("shout", shout)
    server.on("fail", fail)
    server.on("*", unknown)


@asynccontextmanager
async def running(options: EngineOptions | None = None, **settings: Any) -> AsyncIterator[Running]:
    """Start a server; close it and check that no connection and no task is left."""
    hooks = Recorder()
    server = create_server(options or EngineOptions(), hooks, **settings)
    add_handlers(server)
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Running(server, hooks, port)
    finally:
        await server.close_all("shutdown")
        await runner.cleanup()
    assert server.eio.sockets == {}
    assert server.environ == {}
    assert server.manager.rooms == {}
    assert not server.eio._tasks


async def acked(ws: RawWebSocket, event: str, *arguments: Any, ack_id: int = 7) -> Any:
    """Emit an event and give the arguments of its ack, skipping everything else."""
    await ws.send_text(f"42{ack_id}" + orjson.dumps([event, *arguments]).decode())
    prefix = f"43{ack_id}"
    while (text := await ws.receive_text()) is not None:
        if text.startswith(prefix):
            return orjson.loads(text[len(prefix) :])
    return None


async def open_poll(http: aiohttp.ClientSession, server: Running) -> str:
    """A polling connection in the namespace "/"; its URL."""
    async with http.get(server.url + POLL_PATH) as response:
        sid = (await response.text()).split('"sid":"')[1].split('"')[0]
    url = f"{server.url}{POLL_PATH}&sid={sid}"
    async with http.post(url, data="40") as response:
        assert response.status == 200
    async with http.get(url) as response:
        assert (await response.text()).startswith("40")
    return url
