"""Retransmissions to a receiver: what is sent again, how often, and what never."""

from media import rtcp
from media.engine.api import StreamSnapshot
from media.engine.down import RESEND_BURST, RESEND_MIN_S
from media.engine.ring import RING_PACKETS, RING_SECONDS
from media.rtcp import ReceiverReport, ReportBlock
from tests.media.engine.peers import (
    A_AUDIO,
    A_VIDEO,
    TO_B_AUDIO,
    TO_B_RTX,
    TO_B_VIDEO,
    UNIX_TIME,
    VP8_KEY,
    OneWay,
    Rtp,
    elements,
    frames,
    one_byte,
    one_way,
    video_publication,
    video_slot,
)


def nack(call: OneWay, *numbers: int, ssrc: int = TO_B_VIDEO) -> None:
    call.receiver.report(rtcp.nack(1, ssrc, numbers))


def down(call: OneWay) -> StreamSnapshot:
    streams = [found for leg in call.world.engine.snapshot(call.world.now) for found in leg.streams]
    return next(found for found in streams if found.stream_id == call.video_slot)


def test_a_missing_packet_is_sent_again_on_the_retransmission_stream() -> None:
    call = one_way()
    block = one_byte((4, b"1"), (2, (1000).to_bytes(3, "big")))
    packet = Rtp(96, 8, 3000, A_VIDEO, b"\x10\x01lost", True, (7,), block, 4)
    call.sender.send(*frames(7, 1), packet, *frames(9, 1))
    first = call.receiver.rtp[1]
    call.world.now += 0.5
    nack(call, first.seq)
    again = call.receiver.rtp[-1]
    assert (again.pt, again.ssrc, again.ts, again.marker) == (124, TO_B_RTX, 3000, True)
    assert (again.csrcs, again.padding) == ((7,), 4)
    assert again.payload == first.seq.to_bytes(2, "big") + b"\x10\x01lost"
    # The send time has moved on by what the packet waited here, in 6.18 fixed point.
    assert elements(again.extension) == {3: b"1", 5: (1000 + (1 << 17)).to_bytes(3, "big")}
    assert (down(call).retransmitted, down(call).nacks, down(call).packets) == (1, 1, 3)
    assert down(call).retransmitted_octets == len(bytes(again))


def test_retransmissions_have_numbers_of_their_own_that_go_on() -> None:
    call = one_way()
    call.sender.send(*frames(1, 5))
    numbers = [out.seq for out in call.receiver.rtp]
    nack(call, numbers[3], numbers[1])
    nack(call, numbers[2])
    again = call.receiver.rtp[5:]
    assert [out.payload[:2] for out in again] == [numbers[index].to_bytes(2, "big") for index in (3, 1, 2)]
    assert [out.seq for out in again] == [0, 1, 2]


def test_what_was_recovered_upstream_is_there_for_the_receiver() -> None:
    call = one_way()
    first, second, third = frames(1, 3)
    call.sender.send(first, third, Rtp(97, 5, second.ts, 0xA2, b"\0\2" + second.payload, True))
    nack(call, call.receiver.rtp[2].seq)
    assert call.receiver.rtp[3].payload[2:] == second.payload


def test_the_same_packet_is_not_sent_again_within_half_a_round_trip() -> None:
    call = one_way()
    call.sender.send(*frames(1, 2))
    number = call.receiver.rtp[0].seq
    for _ in range(5):
        nack(call, number, number)
    assert down(call).retransmitted == 1
    assert call.world.refused() == {"nack_limited": 9}
    call.world.now += RESEND_MIN_S
    nack(call, number)
    assert down(call).retransmitted == 2
    lsr = rtcp.middle(rtcp.ntp(call.world.now + UNIX_TIME - 0.2))
    block = ReportBlock(TO_B_VIDEO, 0, 0, 0, 0, lsr, 0)
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    call.world.now += 0.05
    nack(call, number)
    assert down(call).retransmitted == 2
    call.world.now += 0.06
    nack(call, number)
    assert down(call).retransmitted == 3


def test_a_request_that_crossed_the_packet_on_its_way_is_not_answered() -> None:
    call = one_way()
    lsr = rtcp.middle(rtcp.ntp(call.world.now + UNIX_TIME - 0.2))
    block = ReportBlock(TO_B_VIDEO, 0, 0, 0, 0, lsr, 0)
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    call.sender.send(*frames(1, 2))
    call.world.now += 0.08
    nack(call, call.receiver.rtp[0].seq)
    assert down(call).retransmitted == 0
    call.world.now += 0.03
    nack(call, call.receiver.rtp[0].seq)
    assert down(call).retransmitted == 1


