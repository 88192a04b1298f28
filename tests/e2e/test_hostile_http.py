"""Hostile HTTP: schemathesis on every endpoint, and requests that are none, byte by byte.

With VISAVIS_TEST_LONG=1 more examples of both, and benches/reports/hostile_http.json.
"""

import asyncio
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support import hostile_rig
from tests.support.hostile_http import BROKEN_REQUESTS, BrokenRequest
from tests.support.hostile_rig import WITHIN_S, Books, chat_beside, check_log
from tests.support.server import Server, serving

SEED = 20_262
EXAMPLES = 200 if hostile_rig.LONG else 15
PHASES = "examples,coverage,fuzzing,stateful" if hostile_rig.LONG else "examples,coverage,fuzzing"
FLOOD = 5_000 if hostile_rig.LONG else 500
AT_ONCE = 8
SCHEMATHESIS = str(Path(sys.executable).with_name("st"))
# Left out: positive_data_acceptance, because some rules can not be said in JSON Schema (ids are printable, a match
# has either two users or members), and the three that want more than one resource owner to be configured.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "allow_header_conformance,ignored_auth"
)
CONFIG = """
[checks.negative_data_rejection]
# 413 besides the usual ones: a text over its limit is `too_large`.
expected-statuses = [400, 401, 403, 404, 405, 413, 415, 422]
"""
KINDS = {
    400: "http_invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "http_invalid",
    408: "http_invalid",
    409: "conflict",
    413: "too_large",
    415: "http_invalid",
    422: "http_invalid",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hostile"), env=hostile_rig.LIMITS) as running:
        yield running


def known_match(server: Server) -> str:
    """The id of a match of ann."""
    token = server.dev_token("ann")
    _, match = server.post("/api/v1/matches", {"userA": "ann", "userB": "bob"}, token=token)
    return str(match["matchId"])


def schemathesis(server: Server, folder: Path, scope: str, parameters: str) -> tuple[int, str, Counter[int]]:
    """Exit code, output, and how often each status was answered, by the tool's own count."""
    config, events = folder / "schemathesis.toml", folder / "events.ndjson"
    config.write_text(parameters + CONFIG)
    token = server.dev_token("ann", scope=scope)
    command = [SCHEMATHESIS, "--config-file", str(config), "run", f"{server.url}/api/openapi.json"]
    command += ["--checks", CHECKS, "--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", str(SEED)]
    command += ["--header", f"Authorization: Bearer {token}", "--continue-on-failure", "--warnings", "off"]
    command += ["--report-ndjson-path", str(events)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=500, check=False)
    answers: Counter[int] = Counter()
    for line in events.read_text().splitlines():
        event = json.loads(line)
        answers.update(statuses(event))
    return done.returncode, done.stdout + done.stderr, answers


def statuses(event: Any) -> Iterator[int]:
    """Every answer's status in one line of the report."""
    if isinstance(event, dict):
        if "status_code" in event:
            yield event["status_code"]
        event = list(event.values())
    if isinstance(event, list):
        for item in event:
            yield from statuses(item)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("scope", "inside"), [("user", False), ("user", True), ("service", False)])
async def test_schemathesis_finds_nothing_and_all_it_sent_is_counted(
    server: Server, tmp_path: Path, scope: str, inside: bool
) -> None:
    """`inside`: ids of the path are those of a match and user that exist, so that what lies behind is reached."""
    ids = f'[parameters]\n"path.match_id" = "{known_match(server)}"\n"path.user_id" = "ann"\n' if inside else ""
    books = Books(server)
    began = time.monotonic()
    async with chat_beside(server) as chat:
        code, output, answers = await asyncio.to_thread(schemathesis, server, tmp_path, scope, ids)
    took_s = time.monotonic() - began
    assert code == 0, output
    refused = {status: count for status, count in answers.items() if status >= 400}
    # What it asks first to learn what servers like this one take is not in its report: a NUL in a header, and a path
    # of control characters.
    expected: Counter[str] = Counter({"http_malformed": 1, "not_found": 1})
    for status, count in refused.items():
        expected[KINDS[status]] += count
    assert books.delta() == expected
    check_log(server.log)
    hostile_rig.report(
        f"hostile_http_{scope}{'_inside' if inside else ''}",
        {
            "seed": SEED,
            "answers": {str(status): count for status, count in sorted(answers.items())},
            "counted": dict(expected),
            "seconds": round(took_s, 1),
            "chat_messages": chat.words,
            "chat_slowest_ack_s": round(chat.slowest_s, 3),
        },
    )


async def exchange(port: int, item: BrokenRequest) -> int:
    """The status of the answer to one broken request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(item.sent)
        async with asyncio.timeout(WITHIN_S):
            return int((await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])
    finally:
        writer.close()


@pytest.mark.parametrize("item", BROKEN_REQUESTS, ids=lambda item: item.label)
async def test_a_broken_request_is_refused_and_counted_once(server: Server, item: BrokenRequest) -> None:
    books = Books(server)
    assert await exchange(server.port, item) == item.status
    assert books.delta() == {item.kind: 1}


@pytest.mark.timeout(300)
async def test_a_flood_of_broken_requests_is_counted_by_kind_and_a_chat_loses_nothing(server: Server) -> None:
    random = Random(SEED)
    items = [random.choice(BROKEN_REQUESTS) for _ in range(FLOOD)]

    async def send(some: list[BrokenRequest]) -> None:
        for item in some:
            assert await exchange(server.port, item) == item.status

    books = Books(server)
    began = time.monotonic()
    async with chat_beside(server) as chat, asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(send(items[number::AT_ONCE]))
    took_s = time.monotonic() - began
    expected = Counter(item.kind for item in items)
    assert books.delta() == expected
    lines = check_log(server.log)
    hostile_rig.report(
        "hostile_http_raw",
        {
            "seed": SEED,
            "inputs": FLOOD,
            "counted": dict(expected),
            "seconds": round(took_s, 1),
            "log_lines": lines,
            "chat_messages": chat.words,
            "chat_slowest_ack_s": round(chat.slowest_s, 3),
        },
    )


async def test_a_gzip_bomb_is_refused_before_it_unfolds(server: Server) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 64 * 1024
    head = (
        b"POST /api/v1/dev/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(bomb)
    )
    books = Books(server)
    assert await exchange(server.port, BrokenRequest("bomb", head + bomb, 413, "too_large")) == 413
    assert books.delta() == {"too_large": 1}


async def test_requests_that_never_end_keep_nobody_else_waiting(server: Server) -> None:
    parts = [b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: y", b"POST /api/v1/dev/token HTTP/1.1\r\n"]
    writers = []
    for number in range(200):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(parts[number % 3])
        writers.append(writer)
    began = time.monotonic()
    assert server.get("/healthz")["status"] == "ok"
    assert time.monotonic() - began < 1.0
    for writer in writers:
        writer.close()
    check_log(server.log)


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_headers_that_never_end_are_given_up_after_75_s(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
    began = time.monotonic()
    while not reader.at_eof():
        writer.write(b"y")
        await asyncio.sleep(0.5)
        assert time.monotonic() - began < 90
    writer.close()
