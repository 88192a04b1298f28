"""The DTLS server against OpenSSL clients, without sockets."""

import contextlib
import random
import time

import pytest
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTPProtectionProfile,
)
from OpenSSL import SSL

from media.transport import dtls
from media.transport.dtls import DtlsEvent, DtlsMalformed, DtlsResult, DtlsServer, pack_records, split_records
from media.transport.dtls_identity import MTU, DtlsIdentity
from media.transport.refusals import TransportRefusal

from .junk import ALERT, mutated, null_cipher_hello
from .openssl_client import ALL, OpensslClient

IDENTITY = DtlsIdentity()


def shake(client: OpensslClient, server: DtlsServer) -> list[DtlsResult]:
    """The whole handshake; every result of the server."""
    results = []
    upward = client.step()
    while upward:
        results += [server.receive(datagram) for datagram in upward]
        upward = client.step([datagram for result in results[-len(upward) :] for datagram in result.datagrams])
    return results


def secured() -> tuple[OpensslClient, DtlsServer]:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    assert shake(client, server)[-1].event is DtlsEvent.SECURED
    return client, server


@pytest.mark.parametrize(
    ("offered", "chosen", "salt"),
    [
        (ALL, "AEAD_AES_128_GCM", 12),
        ((SRTP_AES128_CM_SHA1_80, SRTP_AEAD_AES_128_GCM), "AEAD_AES_128_GCM", 12),
        ((SRTP_AES128_CM_SHA1_80,), "AES128_CM_SHA1_80", 14),
    ],
)
def test_the_best_common_profile_is_used_and_both_sides_have_the_same_keys(
    offered: tuple[SRTPProtectionProfile, ...], chosen: str, salt: int
) -> None:
    client = OpensslClient(offered)
    server = DtlsServer(IDENTITY, client.fingerprints)
    shake(client, server)
    keys = server.keys()
    assert keys.profile == chosen
    material = client.ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + salt))
    assert material == keys.rx_key + keys.tx_key + keys.rx_salt + keys.tx_salt
    assert client.ssl.get_protocol_version_name() == "DTLSv1.2"


def test_messages_go_both_ways() -> None:
    client, server = secured()
    client.ssl.send(b"up")
    (datagram,) = client.outgoing()
    assert server.receive(datagram).messages == [b"up"]
    for packet in server.send(b"down"):
        client.ssl.bio_write(packet)
    assert client.ssl.recv(100) == b"down"
    # The same record again is a replay and brings nothing.
    assert server.receive(datagram) == DtlsResult([], [])


def test_a_certificate_that_was_not_announced_ends_it() -> None:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, OpensslClient().fingerprints)
    results = shake(client, server)
    assert [result.event for result in results if result.event] == [DtlsEvent.BAD_FINGERPRINT]
    assert not server.secured
    with pytest.raises(ConnectionError):
        server.keys()
    assert server.receive(ALERT) == DtlsResult([], [])


def test_one_wrong_fingerprint_among_right_ones_ends_it() -> None:
    client = OpensslClient()
    prints = [*client.fingerprints[:2], ("sha-512", "00")]
    assert shake(client, DtlsServer(IDENTITY, prints))[-1].event is DtlsEvent.BAD_FINGERPRINT


def test_fingerprints_of_unknown_algorithms_alone_end_it() -> None:
    client = OpensslClient()
    assert shake(client, DtlsServer(IDENTITY, [("md5", "00")]))[-1].event is DtlsEvent.BAD_FINGERPRINT


def test_case_does_not_matter_in_fingerprints() -> None:
    client = OpensslClient()
    prints = [(name.upper(), value.lower()) for name, value in client.fingerprints]
    assert shake(client, DtlsServer(IDENTITY, prints))[-1].event is DtlsEvent.SECURED


def test_without_a_common_profile_there_are_no_keys() -> None:
    client = OpensslClient((SRTP_AEAD_AES_256_GCM,))
    server = DtlsServer(IDENTITY, client.fingerprints)
    assert shake(client, server)[-1].event is DtlsEvent.FAILED
    assert not server.secured


