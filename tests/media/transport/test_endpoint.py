"""Real aiortc peers and bare sockets against the endpoint over loopback."""

import asyncio
from functools import partial

import pytest
from aioice import stun
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80

from media.engine.api import LegKeys
from media.transport import CloseReason, Endpoint, Listener, Transport, TransportRefusal, TransportState
from media.transport.ice_lite import MAX_PATHS, PATH_LIFETIME_S
from media.transport.transport import SILENCE_S

from .conftest import HandClock
from .openssl_client import OpensslClient
from .peers import Client, RecordingEngine, Stranger, binding_request, connected, rtp_packet, until

S = TransportState
R = TransportRefusal


def state_of(transport: Transport) -> TransportState:
    """Read anew: a type checker takes a state that was asserted for one that stays."""
    return transport.state


def is_closed(transport: Transport) -> bool:
    return transport.state is S.CLOSED


async def test_a_peer_connects_and_its_media_reaches_the_engine(endpoint: Endpoint, engine: RecordingEngine) -> None:
    states: list[TransportState] = []
    keys: list[LegKeys] = []
    client, transport = await connected(endpoint, 7, Listener(on_connected=keys.append, on_state=states.append))
    assert states == [S.CHECKING, S.SECURING, S.CONNECTED]
    assert keys == [engine.legs[7]]
    assert keys[0].profile == "AEAD_AES_128_GCM"

    await client.send_rtp(3)
    await until(lambda: len(engine.received) == 3)
    srtp = engine.inbound(7)
    assert [srtp.unprotect(datagram) for _, datagram, _ in engine.received] == [rtp_packet(n) for n in range(3)]
    assert not endpoint.refused
    assert endpoint.dropped == 0
    await client.close()
    await until(lambda: transport.state is S.CLOSED)
    assert transport.close_reason is CloseReason.PEER
    assert engine.removed == [7]
    assert endpoint.transport(7) is None


async def test_what_the_engine_sends_arrives_decrypted_at_the_peer(endpoint: Endpoint, engine: RecordingEngine) -> None:
    client, _ = await connected(endpoint, 1)
    keys, send = engine.legs[1], engine.sends[1]
    assert send is not None
    got = asyncio.Event()

    async def handle(data: bytes, arrival_time_ms: int) -> None:
        assert data == rtp_packet(5)
        got.set()

    client.dtls._handle_rtp_data = handle  # type: ignore[method-assign]  # a tap
    send(engine.outbound(keys).protect(rtp_packet(5)), engine.addresses[1])
    await asyncio.wait_for(got.wait(), 5)
    await client.close()


async def test_a_peer_without_gcm_gets_the_older_profile(endpoint: Endpoint, engine: RecordingEngine) -> None:
    client = Client(profiles=[SRTP_AES128_CM_SHA1_80])
    transport = endpoint.new_transport(1, client.fingerprints)
    await client.join(endpoint, transport)
    await until(lambda: transport.secured)
    await client.send_rtp()
    await until(lambda: engine.received)
    assert engine.legs[1].profile == "AES128_CM_SHA1_80"
    assert engine.inbound(1).unprotect(engine.received[0][1]) == rtp_packet(0)
    await client.close()


async def test_a_peer_with_another_certificate_or_no_common_profile_never_gets_keys(
    endpoint: Endpoint, engine: RecordingEngine
) -> None:
    forged = endpoint.new_transport(1, Client().fingerprints)
    poor = Client(profiles=[SRTP_AEAD_AES_256_GCM])
    profileless = endpoint.new_transport(2, poor.fingerprints)
    clients = [Client(), poor]
    for client, transport in zip(clients, (forged, profileless), strict=True):
        await client.join(endpoint, transport)
        await until(partial(is_closed, transport))
    assert (forged.close_reason, profileless.close_reason) == (CloseReason.FINGERPRINT, CloseReason.HANDSHAKE)
    assert engine.legs == {}
    assert engine.removed == []
    for client in clients:
        await client.close()


