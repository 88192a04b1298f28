"""The relay as a whole, with real aiortc peers over loopback."""

import asyncio
import itertools
import re
import socket
from collections.abc import AsyncIterator

import pytest
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from backends.bus_memory import MemoryBus
from backends.clock_system import SystemClock, UlidIds
from backends.timers_asyncio import AsyncioTimers
from media.engine.api import ARRIVAL, Refusal
from media.facts import LegConnected, LegLost, LegReturned
from media.service import MediaService, printable
from media.transport import TransportRefusal
from monitoring.metrics import MediaRefusal
from protocol.errors import InvalidPayload, Unavailable
from rooms.announcer import Announcer
from rooms.facts import Fact, FactBus
from rooms.kit import Kit
from tests.media.transport.peers import allow_loopback

CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


class Relay:
    """A running service with the facts that it has told."""

    def __init__(self, service: MediaService, facts: FactBus, timers: AsyncioTimers) -> None:
        self.service = service
        self.timers = timers
        self.told: list[Fact] = []
        for kind in (LegConnected, LegLost, LegReturned):
            facts.subscribe(kind, self.told.append)

    async def until_told(self, *facts: Fact) -> None:
        async with asyncio.timeout(10):
            while not set(facts) <= set(self.told):
                await asyncio.sleep(0.02)

    def packets(self, direction: str) -> int:
        return sum(
            stream.packets for leg in self.service.snapshot() for stream in leg.streams if stream.direction == direction
        )


def make_service() -> Relay:
    clock, facts = SystemClock(), FactBus()
    timers = AsyncioTimers(clock)
    kit = Kit(clock=clock, ids=UlidIds(clock), timers=timers, facts=facts, announcer=Announcer(MemoryBus()))
    return Relay(MediaService(kit), facts, timers)


