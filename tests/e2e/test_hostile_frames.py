"""Raw WebSocket and Engine.IO input that no client sends: refused, counted, never noticed by others.

1,000 inputs here, 5,000 with VISAVIS_TEST_LONG=1, which also writes benches/reports/hostile_frames.json.
"""

import asyncio
import io
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import aiohttp
import pytest

from tests.support import hostile_frames, hostile_rig
from tests.support.hostile import PER_CONNECTION
from tests.support.hostile_frames import BrokenFrame
from tests.support.hostile_rig import WITHIN_S, Books, attacker, chat_beside, check_log, listen, quick_frame
from tests.support.rawws import PING, TEXT, Frame, RawWebSocket
from tests.support.server import Server, serving

SEED = 20_261
COUNT = 5_000 if hostile_rig.LONG else 1_000
VIOLATIONS = COUNT * 6 // 10  # each ends its connection
MESSAGES = COUNT - VIOLATIONS
AT_ONCE = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hostile"), env=hostile_rig.LIMITS) as running:
        yield running


async def violate(port: int, name: str, inputs: Sequence[BrokenFrame]) -> None:
    """Each over a connection of its own; every other one is not even in the namespace."""
    for number, item in enumerate(inputs):
        if number % 2:
            async with attacker(port, f"{name}-{number}") as socket:
                await break_it(socket, item)
        else:
            socket = await RawWebSocket.connect("127.0.0.1", port, hostile_rig.SOCKET_IO)
            await break_it(socket, item)
            await socket.close()


async def break_it(socket: RawWebSocket, item: BrokenFrame) -> None:
    await socket.send(item.sent)
    if item.code is None:
        await socket.close()
        return
    told = await listen(socket)
    assert told.close_code == item.code, item


async def strike(port: int, name: str, batches: Sequence[Sequence[tuple[int, bytes]]]) -> None:
    """Batches of messages that are no packets; the last one of a batch ends the connection."""
    for number, batch in enumerate(batches):
        async with attacker(port, f"{name}-{number}") as socket:
            await socket.send(b"".join(quick_frame(opcode, payload) for opcode, payload in batch))
            told = await listen(socket)
        assert told.last == ["connection_closing", {"reason": "protocol_error", "reconnect": "after"}]
        assert told.close_code == 1008


@pytest.mark.timeout(600)
async def test_raw_frames_are_counted_by_kind_and_a_chat_beside_loses_nothing(server: Server) -> None:
    violations = list(islice(hostile_frames.broken_frames(SEED), VIOLATIONS))
    messages = list(islice(hostile_frames.broken_messages(SEED), MESSAGES))
    batches = [messages[at : at + PER_CONNECTION] for at in range(0, MESSAGES, PER_CONNECTION)]
    books = Books(server)
    began = time.monotonic()
    async with chat_beside(server) as chat:
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(violate(server.port, f"breaker-{number}", violations[number::AT_ONCE]))
                group.create_task(strike(server.port, f"striker-{number}", batches[number::AT_ONCE]))
        await counted(books, sum([VIOLATIONS, MESSAGES]))
    took_s = time.monotonic() - began
    assert books.delta() == {"websocket_protocol": VIOLATIONS, "malformed_frame": MESSAGES}
    lines = check_log(server.log)
    assert lines <= took_s + 3
    hostile_rig.report(
        "hostile_frames",
        {
            "seed": SEED,
            "inputs": COUNT,
            "connections": VIOLATIONS + len(batches),
            "counted": dict(books.delta()),
            "violations": dict(Counter(item.label for item in violations)),
            "seconds": round(took_s, 1),
            "log_lines": lines,
            "chat_messages": chat.words,
            "chat_slowest_ack_s": round(chat.slowest_s, 3),
        },
    )


async def counted(books: Books, total: int) -> None:
    """Wait until the server has noticed those that left in the middle of a frame."""
    async with asyncio.timeout(WITHIN_S):
        while books.delta().total() < total:
            await asyncio.sleep(0.05)


async def test_odd_but_legal_frames_are_not_counted(server: Server) -> None:
    books = Books(server)
    packet = b'427["join_chat",{"matchId":"odd"}]'
    async with attacker(server.port, "odd") as socket:
        await socket.send(b"".join(quick_frame(PING, b"x" * 125) for _ in range(500)))
        await socket.send(*[Frame(0 if at else TEXT, packet[at : at + 1], fin=False) for at in range(len(packet))])
        await socket.send(Frame(PING), Frame(0, b"", fin=False), Frame(0))
        async with asyncio.timeout(WITHIN_S):
            while not (text := await socket.receive_text() or "").startswith("437"):
                assert text
        assert '"ok":true' in text
    assert books.delta() == {}


