"""What a call is worth by its score: clear on loopback, dearer the more a leg loses, and the other leg's left alone."""

import statistics
from collections.abc import Sequence
from typing import Any

import pytest

from tests.e2e.test_call_quality import leg, next_seconds
from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.impair import CLEAR, Profile
from tests.support.server import Server

pytestmark = pytest.mark.timeout(120)
SEED = 4
SETTLE_S = 5  # seconds over which losses and levels are averaged, and one more


def mean(seconds: Sequence[Any], peer: CallPeer, direction: str) -> float:
    """The score of a direction over these seconds."""
    return statistics.fmean(leg(second, peer.user_id, direction)["mos"] for second in seconds)


async def seconds_of(peer: CallPeer, count: int) -> list[Any]:
    await next_seconds(peer, SETTLE_S)
    return await next_seconds(peer, count)


async def test_loss_costs_its_own_leg_and_no_other(server: Server) -> None:
    async with two_in_a_call(server, seed=SEED, video=False) as (ana, ben):
        assert ana.path is not None
        clear = await seconds_of(ana, 6)
        for peer in (ana, ben):
            for direction in ("up", "down"):
                assert mean(clear, peer, direction) > 4.2
        for loss, least in ((0.05, 0.8), (0.1, 1.5)):
            ana.path.impair(Profile(loss=loss), CLEAR)
            lossy = await seconds_of(ana, 15)
            assert mean(clear, ana, "up") - mean(lossy, ana, "up") >= least
            assert mean(clear, ben, "up") - mean(lossy, ben, "up") < 0.2
            assert mean(clear, ana, "down") - mean(lossy, ana, "down") < 0.2


async def test_late_packets_cost_although_nothing_is_lost(server: Server) -> None:
    async with two_in_a_call(server, seed=SEED, video=False) as (ana, ben):
        assert ana.path is not None
        clear = await seconds_of(ana, 5)
        ana.path.impair(Profile(spike=0.06, spike_probability=0.006), CLEAR)
        late = await seconds_of(ana, 20)
        assert mean(clear, ana, "up") - mean(late, ana, "up") > 0.1
        assert mean(clear, ben, "up") - mean(late, ben, "up") < 0.2
        received, lost = await ben.audio_counts()
        assert (received > 500, lost) == (True, 0)