def test_handshake_datagrams_fit_the_path() -> None:
    client = OpensslClient()
    results = shake(client, DtlsServer(IDENTITY, client.fingerprints))
    sizes = [len(datagram) for result in results for datagram in result.datagrams]
    assert 0 < max(sizes) <= MTU


def test_records_are_never_cut_when_they_are_packed() -> None:
    record = b"\x16\xfe\xfd" + bytes(8) + (500).to_bytes(2, "big") + bytes(500)
    packed = pack_records(record * 5)
    assert [len(datagram) for datagram in packed] == [1026, 1026, 513]
    assert b"".join(packed) == record * 5
    assert pack_records(b"") == []


def test_a_lost_flight_is_sent_again_when_its_time_has_come() -> None:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    assert server.handle_timeout() == DtlsResult([], [])
    (hello,) = client.step()
    first = server.receive(hello).datagrams
    assert server.handle_timeout().datagrams == []
    deadline = time.monotonic() + 5
    again: list[bytes] = []
    while not again and time.monotonic() < deadline:  # OpenSSL reads its own clock: one second
        again = server.handle_timeout().datagrams
    assert [len(datagram) for datagram in again] == [len(datagram) for datagram in first]
    upward = client.step(again)
    assert [server.receive(datagram).event for datagram in upward][-1] is DtlsEvent.SECURED


def test_a_lost_final_flight_is_sent_again_when_the_client_repeats_its_own() -> None:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    (hello,) = client.step()
    upward = client.step(server.receive(hello).datagrams)
    lost = [server.receive(datagram) for datagram in upward]
    assert lost[-1].event is DtlsEvent.SECURED
    deadline = time.monotonic() + 5
    again: list[bytes] = []
    while not again and time.monotonic() < deadline:
        client.ssl.DTLSv1_handle_timeout()
        again = client.outgoing()
    answers = [datagram for part in again for datagram in server.receive(part).datagrams]
    assert answers
    client.step(answers)
    for packet in server.send(b"hi"):
        client.ssl.bio_write(packet)
    assert client.ssl.recv(100) == b"hi"


def test_alerts_in_the_clear_end_nothing() -> None:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    with pytest.raises(DtlsMalformed) as caught:
        server.receive(ALERT)
    assert caught.value.kind is TransportRefusal.DTLS_PLAIN_ALERT
    (hello,) = client.step()
    upward = client.step(server.receive(hello).datagrams)
    with pytest.raises(DtlsMalformed):
        server.receive(ALERT)
    # One that rides on a real flight is cut out.
    assert server.receive(ALERT + upward[0]).event is DtlsEvent.SECURED
    assert server.receive(ALERT) == DtlsResult([], [])
    assert server.secured


def test_a_bad_client_hello_does_not_end_the_handshake_of_the_real_client() -> None:
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    with pytest.raises(DtlsMalformed) as caught:
        server.receive(null_cipher_hello())
    assert caught.value.kind is TransportRefusal.DTLS_MALFORMED
    assert shake(client, server)[-1].event is DtlsEvent.SECURED


def test_a_client_that_only_sends_bad_hellos_is_given_up() -> None:
    server = DtlsServer(IDENTITY, OpensslClient().fingerprints)
    for _ in range(dtls.MAX_ATTEMPTS - 1):
        with pytest.raises(DtlsMalformed):
            server.receive(null_cipher_hello())
    last = server.receive(null_cipher_hello())
    assert last.event is DtlsEvent.FAILED
    assert last.datagrams  # the alert
    assert server.close() == []


