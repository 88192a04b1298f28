"""RTCP in and out: key frames, estimates, reports, round trips."""

from typing import TypeVar

import pytest
from aiortc.rtp import RtcpPacket, RtcpSdesPacket, RtcpSrPacket

from media import rtcp
from media.engine.api import BitrateAsked, KeyFrameAsked
from media.engine.feedback import REMB_FRESH_S, REMB_INTERVAL_S
from media.engine.up import KEY_FRAME_INTERVAL_S, KEY_FRAME_TRIES
from media.rtcp import KeyFrameRequest, Nack, ReceiverReport, Remb, ReportBlock, SenderReport
from tests.media.engine.peers import (
    A_AUDIO,
    A_RTX,
    A_VIDEO,
    OPUS,
    TO_B_AUDIO,
    TO_B_VIDEO,
    UNIX_TIME,
    VP8_KEY,
    Client,
    OneWay,
    Rtp,
    World,
    audio_publication,
    audio_slot,
    frames,
    one_way,
    video_publication,
    video_slot,
)

T = TypeVar("T")


def of_type(client: Client, kind: type[T]) -> list[T]:
    return [packet for packet in client.feedback if isinstance(packet, kind)]


# ---- key frames


def test_a_new_route_asks_for_a_key_frame() -> None:
    world = World()
    sender, _ = world.join(1), world.join(2)
    video = world.engine.publish(video_publication())
    assert sender.feedback == []
    world.engine.route(video, world.engine.open_slot(video_slot()))
    assert sender.feedback == [KeyFrameRequest(1, A_VIDEO)]
    assert world.events == [KeyFrameAsked(video, 0.0)]


def asks(call: OneWay) -> int:
    return len(of_type(call.sender, KeyFrameRequest))


def test_requests_of_a_receiver_go_up_once_in_half_a_second() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1))
    for number in range(100):  # 2 s of a request every 20 ms
        call.receiver.report(rtcp.pli(1, TO_B_VIDEO) if number % 2 else rtcp.fir(1, TO_B_VIDEO, number))
        call.sender.send(Rtp(96, 2 + number, 0, A_VIDEO, VP8_KEY))
        call.world.pass_time(0.02)
    assert 4 <= asks(call) <= 5
    snapshot = {s.stream_id: s for leg in call.world.engine.snapshot(call.world.now) for s in leg.streams}
    assert snapshot[call.video_slot].plis == 100
    assert snapshot[call.video].plis == asks(call) + 1  # and that of the route


def test_a_request_is_repeated_until_a_key_frame_is_seen() -> None:
    call = one_way()
    call.world.pass_time(1.0)
    call.receiver.report(rtcp.pli(1, TO_B_VIDEO))
    before = asks(call)
    call.sender.send(*frames(1, 5))
    call.world.pass_time(KEY_FRAME_INTERVAL_S + 0.02)
    assert asks(call) == before + 1
    call.sender.send(Rtp(96, 6, 0, A_VIDEO, VP8_KEY))
    call.world.pass_time(3)
    assert asks(call) == before + 1


def test_a_request_that_no_visible_key_frame_answers_is_given_up() -> None:
    call = one_way()
    call.world.pass_time(10)
    assert asks(call) == KEY_FRAME_TRIES - 1  # the first went with the route
    assert call.world.engine.deadline() is not None
    call.world.pass_time(10)
    assert asks(call) == KEY_FRAME_TRIES - 1


