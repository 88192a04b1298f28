"""CPU per packet that a whole server forwards in two-party calls; latency, loss, set-up and memory.

    python -m benches.load.media [--rounds 3] [--seconds 8] [--calls 10 40]

The server is `visavis serve` with its pure engine, in its own process on core 0; `media_client` is on core 1. CPU is
the run time of all threads of the server (schedstat) while the load runs: the packets, and everything else the server
does. Before and after each load the engine alone is fed in memory (`benches.micro.media_engine`): that figure tells how
fast the machine is at that moment, and the server is also given as a multiple of it. Rounds are interleaved and the
figure of a case is their median. Prints a JSON line per run and one at the end, which also goes to
benches/reports/media.json. A lost packet, or more CPU than the bar, ends with 1.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benches.load.signalling import PYTHON, ROOT, Server, pin, start
from benches.micro.media_engine import in_memory

COMMAND = [PYTHON, "-m", "visavis", "serve", "--dev", "--port", "0", "--media-port", "0", "--data", "{data}"]
CPU_US_AT_MOST = 60.0  # per forwarded packet, with 10 calls (design)
BAR_CALLS = 10
RATE_AT_LEAST = 0.98  # of the nominal rate: a load that lags makes the case smaller than its name
MEDIANS = (
    "packets_per_s",
    "nominal_per_s",
    "cpu_us_per_packet",
    "engine_alone_us_per_packet",
    "multiple_of_engine_alone",
    "core_share",
    "latency_ms_p50",
    "latency_ms_p99",
    "set_up_cpu_ms_per_peer",
    "set_up_ms_p50",
    "memory_mib_per_call",
    "memory_mib_per_call_with_signalling",
)


def cpu_s(pid: int) -> float:
    """Seconds that all threads of a process have run (proc(5), schedstat: nanoseconds)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def mib(server: Server) -> float:
    """Resident set."""
    return server.memory_mb() * 1e6 / 2**20


def go_before_others(pid: int) -> None:
    """Prefer this process to other work of the machine, where that is allowed. Not by real-time scheduling: its
    throttle (sched(7)) would stop the client, which never sleeps, for 50 ms in each second."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, -10)


def load(server: Server, calls: int, seconds: float) -> dict[str, Any]:
    """One load: what the client says, and what the server spent between the client's marks."""
    command = [PYTHON, "-m", "benches.load.media_client", server.url, "--calls", str(calls)]
    command += ["--seconds", str(seconds), "--tag", f"t{time.time_ns()}"]
    pid, marks = server.process.pid, {"start": (cpu_s(server.process.pid), mib(server))}
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(1))
    go_before_others(client.pid)
    assert client.stdout is not None
    result: dict[str, Any] = {}
    for line in client.stdout:
        if line.startswith("{"):
            result = json.loads(line)
        else:
            marks[line.strip()] = (cpu_s(pid), mib(server))
    if client.wait(60) or not result:
        raise RuntimeError("the load client failed")

    def spent(first: str, last: str) -> float:
        return marks[last][0] - marks[first][0]

    return {
        "calls": calls,
        **result,
        "cpu_us_per_packet": round(spent("begin", "end") / result["measured"] * 1e6, 1),
        "core_share": round(spent("begin", "end") / result["measured"] * result["packets_per_s"], 3),
        "set_up_cpu_ms_per_peer": round(spent("connected", "joined") / calls / 2 * 1000, 2),
        "memory_mib_per_call": round((marks["end"][1] - marks["connected"][1]) / calls, 2),
        "memory_mib_per_call_with_signalling": round((marks["end"][1] - marks["start"][1]) / calls, 2),
    }


def run_case(calls: int, seconds: float) -> dict[str, Any]:
    """A fresh server, a short call to load what it needs, one measured load."""
    with tempfile.TemporaryDirectory() as data:
        server = start(COMMAND, data)
        try:
            go_before_others(server.process.pid)
            load(server, 1, 0.5)
            before = engine_alone_us()
            found = load(server, calls, seconds)
            alone = (before + engine_alone_us()) / 2
        finally:
            server.stop()
    multiple = round(found["cpu_us_per_packet"] / alone, 2)
    return {**found, "engine_alone_us_per_packet": round(alone, 1), "multiple_of_engine_alone": multiple}


def engine_alone_us() -> float:
    """CPU per packet of the engine without sockets, in this process and at this moment."""
    return in_memory(2, 2.0, "AEAD_AES_128_GCM")["cpu_us_per_packet"]


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians by number of calls; losses and packets of all rounds together."""
    cases = {}
    for calls in sorted({run["calls"] for run in runs}):
        mine = [run for run in runs if run["calls"] == calls]
        totals = {key: sum(run[key] for run in mine) for key in ("sent", "lost", "unsent", "asked_again")}
        worst = {"latency_ms_max": max(run["latency_ms_max"] for run in mine)}
        cases[str(calls)] = {**totals, **{key: statistics.median(run[key] for run in mine) for key in MEDIANS}, **worst}
    return {
        "bench": "media: packets forwarded in calls of two, one server process on one core, pure engine",
        "cases_by_calls": cases,
        "required_cpu_us_per_packet_at_most": CPU_US_AT_MOST,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("visavis", "aiortc", "pylibsrtp", "pyopenssl", "uvloop")},
    }


def good(report: dict[str, Any]) -> bool:
    """No loss anywhere, all the packets that the calls should make, and the bar."""
    cases = report["cases_by_calls"]
    bar = cases.get(str(BAR_CALLS))
    cheap = bar is None or bar["cpu_us_per_packet"] <= CPU_US_AT_MOST
    whole = all(case["packets_per_s"] >= RATE_AT_LEAST * case["nominal_per_s"] for case in cases.values())
    return cheap and whole and not any(case["lost"] or case["unsent"] for case in cases.values())


def main() -> int:
    """All cases, interleaved."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--calls", type=int, nargs="+", default=[BAR_CALLS, 40])
    given = parser.parse_args()
    runs = []
    for number in range(given.rounds):
        for calls in given.calls:
            runs.append({"round": number, **run_case(calls, given.seconds)})
            print(json.dumps(runs[-1]), flush=True)
    report = summary(runs)
    path = ROOT / "benches/reports/media.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report), flush=True)
    return int(not good(report))


if __name__ == "__main__":
    sys.exit(main())
