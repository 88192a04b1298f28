"""What the embedded database promises beyond the ports: nothing acknowledged is lost, nothing deleted remains."""

import asyncio
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rooms.model import Cursor, Game, Match, Message, User
from tests.contract.stores import Stores, sqlite_stores

ROOT = Path(__file__).parents[2]
ROUNDS = 5
LONG_ROUNDS = 50


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    async with sqlite_stores(tmp_path) as stores:
        match = await stores.match(context={"a": 1})
        user = await stores.relations.put_user(User("u1", "Anna", interests=("jazz",)), now_ms=1)
        game = Game("g", "m1", "icebreaker", {"n": 1}, None, 1, False, 1)
        await stores.games.create_game(game)
        for number in range(20):
            await stores.say(number, client_id=f"c{number}")
        await stores.messages.react("m1-000003", "u2", "👍", on=True, now_ms=1)
        await stores.messages.edit("m1-000004", "edited", now_ms=2)
        await stores.messages.delete("m1-000005", now_ms=3)
        await stores.messages.advance([Cursor("m1", "u2", 9, 4)])
        page = await stores.messages.page("m1", limit=50)
    assert _files_with(tmp_path, "") == ["visavis.db"], "a closed database is one file"
    async with sqlite_stores(tmp_path) as stores:
        assert await stores.messages.page("m1", limit=50) == page
        assert await stores.messages.cursors("m1") == {
            "u1": Cursor("m1", "u1"),
            "u2": Cursor("m1", "u2", 9, 4),
        }
        assert await stores.relations.match("m1") == match
        assert await stores.relations.users(["u1"]) == {"u1": user}
        assert await stores.games.game("g") == game
        assert (await stores.say(99, client_id="c7")).duplicate
        assert (await stores.say(100)).message.seq == 21


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(LONG_ROUNDS, marks=pytest.mark.long)])
@pytest.mark.timeout(300)
async def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path, rounds: int) -> None:
    chance = random.Random(20260131)
    expected: dict[str, Message] = {}
    for round_no in range(rounds):
        acknowledged = await _killed_after(tmp_path, round_no, chance.randint(1, 1_500))
        assert acknowledged
        _reckon(expected, acknowledged)
        async with sqlite_stores(tmp_path) as stores:
            await _check(stores, expected)


async def _killed_after(folder: Path, round_no: int, lines: int) -> list[str]:
    """Run the appender until it has acknowledged so many writes, kill it; all it ever acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contract.appender",
        str(folder),
        str(round_no),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    told = [await process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    told += (await process.stdout.read()).splitlines()
    assert await process.wait() == -signal.SIGKILL
    return [line.decode().strip() for line in told]


def _reckon(expected: dict[str, Message], acknowledged: list[str]) -> None:
    """Apply acknowledged writes to what must be in the store."""
    for line in acknowledged:
        what, message_id, number = line.split()
        if what == "append":
            expected[message_id] = Message(
                message_id, "m1", int(number), "u1", "text", f"text of {message_id}", 0, client_id=message_id
            )
        elif what == "edit":
            expected[message_id] = replace(expected[message_id], content=f"edited {message_id}", version=int(number))
        else:
            expected[message_id] = replace(expected[message_id], content="", deleted=True, version=int(number))


async def _check(stores: Stores, expected: dict[str, Message]) -> None:
    stored: list[Message] = []
    while page := await stores.messages.page("m1", after=len(stored), limit=5_000):
        stored += page
    assert [message.seq for message in stored] == list(range(1, len(stored) + 1)), "a hole or a duplicate"
    assert await stores.messages.last_seq("m1") == len(stored)
    assert len({message.message_id for message in stored}) == len(stored)
    found = {message.message_id: message for message in stored}
    for message_id, wanted in expected.items():
        is_there = found[message_id]
        assert is_there.seq == wanted.seq
        # A change that was committed but not told in time may be there on top.
        assert is_there.version >= wanted.version
        if is_there.version == wanted.version:
            assert (is_there.content, is_there.deleted) == (wanted.content, wanted.deleted)


def _files_with(folder: Path, text: str) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


@pytest.mark.parametrize("size", [1, 300, 20_000])
async def test_deleted_and_replaced_text_is_in_no_file_after_a_checkpoint(tmp_path: Path, size: int) -> None:
    secret, old, kept = "geheim-4711-" * size, "alt-4712-" * size, "bleibt-4713-"
    async with sqlite_stores(tmp_path) as stores:
        assert stores.database is not None
        await stores.match()
        for number in range(50):
            await stores.say(number, content=kept)
        await stores.say(50, content=secret)
        await stores.say(51, content={"caption": secret})
        await stores.say(52, content=old)
        assert await stores.database.checkpoint()
        await stores.messages.react("m1-000050", "u2", "geheim-4711-", on=True, now_ms=1)
        assert _files_with(tmp_path, "geheim-4711-")
        assert _files_with(tmp_path, "alt-4712-")

        await stores.messages.delete("m1-000050", now_ms=2)
        await stores.messages.delete("m1-000051", now_ms=2)
        await stores.messages.edit("m1-000052", "neu", now_ms=2)
        assert await stores.database.checkpoint()
        assert _files_with(tmp_path, "geheim-4711-") == []
        assert _files_with(tmp_path, "alt-4712-") == []
        assert _files_with(tmp_path, kept) == ["visavis.db"]
        tombstone = await stores.messages.get("m1-000050")
        assert tombstone is not None
        assert (tombstone.seq, tombstone.content, dict(tombstone.reactions)) == (51, "", {})


async def test_a_match_made_and_written_to_in_one_go_is_there(tmp_path: Path) -> None:
    async with sqlite_stores(tmp_path) as stores:
        made, appended = await asyncio.gather(
            stores.relations.create_match(Match("m1", "pair", ("u1", "u2"), 1)), stores.say(1)
        )
        assert made[1]
        assert appended.message.seq == 1
