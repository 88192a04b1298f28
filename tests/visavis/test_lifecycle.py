"""Start, readiness and stop, in this process. Signals to a real server are in tests/e2e/test_start_stop.py."""

import asyncio
import dataclasses
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from monitoring import logs
from monitoring.line_gate import LineGate
from monitoring.rejections import RejectionLog
from protocol.errors import CloseReason
from tests.support.fakes import Line, through
from tests.support.in_process import RecordingServer, config, memory_stores
from tests.support.media import ScriptedMedia
from visavis import lifecycle
from visavis.config import Config, ConfigError
from visavis.version import VERSION
from visavis.wiring import Built, Stores, build, make_metrics

CHECK_S = 3.0
STOP_S = 5.0


def counted(stores: Stores, closings: list[str]) -> Stores:
    """The same stores; each closing is noted."""

    async def close() -> None:
        closings.append("stores")

    return dataclasses.replace(stores, close=close)


def built_over(stores: Stores, server: RecordingServer | None = None) -> Built:
    """A server that is put together and does not listen."""
    settings = config()
    return build(
        settings,
        stores=stores,
        metrics=make_metrics(settings, None),
        make_media=ScriptedMedia,
        make_server=lambda *_, **__: server or RecordingServer(),
    )


async def forever(*_: object, **__: object) -> Any:
    """A part that does not come to its end."""
    await asyncio.Event().wait()


@pytest.fixture
def unfrozen() -> Iterator[None]:
    """The server freezes what lives at its start; the tests after it would keep that for good."""
    yield
    gc.unfreeze()


# -- the whole life ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unfrozen")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_answers_until_a_signal_and_then_closes_its_stores(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    announce = lifecycle._announce

    def announced(settings: Config, address: str) -> None:
        announce(settings, address)
        ready.set_result(address)

    monkeypatch.setattr(lifecycle, "_announce", announced)
    closings: list[str] = []

    async def open_stores(*_: object) -> Stores:
        return counted(memory_stores(), closings)

    settings = config(server={"port": 0})
    serving = asyncio.create_task(lifecycle._serve(settings, RejectionLog(LineGate()), open_stores))
    address = await ready
    async with aiohttp.ClientSession() as client, client.get(f"{address}readyz") as answer:
        assert answer.status == 200
        assert (await answer.json())["checks"] == {"database": {"ok": True}, "signalling": {"ok": True}}
    assert closings == []
    os.kill(os.getpid(), number)
    assert await serving == 0
    assert closings == ["stores"]
    out, err = capsys.readouterr()
    assert out == f"Visavis {VERSION} is ready: {address}\n"
    assert err.startswith("DEVELOPMENT MODE")


def test_a_server_outside_of_development_mode_gives_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    lifecycle._announce(config(dev=False), "http://127.0.0.1:1/")
    assert capsys.readouterr().err == ""


def test_a_port_that_is_taken_is_a_mistake_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    # The real one would take the log of all other tests for itself.
    monkeypatch.setattr(logs, "configure", lambda *_: LineGate())
    closings: list[str] = []

    async def open_stores(*_: object) -> Stores:
        return counted(memory_stores(), closings)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = config(server={"port": taken.getsockname()[1]})
        with pytest.raises(ConfigError, match=r"^server\.port: can not listen on 127\.0\.0\.1: "):
            lifecycle.serve(settings, open_stores=open_stores)
    assert closings == ["stores"]


async def test_a_server_that_can_not_be_built_closes_its_stores(tmp_path: Path) -> None:
    closings: list[str] = []

    async def open_stores(*_: object) -> Stores:
        return counted(memory_stores(), closings)

    settings = config(auth={"secret": None, "jwks_file": str(tmp_path / "gone.json")})
    with pytest.raises(ConfigError, match=r"^auth\.jwks_file: "):
        await lifecycle._serve(settings, RejectionLog(LineGate()), open_stores)
    assert closings == ["stores"]


