"""The load of calls: light peers that send what a video call sends, and count and time what comes.

    python -m benches.load.media_client URL --calls 10 --seconds 8

Each call is two people on their own Socket.IO connections; each sends 50 audio and 150 video packets a second, the
packets of all peers spread evenly. Prints `connected` (calls accepted), `joined` (ICE and DTLS of everybody done),
`begin`, `end`, and a JSON object: packets, losses, milliseconds from the sender's `sendto` to the kernel's arrival
stamp at the receiver, seconds from an offer to the peer's keys.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, pairwise

import uvloop

from tests.support.light_peer import LightPeer, ring

CYCLE_S = 1 / 50  # one audio and three video packets of everybody
VIDEO_IN_CYCLE = 3
PARTS, PART_BYTES = 10, 1050  # of a picture; 15 pictures a second are 1.3 Mbit/s
WARM_CYCLES = 50
REPORT_CYCLES, CONSENT_CYCLES = 50, 200  # once a second, once in 4 s
REST_S = 1.0
SPIN_S = 0.0005  # an asyncio timer is not more exact than this; the rest is waited for by looking

Step = tuple[float, Callable[[], None]]


def plan(peers: list[LightPeer]) -> list[Step]:
    """What is sent in a cycle, and when (seconds from its begin)."""
    steps: list[Step] = []
    spread = CYCLE_S / VIDEO_IN_CYCLE / len(peers)
    for index, peer in enumerate(peers):
        steps.append(((index + 0.5) * spread, peer.send_sound))
        steps += [(index * spread + k * CYCLE_S / VIDEO_IN_CYCLE, peer.send_part) for k in range(VIDEO_IN_CYCLE)]
    return sorted(steps, key=lambda step: step[0])


async def wait_until(due: float) -> None:
    """Let the loop receive until this moment of `time.monotonic`."""
    while True:
        left = due - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(left - SPIN_S if left > 2 * SPIN_S else 0)


def side_steps(peers: list[LightPeer], cycle: int) -> None:
    """Reports and consent checks, of different peers in different cycles."""
    for index, peer in enumerate(peers):
        if (cycle + index) % REPORT_CYCLES == 0:
            peer.send_report()
        if (cycle + index) % CONSENT_CYCLES == 0:
            peer.transport.send_raw(peer.transport.binding_request())


async def send(peers: list[LightPeer], cycles: Iterator[int], last: int) -> None:
    """Send all cycles up to `last`, at their times."""
    steps = plan(peers)
    began = time.monotonic()
    for turn, cycle in enumerate(cycles):
        for offset, step in steps:
            await wait_until(began + turn * CYCLE_S + offset)
            step()
        side_steps(peers, cycle)
        if cycle >= last:
            return


def percentile(values: list[float], share: float) -> float:
    """In milliseconds; `values` in seconds, sorted."""
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1000, 3)


def received(peers: list[LightPeer]) -> int:
    """Packets that came, each once."""
    return sum(len(heard.transits) for peer in peers for heard in (peer.sounds, peer.pictures.heard))


async def measure(peers: list[LightPeer], seconds: float, took: list[float]) -> dict[str, float]:
    """Warm up, send for `seconds`, wait for the rest."""
    cycles = count()
    await send(peers, cycles, WARM_CYCLES)
    warm = {id(heard): len(heard.transits) for peer in peers for heard in (peer.sounds, peer.pictures.heard)}
    before, came = sum(peer.packets_sent for peer in peers), received(peers)
    print("begin", flush=True)
    began = time.monotonic()
    await send(peers, cycles, WARM_CYCLES + round(seconds / CYCLE_S))
    elapsed = time.monotonic() - began
    forwarded = received(peers) - came
    print("end", flush=True)
    await asyncio.sleep(REST_S)
    sent = sum(peer.packets_sent for peer in peers)
    transits = sorted(
        transit
        for peer in peers
        for heard in (peer.sounds, peer.pictures.heard)
        for transit in heard.transits[warm[id(heard)] :]
    )
    return {
        "sent": sent,
        "lost": sent - received(peers),
        "unsent": sum(peer.transport.unsent for peer in peers),
        "asked_again": sum(peer.asked_again for peer in peers),
        "measured": forwarded,
        "packets_per_s": round((sent - before) / elapsed),
        "nominal_per_s": round(len(peers) * (1 + VIDEO_IN_CYCLE) / CYCLE_S),
        "latency_ms_p50": percentile(transits, 0.5),
        "latency_ms_p99": percentile(transits, 0.99),
        "latency_ms_max": percentile(transits, 1.0),
        "set_up_ms_p50": percentile(sorted(took), 0.5),
        "set_up_ms_max": percentile(sorted(took), 1.0),
    }


async def run(url: str, calls: int, seconds: float, tag: str) -> dict[str, float]:
    """Set everything up, then measure."""
    async with contextlib.AsyncExitStack() as stack:
        shape = {"parts": PARTS, "part_bytes": PART_BYTES}
        pairs = [await ring(url, f"{tag}-{number}", stack, **shape) for number in range(calls)]
        peers = [peer for pair in pairs for peer in pair]
        print("connected", flush=True)
        marks = [time.monotonic()]
        for peer in peers:
            await peer.join()
            marks.append(time.monotonic())
        print("joined", flush=True)
        gc.collect()
        gc.freeze()
        return await measure(peers, seconds, [after - before for before, after in pairwise(marks)])


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--tag", default="bench")
    given = parser.parse_args()
    print(json.dumps(uvloop.run(run(given.url.rstrip("/"), given.calls, given.seconds, given.tag))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