async def test_a_peer_connects_over_ipv6(endpoint: Endpoint, engine: RecordingEngine) -> None:
    both = Endpoint(engine)
    await both.start(["127.0.0.1", "::1"])
    client = Client()
    transport = both.new_transport(1, client.fingerprints)
    await client.connect(transport.credentials, both.fingerprint, both.addresses[1:])
    await until(lambda: transport.secured)
    await client.send_rtp()
    await until(lambda: engine.received)
    assert engine.addresses[1][0] == "::1"
    await client.close()
    await both.close()


async def test_closing_tells_the_peer_and_the_engine(endpoint: Endpoint, engine: RecordingEngine) -> None:
    client, transport = await connected(endpoint, 1)
    transport.close()
    transport.close()
    await until(lambda: client.state == "closed")
    assert (transport.state, transport.close_reason) == (S.CLOSED, CloseReason.LOCAL)
    assert engine.removed == [1]
    with pytest.raises(ConnectionError):
        transport.send_data(b"x")
    await client.ice._send(rtp_packet(1))
    await until(lambda: endpoint.refused[R.RTP_UNCHECKED_ADDRESS])
    await client.close()


async def test_a_leg_has_one_transport(endpoint: Endpoint) -> None:
    transport = endpoint.new_transport(1, [])
    with pytest.raises(ValueError, match="leg 1"):
        endpoint.new_transport(1, [])
    assert endpoint.transport(1) is transport
    transport.close()
    assert endpoint.new_transport(1, []).state is S.NEW


async def test_candidates_show_the_bound_or_the_announced_address(endpoint: Endpoint) -> None:
    assert endpoint.candidates() == endpoint.addresses
    assert endpoint.candidates([("203.0.113.9", 40_000)]) == [("203.0.113.9", 40_000)]


async def test_data_channels_run_over_the_same_dtls(endpoint: Endpoint) -> None:
    packets: list[bytes] = []
    listener = Listener(on_data=packets.append)
    client, transport = await connected(endpoint, 1, listener)
    await client.open_data()
    await until(lambda: packets)
    assert packets[0][12] == 1  # INIT
    transport.send_data(packets[0])
    await client.close()


# ---- whose datagrams count


async def test_only_authentic_checks_are_answered(endpoint: Endpoint) -> None:
    transport = endpoint.new_transport(1, [])
    credentials = transport.credentials
    wrong = type(credentials)(credentials.ufrag, "w" * 32)
    with Stranger(endpoint.addresses[0]) as stranger:
        for datagram in (
            binding_request(wrong),
            binding_request(credentials, ufrag="nobody"),
            b"\0\1" + bytes(18),
            b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12),
            b"\0\x11\0\0\x21\x12\xa4\x42" + bytes(12),
        ):
            stranger.send(datagram)
        await until(lambda: endpoint.refused.total() == 5)
        assert endpoint.refused == {
            R.STUN_UNAUTHENTICATED: 1,
            R.STUN_UNKNOWN_UFRAG: 2,
            R.STUN_MALFORMED: 1,
            R.STUN_UNEXPECTED: 1,
        }
        assert state_of(transport) is S.NEW
        response = await stranger.check(credentials)  # the first answer that comes is the answer to this one
        assert response.attributes["XOR-MAPPED-ADDRESS"] == stranger.address
        assert state_of(transport) is S.CHECKING


async def test_a_controlled_peer_is_told_to_switch_and_gets_no_path(endpoint: Endpoint) -> None:
    transport = endpoint.new_transport(1, [])
    with Stranger(endpoint.addresses[0]) as stranger:
        stranger.send(binding_request(transport.credentials, controlling=False))
        assert stun.parse_message(await stranger.answer()).error_code == 487
        stranger.send(b"\x16" + bytes(30))
        await until(lambda: endpoint.refused)
    assert endpoint.refused == {R.DTLS_UNCHECKED_ADDRESS: 1}
    assert (transport.state, transport.path) == (S.NEW, None)


