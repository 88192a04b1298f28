"""What callers are told of a real call: a real relay, aiortc peers, an impaired path."""

import asyncio
import time
from typing import Any

import pytest

from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.impair import CLEAR, Profile
from tests.support.server import Server

pytestmark = pytest.mark.timeout(90)
SEED = 11
LOSSY = Profile(loss=0.1)


async def next_seconds(peer: CallPeer, count: int) -> list[Any]:
    """The next `call_quality` events."""
    wanted = len(peer.client.seen("call_quality")) + count
    return (await peer.client.wait_for_count("call_quality", wanted, within_s=2 * count + 5))[-count:]


def leg(second: Any, user_id: str, direction: str) -> Any:
    (found,) = (leg for leg in second["legs"] if (leg["userId"], leg["direction"]) == (user_id, direction))
    return found


async def until_both_hear(*peers: CallPeer) -> None:
    began = time.monotonic()
    await asyncio.gather(*(peer.until_media(began, 10.0) for peer in peers))


async def test_both_are_told_each_second_of_every_leg(server: Server) -> None:
    async with two_in_a_call(server) as (ana, ben):
        await until_both_hear(ana, ben)
        began = time.monotonic()
        told, other = await asyncio.gather(next_seconds(ana, 8), next_seconds(ben, 8))
        assert 7 <= time.monotonic() - began <= 16
        for second in (told[-1], other[-1]):
            assert second["callId"] == ana.call_id
            for user_id in (ana.user_id, ben.user_id):
                for direction in ("up", "down"):
                    found = leg(second, user_id, direction)
                    assert found["level"] in ("good", "fair", "poor")
                    assert 1 <= found["mos"] <= 4.5
                    assert found["bitrate"] > 50_000
                    assert 0 <= found["rttMs"] < 1000
                    assert found["fps"] > 0
        # Nothing is lost on loopback and both send; a busy machine may shake it.
        assert not any(second.get("cause", {}).get("kind") in ("loss", "device") for second in told + other)


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_loss_is_told_to_both_with_its_owner_and_way(server: Server, direction: str) -> None:
    async with two_in_a_call(server, seed=SEED) as (ana, ben):
        await until_both_hear(ana, ben)
        assert ana.path is not None
        ana.path.impair(*((LOSSY, CLEAR) if direction == "up" else (CLEAR, LOSSY)))
        told, other = await asyncio.gather(next_seconds(ana, 10), next_seconds(ben, 10))
        causes = [second["cause"] for second in told[4:] + other[4:] if "cause" in second]
        # A busy machine may be `host` for a second, or shake a path; of losses nobody else is ever accused.
        owners = {(cause["userId"], cause["direction"]) for cause in causes if cause["kind"] == "loss"}
        assert owners == {(ana.user_id, direction)}
        text = next(cause["text"] for cause in causes if cause["kind"] == "loss")
        assert ("uplink" if direction == "up" else "downlink") in text
        assert any(leg(second, ana.user_id, direction)["loss"] > 0.03 for second in told[4:])
        hears = ben if direction == "up" else ana
        assert min(leg(second, hears.user_id, "down")["mos"] for second in told[4:]) < 3.6


async def test_who_talks_into_a_muted_microphone_is_told_of_within_two_seconds(server: Server) -> None:
    async with two_in_a_call(server) as (ana, ben):
        await until_both_hear(ana, ben)
        await ana.client.ok("call_media", {"callId": ana.call_id, "audio": False, "video": True, "speaking": True})
        began = time.monotonic()
        for peer in (ana, ben):
            notice = await peer.client.wait_for("call_notice", lambda data: data["kind"] == "muted_while_speaking")
            assert notice["userId"] == ana.user_id
            assert notice["text"]
        assert time.monotonic() - began < 4  # two on a quiet machine
