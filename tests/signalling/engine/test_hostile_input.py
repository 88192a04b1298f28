"""Thousands of malformed packets and frames at a real server: each is counted once, and a chat beside it goes on."""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.signalling.engine.harness import Running, acked, open_poll, running
from tests.signalling.engine.test_frames import BROKEN
from tests.signalling.engine.test_packets import BAD
from tests.support.rawws import Frame, RawWebSocket, close_frame, text_frame

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

# One below the number that ends a connection.
BATCH = 19
STATEFUL = ["0", '3123["x"]', "30[]", '31["x"]', '2/virtual-date,["a"]', "1/virtual-date,", '3/virtual-date,1["x"]']
"""Well-formed, but senseless on a connection that is in "/" only and was asked for no ack."""
UNKNOWN = ["0/nowhere,", '2/nowhere,["a"]', "1/nowhere,", '2/a/b/c,5["a"]', '0/ops?x=y,{"token":"t"}']
MESSAGES: list[tuple[str, str]] = [
    *((f"4{text}", "malformed_packet") for text in BAD if len(text) < 300),
    *((f"4{text}", "malformed_packet") for text in STATEFUL),
    *((f"4{text}", "unknown_namespace") for text in UNKNOWN),
    *((text, "malformed_frame") for text in ["", "0", "2", "2probe", "3x", "5", "6", "7", "x", "b4AA", "1x"]),
    ('42["a","' + "x" * 70_000 + '"]', "too_large"),
]


@asynccontextmanager
async def chat_beside(server: Running) -> AsyncIterator[list[str]]:
    """Two people who talk all the time; everything said has to arrive, in order, at the other."""
    speaker, listener = await server.joined(), await server.joined()
    assert await acked(listener, "join", "all") == []
    heard: list[str] = []
    all_heard = asyncio.Event()

    async def listen() -> None:
        while (text := await listener.receive_text()) is not None:
            if text.startswith('42["shouted"'):
                heard.append(text)
            if text.startswith("4399"):
                all_heard.set()

    async def speak() -> int:
        said = 0
        while not stop.is_set():
            assert await acked(speaker, "shout", said, ack_id=said) == ["done"]
            said += 1
            await asyncio.sleep(0.002)
        return said

    stop = asyncio.Event()
    listening, speaking = asyncio.create_task(listen()), asyncio.create_task(speak())
    try:
        yield heard
        stop.set()
        said = await speaking
        # What was sent to the listener before this answer has arrived before it.
        await listener.send_text('4299["echo"]')
        await all_heard.wait()
        assert heard == [f'42["shouted",{number}]' for number in range(said)]
        assert said > 10
    finally:
        speaking.cancel()
        listening.cancel()
        await speaker.close()
        await listener.close()