# -- listening -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def runner() -> AsyncIterator[web.AppRunner]:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.add_routes([web.get("/", hello)])
    runner = web.AppRunner(app)
    await runner.setup()
    yield runner
    await runner.cleanup()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("::1", "[::1]"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
    ],
)
async def test_the_address_that_is_shown_can_be_opened(runner: web.AppRunner, host: str, shown: str) -> None:
    address = await lifecycle._listen(runner, config(server={"host": host, "port": 0, "i_know": True}))
    assert address == f"http://{shown}:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as client, client.get(address) as answer:
        assert await answer.text() == "hello"


# -- the database's check ------------------------------------------------------------------------------------------


@pytest.mark.virtual_time
async def test_a_server_is_not_ready_while_its_database_fails_or_is_silent() -> None:
    line, stores = Line(), memory_stores()
    built = built_over(dataclasses.replace(stores, relations=through(line, stores.relations)))
    board = built.health
    board.set("database", ok=True)
    board.set("signalling", ok=True)
    built.timers.spawn(lifecycle._watch_database(built), "database check")
    line.cut("seen_since")
    await asyncio.sleep(CHECK_S + 0.1)
    assert board.readiness()["checks"]["database"] == {"ok": False, "detail": "does not answer"}
    line.mend()
    await asyncio.sleep(CHECK_S)
    assert board.readiness()["status"] == "ready"
    line.hold("seen_since")
    await asyncio.sleep(CHECK_S * 2)
    assert board.readiness()["status"] == "not_ready"
    await asyncio.sleep(CHECK_S)
    assert board.readiness()["status"] == "ready"
    await built.timers.aclose()


# -- stopping ------------------------------------------------------------------------------------------------------


@pytest.mark.virtual_time
async def test_a_stop_tells_clients_first_and_closes_the_stores_last() -> None:
    closings: list[str] = []

    class Server(RecordingServer):
        async def close_all(self, reason: str, *, reconnect: str) -> None:
            assert not built.health.ready
            closings.append(f"clients {reason} {reconnect}")

    built = built_over(counted(memory_stores(), closings), Server())
    built.health.set("database", ok=True)
    built.health.set("signalling", ok=True)
    await lifecycle._stop(built, web.AppRunner(built.app))
    shutdown = CloseReason.SHUTDOWN
    assert closings == [f"clients {shutdown.value} {shutdown.reconnect.value}", "stores"]
    assert built.health.readiness()["checks"]["signalling"] == {"ok": False, "detail": "stopping"}


async def test_a_stopping_server_takes_no_new_connections(runner: web.AppRunner) -> None:
    address = await lifecycle._listen(runner, config(server={"port": 0}))
    await lifecycle._stop(built_over(memory_stores()), runner)
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(address)


@pytest.mark.virtual_time
async def test_a_stop_ends_in_time_though_every_part_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Server(RecordingServer):
        async def close_all(self, reason: str, *, reconnect: str) -> None:
            await forever()

    class Runner(web.AppRunner):
        async def cleanup(self) -> None:
            await forever()

    built = built_over(dataclasses.replace(memory_stores(), close=forever), Server())
    monkeypatch.setattr(built.services.receipts, "flush", forever)
    monkeypatch.setattr(built.services.presence, "close", forever)
    monkeypatch.setattr(built.timers, "aclose", forever)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await lifecycle._stop(built, Runner(built.app))
    assert loop.time() - began < STOP_S
    cut_off = [vars(record)["part"] for record in caplog.records if "cut off" in record.message]
    assert cut_off == ["telling clients", "receipts", "presence", "connections", "timers", "stores"]


async def test_a_part_that_fails_is_logged_and_the_stop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    closings: list[str] = []
    line, stores = Line(), memory_stores()
    built = built_over(counted(dataclasses.replace(stores, relations=through(line, stores.relations)), closings))
    await built.services.presence.connected("ann", "connection")
    line.cut("touch")
    await lifecycle._stop(built, web.AppRunner(built.app))
    told = [record for record in caplog.records if record.name == lifecycle.log.name and record.exc_info]
    assert [(record.levelname, vars(record)["part"]) for record in told] == [("ERROR", "presence")]
    assert closings == ["stores"]