def test_a_first_request_on_a_short_path_is_answered_though_its_round_trip_was_measured_too_long() -> None:
    call = one_way()
    lsr = rtcp.middle(rtcp.ntp(call.world.now + UNIX_TIME - 0.0022))
    block = ReportBlock(TO_B_VIDEO, 0, 0, 0, 0, lsr, 0)
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    call.sender.send(*frames(1, 2))
    call.world.now += 0.0005
    nack(call, call.receiver.rtp[0].seq)
    assert down(call).retransmitted == 1


def test_retransmissions_never_exceed_what_was_sent_and_a_burst() -> None:
    call = one_way()
    for number in range(300):
        call.sender.send(Rtp(96, number, 0, A_VIDEO, b"\x10\x01" + bytes(1000)))
    numbers = [out.seq for out in call.receiver.rtp]
    for _ in range(30):
        call.world.now += RESEND_MIN_S * 2
        nack(call, *numbers)
    snapshot = down(call)
    assert snapshot.retransmitted_octets <= RESEND_BURST + 2000
    call.sender.send(Rtp(96, 300, 0, A_VIDEO, b"\x10\x01" + bytes(1000)))
    call.world.now += RESEND_MIN_S * 2
    nack(call, *numbers)
    # One new packet buys about one retransmission.
    assert 1 <= down(call).retransmitted - snapshot.retransmitted <= 2


def test_a_packet_that_is_too_old_or_was_never_sent_is_not_made_up() -> None:
    call = one_way()
    call.sender.send(*frames(1, 3))
    first = call.receiver.rtp[0].seq
    nack(call, first - 1, first + 3, first + 30_000)
    call.world.pass_time(RING_SECONDS + 0.1)
    nack(call, first)
    nack(call, first, ssrc=0xDEAD)
    assert down(call).retransmitted == 0
    assert down(call).nacks == 4


def test_only_the_last_packets_are_remembered_as_sent_again() -> None:
    call = one_way()
    for number in range(RING_PACKETS + 200):
        call.sender.send(Rtp(96, number, 0, A_VIDEO, b"\x10\x01"))
        call.world.now += 0.004
        nack(call, call.receiver.rtp[-1].seq)
        call.receiver.clear()
    assert down(call).retransmitted == RING_PACKETS + 200
    slot = call.world.engine._downs[call.video_slot]
    assert len(slot._resent_at) <= RING_PACKETS + 1


def test_after_a_switch_the_packets_of_the_former_source_are_gone() -> None:
    call = one_way()
    third = call.world.join(3)
    other = call.world.engine.publish(video_publication(3, ssrc=0xC1))
    call.sender.send(*frames(1, 3))
    numbers = [out.seq for out in call.receiver.rtp]
    call.world.engine.route(other, call.video_slot)
    third.send(Rtp(96, 1, 0, 0xC1, VP8_KEY))
    nack(call, *numbers, numbers[-1] + 1)
    assert down(call).retransmitted == 1
    assert call.receiver.rtp[-1].payload[2:] == VP8_KEY
    call.world.engine.route(other, None)
    nack(call, numbers[-1] + 1)
    assert down(call).retransmitted == 1


def test_a_codec_without_retransmission_type_is_not_sent_again() -> None:
    call = one_way(slot=video_slot(rtx_pts={99: 98}))
    call.sender.send(*frames(1, 2))
    nack(call, call.receiver.rtp[0].seq)
    assert down(call).retransmitted == 0


def test_sound_without_nack_is_neither_kept_nor_sent_again() -> None:
    call = one_way()
    call.sender.send(Rtp(111, 1, 0, A_AUDIO))
    nack(call, call.receiver.rtp[0].seq, ssrc=TO_B_AUDIO)
    assert len(call.receiver.rtp) == 1
    assert call.world.engine._ups[call.audio].ring is None


