"""Which publication a packet belongs to when its SSRC was not announced (RFC 8843 9.2)."""

from media.engine.api import KeyFrameAsked, StreamLearnt
from media.engine.leg import SSRC_SILENT_MID_S, SSRC_SILENT_S
from tests.media.engine.peers import (
    A_AUDIO,
    A_RTX,
    A_VIDEO,
    OPUS,
    VP8,
    VP8_KEY,
    OneWay,
    Rtp,
    audio_publication,
    frames,
    one_byte,
    one_way,
    video_publication,
)


def learnt(call: OneWay) -> list[tuple[int, int]]:
    return [(event.publication_id, event.ssrc) for event in call.world.events if isinstance(event, StreamLearnt)]


def unannounced(**changes: object) -> OneWay:
    return one_way(publication=video_publication(1, ssrc=None, rtx_ssrc=None, **changes))


def with_mid(packet: Rtp, mid: bytes) -> Rtp:
    return Rtp(packet.pt, packet.seq, packet.ts, packet.ssrc, packet.payload, extension=one_byte((4, mid)))


def test_the_mid_names_the_publication() -> None:
    call = unannounced()
    call.sender.send(with_mid(frames(1, 1, ssrc=0x51)[0], b"1"), *frames(2, 2, ssrc=0x51))
    assert len(call.receiver.rtp) == 3
    assert learnt(call) == [(call.video, 0x51)]
    # The key frame that the route could not ask for before goes up now.
    assert any(isinstance(event, KeyFrameAsked) for event in call.world.events)


def test_a_payload_type_of_one_publication_alone_is_enough() -> None:
    call = unannounced()
    call.sender.send(*frames(1, 2, ssrc=0x51))
    assert len(call.receiver.rtp) == 2
    assert learnt(call) == [(call.video, 0x51)]


def test_a_payload_type_of_two_publications_is_not() -> None:
    call = unannounced()
    call.world.engine.publish(video_publication(mid="2", ssrc=None, rtx_ssrc=None))
    call.sender.send(*frames(1, 1, ssrc=0x51))
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_unknown_stream": 1}
    call.sender.send(with_mid(frames(2, 1, ssrc=0x51)[0], b"1"))
    assert len(call.receiver.rtp) == 1


def test_a_mid_that_does_not_fit_the_payload_type_or_names_nobody_teaches_nothing() -> None:
    call = unannounced()
    call.sender.send(with_mid(frames(1, 1, ssrc=0x51)[0], b"0"), with_mid(frames(2, 1, ssrc=0x51)[0], b"\xff"))
    assert learnt(call) == []
    assert call.world.refused() == {"rtp_unknown_stream": 2}


def test_without_extensions_in_the_offer_the_payload_type_decides() -> None:
    call = unannounced(ext_ids={})
    call.world.engine.publish(audio_publication(ext_ids={}))
    call.sender.send(with_mid(frames(1, 1, ssrc=0x51)[0], b"0"))
    assert learnt(call) == [(call.video, 0x51)]


def test_a_retransmission_stream_is_learnt_and_recovers() -> None:
    call = unannounced()
    first, second, third = frames(1, 3, ssrc=0x51)
    call.sender.send(first, third)
    wrapped = Rtp(97, 900, second.ts, 0x52, second.seq.to_bytes(2, "big") + second.payload, True)
    call.sender.send(wrapped)
    assert [out.payload for out in call.receiver.rtp] == [first.payload, third.payload, second.payload]
    assert learnt(call) == [(call.video, 0x51), (call.video, 0x52)]
    # Without a MID a second stream of retransmissions is not believed; with one it is.
    call.sender.send(Rtp(97, 5, 0, 0x53, b"\0\7x"))
    assert call.world.refused() == {"rtp_unknown_stream": 1}
    call.sender.send(with_mid(Rtp(97, 6, 0, 0x54, b"\0\7x"), b"1"))
    assert learnt(call)[-1] == (call.video, 0x54)


