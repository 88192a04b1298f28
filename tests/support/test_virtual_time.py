"""The jumping clock that other tests rely on."""

import asyncio
import socket
import time

import pytest

pytestmark = pytest.mark.virtual_time


async def test_an_hour_of_timers_runs_in_a_moment_and_in_order() -> None:
    loop, seen = asyncio.get_running_loop(), list[float]()

    async def at(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        seen.append(round(loop.time(), 3))

    began = time.perf_counter()
    await asyncio.gather(at(3600), at(0.5), at(60))
    assert seen == [0.5, 60.0, 3600.0]
    assert time.perf_counter() - began < 5


async def test_a_timeout_fires_at_its_time() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(120):
            await asyncio.Event().wait()
    assert loop.time() == pytest.approx(120)


async def test_the_loop_waits_for_a_thread_when_nothing_is_scheduled() -> None:
    assert await asyncio.to_thread(lambda: "done") == "done"


async def test_a_readable_socket_is_seen_before_the_clock_moves() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"x")
        before = loop.time()
        assert await loop.sock_recv(ours, 1) == b"x"
        assert loop.time() == before