def test_without_a_retransmission_stream_the_very_octets_go_out_again() -> None:
    """Anything else under the same number would give the key stream away (RFC 7714 8.1)."""
    call = one_way(slot=video_slot(rtx_ssrc=None, rtx_pts={}))
    call.sender.send(*(Rtp(96, 65_530 + n, 0, A_VIDEO, extension=one_byte((2, b"abc"))) for n in range(10)))
    before = list(call.receiver.raw)
    numbers = [out.seq for out in call.receiver.rtp]
    call.receiver.clear()
    again: list[bytes] = []

    def catch(datagram: bytes) -> bool:
        again.append(datagram)
        return True

    call.receiver.drop = catch
    call.world.now += 0.3
    nack(call, numbers[2], numbers[7])
    assert again == [before[2], before[7]]
    nack(call, numbers[0] - 1)
    assert down(call).retransmitted == 2


def test_a_late_original_after_its_retransmission_is_not_sent_twice() -> None:
    call = one_way()
    first, second, third = frames(1, 3)
    late = call.sender.srtp.protect(bytes(second))
    call.sender.send(first, third, Rtp(97, 5, second.ts, 0xA2, b"\0\2" + second.payload, True))
    call.world.engine.receive(1, late, call.world.now)
    assert [out.payload for out in call.receiver.rtp] == [first.payload, third.payload, second.payload]
    streams = {s.stream_id: s for leg in call.world.engine.snapshot(call.world.now) for s in leg.streams}
    assert (streams[call.video].duplicates, streams[call.video].retransmitted, streams[call.video].lost) == (1, 1, 0)


def test_nor_when_the_retransmission_is_forgotten_already() -> None:
    """Here SRTP itself refuses: the number was protected before, whatever it held."""
    call = one_way()
    first, second, third = frames(1, 3)
    late = call.sender.srtp.protect(bytes(Rtp(96, 2, second.ts, A_VIDEO, b"\x10\x01another payload")))
    call.sender.send(first, third, Rtp(97, 5, second.ts, 0xA2, b"\0\2" + second.payload, True))
    call.world.pass_time(RING_SECONDS + 0.1)
    call.world.engine.receive(1, late, call.world.now)
    assert len(call.receiver.rtp) == 3
    assert call.world.refused() == {"rtp_duplicate": 1}


def test_a_retransmission_that_nobody_misses_goes_nowhere() -> None:
    call = one_way()
    call.sender.send(*frames(1, 2), Rtp(97, 5, 0, 0xA2, b"\0\1again"), Rtp(97, 6, 0, 0xA2, b"\xff\0future"))
    call.sender.send(Rtp(97, 7, 0, 0xA2, b"", padding=200))
    assert len(call.receiver.rtp) == 2
    assert not call.world.refused()


def reports(call: OneWay, *, highest: int, lost: int = 0) -> int | None:
    """A receiver report now; the loss that the relay makes of it."""
    block = ReportBlock(TO_B_VIDEO, 0, lost, highest, 0, 0, 0)
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    return down(call).lost


def test_what_was_sent_to_a_receiver_whom_nothing_reaches_any_more_is_lost() -> None:
    """Their reports go on, with the number of the last packet that came and no new loss (RFC 3550 6.4.1, A.3)."""
    call = one_way()
    call.sender.send(*frames(1, 5))
    heard = call.receiver.rtp[-1].seq
    found = [reports(call, highest=heard, lost=2)]
    for second in range(4):
        call.sender.send(*frames(6 + 10 * second, 10))
        call.world.now += 1.0
        found.append(reports(call, highest=heard, lost=2))
    # What went out less than UNHEARD_S ago may still be on its way.
    assert found == [2, 2, 12, 22, 32]
    # With the next packet that comes the receiver counts them itself: the sum does not fall.
    assert reports(call, highest=heard + 40, lost=2 + 39) == 41


def test_packets_on_their_way_are_not_taken_for_lost_however_often_a_receiver_reports() -> None:
    call = one_way()
    lsr = rtcp.middle(rtcp.ntp(call.world.now + UNIX_TIME - 0.9))
    block = ReportBlock(TO_B_VIDEO, 0, 0, 0, 0, lsr, 0)
    call.receiver.report(rtcp.receiver_report(ReceiverReport(1, (block,))))
    call.sender.send(*frames(1, 5))
    heard = call.receiver.rtp[0].seq - 1
    for number in range(17):  # twice a round trip of 0.9 s is longer than UNHEARD_S
        call.sender.send(*frames(6 + number, 1))
        call.world.now += 0.1
        assert reports(call, highest=heard) == 0


def test_who_is_sent_nothing_misses_nothing() -> None:
    call = one_way()
    call.sender.send(*frames(1, 5))
    for _ in range(5):
        call.world.now += 1.0
        assert reports(call, highest=call.receiver.rtp[-1].seq, lost=1) == 1
