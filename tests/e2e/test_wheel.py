"""The built wheel, in an environment without Node, compiler or our sources, serves the page."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 3.0
STOPPED_WITHIN_S = 5.0
# Building and installing fetches packages; the limit is there for a hanging index only.
pytestmark = pytest.mark.timeout(420)


@dataclass(frozen=True)
class Installed:
    """An environment of its own and the only variables that its programs see."""

    command: Path
    python: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("wheel")
    build = [str(ROOT / "scripts" / "build-wheel"), str(base / "dist")]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = (base / "dist").glob("visavis-*.whl")
    # Only what pip itself is told by its own variables may pass; PATH holds the new environment and nothing else.
    environment = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_"))}
    environment |= {"PATH": str(base / "venv" / "bin"), "HOME": str(base), "PIP_ONLY_BINARY": ":all:"}
    install = [sys.executable, "-I", str(ROOT / "scripts" / "install-wheel"), str(base / "venv"), str(wheel)]
    subprocess.run(install, check=True, env=environment, cwd=base, stdout=subprocess.DEVNULL)
    return Installed(base / "venv/bin/visavis", base / "venv/bin/python", environment)


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_listening(process: subprocess.Popen[bytes], port: int, limit_s: float) -> float:
    began = time.monotonic()
    while (waited := time.monotonic() - began) < limit_s:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return waited
    raise AssertionError(f"nothing listens after {limit_s} s")


@pytest.fixture(scope="module")
def server(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    command = [str(installed.command), "serve", "--dev", "--port", str(port), "--data", str(folder / "data")]
    with subprocess.Popen(command, cwd=folder, env=installed.environment) as process:
        try:
            wait_until_listening(process, port, limit_s=20)
            yield Server(process, port)
        finally:
            process.kill()


def test_node_and_compiler_are_out_of_reach(installed: Installed) -> None:
    for program in ("node", "npm", "cc", "gcc", "g++", "make", "cargo"):
        assert shutil.which(program, path=installed.environment["PATH"]) is None


def test_the_code_comes_from_the_wheel_and_not_from_the_sources(installed: Installed) -> None:
    code = "import protocol, rooms, visavis; print(protocol.__file__, rooms.__file__, visavis.__file__)"
    found = subprocess.run(
        [installed.python, "-c", code], cwd="/", env=installed.environment, check=True, capture_output=True, text=True
    )
    assert all("site-packages" in path for path in found.stdout.split())


def test_it_answers_that_it_is_well(server: Server) -> None:
    assert server.get("/healthz")[0] == 200


def test_it_serves_the_page_and_what_the_page_names(server: Server) -> None:
    status, kind, body = server.get("/")
    assert status == 200
    assert kind.startswith("text/html")
    assets = re.findall(r'(?:src|href)="\.?(/assets/[^"]+)"', body.decode())
    assert any(asset.endswith(".js") for asset in assets)
    for asset in assets:
        status, kind, content = server.get(asset)
        assert (status, bool(content)) == (200, True), asset
        assert not kind.startswith("text/html"), asset


def test_it_stops_on_sigterm_with_zero_while_a_connection_is_kept_open(server: Server) -> None:
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=2 * STOPPED_WITHIN_S) == 0
    assert time.monotonic() - began < STOPPED_WITHIN_S
    idle.close()


def test_it_is_ready_within_three_seconds_and_stops_at_once_when_nobody_is_there(
    installed: Installed, tmp_path: Path
) -> None:
    port = free_port()
    command = [str(installed.command), "serve", "--dev", "--port", str(port), "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, env=installed.environment) as process:
        try:
            assert wait_until_listening(process, port, limit_s=20) < READY_WITHIN_S
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=2 * STOPPED_WITHIN_S) == 0
        finally:
            process.kill()