def test_a_client_without_pli_is_asked_by_fir_with_a_number_that_moves() -> None:
    call = one_way(publication=video_publication(pli=False, fir=True))
    call.world.pass_time(0.6)
    call.receiver.report(rtcp.pli(1, TO_B_VIDEO))
    call.world.pass_time(0.6)
    numbers = [request.fir_number for request in of_type(call.sender, KeyFrameRequest)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_a_client_with_neither_is_not_asked() -> None:
    call = one_way(publication=video_publication(pli=False))
    call.receiver.report(rtcp.pli(1, TO_B_VIDEO))
    call.world.pass_time(0.6)
    assert asks(call) == 0


def test_requests_about_sound_strange_ssrcs_or_free_slots_ask_nobody() -> None:
    call = one_way()
    call.sender.send(Rtp(96, 1, 0, A_VIDEO, VP8_KEY))
    call.world.pass_time(1)
    before = asks(call)
    call.receiver.report(rtcp.pli(1, TO_B_AUDIO), rtcp.pli(1, 0xDEAD))
    call.world.engine.route(call.video, None)
    call.receiver.report(rtcp.pli(1, TO_B_VIDEO))
    call.world.pass_time(1)
    assert asks(call) == before


def test_a_hole_too_long_to_repair_asks_for_a_key_frame() -> None:
    call = one_way()
    call.sender.send(Rtp(96, 1, 0, A_VIDEO, VP8_KEY))
    call.world.pass_time(1)
    before = asks(call)
    call.sender.send(*frames(2000, 1))
    call.world.pass_time(0.1)
    assert asks(call) == before + 1
    assert of_type(call.sender, Nack) == []


# ---- estimates


def two_way() -> OneWay:
    """Leg 2 sends sound back, so that its feedback to leg 1 has an SSRC."""
    call = one_way()
    back = call.world.engine.publish(audio_publication(2, ssrc=0xB7, codecs={109: OPUS}))
    call.world.engine.route(back, call.world.engine.open_slot(audio_slot(1, ssrc=0xA7, pts={OPUS: 111})))
    return call


def test_an_estimate_of_the_receiver_goes_to_the_sender_at_once() -> None:
    call = two_way()
    call.receiver.report(rtcp.remb(1, 300_000, [TO_B_VIDEO, TO_B_AUDIO]))
    assert of_type(call.sender, Remb) == [Remb(0xA7, 300_000, (A_VIDEO, A_AUDIO))]
    assert of_type(call.receiver, Remb) == []
    assert BitrateAsked(1, 300_000, call.world.now) in call.world.events
    legs = {leg.leg_id: leg for leg in call.world.engine.snapshot(call.world.now)}
    assert (legs[2].remb, legs[1].remb_sent) == (300_000, 300_000)


def test_a_flood_of_estimates_does_not_become_one() -> None:
    call = one_way()
    call.world.pass_time(1.02)
    for number in range(100):
        call.receiver.report(rtcp.remb(1, 100_000 + 4 * number, [TO_B_VIDEO]))
    assert [remb.bitrate for remb in of_type(call.sender, Remb)] == [100_000]
    assert call.world.engine.deadline() == pytest.approx(call.world.now + REMB_INTERVAL_S)
    call.world.pass_time(REMB_INTERVAL_S * 3)
    assert [remb.bitrate for remb in of_type(call.sender, Remb)] == [100_000, 100_396]


def test_a_cap_of_the_server_holds_and_needs_no_receiver() -> None:
    call = one_way()
    call.world.engine.set_bitrate_cap(1, 200_000)
    call.world.pass_time(0.06)
    call.receiver.report(rtcp.remb(1, 900_000, [TO_B_VIDEO]))
    call.world.engine.set_bitrate_cap(1, None)
    call.world.pass_time(0.04)
    assert [remb.bitrate for remb in of_type(call.sender, Remb)] == [200_000, 200_000, 900_000]


def test_the_weakest_of_several_receivers_decides_while_its_word_is_fresh() -> None:
    call = one_way()
    third = call.world.join(3)
    call.world.engine.route(call.video, call.world.engine.open_slot(video_slot(3, ssrc=0xD1)))
    third.report(rtcp.remb(1, 500_000, [0xD1]))
    call.world.pass_time(1)
    call.receiver.report(rtcp.remb(1, 900_000, [TO_B_VIDEO]))
    assert of_type(call.sender, Remb)[-1].bitrate == 500_000
    call.world.pass_time(REMB_FRESH_S)
    call.receiver.report(rtcp.remb(1, 900_000, [TO_B_VIDEO]))
    assert of_type(call.sender, Remb)[-1].bitrate == 900_000


def test_an_estimate_that_concerns_nobody_goes_nowhere() -> None:
    call = one_way()
    call.sender.report(rtcp.remb(1, 300_000, [1]))  # it receives nothing
    world = World()
    world.join(1)
    world.engine.set_bitrate_cap(1, 100_000)
    world.pass_time(0.1)
    assert of_type(call.sender, Remb) == of_type(call.receiver, Remb) == []
    assert world.events == []


# ---- reports


def test_the_receiver_gets_a_sender_report_a_second_and_its_name() -> None:
    call = one_way()
    call.sender.send(Rtp(96, 1, 90_000, A_VIDEO, b"12345678", csrcs=(1,)), Rtp(111, 1, 48_000, A_AUDIO, b"1234"))
    sent_at = call.world.now
    call.world.pass_time(3.0)
    reports = of_type(call.receiver, SenderReport)
    assert {report.ssrc for report in reports} == {TO_B_VIDEO, TO_B_AUDIO}
    assert 2 <= len(reports) / 2 <= 4
    for report, clock, first in zip(reports[:2], (90_000, 48_000), (90_000, 48_000), strict=True):
        passed = rtcp.unix_seconds(report.ntp) - UNIX_TIME - sent_at
        assert report.timestamp == pytest.approx(first + passed * clock, abs=2)
    assert (reports[0].packets, reports[0].octets) == (1, 8)
    assert (reports[1].packets, reports[1].octets) == (1, 4)
    assert b"\x01\x07someone" in call.receiver.compounds[0]
    assert call.receiver.compounds[0][1] == rtcp.SR


def test_a_sender_that_receives_nothing_gets_receiver_reports_of_its_path() -> None:
    call = one_way()
    call.world.pass_time(1.0)
    call.sender.clear()
    for number in range(100):
        if number not in {20, 21, 60, 61, 62}:
            call.sender.send(Rtp(111, number, 960 * number, A_AUDIO))
        call.world.now += 0.02
    call.world.pass_time(1.2)
    (report, *_) = of_type(call.sender, ReceiverReport)
    (block,) = report.blocks
    assert (block.ssrc, block.fraction, block.lost, block.highest) == (A_AUDIO, 12, 5, 99)
    assert (block.lsr, block.dlsr) == (0, 0)
    assert block.jitter == 0
    compound = next(octets for octets in call.sender.compounds if octets[1] == rtcp.RR)
    assert b"relay" in compound


def test_a_sender_s_report_is_answered_with_its_time_and_our_delay() -> None:
    call = one_way()
    call.sender.send(Rtp(111, 1, 0, A_AUDIO))
    call.world.pass_time(1.0)
    call.sender.clear()
    call.sender.report(rtcp.sender_report(SenderReport(A_AUDIO, 0x1111_2222_3333_4444, 0, 1, 1)))
    heard = call.world.now
    while not of_type(call.sender, ReceiverReport):
        call.world.pass_time(0.02)
    block = of_type(call.sender, ReceiverReport)[0].blocks[0]
    assert block.lsr == 0x2222_3333
    assert block.dlsr / 65536 == pytest.approx(call.world.now - heard, abs=0.001)


def test_a_leg_that_sends_and_receives_gets_one_compound() -> None:
    call = two_way()
    call.sender.send(Rtp(111, 1, 0, A_AUDIO))
    call.receiver.send(Rtp(109, 1, 0, 0xB7))
    call.world.pass_time(1.2)
    report = of_type(call.sender, SenderReport)[0]
    assert [block.ssrc for block in report.blocks] == [A_AUDIO]


def test_aiortc_can_read_everything_we_say() -> None:
    call = two_way()
    call.sender.send(*frames(65_534, 1), *frames(65_550, 1), Rtp(111, 1, 0, A_AUDIO))
    call.receiver.send(Rtp(109, 1, 0, 0xB7))
    call.receiver.report(rtcp.remb(1, 300_000, [TO_B_VIDEO]), rtcp.pli(1, TO_B_VIDEO))
    call.world.pass_time(1.2)
    for client in (call.sender, call.receiver):
        kinds = {type(packet) for octets in client.compounds for packet in RtcpPacket.parse(octets)}
        assert kinds >= {RtcpSrPacket, RtcpSdesPacket}
    assert {type(packet) for packet in call.sender.feedback} == {SenderReport, Nack, Remb, KeyFrameRequest}


def test_a_leg_with_nothing_to_say_gets_no_report() -> None:
    call = one_way()
    call.world.engine.route(call.video, None)
    call.world.pass_time(3)
    assert of_type(call.receiver, SenderReport) == []
    assert of_type(call.receiver, ReceiverReport) == []


def test_reports_of_many_streams_are_split_to_fit_a_datagram() -> None:
    world = World()
    sender, receiver = world.join(1), world.join(2)
    for number in range(32):
        publication = audio_publication(mid=f"m{number}", ssrc=0x1000 + number)
        slot = audio_slot(mid=f"m{number}", ssrc=0x2000 + number, cname="c" * 60)
        world.engine.route(world.engine.publish(publication), world.engine.open_slot(slot))
        sender.send(Rtp(111, 1, 0, 0x1000 + number))
    world.pass_time(1.1)
    assert {report.ssrc for report in of_type(receiver, SenderReport)} == set(range(0x2000, 0x2020))
    blocks = [block.ssrc for report in of_type(sender, ReceiverReport) for block in report.blocks]
    assert set(blocks) == set(range(0x1000, 0x1020))
    assert max(len(datagram) for datagram in (*sender.raw, *receiver.raw)) <= 1200


def test_lips_stay_in_step_with_the_sender_s_own_clock() -> None:
    """The sender's clock is days off, its sound arrives 80 ms later than its picture."""
    call = one_way()
    video_ts, audio_ts, capture = 1_000_000, 5_000_000, 50.0
    for step in range(100):
        call.sender.send(Rtp(96, step, video_ts + 1800 * step, A_VIDEO, VP8_KEY))
        if step >= 4:
            call.sender.send(Rtp(111, step, audio_ts + 960 * (step - 4), A_AUDIO))
        if step % 50 == 10:
            at = capture + 0.02 * step
            picture = SenderReport(A_VIDEO, rtcp.ntp(at), video_ts + 1800 * step, 1, 1)
            sound = SenderReport(A_AUDIO, rtcp.ntp(at), audio_ts + 960 * step, 1, 1)
            call.sender.report(rtcp.sender_report(picture), rtcp.sender_report(sound))
        call.world.pass_time(0.02)
    reports = of_type(call.receiver, SenderReport)
    picture, sound = reports[-2:]
    assert (picture.ssrc, sound.ssrc) == (TO_B_VIDEO, TO_B_AUDIO)
    # At the same NTP time both timestamps mean the same instant of capture.
    video_instant = (picture.timestamp - video_ts) / 90_000 - rtcp.unix_seconds(picture.ntp)
    audio_instant = (sound.timestamp - audio_ts) / 48_000 - rtcp.unix_seconds(sound.ntp)
    assert video_instant == pytest.approx(audio_instant, abs=0.001)


def test_a_queue_before_the_sender_s_reports_moves_the_clock_only_slowly() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1))

    def report_late(delay: float) -> None:
        now = call.world.now
        call.sender.report(rtcp.sender_report(SenderReport(A_VIDEO, rtcp.ntp(now - delay), round(90_000 * now), 1, 1)))

    def mapping() -> float:
        call.receiver.clear()
        call.world.pass_time(1.1)
        report = of_type(call.receiver, SenderReport)[0]
        return rtcp.unix_seconds(report.ntp) - report.timestamp / 90_000

    report_late(0.05)
    calm = mapping()
    report_late(0.50)
    assert mapping() == pytest.approx(calm - 0.45, abs=0.01)  # the timestamp of that report is late by as much
    legs = call.world.engine._legs
    assert legs[1].clock_offset == pytest.approx(UNIX_TIME + 0.05, abs=0.01)


