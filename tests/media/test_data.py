"""Data channels of two people, over the SCTP of real aiortc peers and a link in memory."""

import asyncio
from collections import Counter

import pytest
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters

from media.data import MAX_WAITING, OWN_CHANNEL_S, DataBridge
from media.transport import TransportRefusal
from media.transport.aiortc_hooks import Association
from tests.media.transport.peers import until
from tests.support.clock import FakeClock, FakeTimers

Message = str | bytes


class Bridge:
    """A bridge with timers that fire when the test says so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.refused: Counter[TransportRefusal] = Counter()
        self.bridge = DataBridge(self.clock, self.timers, self._refuse)

    def _refuse(self, kind: TransportRefusal) -> None:
        self.refused[kind] += 1


class Client:
    """A person's browser: its association, and what its channels got."""

    def __init__(self, bridge: Bridge, name: str, *labels: str) -> None:
        self.bridge, self.name = bridge, name
        self.connected = True
        self.got: list[tuple[str, Message]] = []
        self.channels: dict[str, RTCDataChannel] = {}
        self.closed: list[str] = []
        self.association = Association(self._up, 5000)
        self.association.transport._role = "client"
        self.association.on("datachannel", self._take)
        for label in labels:
            self.open(label)

    def _up(self, packet: bytes) -> None:
        asyncio.get_running_loop().call_soon(lambda: self._receive(packet))

    def _down(self, packet: bytes) -> None:
        if not self.connected:
            raise ConnectionError
        asyncio.get_running_loop().call_soon(self.association.feed, packet)

    def join(self, *, max_message_size: int = 65_536) -> "Client":
        self._receive = self.bridge.bridge.join(
            self.name, self._down, remote_port=5000, remote_max_message_size=max_message_size
        )
        self.association.begin(5000, 65_536)
        return self

    def open(self, label: str, *, protocol: str = "", ordered: bool = True) -> RTCDataChannel:
        parameters = RTCDataChannelParameters(
            label=label, protocol=protocol, ordered=ordered, maxRetransmits=None if ordered else 0
        )
        channel = RTCDataChannel(self.association, parameters)
        self._take(channel)
        return channel

    def _take(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", lambda message: self.got.append((channel.label, message)))
        channel.on("close", lambda: self.closed.append(channel.label))

    async def ready(self, *labels: str) -> None:
        await until(
            lambda: all(label in self.channels and self.channels[label].readyState == "open" for label in labels)
        )

    async def hears(self, *messages: tuple[str, Message]) -> None:
        await until(lambda: len(self.got) >= len(messages))
        assert self.got == list(messages)


@pytest.fixture
async def bridge() -> Bridge:
    return Bridge()


async def test_channels_of_one_label_that_both_made_are_one(bridge: Bridge) -> None:
    ann, bob = Client(bridge, "ann", "chat").join(), Client(bridge, "bob", "chat").join()
    await ann.ready("chat")
    await bob.ready("chat")
    ann.channels["chat"].send("hello")
    ann.channels["chat"].send(b"\0\1")
    ann.channels["chat"].send("")
    await bob.hears(("chat", "hello"), ("chat", b"\0\1"), ("chat", ""))
    bob.channels["chat"].send("x" * 60_000)
    await ann.hears(("chat", "x" * 60_000))
    await bridge.timers.advance(OWN_CHANNEL_S)
    assert len(ann.association.open_channels) == len(bob.association.open_channels) == 1
    assert bridge.refused == {}


async def test_a_channel_that_only_one_made_is_opened_at_the_other_with_what_was_sent_meanwhile(
    bridge: Bridge,
) -> None:
    ann, bob = Client(bridge, "ann", "chat").join(), Client(bridge, "bob", "chat").join()
    await bob.ready("chat")
    moves = ann.open("moves", protocol="game", ordered=False)
    await ann.ready("chat", "moves")
    moves.send("first")
    await asyncio.sleep(0.02)
    await bridge.timers.advance(OWN_CHANNEL_S)
    await bob.ready("moves")
    moves.send("second")
    await bob.hears(("moves", "first"), ("moves", "second"))
    theirs = bob.channels["moves"]
    assert (theirs.protocol, theirs.ordered, theirs.maxRetransmits) == ("game", False, 0)
    theirs.send("back")
    await ann.hears(("moves", "back"))
    assert bridge.timers.armed == []


async def test_who_comes_later_gets_what_was_said_before(bridge: Bridge) -> None:
    ann = Client(bridge, "ann", "chat").join()
    await ann.ready("chat")
    ann.channels["chat"].send("are you there?")
    await asyncio.sleep(0.02)
    await bridge.timers.advance(OWN_CHANNEL_S)
    bob = Client(bridge, "bob", "chat").join()
    await bob.hears(("chat", "are you there?"))


async def test_a_channel_that_closes_closes_at_the_other(bridge: Bridge) -> None:
    ann, bob = Client(bridge, "ann", "chat").join(), Client(bridge, "bob", "chat").join()
    await ann.ready("chat")
    await bob.ready("chat")
    ann.channels["chat"].send("bye")
    await bob.hears(("chat", "bye"))
    ann.channels["chat"].close()
    await until(lambda: bob.closed == ["chat"])


async def test_who_comes_back_finds_the_other_s_channel_again(bridge: Bridge) -> None:
    ann, bob = Client(bridge, "ann", "chat").join(), Client(bridge, "bob", "chat").join()
    await ann.ready("chat")
    await bob.ready("chat")
    ann.connected = False
    bridge.bridge.leave("ann")
    bob.channels["chat"].send("still here")
    await asyncio.sleep(0.02)
    again = Client(bridge, "ann", "chat").join()
    await again.hears(("chat", "still here"))
    again.channels["chat"].send("back")
    await bob.hears(("chat", "back"))
    await bridge.timers.advance(OWN_CHANNEL_S)
    assert len(bob.association.open_channels) == 1
    assert bob.closed == []


async def test_what_waits_is_bounded_and_the_channel_closes_instead_of_losing(bridge: Bridge) -> None:
    ann = Client(bridge, "ann", "chat").join()
    await ann.ready("chat")
    for _ in range(MAX_WAITING // 50_000 + 1):
        ann.channels["chat"].send("x" * 50_000)
    await until(lambda: ann.closed == ["chat"])
    assert bridge.refused == {TransportRefusal.SCTP_LIMIT: 1}


async def test_a_message_that_the_other_does_not_take_closes_both(bridge: Bridge) -> None:
    ann = Client(bridge, "ann", "chat").join()
    bob = Client(bridge, "bob", "chat").join(max_message_size=1000)
    await ann.ready("chat")
    await bob.ready("chat")
    ann.channels["chat"].send("x" * 1001)
    await until(lambda: ann.closed == bob.closed == ["chat"])
    assert bridge.refused == {TransportRefusal.SCTP_LIMIT: 1}


async def test_the_end_of_the_call_ends_both_associations(bridge: Bridge) -> None:
    ann, bob = Client(bridge, "ann", "chat").join(), Client(bridge, "bob", "chat").join()
    await ann.ready("chat")
    await bob.ready("chat")
    bridge.bridge.close()
    await until(lambda: ann.closed == bob.closed == ["chat"])
    bridge.bridge.leave("ann")
    await bridge.timers.advance(OWN_CHANNEL_S)
    assert bridge.timers.failures == []