class Poller:
    """A long-polling connection by hand."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.address = f"{url}/socket.io/?EIO=4&transport=polling"

    async def open(self) -> "Poller":
        async with self.session.get(self.address) as answer:
            assert answer.status == 200
            self.address += "&sid=" + (await answer.text()).split('"sid":"', 1)[1].split('"', 1)[0]
        return self

    async def status(self, method: str, body: bytes | None = None, address: str | None = None) -> int:
        data = None if body is None else io.BytesIO(body)
        async with self.session.request(method, address or self.address, data=data) as answer:
            assert answer.content_type == "application/json" or answer.status == 200
            return answer.status


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "malformed_frame", 400),
        (b"\xff\xfe", "malformed_frame", 400),
        (b"\x1e".join([b"3"] * 257), "malformed_frame", 400),
        (b"4" * (1024 * 1024 + 1), "too_large", 413),
        (b"bAAA", "malformed_frame", 400),
        (b"40{}\x1e4x", "malformed_packet", 200),
        (b"40{}\x1e4" + b'2["x","' + b"x" * 70_000 + b'"]', "too_large", 200),
    ],
    ids=["empty", "not UTF-8", "257 packets", "over 1 MiB", "no base64", "no packet", "packet over 64 KiB"],
)
async def test_bad_poll_bodies_are_refused_and_counted_once(
    server: Server, body: bytes, kind: str, status: int
) -> None:
    books = Books(server)
    async with aiohttp.ClientSession() as session:
        poller = await Poller(session, server.url).open()
        assert await poller.status("POST", body) == status
        await poller.status("POST", b"1")
    assert books.delta() == {kind: 1}


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "EIO=3&transport=polling"),
        ("GET", "transport=polling"),
        ("GET", "EIO=4"),
        ("GET", "EIO=4&transport=carrier-pigeon"),
        ("GET", "EIO=4&transport=polling&sid=nobody"),
        ("GET", "EIO=4&transport=polling&sid=%00%ff"),
        ("GET", "EIO=4&transport=polling&j=0"),
        ("GET", "EIO=4&transport=websocket"),
        ("POST", "EIO=4&transport=polling"),
        ("POST", "EIO=4&transport=polling&sid=nobody"),
        ("PUT", "EIO=4&transport=polling"),
        ("DELETE", "EIO=4&transport=polling"),
        ("PATCH", ""),
    ],
)
async def test_requests_that_are_no_engine_requests_are_counted_as_invalid_http(
    server: Server, method: str, query: str
) -> None:
    books = Books(server)
    async with aiohttp.ClientSession() as session:
        poller = Poller(session, server.url)
        assert await poller.status(method, address=f"{server.url}/socket.io/?{query}") in (400, 405)
    assert books.delta() == {"http_invalid": 1}


async def test_two_polls_at_once_end_the_connection(server: Server) -> None:
    books = Books(server)
    async with aiohttp.ClientSession() as session:
        poller = await Poller(session, server.url).open()
        statuses = await asyncio.gather(poller.status("GET"), poller.status("GET"))
    assert sorted(statuses) == [200, 400]
    assert books.delta() == {"http_invalid": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Version": "12"},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Protocol": "chat"},
        {"Connection": "close"},
    ],
    ids=["version", "key", "subprotocol", "no upgrade"],
)
async def test_bad_websocket_handshakes_are_refused_and_counted(server: Server, headers: dict[str, str]) -> None:
    books = Books(server)
    with pytest.raises(ConnectionError, match="400"):
        await RawWebSocket.connect("127.0.0.1", server.port, hostile_rig.SOCKET_IO, headers=headers)
    assert books.delta() == {"http_invalid": 1}


async def test_an_attachment_that_never_comes_is_counted_when_the_sender_leaves(server: Server) -> None:
    books = Books(server)
    async with attacker(server.port, "absent") as socket:
        await socket.send_text('451-["send_message",{"content":{"_placeholder":true,"num":0}}]')
    await counted(books, 1)
    assert books.delta() == {"malformed_packet": 1}


def test_the_log_stayed_calm(server: Server) -> None:
    check_log(server.log)
