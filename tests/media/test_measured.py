"""A real relay's counters of real peers, through the cores that judge them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from media.core.call_meter import CallMeter, CallSecond
from media.core.level import Level
from tests.media.test_service import Person, Relay, make_service
from tests.media.transport.peers import allow_loopback


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    allow_loopback(monkeypatch)
    made = make_service()
    await made.service.start(["127.0.0.1"], 0)
    yield made
    await made.service.stop()
    await made.timers.aclose()


def whole(second: CallSecond) -> bool:
    """Both directions of both people are judged, and the receivers have reported."""
    return all(
        leg.mos is not None and leg.level is not Level.UNKNOWN and leg.rtt_s is not None and leg.bitrate > 0
        for leg in second.legs
    )


async def test_what_a_relay_counts_of_two_peers_is_a_measured_call(running: Relay) -> None:
    ann, bob = await Person("ann").call(running), await Person("bob").call(running)
    await asyncio.gather(ann.hears(), bob.hears())
    loop = asyncio.get_running_loop()
    meter = CallMeter(["ann", "bob"], now=loop.time())
    async with asyncio.timeout(20):
        while True:
            for _ in range(2):
                await asyncio.sleep(0.5)
                legs = running.service.measured("c")
                meter.feed(legs, now=loop.time())
            second = meter.second(now=loop.time(), host_lag_s=0.0)
            if whole(second):
                break
    for leg in second.legs:
        assert leg.loss == 0
        assert leg.fps is None
    await asyncio.gather(ann.pc.close(), bob.pc.close())
