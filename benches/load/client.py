"""The load: pairs that write to each other, raw Socket.IO v5 over WebSocket, a closed loop with a window.

    python -m benches.load.client URL --pairs 25 --window 4 --seconds 6

Prints one JSON object: acked operations, seconds, latencies of an ack in milliseconds. Each operation is a
`send_message` with ack, and the peer must get its `new_message`: at the end both counts must be equal.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import aiohttp

_TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on."


@dataclass(slots=True)
class Count:
    """What all pairs did together."""

    acked: int = 0
    refused: int = 0
    received: int = 0
    latencies: list[float] = field(default_factory=list)
    stop: bool = False


class Device:
    """One connection of one user."""

    def __init__(self, url: str, user: str, match: str, count: Count) -> None:
        self.url = f"{url.replace('http', 'ws', 1)}socket.io/?EIO=4&transport=websocket&userId={user}"
        self.user = user
        self.match = match
        self.count = count
        self.sent: dict[int, float] = {}
        self.next_id = 1
        self.idle = asyncio.Event()

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Connect and enter the room."""
        self.ws = await session.ws_connect(self.url, compress=0, max_msg_size=0)
        await self.ws.receive_str()
        await self.ws.send_str("40{}")
        joined = f'420["join_chat",{{"matchId":"{self.match}"}}]'
        while not (await self.ws.receive_str()).startswith("40"):
            pass
        await self.ws.send_str(joined)
        while not (await self.ws.receive_str()).startswith("430"):
            pass

    async def send(self) -> None:
        """One message with an ack."""
        number = self.next_id
        self.next_id += 1
        self.sent[number] = time.perf_counter()
        body = f'["send_message",{{"matchId":"{self.match}","content":"{_TEXT}","clientId":"{self.user}-{number}"}}]'
        await self.ws.send_str(f"42{number}{body}")

    async def listen(self) -> None:
        """Take acks and events until the connection ends."""
        async for frame in self.ws:
            text = frame.data
            if text.startswith("43"):
                await self._ack(text)
            elif text.startswith('42["new_message"'):
                self.count.received += f'"from":"{self.user}"' not in text
            elif text == "2":
                await self.ws.send_str("3")

    async def _ack(self, text: str) -> None:
        number = int(text[2 : text.index("[")])
        began = self.sent.pop(number, None)
        if began is None:
            return
        if '"ok":true' in text or '"ok": true' in text:
            self.count.acked += 1
            self.count.latencies.append((time.perf_counter() - began) * 1000)
        else:
            self.count.refused += 1
        if not self.count.stop:
            await self.send()
        elif not self.sent:
            self.idle.set()


async def run(url: str, *, pairs: int, window: int, seconds: float, tag: str) -> dict[str, float]:
    """Load for `seconds` and wait for the last acks."""
    count = Count()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        senders, peers = [], []
        for number in range(pairs):
            match = f"{tag}-{number}"
            senders.append(Device(url, f"{match}-a", match, count))
            peers.append(Device(url, f"{match}-b", match, count))
        for device in [*senders, *peers]:
            await device.open(session)
        tasks = [asyncio.create_task(device.listen()) for device in [*senders, *peers]]
        await asyncio.sleep(0.5)  # icebreakers of the new matches are out
        print("begin", flush=True)
        began = time.perf_counter()
        for device in senders:
            for _ in range(window):
                await device.send()
        await asyncio.sleep(seconds)
        count.stop = True
        await asyncio.wait_for(asyncio.gather(*(device.idle.wait() for device in senders)), 30)
        elapsed = time.perf_counter() - began
        for _ in range(100):
            if count.received >= count.acked:
                break
            await asyncio.sleep(0.05)
        print("end", flush=True)
        for device in [*senders, *peers]:
            await device.ws.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    ordered = sorted(count.latencies)
    return {
        "acked": count.acked,
        "received": count.received,
        "refused": count.refused,
        "seconds": round(elapsed, 3),
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 2),
    }


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--window", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--tag", default="bench")
    given = parser.parse_args()
    work = run(given.url, pairs=given.pairs, window=given.window, seconds=given.seconds, tag=given.tag)
    print(json.dumps(asyncio.run(work)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