@pytest.fixture
async def relay(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    allow_loopback(monkeypatch)
    relay = make_service()
    await relay.service.start(["127.0.0.1"], 0)
    yield relay
    await relay.service.stop()
    await relay.timers.aclose()


class Person:
    """An aiortc peer with a sound of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pc = RTCPeerConnection(CONFIGURATION)
        self.tracks: list[MediaStreamTrack] = []
        self.pc.on("track", self.tracks.append)
        self.pc.addTrack(AudioStreamTrack())
        self.answer = ""

    async def call(self, relay: Relay, call_id: str = "c") -> "Person":
        await self.pc.setLocalDescription(await self.pc.createOffer())
        self.answer = await relay.service.offer(call_id, self.name, self.pc.localDescription.sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(self.answer, "answer"))
        return self

    async def hears(self) -> None:
        """Ten frames of the other's sound arrive."""
        async with asyncio.timeout(10):
            for _ in range(10):
                await self.tracks[0].recv()


def ssrcs(answer: str) -> list[str]:
    return re.findall(r"a=ssrc:(\d+)", answer)


async def test_two_peers_hear_each_other_through_the_relay(relay: Relay) -> None:
    ann, bob = await Person("ann").call(relay), await Person("bob").call(relay)
    await relay.until_told(LegConnected("c", "ann"), LegConnected("c", "bob"))
    await asyncio.gather(ann.hears(), bob.hears())
    assert relay.packets("up") >= 20
    assert relay.packets("down") >= 20
    for person, other in ((ann, bob), (bob, ann)):
        offered = other.pc.localDescription.sdp
        ufrag = re.search(r"a=ice-ufrag:(\S+)", offered)
        assert ufrag is not None
        assert ufrag[1] not in person.answer
    await ann.pc.close()
    await relay.until_told(LegLost("c", "ann", closed=True))
    await bob.pc.close()


async def test_what_has_passed_is_counted_also_after_its_legs_and_no_snapshot_loses_by_it(relay: Relay) -> None:
    assert relay.service.counts().packets == dict.fromkeys(itertools.product(("in", "out"), ("audio", "video")), 0)
    ann, bob = await Person("ann").call(relay), await Person("bob").call(relay)
    await asyncio.gather(ann.hears(), bob.hears())
    counts = relay.service.counts()
    assert counts.legs == 2
    assert counts.packets["in", "audio"] >= counts.packets["out", "audio"] >= 20
    assert counts.octets["out", "audio"] >= 12 * counts.packets["out", "audio"]
    assert counts.packets["in", "video"] == counts.packets["out", "video"] == counts.retransmitted["out"] == 0
    logged = sum(len(stream.arrivals) for leg in relay.service.snapshot() for stream in leg.streams)
    assert logged >= counts.packets["in", "audio"] * ARRIVAL.size
    await relay.service.close("c")
    ended = relay.service.counts()
    assert ended.legs == 0
    assert ended.packets["out", "audio"] >= counts.packets["out", "audio"]
    await asyncio.gather(ann.pc.close(), bob.pc.close())


async def test_refusals_of_transport_and_engine_are_counted_together(relay: Relay) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (b"\x00", b"\x80" * 20, b"\x80" * 20):
            stranger.sendto(datagram, relay.service.addresses[0])
    expected = {"stun_malformed": 1, "rtp_unchecked_address": 2}
    async with asyncio.timeout(10):
        while relay.service.counts().refused != expected:
            await asyncio.sleep(0.02)


def test_every_refusal_of_the_media_path_has_its_label_in_the_metrics() -> None:
    labels = {refusal.value for refusal in MediaRefusal}
    assert labels == {refusal.value for refusal in (*Refusal, *TransportRefusal)}


async def test_another_offer_of_the_same_peer_keeps_its_ssrcs_and_the_sound(relay: Relay) -> None:
    ann, bob = await Person("ann").call(relay), await Person("bob").call(relay)
    await asyncio.gather(ann.hears(), bob.hears())
    before = ssrcs(ann.answer)
    again = await relay.service.offer("c", "ann", ann.pc.localDescription.sdp)
    assert ssrcs(again) == before
    await asyncio.gather(ann.hears(), bob.hears())
    restarted = re.sub(r"a=ice-(ufrag|pwd):\S+", r"a=ice-\1:abcdefghijklmnopqrstuvwx", ann.pc.localDescription.sdp)
    answered = await relay.service.offer("c", "ann", restarted)
    assert ssrcs(answered) == before
    ufrag = re.compile(r"a=ice-ufrag:(\S+)")
    assert ufrag.findall(answered) != ufrag.findall(again)
    await asyncio.gather(ann.pc.close(), bob.pc.close())


async def test_another_certificate_replaces_the_leg_and_the_call_goes_on(relay: Relay) -> None:
    ann, bob = await Person("ann").call(relay), await Person("bob").call(relay)
    await asyncio.gather(ann.hears(), bob.hears())
    other_device = await Person("ann").call(relay)
    await asyncio.gather(other_device.hears(), bob.hears())
    assert not any(isinstance(fact, LegLost) for fact in relay.told)
    assert len(relay.service.snapshot()) == 2
    await asyncio.gather(ann.pc.close(), bob.pc.close(), other_device.pc.close())


async def test_calls_do_not_mix_and_one_that_is_closed_leaves_nothing(relay: Relay) -> None:
    ann, bob = await Person("ann").call(relay, "one"), await Person("bob").call(relay, "two")
    await relay.until_told(LegConnected("one", "ann"), LegConnected("two", "bob"))
    await asyncio.sleep(0.3)
    assert relay.packets("down") == 0
    await relay.service.close("one")
    await relay.service.close("one")
    await relay.service.close("two")
    assert relay.service.snapshot() == []
    assert not [fact for fact in relay.told if isinstance(fact, LegLost)]
    await asyncio.gather(ann.pc.close(), bob.pc.close())


async def test_offers_that_are_none_and_a_relay_that_does_not_listen_are_refused(relay: Relay) -> None:
    with pytest.raises(InvalidPayload):
        await relay.service.offer("c", "ann", "v=0\r\n")
    with pytest.raises(Unavailable):
        await make_service().service.offer("c", "ann", "v=0\r\n")
    assert relay.service.ice_servers("ann") == ()
    assert len(relay.service.addresses) == 1


def test_ids_are_printable_ascii_of_at_most_128_characters() -> None:
    assert printable("a b") == "a%20b"
    assert re.fullmatch(r"[0-9a-f]{64}", printable("小" * 100))
