"""RTCP: our octets against aiortc's reader, aiortc's octets against ours, and what nobody should send."""

import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.rtcp import Bye, KeyFrameRequest, Nack, ReceiverReport, Remb, ReportBlock, RtcpError, SenderReport

SSRCS = st.integers(0, 2**32 - 1)
BLOCKS = st.builds(
    ReportBlock,
    SSRCS,
    st.integers(0, 255),
    st.integers(-0x800000, 0x7FFFFF),
    SSRCS,
    SSRCS,
    SSRCS,
    SSRCS,
)


@given(ssrc=SSRCS, ntp=st.integers(0, 2**64 - 1), timestamp=SSRCS, blocks=st.lists(BLOCKS, max_size=31))
def test_reports_come_back_as_they_went(ssrc: int, ntp: int, timestamp: int, blocks: list[ReportBlock]) -> None:
    sent = SenderReport(ssrc, ntp, timestamp, 12, 3456, tuple(blocks))
    received = ReceiverReport(ssrc, tuple(blocks))
    assert rtcp.parse(rtcp.sender_report(sent) + rtcp.receiver_report(received)) == [sent, received]


def test_aiortc_reads_our_compound() -> None:
    block = ReportBlock(7, 12, -5, 99, 3, 4, 5)
    octets = (
        rtcp.sender_report(SenderReport(1, 2**40 + 9, 3, 2**32 + 4, 5, (block,)))
        + rtcp.source_description(1, "someone")
        + rtcp.source_description(2, "x" * 300)
        + rtcp.source_description(3, "abc")
        + rtcp.nack(1, 2, [65534, 65535, 0, 20])
        + rtcp.pli(1, 2)
        + rtcp.fir(1, 2, 260)
        + rtcp.remb(1, 300_000, [2, 3])
    )
    sr, *names, nack, pli, fir, remb = RtcpPacket.parse(octets)
    assert isinstance(sr, RtcpSrPacket)
    assert (sr.ssrc, sr.sender_info.ntp_timestamp, sr.sender_info.packet_count) == (1, 2**40 + 9, 4)
    assert sr.reports == [RtcpReceiverInfo(7, 12, -5, 99, 3, 4, 5)]
    assert names == [
        RtcpSdesPacket([RtcpSourceInfo(1, [(1, b"someone")])]),
        RtcpSdesPacket([RtcpSourceInfo(2, [(1, b"x" * 255)])]),
        RtcpSdesPacket([RtcpSourceInfo(3, [(1, b"abc")])]),
    ]
    assert isinstance(nack, RtcpRtpfbPacket)
    assert nack.lost == [65534, 65535, 0, 20]
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.ssrc, pli.media_ssrc) == (1, 1, 2)
    assert isinstance(fir, RtcpPsfbPacket)
    assert (fir.fmt, fir.fci) == (4, b"\0\0\0\x02\x04\0\0\0")
    assert isinstance(remb, RtcpPsfbPacket)
    assert unpack_remb_fci(remb.fci) == (300_000 >> 1 << 1, [2, 3])


def test_we_read_aiortc_s_packets() -> None:
    info = RtcpReceiverInfo(7, 12, -5, 99, 3, 4, 5)
    octets = b"".join(
        bytes(packet)
        for packet in (
            RtcpSrPacket(1, RtcpSenderInfo(2, 3, 4, 5), [info]),
            RtcpRrPacket(1, [info]),
            RtcpSdesPacket([RtcpSourceInfo(1, [(1, b"someone")])]),
            RtcpRtpfbPacket(1, 1, 2, [9, 10, 40]),
            RtcpPsfbPacket(1, 1, 2),
            RtcpPsfbPacket(15, 1, 0, pack_remb_fci(4_160_000, [2])),
            RtcpByePacket([1, 2]),
        )
    )
    block = ReportBlock(7, 12, -5, 99, 3, 4, 5)
    assert rtcp.parse(octets) == [
        SenderReport(1, 2, 3, 4, 5, (block,)),
        ReceiverReport(1, (block,)),
        Nack(1, 2, (9, 10, 40)),
        KeyFrameRequest(1, 2),
        Remb(1, 4_160_000, (2,)),
        Bye((1, 2)),
    ]


@given(numbers=st.sets(st.integers(0, 3000), min_size=1, max_size=200), start=st.integers(0, 65535))
def test_a_nack_asks_for_exactly_what_is_missing(numbers: set[int], start: int) -> None:
    missing = tuple((start + number) & 0xFFFF for number in sorted(numbers))
    assert rtcp.parse(rtcp.nack(1, 2, missing)) == [Nack(1, 2, missing)]


def test_one_nack_asks_for_no_more_than_the_limit() -> None:
    octets = rtcp.nack(1, 2, range(5000))
    (nack,) = rtcp.parse(octets)
    assert isinstance(nack, Nack)
    assert nack.sequences == tuple(range(rtcp.NACK_LIMIT))


