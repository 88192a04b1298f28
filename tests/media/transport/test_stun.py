"""The STUN codec against RFC 5769 vectors, aioice's codec, and junk."""

import random
import struct
import time

import pytest
from aioice import stun as reference

from media.transport.ice_lite import IceCredentials
from media.transport.stun import (
    StunMalformed,
    StunUnexpected,
    error_response,
    parse_request,
    success_response,
)

from .junk import mutated
from .peers import binding_request

CREDENTIALS = IceCredentials("abcd", "a" * 32)
# RFC 5769 2.1 and its password.
VECTOR = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
VECTOR_KEY = b"VOkJxbRl1RmTxUk/WvJxBt"


def raw(*attributes: tuple[int, bytes], kind: int = 1, cookie: int = 0x2112A442) -> bytes:
    body = b"".join(
        struct.pack("!HH", number, len(value)) + value + bytes(-len(value) % 4) for number, value in attributes
    )
    return struct.pack("!HHI12s", kind, len(body), cookie, b"t" * 12) + body


def test_the_sample_request_of_the_rfc_is_read_and_authentic() -> None:
    request = parse_request(VECTOR)
    assert request.ufrag == b"evtj"
    assert request.authentic(VECTOR_KEY)
    assert request.controlled
    assert not request.use_candidate
    assert request.unknown == ()
    assert not request.authentic(b"wrong")


@pytest.mark.parametrize("position", [VECTOR.index(b"evtj"), len(VECTOR) - 20])
def test_a_flipped_bit_under_a_repaired_fingerprint_is_not_authentic(position: int) -> None:
    changed = bytearray(VECTOR)
    changed[position] ^= 1
    changed[-4:] = struct.pack("!I", reference.message_fingerprint(bytes(changed[:-8])))
    assert not parse_request(bytes(changed)).authentic(VECTOR_KEY)


def test_a_request_of_another_codec_is_read() -> None:
    request = parse_request(binding_request(CREDENTIALS, use_candidate=True))
    assert (request.ufrag, request.use_candidate, request.controlled) == (b"abcd", True, False)
    assert request.authentic(CREDENTIALS.key)


@pytest.mark.parametrize("address", [("192.0.2.1", 32853), ("2001:db8::11:22", 1, 0, 0), ("fe80::1%eth0", 65535, 0, 2)])
def test_another_codec_reads_our_answer(address: tuple[str, int]) -> None:
    request = parse_request(binding_request(CREDENTIALS))
    response = reference.parse_message(success_response(request, address, CREDENTIALS.key))
    assert response.message_class is reference.Class.RESPONSE
    assert response.transaction_id == request.transaction_id
    assert response.attributes["XOR-MAPPED-ADDRESS"] == (address[0].partition("%")[0], address[1])
    assert response.check_message_integrity(CREDENTIALS.key)
    assert "FINGERPRINT" in response.attributes


def test_an_error_answer_names_its_code_and_the_unknown_types() -> None:
    request = parse_request(raw((6, b"abcd:x"), (0x7001, b""), (0x7002, b"y")))
    assert request.unknown == (0x7001, 0x7002)
    answer = error_response(request, 420, CREDENTIALS.key)
    assert reference.parse_message(answer).error_code == 420
    assert struct.pack("!HHHH", 0x000A, 4, 0x7001, 0x7002) in answer
    conflict = reference.parse_message(error_response(request, 487, CREDENTIALS.key))
    assert conflict.error_code == 487
    assert conflict.check_message_integrity(CREDENTIALS.key)


def test_a_request_without_username_or_integrity_is_read_but_never_authentic() -> None:
    request = parse_request(raw((0x25, b"")))
    assert request.ufrag is None
    assert request.use_candidate
    assert not request.authentic(b"")


def test_attributes_after_the_integrity_do_not_count() -> None:
    message = reference.Message(message_method=reference.Method.BINDING, message_class=reference.Class.REQUEST)
    message.attributes["USERNAME"] = "abcd:x"
    message.add_message_integrity(CREDENTIALS.key)
    data = bytes(message)[:-8] + struct.pack("!HH", 0x25, 0) + struct.pack("!HHI", 6, 4, 0)
    data = data[:2] + struct.pack("!H", len(data) - 20) + data[4:]
    request = parse_request(data)
    assert request.authentic(CREDENTIALS.key)
    assert (request.ufrag, request.use_candidate) == (b"abcd", False)


MALFORMED = {
    "empty": b"",
    "short": VECTOR[:19],
    "long": raw(*[(0x8022, bytes(40))] * 20),
    "cookie": raw(cookie=1),
    "length too small": VECTOR[:2] + b"\0\x54" + VECTOR[4:],
    "length not of words": raw()[:2] + b"\0\x01" + raw()[4:] + b"x",
    "attribute beyond the end": raw()[:2] + b"\0\x04" + raw()[4:] + struct.pack("!HH", 6, 4),
    "too many attributes": raw(*[(0x25, b"")] * 25),
    "username too long": raw((6, bytes(514))),
    "integrity of a wrong size": raw((8, bytes(16))),
    "fingerprint not last": raw((0x8028, bytes(4)), (0x25, b"")),
    "fingerprint of a wrong size": raw((0x8028, bytes(8))),
    "fingerprint wrong": raw((0x8028, bytes(4))),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_stun_message_is_refused(data: bytes) -> None:
    with pytest.raises(StunMalformed):
        parse_request(data)


def test_the_most_attributes_that_are_allowed_are_read() -> None:
    assert parse_request(raw(*[(0x25, b"")] * 24)).use_candidate


@pytest.mark.parametrize("kind", [0x0011, 0x0101, 0x0111, 0x0003])
def test_what_is_no_binding_request_is_unexpected(kind: int) -> None:
    with pytest.raises(StunUnexpected):
        parse_request(raw(kind=kind))


def test_mutated_requests_raise_nothing_else_and_are_never_authentic() -> None:
    random_ = random.Random(5769)
    seeds = [VECTOR, binding_request(CREDENTIALS, use_candidate=True)]
    for _ in range(20_000):
        seed = random_.choice(seeds)
        data = mutated(random_, seed)
        begun = time.thread_time()
        try:
            request = parse_request(data)
            # All up to the end of the integrity, but for the length in the header, is what is signed.
            end = seed.index(b"\x00\x08\x00\x14") + 24
            genuine = (data[:2], data[4:end]) == (seed[:2], seed[4:end])
            assert genuine == (request.authentic(VECTOR_KEY) or request.authentic(CREDENTIALS.key))
        except (StunMalformed, StunUnexpected):
            pass
        assert time.thread_time() - begun < 0.05
