"""The endpoint together with the real engine: two peers, media from one to the other."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from media.engine.api import CodecKey, Engine, Publication, Slot
from media.engine.pure import PureEngine
from media.transport import Endpoint
from media.transport.endpoint import MediaEngine

from .peers import Client, Stranger, allow_loopback, connected, rtp_packet, until

VP8 = CodecKey("vp8", 90_000, 0, "")


def nowhere(datagram: bytes, address: object) -> None:
    raise AssertionError("every leg has its own socket")


@pytest.fixture
async def engine() -> PureEngine:
    return PureEngine(nowhere)


@pytest.fixture
async def relay(engine: PureEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    allow_loopback(monkeypatch)
    relay = Endpoint(engine)
    await relay.start(["127.0.0.1"])
    yield relay
    await relay.close()


def as_transport_sees_it(engine: Engine) -> MediaEngine:
    """A type checker proves that any engine will do."""
    return engine


def listen(client: Client) -> asyncio.Queue[RtpPacket]:
    """Decrypted RTP that the client gets."""
    packets: asyncio.Queue[RtpPacket] = asyncio.Queue()

    async def handle(data: bytes, arrival_time_ms: int) -> None:
        packets.put_nowait(RtpPacket.parse(data, HeaderExtensionsMap()))

    client.dtls._handle_rtp_data = handle  # type: ignore[method-assign]  # a tap
    return packets


async def test_media_goes_from_one_peer_to_the_other_also_after_it_has_moved(
    relay: Endpoint, engine: PureEngine
) -> None:
    ann, ann_leg = await connected(relay, 1)
    bob, _ = await connected(relay, 2)
    heard = listen(bob)
    publication = engine.publish(Publication(1, "0", "video", 77, None, 90_000, {96: VP8}))
    engine.route(publication, engine.open_slot(Slot(2, "0", "video", 4711, None, "relay", {VP8: 100})))
    await ann.send_rtp(3)
    for _ in range(3):
        packet = await asyncio.wait_for(heard.get(), 5)
        assert (packet.ssrc, packet.payload_type, packet.payload) == (4711, 100, b"x" * 100)
    assert as_transport_sees_it(engine).heard(1) is not None

    # Ann's phone changes its network: the check comes from elsewhere, then the same SRTP context goes on there.
    with Stranger(relay.addresses[0]) as elsewhere:
        await elsewhere.check(ann_leg.credentials, use_candidate=True)
        elsewhere.send(ann.dtls._tx_srtp.protect(rtp_packet(3)))
        assert (await asyncio.wait_for(heard.get(), 5)).payload == b"x" * 100
    assert not relay.refused
    await ann.close()
    await bob.close()


async def test_a_replayed_packet_from_the_checked_address_is_never_forwarded(
    relay: Endpoint, engine: PureEngine
) -> None:
    ann, _ = await connected(relay, 1)
    bob, _ = await connected(relay, 2)
    heard = listen(bob)
    publication = engine.publish(Publication(1, "0", "video", 77, None, 90_000, {96: VP8}))
    engine.route(publication, engine.open_slot(Slot(2, "0", "video", 4711, None, "relay", {VP8: 100})))
    packet = ann.dtls._tx_srtp.protect(rtp_packet(0))
    for _ in range(5):
        await ann.ice._send(packet)
    await until(lambda: sum(engine.refused().values()) == 4)
    assert (await asyncio.wait_for(heard.get(), 5)).ssrc == 4711
    assert heard.empty()
    await ann.close()
    await bob.close()
