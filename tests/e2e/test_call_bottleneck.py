"""A path of 300 kbit/s on one leg: the sender comes down to it, whichever way the narrow part lies.

The relay passes the receiver's estimate (REMB) up to the sender; the receiver sees both legs, for the time at which a
packet was sent (abs-send-time) goes through the relay as it came.
"""

import asyncio
import time

import pytest

from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.impair import CLEAR, Direction, Profile
from tests.support.server import Server

# A router's queue of one second: aiortc sends a key frame in one burst, which a short queue would cut every time.
BOTTLENECK = Profile(rate=300_000.0, queue=1.0)
SETTLE_S = 10.0
MEASURE_S = 4.0

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("direction", ["down", "up"])
async def test_the_sender_comes_down_to_a_bottleneck_within_ten_seconds(server: Server, direction: Direction) -> None:
    async with two_in_a_call(server, seed=11, audio=False) as (ana, ben):
        began = time.monotonic()
        await asyncio.gather(*(peer.until_media(began, 5.0, sounds=0) for peer in (ana, ben)))
        sender, receiver = (ben, ana) if direction == "down" else (ana, ben)
        before = await sender.rate(2.0)
        assert before > 1.2 * BOTTLENECK.rate, "the sender wants more than the path will take"
        path = ana.path
        assert path is not None
        up, down = (CLEAR, BOTTLENECK) if direction == "down" else (BOTTLENECK, CLEAR)
        path.impair(up, down)
        await asyncio.sleep(SETTLE_S)
        after = await settled(sender, receiver)
        assert after <= BOTTLENECK.rate


async def settled(sender: CallPeer, receiver: CallPeer) -> float:
    """Bit/s of the sender over the next seconds, in which pictures must go on arriving."""
    since, sent = time.monotonic(), sender.pictures.sent
    rate = await sender.rate(MEASURE_S)
    assert len(receiver.received.numbers(since)) >= 0.5 * (sender.pictures.sent - sent)
    return rate