async def test_datagrams_of_strangers_are_refused_by_reason(endpoint: Endpoint, engine: RecordingEngine) -> None:
    told: list[TransportRefusal] = []
    endpoint._on_refused = told.append
    client, transport = await connected(endpoint, 1)
    with Stranger(endpoint.addresses[0]) as stranger:
        for first in (0x80, 0x16, 0x14, 0x40, 0x10, 0xFF):
            stranger.send(bytes([first]) + bytes(40))
        stranger.send(b"")
        await until(lambda: endpoint.refused.total() == 7)
    assert endpoint.refused == {R.RTP_UNCHECKED_ADDRESS: 1, R.DTLS_UNCHECKED_ADDRESS: 2, R.UNKNOWN: 4}
    assert len(told) == 7
    assert engine.received == []
    assert state_of(transport) is S.CONNECTED
    await client.close()


async def test_media_before_the_keys_is_too_early(endpoint: Endpoint) -> None:
    transport = endpoint.new_transport(1, [])
    with Stranger(endpoint.addresses[0]) as stranger:
        await stranger.check(transport.credentials)
        stranger.send(rtp_packet(1))
        stranger.send(b"\x16" + bytes(30))
        await until(lambda: endpoint.refused.total() == 2)
    assert endpoint.refused == {R.RTP_TOO_EARLY: 1, R.DTLS_MALFORMED: 1}


async def test_an_address_that_is_in_use_is_not_given_to_another_transport(timed: Endpoint, clock: HandClock) -> None:
    first, second = timed.new_transport(1, []), timed.new_transport(2, [])
    with Stranger(timed.addresses[0]) as stranger:
        await stranger.check(first.credentials)
        stranger.send(binding_request(second.credentials))
        await until(lambda: timed.refused)
        assert timed.refused == {R.STUN_ADDRESS_TAKEN: 1}
        clock.now += SILENCE_S + 1
        await stranger.check(second.credentials)
        assert state_of(second) is S.CHECKING
        stranger.send(OpensslClient().step()[0])
        await until(lambda: second.state is S.SECURING)
        assert state_of(first) is S.CHECKING


# ---- the path changes


async def test_a_nominated_new_address_takes_the_media_over_at_once(
    endpoint: Endpoint, engine: RecordingEngine
) -> None:
    client, transport = await connected(endpoint, 1)
    old = engine.addresses[1]
    with Stranger(endpoint.addresses[0]) as moved:
        await moved.check(transport.credentials, use_candidate=True)
        assert engine.addresses[1] == moved.address != old
        # What comes from there is media now, and what comes late from the old address still is.
        moved.send(rtp_packet(1))
        await client.send_rtp()
        await until(lambda: len(engine.received) == 2)
        assert not endpoint.refused
    await client.close()


async def test_an_unnominated_address_waits_until_the_old_one_is_silent(
    timed: Endpoint, engine: RecordingEngine, clock: HandClock
) -> None:
    client, transport = await connected(timed, 1)
    old = engine.addresses[1]
    with Stranger(timed.addresses[0]) as other:
        clock.now += 0.6
        await client.send_rtp()
        await until(lambda: engine.received)
        await other.check(transport.credentials)
        assert engine.addresses[1] == old
        clock.now += 0.6
        await other.check(transport.credentials)
        assert engine.addresses[1] == other.address
    await client.close()


async def test_media_from_a_new_address_moves_nothing(endpoint: Endpoint, engine: RecordingEngine) -> None:
    client, _ = await connected(endpoint, 1)
    old = engine.addresses[1]
    with Stranger(endpoint.addresses[0]) as thief:
        thief.send(rtp_packet(1))
        await until(lambda: endpoint.refused[R.RTP_UNCHECKED_ADDRESS])
    assert (engine.addresses[1], engine.received) == (old, [])
    await client.close()