@pytest.fixture
def _nothing_said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Hostile input leaves no line in any log and none on the console."""
    caplog.set_level(logging.INFO)
    yield
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr() == ("", "")


async def send_packets(server: Running, batch: list[str]) -> None:
    ws = await server.joined()
    for text in batch:
        await ws.send_text(text)
    assert await acked(ws, "echo", 1) == ["echo", 1]
    await ws.close()


@pytest.mark.usefixtures("_nothing_said")
async def test_ten_thousand_malformed_packets_are_counted_by_kind_and_none_ends_a_connection() -> None:
    choose = random.Random(1)
    packets = [choose.choice(MESSAGES) for _ in range(10_000)]
    async with running(namespaces=["/", "/virtual-date"]) as server, chat_beside(server):
        for start in range(0, len(packets), BATCH * 8):
            part = packets[start : start + BATCH * 8]
            batches = [[text for text, _ in part[at : at + BATCH]] for at in range(0, len(part), BATCH)]
            await asyncio.gather(*(send_packets(server, batch) for batch in batches))
        assert server.hooks.refused == Counter(kind for _, kind in packets)


async def send_frame(server: Running, frame: Frame) -> int | None:
    ws = await server.joined()
    await ws.send(frame)
    while ws.closed_code is None and await ws.receive() is not None:
        pass
    await ws.close()
    return ws.closed_code


@pytest.mark.usefixtures("_nothing_said")
async def test_five_thousand_broken_frames_are_counted_and_each_is_told_its_close_code() -> None:
    choose = random.Random(2)
    # The limit of the unit tests is lower than the server's; those frames are made again for it.
    frames = {name: item for name, item in BROKEN.items() if "claims" not in name}
    frames["claims too much"] = (Frame(2, b"x", length=1024 * 1024 + 1), 1009)
    frames["claims exabytes"] = (Frame(2, b"x", length=(1 << 63) - 1), 1009)
    chosen = [choose.choice(list(frames.values())) for _ in range(5_000)]
    async with running() as server, chat_beside(server):
        for start in range(0, len(chosen), 25):
            part = chosen[start : start + 25]
            codes = await asyncio.gather(*(send_frame(server, frame) for frame, _ in part))
            assert codes == [code for _, code in part]
        assert server.hooks.refused == {"websocket_protocol": len(chosen)}


@pytest.mark.usefixtures("_nothing_said")
async def test_binary_that_nobody_announced_is_a_malformed_frame_and_an_unfinished_packet_a_malformed_one() -> None:
    async with running() as server:
        ws = await server.joined()
        await ws.send(Frame(2, b"x"), Frame(2, b""), text_frame("bAQID"))
        await ws.send(text_frame('452-["a"]'), Frame(2, b"x"))
        assert await acked(ws, "echo") == ["echo"]
        assert server.hooks.refused == {"malformed_frame": 3, "malformed_packet": 1}
        await ws.send(text_frame('451-["a"]'))
        await ws.close()
        await server.hooks.until(lambda: server.hooks.refused["malformed_packet"] == 2)


@pytest.mark.usefixtures("_nothing_said")
async def test_frames_cut_off_by_the_end_of_the_connection_are_counted() -> None:
    cut = [text_frame('42["a"]').encode()[:size] for size in (1, 2, 5, 8)]
    async with running() as server:
        for data in [*cut, Frame(1, b"4", fin=False).encode(), Frame(2, b"x", length=500).encode()]:
            ws = await server.joined()
            await ws.send(data)
            await ws.close()
        await server.hooks.until(lambda: len(server.hooks.endings) == 6)
        assert server.hooks.refused == {"websocket_protocol": 6}


@pytest.mark.usefixtures("_nothing_said")
async def test_fragmented_messages_and_pings_are_no_offence() -> None:
    async with running() as server:
        ws = await server.joined()
        await ws.send(Frame(1, b'421["ec', fin=False), Frame(9, b"hi"), Frame(0, b'ho"]'))
        assert await ws.receive() == (10, b"hi")
        assert await ws.receive_text() == '431["echo"]'
        await ws.send(close_frame(4321, b"bye"))
        assert await ws.receive() == (8, b"\x10\xe1")
        assert await ws.receive() is None
        await ws.close()
        assert server.hooks.refused == {}
        await server.hooks.until(lambda: bool(server.hooks.endings))
        assert server.hooks.endings[0][1] == "client_left"


# -- polling ---------------------------------------------------------------------------------------------------------


BODIES: list[tuple[bytes, int, dict[str, int]]] = [
    (b"", 400, {"malformed_frame": 1}),
    (b"\xff\xfe", 400, {"malformed_frame": 1}),
    (b"abc", 400, {"malformed_frame": 1}),
    (b"d=42[]", 400, {"malformed_frame": 1}),
    (b"b!!!", 400, {"malformed_frame": 1}),
    (b"bAQID", 200, {"malformed_frame": 1}),
    (b"\x1e", 400, {"malformed_frame": 2}),
    (b"\x1e".join([b"3"] * 257), 400, {"malformed_frame": 1}),
    (b'42["a"', 200, {"malformed_packet": 1}),
    (b'42["a"\x1e9\x1e42[1]', 400, {"malformed_packet": 2, "malformed_frame": 1}),
    (b"4" + b"x" * 70_000, 200, {"malformed_packet": 1}),
    (b'42["' + b"x" * 70_000 + b'"]', 200, {"too_large": 1}),
    (b"4" * (1024 * 1024 + 1), 413, {"too_large": 1}),
]


@pytest.mark.usefixtures("_nothing_said")
async def test_malformed_poll_bodies_are_counted_and_the_connection_goes_on() -> None:
    async with running() as server, aiohttp.ClientSession() as http, chat_beside(server):
        expected: Counter[str] = Counter()
        for body, status, counts in BODIES * 3:
            url = await open_poll(http, server)
            async with http.post(url, data=io.BytesIO(body)) as response:
                assert (response.status, body[:20]) == (status, body[:20])
            expected.update(counts)
            async with http.post(url, data='421["echo"]') as response:
                assert response.status == 200
            async with http.get(url) as response:
                assert await response.text() == '431["echo"]'
            async with http.post(url, data="1") as response:
                assert response.status == 200
        assert server.hooks.refused == expected


@pytest.mark.usefixtures("_nothing_said")
async def test_a_body_shorter_than_announced_is_counted() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        path = url.removeprefix(server.url)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n42".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
        await server.hooks.until(lambda: bool(server.hooks.refused))
        assert server.hooks.refused == {"malformed_frame": 1}


REQUESTS: list[tuple[str, str, dict[str, str], int]] = [
    ("GET", "/socket.io/", {}, 400),
    ("GET", "/socket.io/?EIO=4", {}, 400),
    ("GET", "/socket.io/?EIO=3&transport=polling", {}, 400),
    ("GET", "/socket.io/?EIO=x&transport=polling", {}, 400),
    ("GET", "/socket.io/?EIO=4&transport=carrier-pigeon", {}, 400),
    ("GET", "/socket.io/?EIO=4&transport=polling&j=0", {}, 400),
    ("GET", "/socket.io/?EIO=4&transport=polling&sid=nobody", {}, 400),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=nobody", {}, 400),
    ("POST", "/socket.io/?EIO=4&transport=polling", {}, 400),
    ("PUT", "/socket.io/?EIO=4&transport=polling", {}, 400),
    ("DELETE", "/socket.io/?EIO=4&transport=polling", {}, 400),
    ("GET", "/socket.io/?EIO=4&transport=websocket", {}, 400),
    ("GET", "/socket.io/?%ff=%fe&EIO=4&transport=%00", {}, 400),
    ("GET", "/socket.io/?EIO=4&transport=websocket", {"Upgrade": "websocket", "Connection": "upgrade"}, 400),
    ("GET", "/socket.io/?EIO=4&transport=polling", {"Upgrade": "websocket", "Connection": "upgrade"}, 400),
]


@pytest.mark.usefixtures("_nothing_said")
async def test_requests_that_are_no_engine_io_are_refused_and_counted() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        for method, path, headers, status in REQUESTS:
            async with http.request(method, server.url + path, headers=headers) as response:
                assert (response.status, path) == (status, path)
                assert set(await response.json()) == {"code", "message"}
        assert server.hooks.refused == {"bad_request": len(REQUESTS)}


WEBSOCKET_HEADERS: list[dict[str, str]] = [
    {"Sec_WebSocket_Key": "short"},
    {"Sec_WebSocket_Key": "\u00fc" * 24},
    {"Sec_WebSocket_Version": "12"},
    {"Sec_WebSocket_Protocol": "chat, superchat"},
    {"Connection": "keep-alive"},
]


@pytest.mark.usefixtures("_nothing_said")
@pytest.mark.parametrize("headers", WEBSOCKET_HEADERS)
async def test_a_bad_websocket_handshake_is_refused_and_leaves_nothing(headers: dict[str, str]) -> None:
    async with running() as server:
        with pytest.raises(ConnectionError, match="400"):
            await server.raw(**headers)
        assert server.hooks.refused == {"bad_request": 1}
        assert server.server.eio.sockets == {}


@pytest.mark.usefixtures("_nothing_said")
async def test_a_foreign_origin_is_refused_and_counted() -> None:
    async with running(cors_allowed_origins=("https://app.example",)) as server:
        with pytest.raises(ConnectionError, match="403"):
            await server.raw(Origin="https://evil.example")
        assert server.hooks.refused == {"bad_origin": 1}
        ws = await server.raw(Origin="https://app.example")
        await ws.close()


async def test_deflate_is_never_agreed_to() -> None:
    async with running() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101")
        assert b"extensions" not in head.lower()
        writer.close()
        await writer.wait_closed()


# -- strikes ---------------------------------------------------------------------------------------------------------


async def struck_out(ws: RawWebSocket) -> list[str]:
    texts = await ws.drain_to_end()
    await ws.close()
    return texts


@pytest.mark.usefixtures("_nothing_said")
async def test_the_twentieth_malformed_input_is_told_and_ends_the_connection() -> None:
    async with running() as server:
        ws = await server.joined()
        await ws.send(*[text_frame("42[]")] * 30)
        assert await struck_out(ws) == ['42["connection_closing",{"reason":"protocol_error","reconnect":"after"}]']
        assert ws.closed_code == 1008
        assert server.hooks.refused == {"malformed_packet": 20}
        assert [reason for _, reason in server.hooks.endings] == ["protocol_error"]


@pytest.mark.usefixtures("_nothing_said")
async def test_what_handlers_refuse_counts_too_and_the_last_answer_goes_out_first() -> None:
    async with running() as server:

        async def refuse(sid: str, *arguments: object) -> dict[str, bool]:
            server.server.note_malformed(server.server.eio_sid(sid) or "")
            return {"ok": False}

        server.server.on("refuse", refuse)
        ws = await server.joined()
        await ws.send(*[text_frame(f'42{number}["refuse"]') for number in range(25)])
        texts = await struck_out(ws)
        assert texts[:20] == [f'43{number}[{{"ok":false}}]' for number in range(20)]
        assert texts[20:] == ['42["connection_closing",{"reason":"protocol_error","reconnect":"after"}]']
        server.server.note_malformed("nobody")


@pytest.mark.usefixtures("_nothing_said")
async def test_a_polling_client_is_told_with_its_next_poll() -> None:
    async with running() as server, aiohttp.ClientSession() as http:
        url = await open_poll(http, server)
        async with http.post(url, data="\x1e".join(["42[]"] * 25)) as response:
            assert response.status == 200
        async with http.get(url) as response:
            said = await response.text()
        assert said == '42["connection_closing",{"reason":"protocol_error","reconnect":"after"}]\x1e1'
        async with http.get(url) as response:
            assert response.status == 400
        assert server.hooks.refused == {"malformed_packet": 20, "bad_request": 1}
