"""Data channels: two aiortc associations joined by a link, ours behind the guard."""

import asyncio
import random
import struct
import time
from collections import Counter

import pytest
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import USERDATA_MAX_LENGTH, RTCSctpTransport
from google_crc32c import value as crc32c

from media.transport.aiortc_hooks import Association
from media.transport.refusals import TransportRefusal
from media.transport.sctp import MAX_BUFFERED, MAX_LABEL, ChannelListener, DataChannels

from .peers import until
from .sctp_packets import BAD, GOOD, chunk, data, parameter


def sealed(association: RTCSctpTransport, chunks: bytes, *, tag: int | None = None) -> bytes:
    """A packet with the right tag and checksum, as only the peer can make it."""
    if tag is None:
        tag = association._local_verification_tag
    head = struct.pack("!HHL", 5000, 5000, tag)
    return head + struct.pack("<L", crc32c(head + bytes(4) + chunks)) + chunks


class Pair:
    """Our side and a peer; every packet goes through the event loop."""

    def __init__(self) -> None:
        self.refused: Counter[TransportRefusal] = Counter()
        self.opened: list[RTCDataChannel] = []
        self.messages: list[tuple[str, str | bytes]] = []
        self.closed = 0
        self.broken = False
        loop = asyncio.get_running_loop()
        listener = ChannelListener(
            on_open=self.opened.append,
            on_message=lambda channel, message: self.messages.append((channel.label, message)),
            on_closed=self._on_closed,
        )

        def down(packet: bytes) -> None:
            if self.broken:
                raise ConnectionError
            loop.call_soon(self.peer.feed, packet)

        self.ours = DataChannels(down, self._refuse, listener, remote_port=5000)
        self.peer = Association(lambda packet: void(loop.call_soon(self.ours.receive, packet)), 5000)
        self.peer.transport._role = "client"

    @property
    def association(self) -> Association:
        return self.ours._association

    def _refuse(self, kind: TransportRefusal) -> None:
        self.refused[kind] += 1

    def _on_closed(self) -> None:
        self.closed += 1

    async def connect(self) -> RTCDataChannel:
        """A channel of the peer, open on both sides."""
        channel = RTCDataChannel(self.peer, RTCDataChannelParameters(label="chat"))
        self.ours.start()
        self.peer.begin(5000, 65536)
        await until(lambda: channel.readyState == "open" and self.opened)
        return channel


def void(_: object) -> None:
    return None


@pytest.fixture
async def pair() -> Pair:
    return Pair()


async def test_a_channel_of_the_peer_carries_messages_both_ways(pair: Pair) -> None:
    theirs = await pair.connect()
    (ours,) = pair.opened
    assert pair.ours.open_channels == (ours,)
    got: list[str | bytes] = []
    theirs.on("message", got.append)
    theirs.send("hello")
    theirs.send(b"\0" * 50_000)
    assert pair.ours.send(ours, "back")
    await until(lambda: len(pair.messages) == 2 and got)
    assert pair.messages == [("chat", "hello"), ("chat", b"\0" * 50_000)]
    assert got == ["back"]
    assert not pair.refused
    pair.ours.close()


async def test_we_can_open_a_channel(pair: Pair) -> None:
    await pair.connect()
    theirs: list[RTCDataChannel] = []
    pair.peer.on("datachannel", theirs.append)
    pair.ours.open("side", ordered=False, max_retransmits=0)
    await until(lambda: len(pair.opened) == 2)
    assert [channel.label for channel in theirs] == ["side"]
    theirs[0].send("x")
    await until(lambda: pair.messages)
    assert pair.messages == [("side", "x")]
    pair.ours.close()


async def test_what_can_not_be_sent_is_refused(pair: Pair) -> None:
    await pair.connect()
    (ours,) = pair.opened
    assert not pair.ours.send(ours, bytes(65_537))
    sent = 0
    while pair.ours.send(ours, bytes(60_000)):
        sent += 1
    assert MAX_BUFFERED // 60_000 - 1 <= sent <= MAX_BUFFERED // 60_000
    pair.ours.close()
    assert not pair.ours.send(ours, "x")


async def test_a_channel_with_a_huge_label_is_closed(pair: Pair) -> None:
    await pair.connect()
    channel = RTCDataChannel(pair.peer, RTCDataChannelParameters(label="x" * (MAX_LABEL + 1)))
    await until(lambda: channel.readyState == "closed")
    assert len(pair.opened) == 1
    pair.ours.close()


async def test_the_end_is_told_once_and_nothing_is_taken_after_it(pair: Pair) -> None:
    await pair.connect()
    pair.peer.finish()
    await until(lambda: pair.closed)
    pair.ours.close()
    pair.ours.receive(sealed(pair.association, data()))
    assert (pair.closed, pair.ours.open_channels) == (1, ())


