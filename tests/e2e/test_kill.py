"""SIGKILL at random moments while two people chat: what was acknowledged is there, once, unaltered, in order.

Both write all the time and keep three messages on their way. After each kill the server starts again on the same
data; the clients come back with `since`, and send again what was not acknowledged, under the same clientId. The
moments and texts follow from the seed. The long form writes its counts into `benches/reports/kill.json`.
"""

import asyncio
import contextlib
import json
import os
import random
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.people import make_match
from tests.support.client import ChatClient, Disconnected, Refused, connected
from tests.support.server import Server, serving

REPORT = Path(__file__).resolve().parents[2] / "benches" / "reports" / "kill.json"
SEED = 20_260
ROUNDS = 8
ROUNDS_LONG = 50
ON_THEIR_WAY = 3  # more would meet larger shared commits, but leave fewer moments at which a first message is lost
KILL_AFTER_S = (0.02, 0.5)
ANSWER_WITHIN_S = 20.0
LETTERS = "abc XYZ 019 \n\t\"'\\{}<>&%;-- äß 你好，世界 \u200d👩\u200d💻 😀 é e\u0301 \u2028"
LIMITS = {"VISAVIS_LIMITS__MESSAGES_PER_SECOND": "100000", "VISAVIS_LIMITS__MESSAGES_BURST": "100000"}


@dataclass
class Told:
    """What one acknowledgement promised."""

    content: str
    message_id: str
    seq: int
    timestamp: str


@dataclass
class Talker:
    """One person: writes, and keeps a copy of the talk that only grows at its end."""

    server_url: str
    token: str
    match_id: str
    name: str
    chance: random.Random
    unacked: dict[str, str] = field(default_factory=dict)
    acked: dict[str, Told] = field(default_factory=dict)
    copy: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    found: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self) -> None:
        """Write until `enough`, through every end of the connection; then wait for the last acknowledgement."""
        while True:
            try:
                async with connected(self.server_url, token=self.token) as client:
                    await self._follow(client)
                    return
            except (Refused, Disconnected, OSError):
                await asyncio.sleep(0.02)

    async def catch_up(self, client: ChatClient) -> None:
        """Ask for what is new, as a client does when it comes back."""
        joined = await client.ask(
            "join_chat", {"matchId": self.match_id, "since": len(self.copy)}, within_s=ANSWER_WITHIN_S
        )
        assert joined["ok"] is True, joined
        assert "gap" not in joined
        for message in joined["messages"]:
            self._add(message)
        assert len(self.copy) == joined["lastSeq"]

    async def _follow(self, client: ChatClient) -> None:
        await self.catch_up(client)
        self.again += len(self.unacked)
        self.found += sum(message.get("clientId") in self.unacked for message in self.copy)
        noted = 0
        waiting = {asyncio.create_task(self._send(client, client_id)) for client_id in self.unacked}
        try:
            while waiting or not self.enough.is_set():
                while len(waiting) < ON_THEIR_WAY and not self.enough.is_set():
                    waiting.add(asyncio.create_task(self._send(client, self._compose())))
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                noted = self._note(client, noted)
                for task in done:
                    task.result()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _compose(self) -> str:
        client_id = f"{self.name}-{len(self.unacked) + len(self.acked)}"
        length = self.chance.choice((1, 20, 300))
        self.unacked[client_id] = f"{client_id}:" + "".join(self.chance.choices(LETTERS, k=length)) + "."
        return client_id

    async def _send(self, client: ChatClient, client_id: str) -> None:
        content = self.unacked[client_id]
        payload = {"matchId": self.match_id, "content": content, "clientId": client_id}
        answer = await client.ask("send_message", payload, within_s=ANSWER_WITHIN_S)
        assert answer["ok"] is True, answer
        self.acked[client_id] = Told(content, answer["messageId"], answer["seq"], answer["timestamp"])
        del self.unacked[client_id]
        self.answered.set()

    def _note(self, client: ChatClient, noted: int) -> int:
        """Take what came since the last look; what came before the answer to `join_chat` is here once more."""
        for name, data in client.events[noted:]:
            if name == "new_message":
                self._add(data)
        return len(client.events)

    def _add(self, message: dict[str, Any]) -> None:
        seq = message["seq"]
        if seq <= len(self.copy):
            assert shared(self.copy[seq - 1]) == shared(message), "a message was altered"
            return
        assert seq == len(self.copy) + 1, f"{self.name} has {len(self.copy)} messages and is told number {seq}"
        self.copy.append(message)


def shared(message: dict[str, Any]) -> dict[str, Any]:
    """The fields that `new_message` and a stored message have in common."""
    return {key: value for key, value in message.items() if key != "version"}


