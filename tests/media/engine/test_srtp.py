"""SRTP of a leg, against published vectors and against itself."""

import gc
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from media.engine.api import LegKeys, Refusal, SrtpProfile
from media.engine.srtp import (
    PACKET_SIZE,
    PINNED_VERSION,
    REPLAY_WINDOW,
    RTCP_TRAILER,
    SRTP_ERRORS,
    TRAILER,
    SrtpTransform,
    rtcp_refusal,
    rtp_refusal,
)
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


def test_the_version_is_the_one_whose_binding_is_used() -> None:
    assert version("pylibsrtp") == PINNED_VERSION


@pytest.mark.parametrize("profile", [GCM, CM])
def test_what_leaves_no_room_for_a_trailer_is_refused_and_what_does_passes(profile: SrtpProfile) -> None:
    client, server = pair(profile)
    header = bytes(Rtp(96, 5, 1, 7))
    largest = header + bytes(PACKET_SIZE - TRAILER - len(header))
    assert server.unprotect(client.protect(largest)) == largest
    report = bytes.fromhex("81c9000100000007") + bytes(PACKET_SIZE - RTCP_TRAILER - 8)
    assert server.unprotect_rtcp(client.protect_rtcp(report)) == report
    for operation, packet in (
        (client.protect, largest + b"x"),
        (client.protect_rtcp, report + b"x"),
        (client.unprotect, bytes(PACKET_SIZE + 1)),
        (client.unprotect_rtcp, bytes(PACKET_SIZE + 1)),
    ):
        with pytest.raises(ValueError, match="too long"):
            operation(packet)


def test_the_operations_live_without_their_transform() -> None:
    """libsrtp would read memory that it has freed."""
    protect, unprotect = pair(GCM)[0].protect, pair(GCM)[1].unprotect
    gc.collect()
    assert unprotect(protect(bytes(Rtp(96, 5, 1, 7)))) == bytes(Rtp(96, 5, 1, 7))


# ---- beside pylibsrtp's own wrapper

_PROFILES: Final = {GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM, CM: Policy.SRTP_PROFILE_AES128_CM_SHA1_80}
Outcome = tuple[str, bytes]


def wrapped(material: LegKeys) -> dict[str, Callable[[bytes], bytes]]:
    """The four operations as pylibsrtp has them."""
    sessions = {}
    for way, key, kind in (
        ("tx", material.tx_key + material.tx_salt, Policy.SSRC_ANY_OUTBOUND),
        ("rx", material.rx_key + material.rx_salt, Policy.SSRC_ANY_INBOUND),
    ):
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=_PROFILES[material.profile])
        policy.window_size = REPLAY_WINDOW
        sessions[way] = Session(policy)
    tx, rx = sessions["tx"], sessions["rx"]
    return {
        "protect": tx.protect, "protect_rtcp": tx.protect_rtcp,
        "unprotect": rx.unprotect, "unprotect_rtcp": rx.unprotect_rtcp,
    }  # fmt: skip


def outcome(operation: Callable[[bytes], bytes], packet: bytes) -> Outcome:
    try:
        return "", operation(packet)
    except SRTP_ERRORS as error:
        return f"{type(error).__name__}: {error}", b""


def rtp_like(number: int, payload: bytes) -> bytes:
    return bytes(Rtp(96, number, 1, 7, payload))


def rtcp_like(number: int, payload: bytes) -> bytes:
    return b"\x80\xc9" + number.to_bytes(2, "big") + b"\0\0\0\7" + payload


_PACKETS: Final = st.one_of(
    st.binary(max_size=200),
    st.builds(rtp_like, st.integers(0, 8), st.binary(max_size=40)),
    st.builds(rtcp_like, st.integers(0, 8), st.binary(max_size=40)),
    st.builds(rtp_like, st.integers(0, 8), st.integers(PACKET_SIZE - TRAILER - 14, PACKET_SIZE).map(bytes)),
)
_STEPS: Final = st.lists(st.tuples(st.booleans(), st.integers(0, 400), _PACKETS), min_size=1, max_size=12)


@given(profile=st.sampled_from([GCM, CM]), steps=_STEPS)
def test_every_packet_meets_the_same_verdict_as_by_the_wrapper(
    profile: SrtpProfile, steps: list[tuple[bool, int, bytes]]
) -> None:
    """Whatever comes in whichever order, repeated, cut or bent: the same octets, or the same error."""
    ours, theirs = SrtpTransform(keys(1, profile, client=True)), wrapped(keys(1, profile, client=True))
    ours_back, theirs_back = SrtpTransform(keys(1, profile)), wrapped(keys(1, profile))
    for is_rtcp, at, packet in steps:
        protect, unprotect = ("protect_rtcp", "unprotect_rtcp") if is_rtcp else ("protect", "unprotect")
        sent = outcome(getattr(ours, protect), packet)
        assert sent == outcome(theirs[protect], packet)
        protected = sent[1] or packet
        bent = protected[:at] + bytes(octet ^ 1 for octet in protected[at : at + 1]) + protected[at + 1 :]
        for datagram in (bent, protected[:at], protected, protected):
            assert outcome(getattr(ours_back, unprotect), datagram) == outcome(theirs_back[unprotect], datagram)