async def test_the_path_can_move_to_another_local_address(endpoint: Endpoint, engine: RecordingEngine) -> None:
    both = Endpoint(engine)
    await both.start(["127.0.0.1", "::1"])
    client, transport = await connected(both, 1)
    before = engine.sends[1]
    with Stranger(both.addresses[1]) as six:
        await six.check(transport.credentials, use_candidate=True)
        assert engine.addresses[1][0] == "::1"
        send = engine.sends[1]
        assert send is not None
        assert send is not before
        send(b"over six", engine.addresses[1])
        assert await six.answer() == b"over six"
    await client.close()
    await both.close()


async def test_paths_are_forgotten_when_they_are_not_checked_or_too_many(timed: Endpoint, clock: HandClock) -> None:
    transport = timed.new_transport(1, [])
    strangers = [Stranger(timed.addresses[0]) for _ in range(MAX_PATHS + 2)]
    for stranger in strangers:
        await stranger.check(transport.credentials)
    assert transport.path is not None
    flows = transport.path.local.flows
    assert len(flows) == MAX_PATHS
    clock.now += PATH_LIFETIME_S + 1
    timed.poll()
    assert list(flows) == [strangers[0].address]
    transport.close()
    assert flows == {}
    for stranger in strangers:
        stranger.sock.close()


# ---- silence, restart


async def test_silence_is_noticed_and_the_next_check_ends_it(
    timed: Endpoint, engine: RecordingEngine, clock: HandClock
) -> None:
    states: list[TransportState] = []
    client, transport = await connected(timed, 1, Listener(on_state=states.append))
    del states[:]
    clock.now += SILENCE_S - 0.1
    timed.poll()
    assert states == []
    clock.now += 0.2
    timed.poll()
    timed.poll()
    assert states == [S.DISCONNECTED]
    with Stranger(timed.addresses[0]) as moved:
        await moved.check(transport.credentials)
        assert states == [S.DISCONNECTED, S.CONNECTED]
        assert engine.addresses[1] == moved.address
    await client.close()


async def test_media_that_the_engine_has_heard_ends_silence_too(
    timed: Endpoint, engine: RecordingEngine, clock: HandClock
) -> None:
    client, transport = await connected(timed, 1)
    clock.now += SILENCE_S + 1
    timed.poll()
    assert state_of(transport) is S.DISCONNECTED
    await client.send_rtp()
    await until(lambda: engine.received)
    timed.poll()
    assert state_of(transport) is S.CONNECTED
    await client.close()


async def test_data_counts_as_heard_and_keeps_the_path(
    timed: Endpoint, engine: RecordingEngine, clock: HandClock
) -> None:
    client, transport = await connected(timed, 1)
    old = engine.addresses[1]
    clock.now += SILENCE_S + 1
    timed.poll()
    await client.dtls._send_data(b"data")
    await until(lambda: transport.state is S.CONNECTED)
    with Stranger(timed.addresses[0]) as other:
        await other.check(transport.credentials)
        assert engine.addresses[1] == old
    await client.close()


async def test_an_ice_restart_changes_credentials_and_keeps_everything_else(
    endpoint: Endpoint, engine: RecordingEngine
) -> None:
    client, transport = await connected(endpoint, 1)
    old = transport.credentials
    new = transport.restart()
    assert transport.credentials == new
    assert new.ufrag != old.ufrag
    assert new.pwd != old.pwd
    with Stranger(endpoint.addresses[0]) as again:
        await again.check(old)
        await again.check(new, use_candidate=True)
        assert engine.addresses[1] == again.address
        again.send(binding_request(old))
        await until(lambda: endpoint.refused)
    assert endpoint.refused == {R.STUN_UNKNOWN_UFRAG: 1}
    assert (transport.state, list(engine.legs), engine.removed) == (S.CONNECTED, [1], [])
    await client.close()


async def test_a_lost_flight_of_the_handshake_is_repeated(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[bytes] = []
    send = endpoint.send

    def lossy(path: object, datagram: bytes) -> None:
        if datagram[0] == 22 and not lost:
            lost.append(datagram)
        else:
            send(path, datagram)  # type: ignore[arg-type]  # any path

    monkeypatch.setattr(endpoint, "send", lossy)
    client, _ = await connected(endpoint, 1)
    assert lost
    await client.close()