def test_reports_about_what_is_not_there_are_passed_over() -> None:
    call = one_way()
    call.sender.report(rtcp.sender_report(SenderReport(0xDEAD, 1, 1, 1, 1)))
    call.receiver.report(
        rtcp.receiver_report(ReceiverReport(1, (ReportBlock(0xDEAD, 1, 1, 1, 1, 1, 1),))),
        bytes.fromhex("81cb000100000001"),
    )
    assert not call.world.refused()


def test_the_receiver_s_word_on_its_path_stands_in_the_snapshot() -> None:
    call = one_way()
    call.sender.send(Rtp(111, 1, 0, A_AUDIO))
    call.world.pass_time(1.2)
    lsr = rtcp.middle(of_type(call.receiver, SenderReport)[0].ntp)
    report_time = rtcp.unix_seconds(of_type(call.receiver, SenderReport)[0].ntp) - UNIX_TIME
    call.world.now = report_time + 0.350
    block = ReportBlock(TO_B_AUDIO, 64, 17, 99, 480, lsr, round(0.25 * 65536))
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    leg = next(leg for leg in call.world.engine.snapshot(call.world.now) if leg.leg_id == 2)
    down = next(stream for stream in leg.streams if stream.stream_id == call.audio_slot)
    assert (down.loss, down.lost, down.jitter) == (0.25, 17, 0.01)
    assert leg.rtt == pytest.approx(0.1, abs=0.001)
    assert down.rtt == leg.rtt
    # Later samples move it by a quarter.
    call.world.now += 0.4
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    leg = next(leg for leg in call.world.engine.snapshot(call.world.now) if leg.leg_id == 2)
    assert leg.rtt == pytest.approx(0.2, abs=0.001)
    assert leg.rtt_newest == pytest.approx(0.5, abs=0.001)


def test_the_deadline_is_the_next_thing_to_do() -> None:
    call = one_way()
    call.world.pass_time(5)
    deadline = call.world.engine.deadline()
    assert deadline is not None
    assert call.world.now < deadline <= call.world.now + 1.0
    call.sender.send(*frames(1, 1), *frames(3, 1))
    assert call.world.engine.deadline() == pytest.approx(call.world.now + 0.010)
    call.world.engine.unpublish(call.video)
    assert call.world.engine.deadline() == deadline


def test_what_is_missing_is_asked_for_by_the_next_packet_without_waiting_for_a_tick() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1), *frames(4, 1))
    assert of_type(call.sender, Nack) == []
    call.world.now += 0.012
    call.sender.send(*frames(5, 1))
    assert of_type(call.sender, Nack) == [Nack(1, A_VIDEO, (2, 3))]
    call.sender.send(Rtp(97, 1, 0, A_RTX, b"\0\2\x10\x01"))
    call.world.pass_time(0.15)
    assert of_type(call.sender, Nack)[1:] == [Nack(1, A_VIDEO, (3,))]