async def start(stack: contextlib.ExitStack, folder: Path, port: int = 0) -> Server:
    return await asyncio.to_thread(stack.enter_context, serving(folder, port=port, env=LIMITS))


async def wait_until_both_write(talkers: list[Talker]) -> None:
    """Until each has had an acknowledgement since now, so that a kill meets a talk and not a reconnect."""
    for talker in talkers:
        talker.answered.clear()
    async with asyncio.timeout(ANSWER_WITHIN_S):
        for talker in talkers:
            await talker.answered.wait()


async def chat_through_kills(folder: Path, seed: int, rounds: int) -> dict[str, Any]:
    """Run it and check everything that must hold; the counts for the report."""
    began = time.monotonic()
    kills = []
    with contextlib.ExitStack() as stack:
        server = await start(stack, folder)
        match_id = make_match(server, "ana", "ben")
        talkers = [
            Talker(server.url, server.dev_token(name), match_id, name, random.Random(f"{seed} {name}"))
            for name in ("ana", "ben")
        ]
        async with asyncio.TaskGroup() as tasks:
            for talker in talkers:
                tasks.create_task(talker.talk())
            for number in range(rounds):
                await wait_until_both_write(talkers)
                moment_s = random.Random(seed + number).uniform(*KILL_AFTER_S)
                await asyncio.sleep(moment_s)
                server.kill()
                assert "Traceback" not in server.log
                on_their_way = sum(len(talker.unacked) for talker in talkers)
                kills.append({"seed": seed + number, "afterMs": round(moment_s * 1000), "unacked": on_their_way})
                server = await start(stack, folder, server.port)
            await wait_until_both_write(talkers)
            for talker in talkers:
                talker.enough.set()
        stored = await whole_history(server, match_id)
        for talker in talkers:
            async with connected(server.url, token=talker.token) as client:
                await talker.catch_up(client)
    check(talkers, stored)
    check_files(folder / "data")
    return {
        "seed": seed,
        "kills": kills,
        "stored": len(stored),
        "acked": sum(len(talker.acked) for talker in talkers),
        "sentAgain": sum(talker.again for talker in talkers),
        "ofTheseStoredBefore": sum(talker.found for talker in talkers),
        "seconds": round(time.monotonic() - began, 1),
    }


async def whole_history(server: Server, match_id: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    async with connected(server.url, token=server.dev_token("ana")) as client:
        more = True
        while more:
            page = await client.ok("fetch_history", {"matchId": match_id, "after": len(messages), "limit": 200})
            messages += page["messages"]
            more = page["more"]
    return messages


def check(talkers: list[Talker], stored: list[dict[str, Any]]) -> None:
    assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1))
    # Everything was acknowledged in the end, so what is stored is what was acknowledged, each of it once.
    assert sum(len(talker.acked) for talker in talkers) == len(stored)
    assert len({message["messageId"] for message in stored}) == len(stored)
    for talker in talkers:
        assert talker.unacked == {}
        numbers = [told.seq for told in talker.acked.values()]
        order = sorted(talker.acked, key=lambda client_id: int(client_id.rpartition("-")[2]))
        assert [talker.acked[client_id].seq for client_id in order] == sorted(numbers)
        for client_id, told in talker.acked.items():
            message = stored[told.seq - 1]
            assert (message["from"], message["clientId"], message["content"]) == (talker.name, client_id, told.content)
            assert (message["messageId"], message["timestamp"]) == (told.message_id, told.timestamp)
        # A reader who followed `since` has the same talk.
        assert [shared(message) for message in talker.copy] == [shared(message) for message in stored]


def check_files(data: Path) -> None:
    """SQLite's own opinion of what the kills have left."""
    files = list(data.glob("*.db"))
    assert files
    for file in files:
        with contextlib.closing(sqlite3.connect(file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.timeout(90)
async def test_nothing_acknowledged_is_lost_by_kills_at_random_moments(tmp_path: Path) -> None:
    counts = await chat_through_kills(tmp_path, SEED, ROUNDS)
    assert counts["sentAgain"] > 0, "no kill met a message on its way"
    assert counts["acked"] > 10 * ROUNDS


@pytest.mark.long
async def test_nothing_acknowledged_is_lost_by_fifty_kills(tmp_path: Path) -> None:
    counts = await chat_through_kills(tmp_path, int(os.environ.get("VISAVIS_TEST_SEED", SEED)), ROUNDS_LONG)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(counts, indent=2) + "\n")
    assert counts["sentAgain"] > ROUNDS_LONG
    assert counts["ofTheseStoredBefore"] > 0, "no kill fell between a commit and its acknowledgement"
