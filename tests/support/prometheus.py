"""A real Prometheus beside a server: scrapes it each second, applies the product's recording rules, answers queries.

`prometheus(folder, targets)` starts it on a free loopback port with its data in `folder` and stops it at the end;
`promtool(...)` is the checker of the same package.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RULES = Path(__file__).resolve().parents[2] / "deploy/prometheus/rules.yml"
STARTED_WITHIN_S = 20.0
STOPPED_WITHIN_S = 20.0
SCRAPE_S = 1

Series = list[tuple[dict[str, str], float]]


def promtool(*arguments: str, text: str | None = None) -> str:
    """What it prints; raises `AssertionError` with that unless it is content."""
    ran = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


class Prometheus:
    """One that runs."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    @property
    def log(self) -> str:
        """Its warnings and errors."""
        return self._log.read_text()

    def get(self, path: str, **query: str) -> Any:
        """`data` of an answer of its HTTP API."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            body = json.loads(answer.read())
        assert body["status"] == "success", body
        return body["data"]

    def query(self, expression: str) -> Series:
        """(labels, value) of each series of an instant query."""
        return [(found["metric"], float(found["value"][1])) for found in self.get("query", query=expression)["result"]]

    async def until(self, expression: str, holds: Callable[[float], bool], *, within_s: float = 30.0) -> Series:
        """Wait until every series of the expression, of at least one, has such a value."""
        found: Series = []
        try:
            async with asyncio.timeout(within_s):
                while not (found and all(holds(value) for _, value in found)):
                    await asyncio.sleep(0.2)
                    found = self.query(expression)
        except TimeoutError:
            raise AssertionError(f"{expression} was {found} for {within_s} s\n{self.log}") from None
        return found

    async def scrapes(self, count: int) -> None:
        """Wait for so many further ones."""
        before = self._scraped()
        async with asyncio.timeout(10 + 5 * count):
            while self._scraped() < before + count:
                await asyncio.sleep(0.2)

    def _scraped(self) -> float:
        return sum(value for _, value in self.query("sum(count_over_time(up[1h]))"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _configuration(folder: Path, targets: list[str]) -> Path:
    """JSON is YAML."""
    path = folder / "prometheus.yml"
    path.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
                "rule_files": [str(RULES)],
                "scrape_configs": [{"job_name": "visavis", "static_configs": [{"targets": targets}]}],
            }
        )
    )
    return path


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    limit = time.monotonic() + STARTED_WITHIN_S
    while not _is_ready(url):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < limit, log.read_text()
        time.sleep(0.1)


@contextlib.contextmanager
def prometheus(folder: Path, *targets: str) -> Iterator[Prometheus]:
    """`targets`: addresses with ports, whose /metrics are scraped."""
    folder.mkdir()
    configuration, log_path = _configuration(folder, list(targets)), folder / "prometheus.log"
    promtool("check", "config", str(configuration))
    listens = f"127.0.0.1:{_free_port()}"
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address={listens}", "--log.level=warn"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    with process:
        try:
            _wait_until_ready(process, f"http://{listens}", log_path)
            yield Prometheus(f"http://{listens}", log_path)
            process.terminate()
            assert process.wait(STOPPED_WITHIN_S) == 0, log_path.read_text()
        finally:
            if process.poll() is None:
                process.kill()
