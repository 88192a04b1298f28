"""What hostile tests share: an attacker's connection, a chat beside it that must not notice, and the server's books.

`Books` compares `rejected_total` before and after; `ChatBeside` is two people who talk all the while; `check_log` holds
the log to no traceback, no error and a line a second.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from protocol.base import NAMESPACE_SCENE
from tests.support.client import ChatClient, connected
from tests.support.hostile import Malformed
from tests.support.rawws import BINARY, CLOSE, TEXT, Frame, RawWebSocket
from tests.support.server import Server

LONG = os.environ.get("VISAVIS_TEST_LONG") == "1"
REPORTS = Path(__file__).resolve().parents[2] / "benches" / "reports"
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"
# Attackers and the chat are one process: generous, so that a busy machine does not fail a test about refusals.
WITHIN_S = 20.0
SEPARATOR = "\x1e"
ENTER = ("40{}", f"40{NAMESPACE_SCENE},{{}}")
LIMITS = {
    "VISAVIS_LIMITS__MESSAGES_PER_SECOND": "100000",
    "VISAVIS_LIMITS__MESSAGES_BURST": "100000",
    "VISAVIS_LIMITS__EVENTS_PER_SECOND": "100000",
}


@dataclass
class Told:
    """What the server said to one attacker, up to the end of the connection."""

    acks: dict[int, Any] = field(default_factory=dict)
    last: Any = None
    """The name and payload of the last event."""
    texts: list[str] = field(default_factory=list)
    close_code: int | None = None

    def note(self, text: str) -> None:
        """One Engine.IO text."""
        self.texts.append(text)
        kind, bare = text[:2], text[2:].removeprefix(f"{NAMESPACE_SCENE},")
        if kind == "43":
            number, _, arguments = bare.partition("[")
            self.acks[int(number)] = json.loads("[" + arguments)[0]
        elif kind == "42":
            self.last = json.loads(bare)


@contextlib.asynccontextmanager
async def attacker(port: int, user: str, *, path: str = SOCKET_IO) -> AsyncIterator[RawWebSocket]:
    """A connection that is in all namespaces and has read its welcome."""
    socket = await RawWebSocket.connect("127.0.0.1", port, f"{path}&userId={user}", limit=2**20)
    try:
        async with asyncio.timeout(WITHIN_S):
            for packet in ENTER:
                await socket.send_text(packet)
                while not (await socket.receive_text() or packet).startswith(packet.removesuffix("{}")):
                    pass
        yield socket
    finally:
        await socket.close()


def quick_frame(opcode: int, payload: bytes) -> bytes:
    """A good frame with a mask of zeros: legal, and made at once however long it is."""
    return Frame(opcode, length=len(payload), mask=bytes(4)).encode() + payload


async def listen(socket: RawWebSocket) -> Told:
    """Read to the end of the connection, or to its close frame, which is answered."""
    told = Told()
    async with asyncio.timeout(WITHIN_S):
        while (frame := await socket.receive()) is not None:
            if frame[0] == TEXT:
                told.note(frame[1].decode())
            elif frame[0] == CLOSE:
                await socket.send(Frame(CLOSE, frame[1]))
                break
    told.close_code = socket.closed_code
    return told


async def strike_out(port: int, user: str, inputs: Sequence[Malformed], *, together: bool) -> Told:
    """Send malformed packets, the first with ack 1, and read until the server has closed the connection."""
    async with attacker(port, user) as socket:
        parts: list[bytes] = []
        for number, item in enumerate(inputs, 1):
            parts.append(quick_frame(TEXT, b"4" + item.numbered(number).encode("utf-8")))
            parts += [quick_frame(BINARY, part) for part in item.attachments]
        for part in [b"".join(parts)] if together else parts:
            await socket.send(part)
        return await listen(socket)


async def poll_out(session: aiohttp.ClientSession, url: str, user: str, inputs: Sequence[Malformed]) -> Told:
    """As `strike_out`, over long-polling, five packets in a body."""
    address = f"{url}/socket.io/?EIO=4&transport=polling&userId={user}"
    async with session.get(address) as answer:
        address += "&sid=" + json.loads((await answer.text())[1:])["sid"]
    await _post(session, address, ENTER)
    packets = []
    for number, item in enumerate(inputs, 1):
        parts = ["b" + base64.b64encode(part).decode() for part in item.attachments]
        packets.append(SEPARATOR.join(["4" + item.numbered(number), *parts]))
    for at in range(0, len(packets), 5):
        await _post(session, address, packets[at : at + 5])
    told = Told()
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with session.get(address) as answer:
                texts = (await answer.text()).split(SEPARATOR)
            for text in texts:
                if text == "1":
                    return told
                told.note(text)


async def _post(session: aiohttp.ClientSession, address: str, packets: Sequence[str]) -> None:
    async with session.post(address, data=SEPARATOR.join(packets).encode("utf-8")) as answer:
        await answer.read()


class Books:
    """`rejected_total` by kind since this was made."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = self._now()

    def _now(self) -> Counter[str]:
        prefix = 'rejected_total{kind="'
        samples = self._server.metrics().items()
        return Counter({name[len(prefix) : -2]: int(value) for name, value in samples if name.startswith(prefix)})

    def delta(self) -> Counter[str]:
        """What was counted, without the kinds that were not."""
        return self._now() - self._before


