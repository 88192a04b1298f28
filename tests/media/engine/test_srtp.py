"""SRTP of a leg, against published vectors and against itself."""

import pytest
from pylibsrtp import Error

from media.engine.api import LegKeys, Refusal, SrtpProfile
from media.engine.srtp import REPLAY_WINDOW, SrtpTransform, rtcp_refusal, rtp_refusal
from tests.media.engine.peers import CM, GCM, Rtp, keys


def pair(profile: SrtpProfile) -> tuple[SrtpTransform, SrtpTransform]:
    return SrtpTransform(keys(1, profile, client=True)), SrtpTransform(keys(1, profile))


def test_the_cipher_is_that_of_rfc_3711() -> None:
    """Packet of libsrtp's own test of AES-CM-128 with HMAC-SHA1-80, under the master key of RFC 3711 B.3."""
    key = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139")
    salt = bytes.fromhex("0ec675ad498afeebb6960b3aabe6")
    transform = SrtpTransform(LegKeys(CM, key, salt, key, salt))
    plain = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    protected = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")
    assert transform.protect(plain) == protected
    assert transform.unprotect(protected) == plain


def test_the_cipher_is_that_of_rfc_7714() -> None:
    """Packet and keys of libsrtp's own test of AEAD_AES_128_GCM."""
    key, salt = bytes(range(16)), bytes(range(0xA0, 0xAC))
    transform = SrtpTransform(LegKeys(GCM, key, salt, key, salt))
    plain = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    protected = bytes.fromhex(
        "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"
    )
    assert transform.protect(plain) == protected
    assert transform.unprotect(protected) == plain


@pytest.mark.parametrize("profile", [GCM, CM])
def test_both_directions_have_their_own_keys(profile: SrtpProfile) -> None:
    client, server = pair(profile)
    packet = bytes(Rtp(96, 65535, 1, 7))
    assert server.unprotect(client.protect(packet)) == packet
    assert client.unprotect(server.protect(packet)) == packet
    with pytest.raises(Error):
        client.unprotect(client.protect(bytes(Rtp(96, 0, 1, 7))))


@pytest.mark.parametrize("profile", [GCM, CM])
def test_reordering_within_the_window_passes_and_a_repetition_does_not(profile: SrtpProfile) -> None:
    client, server = pair(profile)
    sent = [client.protect(bytes(Rtp(96, 65000 + number, 1, 7))) for number in range(REPLAY_WINDOW + 1)]
    # A receiver that misses everything before the wrap of 65535 could not know the roll-over counter.
    server.unprotect(sent[2])
    server.unprotect(sent[-1])
    server.unprotect(sent[1])
    for again in (sent[-1], sent[1]):
        with pytest.raises(Error) as caught:
            server.unprotect(again)
        assert rtp_refusal(caught.value) is Refusal.SRTP_REPLAY
    with pytest.raises(Error) as caught:
        server.unprotect(sent[0])
    assert rtp_refusal(caught.value) is Refusal.SRTP_REPLAY


@pytest.mark.parametrize("profile", [GCM, CM])
def test_tampering_is_told_from_nonsense(profile: SrtpProfile) -> None:
    client, server = pair(profile)
    protected = bytearray(client.protect(bytes(Rtp(96, 5, 1, 7))))
    protected[14] ^= 1
    with pytest.raises(Error) as caught:
        server.unprotect(bytes(protected))
    assert rtp_refusal(caught.value) is Refusal.SRTP_AUTH
    assert rtp_refusal(ValueError("packet is too long")) is Refusal.RTP_MALFORMED
    with pytest.raises(ValueError, match="too long") as long:
        server.unprotect(bytes(3000))
    assert rtp_refusal(long.value) is Refusal.RTP_MALFORMED


@pytest.mark.parametrize("profile", [GCM, CM])
def test_a_number_is_protected_once(profile: SrtpProfile) -> None:
    server = pair(profile)[1]
    server.protect(bytes(Rtp(96, 5, 1, 7, b"one")))
    with pytest.raises(Error, match="replay"):
        server.protect(bytes(Rtp(96, 5, 1, 7, b"two")))


@pytest.mark.parametrize("profile", [GCM, CM])
def test_rtcp_is_judged_in_the_same_way(profile: SrtpProfile) -> None:
    client, server = pair(profile)
    report = bytes.fromhex("80c9000100000007")
    protected = client.protect_rtcp(report)
    assert server.unprotect_rtcp(protected) == report
    with pytest.raises(Error) as caught:
        server.unprotect_rtcp(protected)
    assert rtcp_refusal(caught.value) is Refusal.SRTCP_REPLAY
    broken = bytearray(client.protect_rtcp(report))
    broken[-1] ^= 1
    with pytest.raises(Error) as caught:
        server.unprotect_rtcp(bytes(broken))
    assert rtcp_refusal(caught.value) is Refusal.SRTCP_AUTH
    assert rtcp_refusal(ValueError("packet is too long")) is Refusal.RTCP_MALFORMED
