"""A call over a leg that loses or shakes: what the relay and the other side make of it.

Here all is repaired by retransmission; `test_call_paths.py` has the loss that nobody can repair, and its key frames.
"""

import asyncio
import re
import time
from dataclasses import astuple, dataclass

import pytest

from tests.support.call_peer import PICTURES_PER_S, CallPeer, ssrc_of, two_in_a_call
from tests.support.impair import Direction, ImpairedPath, Profile
from tests.support.server import Server

SEED = 7
SECONDS = 10.0
REPAIRED, BEING_REPAIRED = 0.8, 2  # share of the lost pictures' packets; packets that are being asked for at the end
IN_FLIGHT = 15  # audio packets (300 ms) between the path and the receiver's count

pytestmark = pytest.mark.timeout(60)


def path_of(peer: CallPeer) -> ImpairedPath:
    assert peer.path is not None
    return peer.path


async def assert_audio_loses_what_the_path_lost(ana: CallPeer, ben: CallPeer) -> None:
    """Exact: the receiver is read before the path, whose count can only be ahead. Nothing is repaired in audio."""
    legs: list[tuple[CallPeer, Direction, int]] = [
        (ben, "up", ssrc_of(ana.pc.localDescription.sdp, "audio")),
        (ana, "down", ssrc_of(ana.answer, "audio")),
    ]
    for receiver, direction, ssrc in legs:
        received, lost = await receiver.audio_counts()
        path_lost = path_of(ana).lost[direction, ssrc]
        assert received >= path_of(ana).passed[direction, ssrc] - IN_FLIGHT > 0
        assert path_lost - IN_FLIGHT <= lost <= path_lost


def pictures(receiver: CallPeer, sender: CallPeer, since: float, first: int) -> tuple[float, float]:
    """(share of the pictures since then that arrived, longest gap in seconds)."""
    sent = sender.pictures.sent - first
    share, gap = len(set(receiver.received.numbers(since))) / sent, receiver.received.longest_gap(since)
    return share, gap


@dataclass(frozen=True)
class Repairs:
    """What was asked for and came again so far: of a call of which only Ana's leg is impaired."""

    taken: int  # packets that the relay missed and then had by retransmission
    given: int  # packets that the relay sent again
    lost_up: int  # of Ana's pictures
    lost_down: int  # of Ben's
    again_up: int  # retransmissions that the path let through
    again_down: int

    @classmethod
    async def so_far(cls, server: Server, ana: CallPeer) -> "Repairs":
        """Counts of the whole server: one that serves other calls meanwhile tells nothing."""
        path, offer, answer = path_of(ana), ana.pc.localDescription.sdp, ana.answer
        lost = path.lost["up", ssrc_of(offer, "video")], path.lost["down", ssrc_of(answer, "video")]
        again = path.passed["up", rtx_of(offer)], path.passed["down", rtx_of(answer)]
        shown = await asyncio.to_thread(server.metrics)
        taken, given = (int(shown[f'media_retransmitted_total{{direction="{way}"}}']) for way in ("in", "out"))
        return cls(taken, given, *lost, *again)

    def since(self, before: "Repairs") -> "Repairs":
        """The difference."""
        return Repairs(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


def rtx_of(sdp: str) -> int:
    """The SSRC of the pictures' retransmissions (RFC 4588 5.3, FID group)."""
    found = re.search(rf"a=ssrc-group:FID {ssrc_of(sdp, 'video')} (\d+)", sdp)
    assert found is not None, sdp
    return int(found[1])


def assert_repaired(found: Repairs) -> None:
    """By retransmission, on the leg that lost: the relay what it missed of Ana, Ana what she missed of the relay."""
    assert found.taken >= REPAIRED * (found.lost_up - BEING_REPAIRED), found
    assert found.again_down >= REPAIRED * (found.lost_down - BEING_REPAIRED), found
    assert found.taken <= found.again_up, found
    assert found.again_down <= found.given, found


@pytest.mark.parametrize(
    ("profile", "least_share", "longest_gap"),
    [
        (Profile(loss=0.01), 0.9, 1.5),
        (Profile(loss=0.05), 0.8, 2.0),
        (Profile(loss=0.1), 0.6, 3.0),  # aiortc asks for a packet once: then it stands still until a key frame
        (Profile(jitter=0.06), 0.9, 1.0),
    ],
    ids=["1 % loss", "5 % loss", "10 % loss", "60 ms jitter"],
)
async def test_video_recovers_and_audio_loses_no_more_than_the_path_lost(
    shared_server: Server, profile: Profile, least_share: float, longest_gap: float
) -> None:
    async with two_in_a_call(shared_server, seed=SEED) as (ana, ben):
        began = time.monotonic()
        await asyncio.gather(*(peer.until_media(began, 5.0) for peer in (ana, ben)))
        path_of(ana).impair(profile, profile)
        before = await Repairs.so_far(shared_server, ana)
        since, firsts = time.monotonic(), [ana.pictures.sent, ben.pictures.sent]
        await asyncio.sleep(SECONDS)
        found = [
            pictures(ben, ana, since, firsts[0]),
            pictures(ana, ben, since, firsts[1]),
        ]
        await assert_audio_loses_what_the_path_lost(ana, ben)
        repairs = (await Repairs.so_far(shared_server, ana)).since(before)
        for receiver, sender in ((ana, ben), (ben, ana)):
            behind = sender.pictures.sent - receiver.received.numbers(since)[-1]
            assert behind <= longest_gap * PICTURES_PER_S  # it still moves at the end
        for share, gap in found:
            assert share >= least_share
            assert gap <= longest_gap
        assert_repaired(repairs)
        assert ana.received.spoilt == ben.received.spoilt == []
