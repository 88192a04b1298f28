"""The real server as a process of its own, for tests that talk to it over sockets.

`serving(folder)` starts `visavis serve` on a free loopback port with its data in `folder`, waits for its "is ready"
line, and stops it with SIGTERM, which must end with exit code 0 in time and without a traceback in the log. The
fixtures below do the same for one test (`server`), a module (`shared_server`), or with options (`start_server`).
"""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

COMMAND = [str(Path(sys.executable).with_name("visavis"))]
SECRET = "a shared secret of the tests, 32+ bytes"
READY_WITHIN_S = 15.0  # a limit for a hanging start on a busy machine; test_start_stop.py holds the promise of 3 s
STOPPED_WITHIN_S = 10.0  # likewise; the promise is 5 s
_READY = re.compile(r"is ready: (http://\S+?:(\d+))/")
_OURS = ("VISAVIS_", "REDIS_URL", "N8N_WEBHOOK_URL")


class ServerFailed(AssertionError):
    """The process did not do what a server must; the message holds its log."""


class Server:
    """One running `visavis serve`. `url` has no slash at its end; `log` is what was written to stderr so far."""

    def __init__(self, process: subprocess.Popen[str], *, data: Path, log_path: Path, began: float) -> None:
        self.process = process
        self.data = data
        self._log_path = log_path
        self._log_from = log_path.stat().st_size if log_path.exists() else 0
        self.url, self.port = self._ready()
        self.ready_after_s = time.monotonic() - began

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything on stderr since this start."""
        return self._log_path.read_bytes()[self._log_from :].decode()

    def get(self, path: str, *, token: str | None = None) -> Any:
        """The JSON answer to a GET. Raises `urllib.error.HTTPError` for refusals."""
        return json.loads(self.text(path, token=token))

    def text(self, path: str, *, token: str | None = None) -> str:
        """The answer to a GET as text."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10) as answer:
            body: bytes = answer.read()
            return body.decode()

    def post(
        self, path: str, body: object, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """(status, JSON answer) of a POST that is not refused."""
        given = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), headers=given, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())

    def dev_token(self, user_id: str, **fields: object) -> str:
        """A token from the development route: `name`, `scope`, `ttl` as in the wire contract."""
        _, answer = self.post("/api/v1/dev/token", {"userId": user_id, **fields})
        return str(answer["token"])

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels, as `rejected_total{kind="invalid"}`."""
        lines = [line for line in self.text("/metrics").splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def stop(self) -> float:
        """SIGTERM, and the seconds until the process was gone; it must end with 0 and without a traceback."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"still there {STOPPED_WITHIN_S} s after SIGTERM:\n{self.log}") from None
        took = time.monotonic() - began
        if code != 0 or "Traceback" in self.log:
            raise ServerFailed(f"ended with {code}:\n{self.log}")
        return took

    def kill(self) -> None:
        """SIGKILL: what a power cut of the process looks like."""
        self.process.kill()
        self.process.wait()

    def _ready(self) -> tuple[str, int]:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], READY_WITHIN_S)
        line = self.process.stdout.readline() if readable else ""
        found = _READY.search(line)
        if found is None:
            self.kill()
            raise ServerFailed(f"not ready: {line!r}, exit code {self.process.returncode}\n{self.log}")
        return found[1], int(found[2])


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that configures the server, a free media port, and `extra`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    return kept | {"VISAVIS_MEDIA__PORT": "0"} | dict(extra or {})


def run_command(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """One `visavis` command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(env), cwd=cwd, capture_output=True, text=True, timeout=30, check=False
    )


@contextlib.contextmanager
def serving(
    folder: Path,
    *options: str,
    dev: bool = True,
    port: int = 0,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = COMMAND,
) -> Iterator[Server]:
    """A server with its data in `folder/data`. At the end it is stopped, unless the test has ended it itself.

    `program` takes the command line of `visavis`. Outside of development mode the server is given `SECRET` to verify
    tokens with, unless `env` names a key set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, log_path = folder / "data", folder / "server.log"
    command = [*program, "serve", "--port", str(port), "--data", str(data), *(["--dev"] if dev else []), *options]
    has_keys = any(name.startswith("VISAVIS_AUTH__JWKS_") for name in env or ())
    given = environment({**({} if dev or has_keys else {"VISAVIS_AUTH__SECRET": SECRET}), **(env or {})})
    began = time.monotonic()
    with log_path.open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=given, stdout=subprocess.PIPE, stderr=log, text=True)
    with process:
        try:
            server = Server(process, data=data, log_path=log_path, began=began)
            yield server
            if process.poll() is None:
                server.stop()
        finally:
            if process.poll() is None:
                process.kill()


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers with the arguments of `serving`, all on the same data; each is stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def start(*options: str, dev: bool = True, port: int = 0, env: Mapping[str, str] | None = None) -> Server:
            return stack.enter_context(serving(tmp_path / "server", *options, dev=dev, port=port, env=env))

        yield start


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server in development mode for one test."""
    with serving(tmp_path / "server") as running:
        yield running


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in development mode for all tests of a module; they keep apart by the names of their users."""
    with serving(tmp_path_factory.mktemp("shared")) as running:
        yield running