class ChatBeside:
    """Two people who talk; `check` proves that nothing acknowledged was lost, doubled or out of order."""

    def __init__(self, ann: ChatClient, bob: ChatClient) -> None:
        self._people = (ann, bob)
        self._sent: tuple[list[str], list[str]] = ([], [])
        self.slowest_s = 0.0
        self._stop = False

    async def talk(self) -> None:
        """Both in turn, each word acknowledged, until `check`."""
        number = 0
        while not self._stop:
            who = number % 2
            word = f"{who}: word {number}"
            began = time.perf_counter()
            await self._people[who].ok("send_message", {"content": word, "clientId": f"{who}-{number}"})
            self.slowest_s = max(self.slowest_s, time.perf_counter() - began)
            self._sent[who].append(word)
            number += 1
            await asyncio.sleep(0.005)

    @property
    def words(self) -> int:
        """Acknowledged so far."""
        return sum(map(len, self._sent))

    async def check(self, task: asyncio.Task[None]) -> None:
        """End the talk and compare both sides."""
        self._stop = True
        await asyncio.wait_for(task, WITHIN_S)
        assert all(self._sent), "the chat must have gone on"
        for person in self._people:
            heard = await person.wait_for_count("new_message", self.words, within_s=WITHIN_S)
            assert [message["seq"] for message in heard] == list(range(1, self.words + 1))
            for who, words in enumerate(self._sent):
                assert [text for text in (m["content"] for m in heard) if text.startswith(f"{who}:")] == words


@contextlib.asynccontextmanager
async def chat_beside(server: Server) -> AsyncIterator[ChatBeside]:
    """A talk for the length of a block, checked at its end."""
    match = f"beside-{time.monotonic_ns()}"
    who = {name: {"userId": f"{match}-{name}"} for name in ("ann", "bob")}
    async with connected(server.url, query=who["ann"]) as ann, connected(server.url, query=who["bob"]) as bob:
        for person in (ann, bob):
            await person.ok("join_chat", {"matchId": match})
        beside = ChatBeside(ann, bob)
        task = asyncio.create_task(beside.talk())
        try:
            yield beside
            await beside.check(task)
        finally:
            task.cancel()


def log_moments(log: str) -> Iterator[float]:
    """The times of the log's lines, in seconds."""
    for line in log.splitlines():
        stamp = line.split(" ", 1)[0]
        with contextlib.suppress(ValueError):
            yield datetime.fromisoformat(stamp).timestamp()


def check_log(log: str) -> int:
    """No traceback, no error, no line without a time but the banner, at most a line a second; how many lines."""
    assert "Traceback" not in log, log
    assert " trace=" not in log, log
    errors = [line for line in log.splitlines() if " ERROR " in line]
    # aiohttp's own complaint about a request that it can not parse; it is held to the line a second as well.
    assert [line for line in errors if " aiohttp.server: " not in line] == []
    untimed = [line for line in log.splitlines() if not line.startswith(("20", "DEVELOPMENT MODE"))]
    assert untimed == [], untimed
    moments = list(log_moments(log))
    for first, second in itertools.pairwise(moments):
        assert second - first >= 0.99, log
    return len(moments)


def report(name: str, figures: dict[str, Any]) -> None:
    """Keep the figures of a long run."""
    if LONG:
        REPORTS.mkdir(parents=True, exist_ok=True)
        (REPORTS / f"{name}.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