@given(bitrate=st.integers(0, 2**50))
def test_a_remb_is_rounded_down_by_less_than_one_in_a_hundred_thousand(bitrate: int) -> None:
    (remb,) = rtcp.parse(rtcp.remb(1, bitrate, [5]))
    assert isinstance(remb, Remb)
    assert remb.media_ssrcs == (5,)
    assert bitrate * (1 - 1e-5) - 1 < remb.bitrate <= bitrate


def test_firs_of_several_senders_are_several_requests() -> None:
    octets = rtcp.fir(1, 2, 9)
    two = octets[:2] + b"\0\6" + octets[4:] + b"\0\0\0\3\x0a\0\0\0"
    assert rtcp.parse(two) == [KeyFrameRequest(1, 2, 9), KeyFrameRequest(1, 3, 10)]


@pytest.mark.parametrize(
    "packet",
    [
        "81cc0001 00000001",  # APP
        "81ca0002 00000001 01000000",  # SDES
        "8fcd0003 00000001 00000002 00000000",  # transport-wide feedback
        "8fce0003 00000001 00000002 41424344",  # application feedback of another kind
        "82ce0003 00000001 00000002 00000000",  # SLI
        "80cf0001 00000001",  # XR
    ],
)
def test_what_the_relay_has_no_use_for_is_passed_over(packet: str) -> None:
    assert rtcp.parse(bytes.fromhex(packet) + rtcp.pli(1, 2)) == [KeyFrameRequest(1, 2)]


def test_padding_of_the_last_packet_is_taken_off() -> None:
    octets = bytearray(rtcp.pli(1, 2) + b"\0\0\0\4")
    octets[0] |= 0x20
    octets[3] += 1
    assert rtcp.parse(rtcp.pli(3, 4) + bytes(octets)) == [KeyFrameRequest(3, 4), KeyFrameRequest(1, 2)]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "empty"),
        ("80c8", "shorter than a header"),
        ("40c90001 00000001", "version"),
        ("80c90002 00000001", "longer than the datagram"),
        ("80c80001 00000001", "sender report cut short"),
        ("80c90000", "receiver report cut short"),
        ("81c90001 00000001", "report blocks cut short"),
        ("82cb0001 00000001", "bye cut short"),
        ("81cd0002 00000001 00000002", "nack cut short"),
        ("81ce0001 00000001", "feedback cut short"),
        ("84ce0003 00000001 00000002 00000003", "fir cut short"),
        ("8fce0003 00000001 00000002 52454d42", "remb cut short"),
        ("8fce0004 00000001 00000002 52454d42 02000000", "remb cut short"),
        ("a0c90001 00000001 80c90001 00000001", "bad padding"),  # not the last
        ("a0c90001 00000000", "bad padding"),
        ("a0c90001 00000003", "bad padding"),
        ("a0c90001 00000008", "bad padding"),
        ("a0c90000", "bad padding"),
    ],
)
def test_malformed_packets_are_refused(octets: str, reason: str) -> None:
    with pytest.raises(RtcpError, match=reason):
        rtcp.parse(bytes.fromhex(octets))


MUTATIONS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=8)
GOOD = (
    rtcp.sender_report(SenderReport(1, 2, 3, 4, 5, (ReportBlock(1, 2, 3, 4, 5, 6, 7),)))
    + rtcp.source_description(1, "a")
    + rtcp.nack(1, 2, [3, 4, 90])
    + rtcp.fir(1, 2, 3)
    + rtcp.remb(1, 1000, [1, 2])
    + rtcp.pli(1, 2)
)


@given(mutations=MUTATIONS, cut=st.integers(0, len(GOOD)), noise=st.binary(max_size=40))
def test_no_octets_raise_anything_else(mutations: list[tuple[int, int]], cut: int, noise: bytes) -> None:
    octets = bytearray(GOOD)
    for at, value in mutations:
        octets[at % len(octets)] = value
    for datagram in (bytes(octets[:cut]), bytes(octets) + noise, noise):
        try:
            rtcp.parse(datagram)
        except RtcpError:
            continue


def test_ntp_times_there_and_back() -> None:
    assert rtcp.ntp(0.0) == 2_208_988_800 << 32
    assert rtcp.unix_seconds(rtcp.ntp(1_790_000_000.25)) == pytest.approx(1_790_000_000.25, abs=1e-6)
    assert rtcp.middle(0x11112222_33334444) == 0x22223333


def block(lsr: int, dlsr: int) -> ReportBlock:
    return ReportBlock(1, 0, 0, 0, 0, lsr, dlsr)


def test_round_trip_is_arrival_minus_report_minus_delay() -> None:
    assert rtcp.round_trip(block(0xB7052000, 0x00054000), 0xB7108000 << 16) == 6.125
    assert rtcp.round_trip(block(0, 0), 0xB7108000 << 16) is None
    # Rounding of both ends may leave a little less than nothing; anything below is an invention.
    assert rtcp.round_trip(block(0x00010000, 0x10), 0x0001000F << 16) == 0.0
    assert rtcp.round_trip(block(0x00010000, 0x00010000), 0x00010010 << 16) is None
    assert rtcp.round_trip(block(0xFFFF0000, 0x8000), 0x00000000 << 16) == 0.5  # over the wrap of 18 hours