async def test_packets_are_lost_without_a_way_and_nobody_is_told(pair: Pair) -> None:
    pair.broken = True
    pair.ours.start()
    pair.ours.close()
    assert not pair.refused


async def test_a_parameter_of_length_zero_from_a_connected_peer_costs_nothing(pair: Pair) -> None:
    theirs = await pair.connect()
    packet = sealed(pair.association, chunk(4, struct.pack("!HH", 1, 0), flags=0))
    begun = time.thread_time()
    pair.ours.receive(packet)
    assert time.thread_time() - begun < 0.05
    assert pair.refused == {TransportRefusal.SCTP_MALFORMED: 1}
    theirs.send("still here")
    await until(lambda: pair.messages)
    pair.ours.close()


async def test_a_message_that_never_ends_ends_the_association(pair: Pair) -> None:
    await pair.connect()
    tsn = pair.association.window.last_tsn
    assert tsn is not None
    payload = bytes(USERDATA_MAX_LENGTH)
    for number in range(1, 2000):
        body = struct.pack("!LHHL", (tsn + number) % 2**32, 0, 1, 53) + payload
        pair.ours.receive(sealed(pair.association, chunk(0, body, flags=2 if number == 1 else 0)))
        if pair.closed:
            break
    assert pair.closed
    assert pair.refused == {TransportRefusal.SCTP_LIMIT: 1}


async def test_what_is_sent_ahead_of_a_gap_is_bounded_in_memory_and_time(pair: Pair) -> None:
    await pair.connect()
    tsn = pair.association.window.last_tsn
    assert tsn is not None
    slowest = 0.0
    for number in range(4000, 1, -1):
        begun = time.thread_time()
        pair.ours.receive(sealed(pair.association, data(tsn + number, payload=bytes(1000))))
        slowest = max(slowest, time.thread_time() - begun)
    assert slowest < 0.05
    assert pair.association.window.room >= 0
    assert pair.refused[TransportRefusal.SCTP_LIMIT] > 2900
    pair.ours.close()


async def test_second_opens_and_bad_text_are_counted_and_end_nothing(pair: Pair) -> None:
    theirs = await pair.connect()
    tsn = pair.association.window.last_tsn
    assert tsn is not None
    again = struct.pack("!LHHL", tsn + 1, 0, 1, 50) + struct.pack("!BBHLHH", 3, 0, 0, 0, 0, 0)
    no_text = struct.pack("!LHHL", tsn + 2, 0, 2, 51) + b"\xff\xfe"
    for body in (again, no_text):
        pair.ours.receive(sealed(pair.association, chunk(0, body)))
    assert pair.refused == {TransportRefusal.SCTP_MALFORMED: 2}
    assert pair.association.state == "connected"
    theirs.close()
    pair.ours.close()


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_packets_of_a_connected_peer_end_nothing_else(seed: int) -> None:
    """The corpus is every chunk type, good and bad; tag and checksum are right, as only the peer can make them."""
    random_ = random.Random(seed)
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
    corpus = list(GOOD.values()) + [chunks for chunks, _ in BAD.values()] + [chunk(4, parameter(1, bytes(8)))]
    slowest = 0.0
    refused: Counter[TransportRefusal] = Counter()
    pair = Pair()
    await pair.connect()
    for count in range(2500):
        chunks = bytearray(random_.choice(corpus))
        for _ in range(random_.randint(0, 4)):
            if chunks:
                chunks[random_.randrange(len(chunks))] = random_.choice([0, 1, 255, random_.randrange(256)])
        init = bytes(chunks[:1]) in (b"\1", b"\2")
        packet = sealed(pair.association, bytes(chunks), tag=0 if init and random_.random() < 0.9 else None)
        begun = time.thread_time()
        pair.ours.receive(packet)
        slowest = max(slowest, time.thread_time() - begun)
        if count % 50 == 0:
            await asyncio.sleep(0)
        if pair.closed:  # ABORT and SHUTDOWN are the peer's right
            refused += pair.refused
            pair = Pair()
            await pair.connect()
    pair.ours.close()
    await asyncio.sleep(0)
    assert errors == []
    assert slowest < 0.05
    assert (refused + pair.refused)[TransportRefusal.SCTP_MALFORMED] > 500


async def test_what_comes_after_the_end_is_unexpected(pair: Pair) -> None:
    await pair.connect()
    pair.ours.close()
    before = pair.refused.total()
    pair.ours.receive(sealed(pair.association, data()))
    assert pair.refused[TransportRefusal.SCTP_UNEXPECTED] == 1
    assert pair.refused.total() == before + 1
