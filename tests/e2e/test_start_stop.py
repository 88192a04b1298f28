"""The command line and the life of the process: start, refusal of bad configuration, stop."""

import asyncio
import contextlib
import http.client
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import ChatClient, Disconnected, Refused, connected
from tests.support.server import SECRET, Server, StartServer, run_command, serving

READY_S = 3.0
STOPPED_S = 5.0
LOOPBACK = "127.0.0.1"
ADDRESS_OF_ALL = "0.0.0.0"  # what `--dev` must be refused on


@contextlib.contextmanager
def raw_request(port: int, text: str) -> Iterator[socket.socket]:
    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
        connection.sendall(text.encode())
        yield connection


def refusal(*arguments: str, env: dict[str, str] | None = None, cwd: Path) -> str:
    """The one line that a refused command says; everything else about the refusal is checked here."""
    ended = run_command(*arguments, env=env, cwd=cwd)
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("visavis: ")
    return lines[0]


def test_it_is_ready_within_three_seconds_the_first_time_and_again(tmp_path: Path) -> None:
    """The best of three each: what else the machine does at the moment is not the server's."""
    first: list[float] = []
    again: list[float] = []
    for number in range(3):
        folder = tmp_path / str(number)
        for times in (first, again):
            with serving(folder) as server:
                times.append(server.ready_after_s)
                assert server.get("/healthz")["status"] == "ok"
                assert server.text("/").lstrip().lower().startswith("<!doctype html>")
    assert min(first) < READY_S, first
    assert min(again) < READY_S, again


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_with_zero(server: Server, number: signal.Signals) -> None:
    os.kill(server.pid, number)
    assert server.process.wait(STOPPED_S) == 0
    assert "Traceback" not in server.log


async def test_it_stops_in_time_whatever_is_connected_and_tells_clients_why(server: Server) -> None:
    head = "Host: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    idle = http.client.HTTPConnection(LOOPBACK, server.port, timeout=5)
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    with (
        contextlib.closing(idle),
        raw_request(server.port, "GET /healthz HTTP/1.1\r\nHost: x\r\nAccept: te"),
        raw_request(server.port, f'POST /api/v1/dev/token HTTP/1.1\r\n{head}{{"userId"'),
    ):
        async with (
            connected(server.url, query={"userId": "ana"}) as on_websocket,
            connected(server.url, query={"userId": "ben"}, transports=["polling"]) as on_polling,
        ):
            await on_websocket.wait_for("connected")
            await on_polling.wait_for("connected")
            assert await _stopped(server) < STOPPED_S
            for client in (on_websocket, on_polling):
                closing = await client.wait_for("connection_closing")
                assert closing == {"reason": "shutdown", "reconnect": "after"}
                await client.wait_until_gone()


async def test_what_was_acknowledged_before_the_stop_is_there_after_the_restart(start_server: StartServer) -> None:
    first = start_server()
    async with connected(first.url, query={"userId": "ana"}) as ana:
        await ana.ok("join_chat", {"matchId": "m"})
        sent = await ana.ok("send_message", {"content": "kept"})
        await _stopped(first)
    second = start_server(port=first.port)
    async with connected(second.url, query={"userId": "ana"}) as ana:
        (message,) = (await ana.ok("join_chat", {"matchId": "m"}))["messages"]
        assert (message["messageId"], message["content"]) == (sent["messageId"], "kept")


async def test_while_it_stops_nobody_new_is_let_in(server: Server) -> None:
    async with connected(server.url, query={"userId": "ana"}) as ana:
        os.kill(server.pid, signal.SIGTERM)
        await ana.wait_for("connection_closing")
        with pytest.raises((Refused, Disconnected, OSError)):
            await ChatClient.open(server.url, query={"userId": "ben"})
    assert server.process.wait(STOPPED_S) == 0


