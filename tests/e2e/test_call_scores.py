"""What talk is worth by its score: clear on loopback, less the more a leg loses, and the other leg's left alone."""

import statistics
from collections.abc import Sequence
from typing import Any

import pytest

from tests.e2e.test_call_quality import leg, next_seconds
from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.impair import CLEAR, Profile
from tests.support.microphone import conversation
from tests.support.server import Server

pytestmark = [pytest.mark.needs("espeak-ng"), pytest.mark.timeout(120)]
SEED = 4
SETTLE_S = 5  # seconds over which losses and levels are averaged, and one more


def scores(seconds: Sequence[Any], peer: CallPeer, direction: str) -> list[float]:
    """Of a direction in these seconds."""
    return [leg(second, peer.user_id, direction)["mos"] for second in seconds]


def mean(seconds: Sequence[Any], peer: CallPeer, direction: str) -> float:
    return statistics.fmean(scores(seconds, peer, direction))


def usual(seconds: Sequence[Any], peer: CallPeer, direction: str) -> float:
    """The middle one: a second in which a busy machine holds up everybody is not the path's doing."""
    return statistics.median(scores(seconds, peer, direction))


async def seconds_of(peer: CallPeer, count: int) -> list[Any]:
    await next_seconds(peer, SETTLE_S)
    return await next_seconds(peer, count)


async def test_loss_costs_its_own_leg_and_no_other(server: Server) -> None:
    async with (
        conversation(SEED) as microphones,
        two_in_a_call(server, seed=SEED, video=False, microphones=microphones) as (ana, ben),
    ):
        assert ana.path is not None
        clear = await seconds_of(ana, 6)
        for peer in (ana, ben):
            for direction in ("up", "down"):
                assert usual(clear, peer, direction) > 4.2
        for loss, least in ((0.05, 0.8), (0.1, 1.5)):
            ana.path.impair(Profile(loss=loss), CLEAR)
            lossy = await seconds_of(ana, 15)
            assert usual(clear, ana, "up") - usual(lossy, ana, "up") >= least
            assert usual(clear, ben, "up") - usual(lossy, ben, "up") < 0.2
            assert usual(clear, ana, "down") - usual(lossy, ana, "down") < 0.2


async def test_late_packets_cost_although_nothing_is_lost(server: Server) -> None:
    async with (
        conversation(SEED) as microphones,
        two_in_a_call(server, seed=SEED, video=False, microphones=microphones) as (ana, ben),
    ):
        assert ana.path is not None
        clear = await seconds_of(ana, 5)
        ana.path.impair(Profile(spike=0.06, spike_probability=0.006), CLEAR)
        late = await seconds_of(ana, 20)
        assert mean(clear, ana, "up") - mean(late, ana, "up") > 0.1
        assert usual(clear, ben, "up") - usual(late, ben, "up") < 0.2
        received, lost = await ben.audio_counts()
        assert (received > 500, lost) == (True, 0)
