"""Dead air in real calls: a social silence gets one topic, a technical one none but what is the matter.

Each call has a relay, two aiortc peers with voices that talk in turns, and a trouble after the last word, at a moment
and on a side that follow from the seed. The long forms write `benches/reports/call_silence.json` and
`call_topics.json`.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.impair import Profile
from tests.support.microphone import Microphone
from tests.support.server import Server

pytestmark = [pytest.mark.needs("espeak-ng"), pytest.mark.timeout(90)]

REPORTS = Path(__file__).resolve().parents[2] / "benches/reports"
SEED = 23
GONE = Profile(loss=1.0)
SILENCE_S = 9.0
DEAD_AIR_MS, OFF_MS = 7_000, 1_000
INTERVAL_S = 120.0  # in which no second topic comes
LATEST_S = 3.0  # of a trouble, after the last word
MUTED_TOLD_S = 2.0
RECONNECTING_S = 7.0  # without a packet (wire contract, 11.4)
BUSY_S = 2.0  # that a busy machine may take longer
AT_ONCE = 2  # calls; a processor keeps as many of aiortc in time
LINES = (
    ("en-us", "I was on the ridge above the lake at sunrise."),
    ("en-gb", "Then you saw the whole valley fill with light."),
)


class Talk:
    """A call of two with voices. `side` is the one with the trouble."""

    def __init__(self, peers: tuple[CallPeer, CallPeer], microphones: tuple[Microphone, Microphone], seed: int) -> None:
        self.peers = peers
        self.random = random.Random(seed)
        self._microphones = microphones
        number = self.random.randrange(2)
        self.side, self.other = peers[number], peers[1 - number]
        self.last_word = self.trouble_at = 0.0

    async def line(self, number: int) -> None:
        """One of the two says something."""
        await self._microphones[number].say(LINES[number][1])
        self.last_word = time.monotonic()

    async def both_talk(self) -> None:
        for number in range(2):
            await self.line(number)

    async def quiet(self, seconds: float = SILENCE_S) -> None:
        """Until so many seconds after the last word."""
        await asyncio.sleep(max(0.0, self.last_word + seconds - time.monotonic()))

    def topics(self) -> list[list[Any]]:
        """What each has been shown so far."""
        return [peer.client.seen("topic_prompt") for peer in self.peers]

    def notices(self) -> list[Any]:
        """What both have been told of troubles."""
        return [told for peer in self.peers for told in peer.client.seen("call_notice")]

    def cut(self, peer: CallPeer) -> None:
        assert peer.path is not None
        peer.path.is_cut = True

    async def both_know_who_is_away(self, *away: CallPeer) -> None:
        """By `call_state`: each of these is named in it."""
        names = {peer.user_id for peer in away}

        def named(state: Any) -> bool:
            states = {each["userId"]: each["state"] for each in state["participants"]}
            return state["state"] == "reconnecting" and all(states[name] == "reconnecting" for name in names)

        for peer in self.peers:
            await peer.client.wait_for("call_state", named, within_s=RECONNECTING_S + BUSY_S)

    async def both_are_told(self, kind: str, side: CallPeer, within_s: float = 10.0) -> None:
        for peer in self.peers:
            await peer.client.wait_for(
                "call_notice", lambda told: (told["kind"], told["userId"]) == (kind, side.user_id), within_s=within_s
            )


def has_media(peer: CallPeer, video: bool) -> bool:
    return bool(peer.received.sound) and (bool(peer.received.pictures) or not video)


@contextlib.asynccontextmanager
async def talking(server: Server, seed: int, *, video: bool = False) -> AsyncIterator[Talk]:
    """A call in which both hear each other. Both legs run over paths, clear at first."""
    microphones = Microphone(LINES[0][0], seed), Microphone(LINES[1][0], seed + 1)
    async with two_in_a_call(server, seed=seed, ben_seed=seed + 1, video=video, microphones=microphones) as peers:
        for peer in peers:
            await peer.until(partial(has_media, peer, video), 10, "media")
        yield Talk(peers, microphones, seed)


async def social(server: Server, seed: int) -> None:
    """Nothing is the matter: both are shown the same topic, once."""
    async with talking(server, seed) as talk:
        await talk.both_talk()
        for peer in talk.peers:
            await peer.client.wait_for("topic_prompt", within_s=SILENCE_S + BUSY_S)
        await talk.quiet()
        (ana,), (ben,) = talk.topics()
        assert ana["promptId"] == ben["promptId"]
        assert ana["callId"] == ben["callId"] == talk.side.call_id
        assert ana["why"] == ben["why"] == "dead_air"
        assert ana["text"]
        assert abs(ana["silenceMs"] - DEAD_AIR_MS) <= OFF_MS
        assert talk.notices() == []


async def uplink_gone(talk: Talk) -> None:
    """No packet of one comes to the relay."""
    assert talk.side.path is not None
    talk.side.path.impair(up=GONE)
    await talk.both_are_told("one_way_audio", talk.side)


async def downlink_gone(talk: Talk) -> None:
    """No packet reaches one from the relay."""
    assert talk.side.path is not None
    talk.side.path.impair(down=GONE)
    await talk.both_are_told("poor_downlink", talk.side)


async def muted(talk: Talk) -> None:
    """One has muted the microphone, and talks into it later."""
    switched_off = {"callId": talk.side.call_id, "audio": False, "video": False}
    await talk.side.client.ok("call_media", switched_off)
    await talk.other.client.wait_for(
        "call_media", lambda told: (told["userId"], told["audio"]) == (talk.side.user_id, False)
    )
    await talk.quiet()
    assert talk.topics() == [[], []]
    await talk.side.client.ok("call_media", {**switched_off, "speaking": True})
    talk.trouble_at = time.monotonic()
    await talk.both_are_told("muted_while_speaking", talk.side, within_s=MUTED_TOLD_S + BUSY_S)


async def camera_frozen(talk: Talk) -> None:
    """The camera of one hangs; both still hear each other."""
    talk.side.pictures.freeze()
    await talk.both_are_told("camera_frozen", talk.side)


async def path_cut(talk: Talk) -> None:
    """Nothing comes from one, nor reaches them."""
    talk.cut(talk.side)
    await talk.both_are_told("one_way_audio", talk.side)
    await talk.both_are_told("peer_reconnecting", talk.side, within_s=RECONNECTING_S + BUSY_S)
    await talk.both_know_who_is_away(talk.side)


async def both_paths_cut(talk: Talk) -> None:
    """Likewise of both, and each is named."""
    talk.cut(talk.side)
    talk.cut(talk.other)
    for peer in talk.peers:
        await talk.both_are_told("one_way_audio", peer)
    await talk.both_know_who_is_away(talk.side, talk.other)


Trouble = Callable[[Talk], Awaitable[None]]
TROUBLES: tuple[Trouble, ...] = (uplink_gone, downlink_gone, muted, camera_frozen, path_cut, both_paths_cut)


async def technical(server: Server, trouble: Trouble, seed: int) -> dict[str, Any]:
    """A silence with this trouble: it is told, and nobody is shown a topic."""
    async with talking(server, seed, video=trouble is camera_frozen) as talk:
        await talk.both_talk()
        after_s = talk.random.uniform(0.0, LATEST_S)
        await talk.quiet(after_s)
        talk.trouble_at = time.monotonic()
        await trouble(talk)
        told_s = time.monotonic() - talk.trouble_at
        await talk.quiet()
        assert talk.topics() == [[], []], (trouble.__name__, seed)
        return {
            "trouble": trouble.__name__,
            "seed": seed,
            "afterTheLastWord_s": round(after_s, 2),
            "told_s": round(told_s, 2),
            "prompts": 0,
        }


async def several(server: Server, troubles: Sequence[Trouble], seed: int) -> list[dict[str, Any]]:
    """These silences at the same time."""
    return await asyncio.gather(
        *(technical(server, trouble, seed + 10 * number) for number, trouble in enumerate(troubles))
    )


async def test_a_social_silence_gets_one_topic(server: Server) -> None:
    await social(server, SEED)
    assert outcomes(server) == {"shown": 1}


@pytest.mark.parametrize("number", range(0, len(TROUBLES), AT_ONCE))
async def test_a_technical_silence_is_explained_and_gets_no_topic(server: Server, number: int) -> None:
    await several(server, TROUBLES[number : number + AT_ONCE], SEED + 10 * number)
    assert outcomes(server) == {}


def outcomes(server: Server) -> dict[str, int]:
    """How many topics came to what, as an operator sees it; each one shown counts once more when it is judged."""
    found = {
        outcome: int(server.metrics()[f'talk_prompts_total{{outcome="{outcome}",trigger="dead_air"}}'])
        for outcome in ("shown", "held_back_recent", "failed")
    }
    return {outcome: count for outcome, count in found.items() if count}


def write(name: str, report: dict[str, Any]) -> None:
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / name).write_text(json.dumps(report, indent=2) + "\n")


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_twenty_of_twenty_technical_silences_get_no_topic(server: Server) -> None:
    troubles = [TROUBLES[number % len(TROUBLES)] for number in range(20)]
    found = []
    for number in range(0, 20, AT_ONCE):
        found += await several(server, troubles[number : number + AT_ONCE], SEED + 100 + 10 * number)
    assert len(found) == 20
    assert outcomes(server) == {}
    write("call_silence.json", {"seed": SEED, "cases": found, "prompts": 0})


async def live_talk(server: Server, seed: int, seconds: float) -> int:
    """Turns with pauses of up to 4 s get no topic. How many turns there were."""
    async with talking(server, seed) as talk:
        turns, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            await talk.line(talk.random.randrange(2))
            turns += 1
            await talk.quiet(talk.random.uniform(0.2, 4.0))
        assert talk.topics() == [[], []]
        return turns


async def silences_after_a_topic(server: Server, seed: int) -> dict[str, Any]:
    """Further silences get none for 120 s; the first one after that gets one."""
    async with talking(server, seed) as talk:
        await talk.both_talk()
        await talk.peers[0].client.wait_for("topic_prompt", within_s=SILENCE_S + BUSY_S)
        shown_at = time.monotonic()
        silences = 0
        while time.monotonic() + SILENCE_S + 2 * BUSY_S < shown_at + INTERVAL_S:
            await talk.line(silences % 2)
            await talk.quiet()
            silences += 1
        assert [len(shown) for shown in talk.topics()] == [1, 1]
        await asyncio.sleep(shown_at + INTERVAL_S - time.monotonic())
        await talk.line(0)
        for peer in talk.peers:
            await peer.client.wait_for_count("topic_prompt", 2, within_s=SILENCE_S + BUSY_S)
        return {"seed": seed, "silencesWithin120s": silences, "topicsInThem": 0}


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_live_talk_gets_no_topic_and_a_topic_is_followed_by_none_for_two_minutes(server: Server) -> None:
    turns, after = await asyncio.gather(live_talk(server, SEED, 180.0), silences_after_a_topic(server, SEED + 10))
    assert turns > 30
    assert after["silencesWithin120s"] >= 6
    assert outcomes(server).get("failed", 0) == 0
    assert outcomes(server)["shown"] == 2
    write("call_topics.json", {"liveTalk": {"seed": SEED, "seconds": 180, "turns": turns, "topics": 0}, "after": after})
