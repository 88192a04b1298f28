"""CPU per 1:1 message with ack: the product beside stock python-socketio with the same handlers, in one run.

    python -m benches.load.signalling [--rounds 3] [--seconds 6]

Servers run one after the other, interleaved over the rounds, each in its own process pinned to core 0 with the
client on core 1. CPU is user + system time of the server process, all threads, from the first send to the last
delivery. The figure of a case is the median of its rounds. Prints a JSON line per run and one at the end, which
also goes to benches/reports/signalling.json. Numbers are not compared between machines; the ratio is the result.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIMIT = "1000000000"
ENVIRONMENT = {
    "VISAVIS_LIMITS__MESSAGES_PER_SECOND": LIMIT,
    "VISAVIS_LIMITS__MESSAGES_BURST": LIMIT,
    "VISAVIS_LIMITS__EVENTS_PER_SECOND": LIMIT,
    "VISAVIS_LIMITS__CONNECTS_PER_SECOND": LIMIT,
}
PYTHON = sys.executable
CASES: dict[str, list[str]] = {
    "visavis, memory": [PYTHON, "-m", "benches.load.our_server", "--data", "{data}"],
    "stock, memory": [PYTHON, "-m", "benches.load.stock_server", "--store", "memory", "--data", "{data}"],
    "visavis, SQLite": [PYTHON, "-m", "visavis", "serve", "--dev", "--port", "0", "--data", "{data}"],
    "stock, SQLite": [PYTHON, "-m", "benches.load.stock_server", "--store", "sqlite", "--data", "{data}"],
}


@dataclass(slots=True)
class Server:
    """A running server and what it costs."""

    process: subprocess.Popen[str]
    url: str

    def cpu_s(self) -> float:
        """User + system time of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident set."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """By its own process id."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def pin(core: int) -> None:
    """Run this process on one core, where there are two."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def start(command: list[str], data: str) -> Server:
    """Start a server and wait for its address."""
    process = subprocess.Popen(
        [part.format(data=data) for part in command],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: pin(0),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "is ready: " in line:
            return Server(process, line.rsplit("is ready: ", 1)[1].strip())
    raise RuntimeError(f"{command} did not start")


def load(server: Server, seconds: float, pairs: int, window: int) -> dict[str, Any]:
    """One load; the CPU of the server between its first and its last message."""
    command = [PYTHON, "-m", "benches.load.client", server.url, "--seconds", str(seconds)]
    command += ["--pairs", str(pairs), "--window", str(window), "--tag", f"t{time.time_ns()}"]
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(1))
    assert client.stdout is not None
    marks: dict[str, float] = {}
    result: dict[str, Any] = {}
    for line in client.stdout:
        if line.strip() in {"begin", "end"}:
            marks[line.strip()] = server.cpu_s()
        else:
            result = json.loads(line)
    if client.wait(60) or not result:
        raise RuntimeError("the load client failed")
    if result["refused"] or result["received"] != result["acked"]:
        raise RuntimeError(f"messages were lost or refused: {result}")
    result["cpu_us"] = round((marks["end"] - marks["begin"]) / result["acked"] * 1e6, 1)
    result["per_second"] = round(result["acked"] / result["seconds"])
    result["memory_mb"] = round(server.memory_mb(), 1)
    return result


def run_case(name: str, seconds: float, pairs: int, window: int) -> dict[str, Any]:
    """A fresh server on fresh data, a short warm-up, one measured load."""
    with tempfile.TemporaryDirectory() as data:
        server = start(CASES[name], data)
        try:
            load(server, 1.0, 5, 2)
            return {"case": name, **load(server, seconds, pairs, window)}
        finally:
            server.stop()


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians by case, and the two ratios."""
    cases: dict[str, Any] = {}
    for name in CASES:
        mine = [run for run in runs if run["case"] == name]
        keys = ("cpu_us", "per_second", "p50_ms", "p99_ms", "memory_mb")
        cases[name] = {key: statistics.median(run[key] for run in mine) for key in keys}
    ratios = {
        store: round(cases[f"visavis, {store}"]["cpu_us"] / cases[f"stock, {store}"]["cpu_us"], 3)
        for store in ("memory", "SQLite")
    }
    return {
        "bench": "signalling: 1:1 message with ack",
        "cases": cases,
        "ratio_visavis_to_stock": ratios,
        "required_at_most": 1.1,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {
            name: version(name) for name in ("visavis", "python-socketio", "python-engineio", "aiohttp", "uvloop")
        },
    }


def main() -> int:
    """All cases, interleaved; 1 when a required ratio is not met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--window", type=int, default=4)
    given = parser.parse_args()
    runs = []
    for number in range(given.rounds):
        for name in CASES:
            runs.append({"round": number, **run_case(name, given.seconds, given.pairs, given.window)})
            print(json.dumps(runs[-1]), flush=True)
    report = summary(runs)
    path = ROOT / "benches/reports/signalling.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report), flush=True)
    return int(max(report["ratio_visavis_to_stock"].values()) > report["required_at_most"])


if __name__ == "__main__":
    sys.exit(main())