def test_a_retransmission_before_any_media_recovers_nothing() -> None:
    call = unannounced()
    call.sender.send(Rtp(97, 5, 0, 0x52, b"\0\7x"))
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_unknown_payload": 1}
    announced = one_way()
    announced.sender.send(Rtp(97, 5, 0, A_RTX, b"\0\7x"))
    assert announced.receiver.rtp == []


def test_an_announced_ssrc_gives_way_to_another_with_its_mid_and_the_stream_goes_on() -> None:
    call = one_way()
    call.sender.send(*frames(10, 2))
    call.world.now += 2 * SSRC_SILENT_MID_S
    call.sender.send(with_mid(Rtp(96, 40_000, 5, 0x51, VP8_KEY), b"1"))
    outs = call.receiver.rtp
    assert [out.seq - outs[0].seq for out in outs] == [0, 1, 2]
    assert (outs[2].ts - outs[1].ts) & 0xFFFFFFFF == 2 * 9000
    assert learnt(call) == [(call.video, 0x51)]


def test_two_sources_that_both_claim_a_publication_do_not_alternate() -> None:
    call = one_way()
    for number in range(100):
        call.sender.send(with_mid(Rtp(96, 100 + number, 0, 0x51, VP8_KEY), b"1"))
        call.sender.send(with_mid(Rtp(96, 100 + number, 0, 0x52, VP8_KEY), b"1"))
        call.world.now += 0.02
    assert learnt(call) == [(call.video, 0x51)]
    assert len(call.receiver.rtp) == 100
    call.world.now += 2 * SSRC_SILENT_MID_S
    call.sender.send(with_mid(Rtp(96, 300, 0, 0x52, VP8_KEY), b"1"))
    assert learnt(call)[-1] == (call.video, 0x52)


def test_by_payload_type_alone_only_a_silent_ssrc_is_replaced() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1), *frames(1, 1, ssrc=0x51))
    assert learnt(call) == []
    call.world.now += SSRC_SILENT_S
    call.sender.send(*frames(2, 1, ssrc=0x51))
    assert learnt(call) == [(call.video, 0x51)]


def test_an_announced_ssrc_takes_its_place_back_at_once() -> None:
    call = one_way()
    call.sender.send(Rtp(96, 1, 0, 0x51, VP8_KEY), Rtp(96, 1, 0, A_VIDEO, VP8_KEY))
    assert learnt(call) == [(call.video, 0x51), (call.video, A_VIDEO)]
    assert len(call.receiver.rtp) == 2


def test_an_unknown_payload_type_on_a_learnt_ssrc_is_refused() -> None:
    call = one_way()
    call.sender.send(Rtp(97, 1, 0, A_VIDEO, b"\0\1x"), Rtp(96, 1, 0, A_RTX, b"\0\1x"), Rtp(103, 2, 0, A_AUDIO))
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_unknown_payload": 3}


def test_an_rtx_type_without_its_codec_is_refused() -> None:
    call = one_way(publication=video_publication(codecs={96: VP8}, rtx_pts={97: 96, 103: 102}))
    call.sender.send(*frames(1, 1), Rtp(103, 2, 0, A_RTX, b"\0\0x"))
    assert call.world.refused() == {"rtp_unknown_payload": 1}


def test_a_new_source_of_sound_is_not_asked_for_pictures() -> None:
    call = one_way()
    call.world.engine.publish(audio_publication(ssrc=None, codecs={111: OPUS}))
    call.world.now += 1
    call.sender.send(with_mid(Rtp(111, 1, 0, 0x61), b"0"))
    assert call.receiver.rtp[0].payload == Rtp(111, 1, 0, 0x61).payload
    assert not any(isinstance(event, KeyFrameAsked) for event in call.world.events)
    # With nobody to see it, a new picture is not asked for either.
    call.world.engine.route(call.video, None)
    call.sender.send(with_mid(Rtp(96, 1, 0, 0x62), b"1"))
    assert not any(isinstance(event, KeyFrameAsked) for event in call.world.events)
