"""Malformed Socket.IO payloads by the thousand: answered, counted, never noticed by others.

2,000 of them here, 10,000 with VISAVIS_TEST_LONG=1, which also writes benches/reports/hostile_payloads.json.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import aiohttp
import pytest

from tests.support import hostile, hostile_rig
from tests.support.hostile import PER_CONNECTION, Malformed
from tests.support.hostile_rig import Books, Told, chat_beside, check_log, poll_out, strike_out
from tests.support.server import Server, serving

SEED = 20_260
COUNT = 10_000 if hostile_rig.LONG else 2_000
AT_ONCE = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hostile"), env=hostile_rig.LIMITS) as running:
        yield running


def answer_is_right(item: Malformed, answer: object) -> bool:
    """Whether an ack is the refusal that this input deserves, in the shape of the wire contract."""
    match answer:
        case {"ok": False, "error": {"code": code, "message": str(message), "retryable": False}}:
            return code == item.code and bool(message)
    return False


def check_told(inputs: list[Malformed], told: Told) -> None:
    for number, item in enumerate(inputs, 1):
        answer = told.acks.pop(number, None)
        if item.code is None or "{id}" not in item.text:
            assert answer is None, (item, answer)
        else:
            assert answer_is_right(item, answer), (item, answer)
    assert told.acks == {}
    assert told.last == ["connection_closing", {"reason": "protocol_error", "reconnect": "after"}]
    assert told.texts[-1].startswith("42")


async def attack(server: Server, batches: list[list[Malformed]], name: str) -> None:
    """Each batch over a connection of its own; after each the attacker comes back."""
    for number, inputs in enumerate(batches):
        told = await strike_out(server.port, f"{name}-{number}", inputs, together=number % 2 == 0)
        check_told(inputs, told)
        assert told.close_code == 1008


@pytest.mark.timeout(600)
async def test_malformed_payloads_are_answered_and_counted_and_a_chat_beside_loses_nothing(server: Server) -> None:
    inputs = list(islice(hostile.payloads(SEED), COUNT))
    batches = [inputs[at : at + PER_CONNECTION] for at in range(0, COUNT, PER_CONNECTION)]
    books = Books(server)
    began = time.monotonic()
    async with chat_beside(server) as chat, asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(attack(server, batches[number::AT_ONCE], f"evil-{number}"))
    took_s = time.monotonic() - began
    expected = Counter(item.kind for item in inputs)
    assert books.delta() == expected
    lines = check_log(server.log)
    assert lines <= took_s + 3
    hostile_rig.report(
        "hostile_payloads",
        {
            "seed": SEED,
            "inputs": COUNT,
            "connections": len(batches),
            "counted": dict(expected),
            "seconds": round(took_s, 1),
            "log_lines": lines,
            "chat_messages": chat.words,
            "chat_slowest_ack_s": round(chat.slowest_s, 3),
        },
    )


def test_every_event_and_every_family_is_among_the_inputs() -> None:
    inputs = list(islice(hostile.payloads(SEED), 2_000))
    names = set(hostile.schemas())
    assert {"send_message", "join_scene"} <= names
    assert {name for name in names if any(f'"{name}"' in item.text[:100] for item in inputs)} == names
    assert {item.kind for item in inputs} == {
        "invalid", "too_large", "unknown_event", "malformed_packet", "unknown_namespace",
    }  # fmt: skip
    assert list(islice(hostile.payloads(SEED), 100)) == inputs[:100]


async def test_malformed_payloads_over_polling_are_answered_and_counted_the_same(server: Server) -> None:
    inputs = list(islice(hostile.payloads(7), PER_CONNECTION * 10))
    books = Books(server)
    async with aiohttp.ClientSession() as session, chat_beside(server):
        for at in range(0, len(inputs), PER_CONNECTION):
            batch = inputs[at : at + PER_CONNECTION]
            check_told(batch, await poll_out(session, server.url, f"poller-{at}", batch))
    assert books.delta() == Counter(item.kind for item in inputs)
    check_log(server.log)
