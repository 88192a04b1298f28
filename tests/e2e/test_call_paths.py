"""A call survives what happens to one person's path: cut for ten seconds, or another address.

After ten seconds nobody keeps what was lost: pictures come back by key frames, which the relay asks both senders for.
"""

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from tests.support.call_peer import PICTURES_PER_S, CallPeer, ssrc_of, two_in_a_call
from tests.support.impair import Direction, ImpairedPath
from tests.support.server import Server

CUT_S = 10.0
RECONNECTING_S = 7.0  # silence of the relay's transport until it calls a leg lost
RECONNECTING_MARGIN_S = 1.5
BACK_S = 3.0
MOVED_S = 1.0
UNCHECKED_S = 0.3
CONSENT_S = 6.5  # between two checks, 6 s at most, with what a busy machine adds
SOUNDS_PER_S = 50
PICTURE_PACKETS = 10
SETTLED_S = 0.5  # from the first packet of a key frame until nothing older is being decoded

pytestmark = pytest.mark.timeout(90)


def path_of(peer: CallPeer) -> ImpairedPath:
    """The bad network of this peer's leg."""
    assert peer.path is not None
    return peer.path


def states(peer: CallPeer) -> list[str]:
    """The states of the call as this device was told, without repetitions."""
    told = [data["state"] for data in peer.client.seen("call_state")]
    return [state for index, state in enumerate(told) if index == 0 or told[index - 1] != state]


def is_active(data: dict[str, Any]) -> bool:
    """Whether a `call_state` says that media flows."""
    return bool(data["state"] == "active")


async def until_both_flow(ana: CallPeer, ben: CallPeer, within_s: float) -> float:
    """Seconds until both had media that came after now."""
    now = time.monotonic()
    await asyncio.gather(*(peer.until_media(now, within_s) for peer in (ana, ben)))
    return time.monotonic() - now


async def heals(peer: CallPeer, asked: int, since: float) -> None:
    """This peer is asked for a key frame more than the `asked` times before, and one of the other's has come since
    then; of the second of pictures after it none is broken."""
    await peer.until(lambda: peer.key_frames_asked > asked, BACK_S, "being asked for a key frame")
    await peer.until(lambda: max(peer.key_frames) >= since, BACK_S, "a key frame")
    healed = min(when for when in peer.key_frames if when >= since) + SETTLED_S
    await peer.until_media(healed, BACK_S, pictures=PICTURES_PER_S)
    assert [when for when in peer.received.spoilt if when >= healed] == []


@pytest.mark.parametrize("restarts", [False, True], ids=["same credentials", "ICE restart"])
async def test_media_returns_after_a_cut_of_ten_seconds_in_the_same_call(server: Server, restarts: bool) -> None:
    async with two_in_a_call(server, seed=1) as (ana, ben):
        await until_both_flow(ana, ben, 5.0)
        cut_at = time.monotonic()
        path_of(ana).is_cut = True
        for peer in (ana, ben):
            await peer.client.wait_for("call_state", lambda data: data["state"] == "reconnecting", within_s=CUT_S)
        told_after = time.monotonic() - cut_at
        assert RECONNECTING_S - 0.1 <= told_after <= RECONNECTING_S + RECONNECTING_MARGIN_S
        await asyncio.sleep(cut_at + CUT_S - time.monotonic())
        asked, back = [peer.key_frames_asked for peer in (ana, ben)], time.monotonic()
        path_of(ana).is_cut = False
        returned = asyncio.ensure_future(until_both_flow(ana, ben, BACK_S))
        if restarts:
            await ana.restart_ice()
        await returned
        await asyncio.gather(heals(ana, asked[0], back), heals(ben, asked[1], back))
        for peer in (ana, ben):
            await peer.client.wait_for_count("call_state", 2, is_active, within_s=BACK_S)
            assert states(peer)[-3:] == ["active", "reconnecting", "active"]
            assert {data["callId"] for data in peer.client.seen("call_state")} == {ana.call_id}
            assert not peer.client.seen("call_ended")


async def refused_unchecked(server: Server) -> int:
    """Media packets so far that came from an address without a check."""
    shown = await asyncio.to_thread(server.metrics)
    return int(shown['media_refused_total{reason="rtp_unchecked_address"}'])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"], ids=["another port", "another address"])
async def test_media_goes_on_within_a_second_of_the_first_check_from_a_new_address(
    shared_server: Server, host: str
) -> None:
    """A client that notices the change checks at once, as this one is made to; until then its media is refused.

    Measured is the time from that check to media in both directions, which is the relay's part.
    """
    async with two_in_a_call(shared_server, seed=1) as (ana, ben):
        await until_both_flow(ana, ben, 5.0)
        before = path_of(ana).back
        await path_of(ana).move(host)
        assert path_of(ana).back != before
        await asyncio.sleep(UNCHECKED_S)  # what was on its way has arrived
        refused, heard = await refused_unchecked(shared_server), await ben.audio_counts()
        await asyncio.sleep(UNCHECKED_S)
        assert await refused_unchecked(shared_server) - refused >= UNCHECKED_S * SOUNDS_PER_S / 2
        assert await ben.audio_counts() == heard
        flowing = asyncio.ensure_future(until_both_flow(ana, ben, MOVED_S))
        await ana.check_path()
        await flowing
        assert states(ana)[-1] == states(ben)[-1] == "active"
        assert "reconnecting" not in states(ana) + states(ben)


async def test_a_client_that_notices_no_change_is_back_with_its_next_consent_check(shared_server: Server) -> None:
    """A router gave it another port, say. Its checks for consent come every 4 to 6 s (RFC 7675 5.1): so long at most
    the media of both is refused or lost, since nothing from an unchecked address is believed and a lite relay sends no
    checks of its own. From that check on sound and pictures pass within the second as above, and nobody has been told
    `reconnecting`. (When aiortc shows pictures again is its own affair: it waits for the 8 s that its buffer holds.)"""
    async with two_in_a_call(shared_server, seed=1) as (ana, ben):
        await until_both_flow(ana, ben, 5.0)
        path = path_of(ana)
        pictures: tuple[Direction, int] = ("down", ssrc_of(ana.answer, "video"))
        moved = time.monotonic()
        await path.move("127.0.0.1")
        await ana.until(lambda: path.checked_at > moved, CONSENT_S, "its own check for consent")
        passed, checked = path.passed[pictures], time.monotonic()
        await asyncio.gather(
            ana.until(lambda: path.passed[pictures] - passed >= PICTURE_PACKETS, MOVED_S, "packets of pictures"),
            *(peer.until(partial(hears, peer, checked), MOVED_S, "sound") for peer in (ana, ben)),
        )
        assert "reconnecting" not in states(ana) + states(ben)


def hears(peer: CallPeer, since: float) -> bool:
    """Whether a fifth of a second of sound has come since then."""
    return sum(when >= since for when, _ in peer.received.sound) >= SOUNDS_PER_S / 5