def test_a_handshake_may_not_take_more_bytes_than_a_client_needs() -> None:
    server = DtlsServer(IDENTITY, OpensslClient().fingerprints)
    head = b"\x01" + (2000).to_bytes(3, "big") + bytes(2) + bytes(3) + (988).to_bytes(3, "big")  # half a ClientHello
    fragment = b"\x16\xfe\xfd" + bytes(8) + (1000).to_bytes(2, "big") + head + bytes(988)
    kinds: set[TransportRefusal] = set()
    for _ in range(dtls.MAX_HANDSHAKE_BYTES // len(fragment) + 5):
        try:
            server.receive(fragment)
        except DtlsMalformed as error:
            kinds.add(error.kind)
    assert kinds == {TransportRefusal.DTLS_LIMIT}


def test_a_client_that_says_goodbye_is_gone() -> None:
    client, server = secured()
    client.ssl.shutdown()
    (datagram,) = client.outgoing()
    assert server.receive(datagram).event is DtlsEvent.PEER_CLOSED
    assert server.receive(datagram) == DtlsResult([], [])
    with pytest.raises(ConnectionError):
        server.send(b"x")


def test_closing_says_goodbye_once() -> None:
    client, server = secured()
    (datagram,) = server.close()
    client.ssl.bio_write(datagram)
    with pytest.raises(SSL.ZeroReturnError):
        client.ssl.recv(100)
    assert server.close() == []
    assert server.receive(datagram) == DtlsResult([], [])


def test_nothing_is_sent_before_there_are_keys_or_when_it_is_too_large() -> None:
    server = DtlsServer(IDENTITY, OpensslClient().fingerprints)
    with pytest.raises(ConnectionError):
        server.send(b"x")
    assert server.close() == []
    _, server = secured()
    with pytest.raises(ConnectionError):
        server.send(bytes(20_000))


def test_renegotiation_is_refused() -> None:
    client, server = secured()
    client.ssl.renegotiate()
    with contextlib.suppress(SSL.Error):
        client.ssl.do_handshake()
    before = server.keys()
    for datagram in client.outgoing():
        server.receive(datagram)
    assert server.keys() == before
    client2, _ = secured()
    assert client2.ssl.total_renegotiations() == 0


BAD = {
    "half a header": b"\x16\xfe\xfd" + bytes(5),
    "beyond the end": b"\x16\xfe\xfd" + bytes(8) + b"\0\x20" + bytes(31),
    "unknown type": b"\x18\xfe\xfd" + bytes(8) + b"\0\x01x",
    "no DTLS version": b"\x16\x03\x03" + bytes(8) + b"\0\x01x",
    "DTLS 1.3 header": b"\x2f" + bytes(40),
    "a record and a half": ALERT + ALERT[:9],
}


@pytest.mark.parametrize("datagram", BAD.values(), ids=BAD.keys())
def test_what_is_not_made_of_whole_records_is_refused(datagram: bytes) -> None:
    server = DtlsServer(IDENTITY, OpensslClient().fingerprints)
    with pytest.raises(DtlsMalformed) as caught:
        server.receive(datagram)
    assert caught.value.kind is TransportRefusal.DTLS_MALFORMED


def test_mutated_handshakes_raise_nothing_else_and_take_no_time() -> None:
    random_ = random.Random(6347)
    client = OpensslClient()
    server = DtlsServer(IDENTITY, client.fingerprints)
    (hello,) = client.step()
    upward = client.step(server.receive(hello).datagrams)
    slowest = 0.0
    for _ in range(3000):
        victim = DtlsServer(IDENTITY, client.fingerprints)
        for datagram in (hello, *upward):
            begun = time.thread_time()
            try:
                result = victim.receive(mutated(random_, datagram) if random_.random() < 0.7 else datagram)
                assert result.event is not DtlsEvent.SECURED
            except DtlsMalformed:
                pass
            slowest = max(slowest, time.thread_time() - begun)
    assert slowest < 0.05


def test_mutated_records_after_the_handshake_end_nothing() -> None:
    random_ = random.Random(5764)
    client, server = secured()
    client.ssl.send(b"x" * 200)
    (record,) = client.outgoing()
    for _ in range(3000):
        data = mutated(random_, record)
        if not data.startswith(record):
            with contextlib.suppress(DtlsMalformed):
                assert server.receive(data).event is None
    client.ssl.send(b"still here")
    (record,) = client.outgoing()
    assert server.receive(record).messages == [b"still here"]


def test_records_are_split() -> None:
    kinds = [(record.kind, record.epoch) for record in split_records(ALERT + b"\x17\xfe\xfd\0\1" + bytes(6) + b"\0\0")]
    assert kinds == [(21, 0), (23, 1)]
