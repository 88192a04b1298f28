"""Authentic packets with malformed content are what their names say."""

import random

import pytest
from aiortc.rtp import RtpPacket

from media import rtcp
from media.engine.headers import header_length
from tests.support import hostile_rtp
from tests.support.hostile_rtp import Malform

ROUNDS = 300
SOUND = bytes.fromhex("906f0001000000000000004d bede0001 4030101e") + b"\xaa" * 160
REPORT = rtcp.receiver_report(rtcp.ReceiverReport(77))


@pytest.mark.parametrize("lie", [hostile_rtp.lying_padding, hostile_rtp.lying_header])
def test_a_header_that_lies_is_refused_by_us_and_by_aiortc(lie: Malform) -> None:
    for seed in range(ROUNDS):
        packet = lie(random.Random(seed), SOUND)
        assert header_length(packet) == -1
        with pytest.raises(ValueError, match="RTP"):
            RtpPacket.parse(packet)


def test_an_odd_packet_has_its_payload_where_the_header_says() -> None:
    assert all(
        len(SOUND) >= header_length(hostile_rtp.odd_but_legal(random.Random(seed), SOUND)) > 0 for seed in range(ROUNDS)
    )


@pytest.mark.parametrize("lie", [hostile_rtp.lying_lengths, hostile_rtp.false_counts])
def test_a_compound_that_lies_is_refused_though_it_begins_well(lie: Malform) -> None:
    for seed in range(ROUNDS):
        compound = lie(random.Random(seed), REPORT)
        assert compound.startswith(REPORT)
        with pytest.raises(rtcp.RtcpError):
            rtcp.parse(compound)


def test_what_says_nothing_is_well_formed_and_of_nobody() -> None:
    for seed in range(ROUNDS):
        first, *others = rtcp.parse(hostile_rtp.useless_feedback(random.Random(seed), REPORT))
        assert first == rtcp.ReceiverReport(77)
        assert all(str(hostile_rtp.NOBODY) in repr(other) for other in others)


def test_false_claims_are_well_formed_and_of_all_kinds() -> None:
    found = [rtcp.parse(hostile_rtp.false_claims(random.Random(seed), 77, 88, 9)) for seed in range(ROUNDS)]
    assert {type(packet) for packets in found for packet in packets} == {
        rtcp.ReceiverReport,
        rtcp.Nack,
        rtcp.Remb,
        rtcp.KeyFrameRequest,
    }