def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refusal("serve", "--dev", "--port", port, "--data", "data", cwd=tmp_path)
    assert "server.port" in line


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--dev", "--port", "many"), "server.port"),
        (("--dev", "--port", "65536"), "server.port"),
        (("--dev", "--colour"), "--colour"),
        (("--dev", "--config", "absent.toml"), "--config"),
        (("--dev", "--config", "unknown.toml"), "server.colour"),
        (("--dev", "--config", "broken.toml"), "--config"),
        (("--dev", "--data", "file/data"), "server.data"),
        ((), "auth"),
        (("--dev", "--host", ADDRESS_OF_ALL), "--i-know"),
    ],
)
def test_a_bad_option_or_file_is_refused_in_one_line_that_names_it(
    tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "unknown.toml").write_text("[server]\ncolour = 1\n")
    (tmp_path / "broken.toml").write_text("[server\n")
    defaults = ("--port", "0", "--data", "data")
    assert named in refusal("serve", *defaults, *options, cwd=tmp_path)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VISAVIS_SERVER__COLOUR", "1"),
        ("VISAVIS_LIMITS__MESSAGES_PER_SECOND", "0"),
        ("VISAVIS_AUTH__SECRET", "too short"),
        ("VISAVIS_DATABASE__URL", "mysql://user:hunter2@host/db"),
    ],
)
def test_a_bad_variable_is_refused_without_showing_a_secret(tmp_path: Path, variable: str, value: str) -> None:
    line = refusal("serve", "--dev", "--port", "0", "--data", "data", env={variable: value}, cwd=tmp_path)
    section, key = variable.removeprefix("VISAVIS_").lower().split("__")
    assert variable in line or f"{section}.{key}" in line
    assert "hunter2" not in line
    assert "too short" not in line or "is too short" in line


def test_development_mode_on_every_address_is_allowed_to_those_who_know(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", ADDRESS_OF_ALL, "--i-know") as server:
        assert server.get("/healthz")["status"] == "ok"
        assert "development mode" in server.log.lower()


def test_check_config_accepts_what_serve_accepts_and_hides_secrets(tmp_path: Path) -> None:
    good = run_command("check-config", "--port", "0", env={"VISAVIS_AUTH__SECRET": SECRET}, cwd=tmp_path)
    assert (good.returncode, good.stderr) == (0, "")
    assert "server.port = 0" in good.stdout
    assert SECRET not in good.stdout
    assert "server.port" in refusal("check-config", "--dev", "--port", "-1", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_config_doc_is_the_page_in_docs(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "config.md"
    assert run_command("config-doc", cwd=tmp_path).stdout == page.read_text()


def test_migrate_makes_the_database_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        ended = run_command("migrate", "--data", "data", cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert list((tmp_path / "data").glob("*.db*")), list((tmp_path / "data").iterdir())
    assert "can not be written" in refusal("migrate", "--data", "/dev/null/data", cwd=tmp_path)


async def test_a_token_of_the_command_opens_a_server_without_development_mode(start_server: StartServer) -> None:
    server = start_server(dev=False)
    printed = run_command("token", "--sub", "ana", "--name", "Ana", env={"VISAVIS_AUTH__SECRET": SECRET})
    assert (printed.returncode, printed.stderr) == (0, "")
    token = printed.stdout.strip()
    assert server.get("/api/v1/matches", token=token) == {"matches": []}
    async with connected(server.url, token=token) as ana:
        assert (await ana.wait_for("connected"))["userId"] == "ana"
        assert (await ana.refused("join_chat", {"matchId": "m"}))["code"] == "not_found"
    with pytest.raises(Refused) as refused:
        await ChatClient.open(server.url, query={"userId": "ana"})
    assert refused.value.data["data"]["code"] == "unauthenticated"


def test_a_token_can_not_be_made_without_a_secret_or_for_no_user(tmp_path: Path) -> None:
    assert "auth" in refusal("token", "--sub", "ana", "--data", "data", cwd=tmp_path)
    env = {"VISAVIS_AUTH__SECRET": SECRET}
    assert "--sub" in refusal("token", "--sub", "", env=env, cwd=tmp_path)
    assert "--ttl" in refusal("token", "--sub", "ana", "--ttl", "soon", env=env, cwd=tmp_path)


async def _stopped(server: Server) -> float:
    """Stop it without blocking this process's own clients, who must read what they are told."""
    return await asyncio.to_thread(server.stop)
