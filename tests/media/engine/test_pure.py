"""The Python engine: legs, publications, slots, routes, and what passes between them."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error

from media import rtcp
from media.engine.api import (
    Address,
    Engine,
    LegHeard,
    Refusal,
    StreamSnapshot,
)
from media.engine.down import KEY_FRAME_PATIENCE_S
from media.engine.leg import SSRC_LIMIT
from media.engine.pure import PureEngine
from tests.media.engine.peers import (
    A_AUDIO,
    A_VIDEO,
    CM,
    GCM,
    H264,
    TO_B_AUDIO,
    TO_B_VIDEO,
    VP8,
    VP8_INTER,
    VP8_KEY,
    OneWay,
    Rtp,
    World,
    audio_publication,
    elements,
    frames,
    keys,
    one_byte,
    one_way,
    two_byte,
    video_publication,
    video_slot,
)


def stream(call: OneWay, stream_id: int) -> StreamSnapshot:
    streams = [found for leg in call.world.engine.snapshot(call.world.now) for found in leg.streams]
    return next(found for found in streams if found.stream_id == stream_id)


def test_it_is_an_engine() -> None:
    engine: Engine = PureEngine(lambda _data, _address: None)
    engine.add_leg(1, keys(1), ("192.0.2.1", 1))
    engine.receive(1, b"", 0.0)  # with nobody who wants its events
    assert engine.refused() == {Refusal.RTP_MALFORMED: 1}


# ---- forwarding


@pytest.mark.parametrize("profile", [GCM, CM])
def test_a_packet_reaches_the_other_leg_in_that_leg_s_numbers(profile: str) -> None:
    call = one_way(GCM if profile == GCM else CM)
    block = one_byte((4, b"1"), (2, b"abc"), (9, b"unknown"))
    call.sender.send(Rtp(96, 7, 90, A_VIDEO, b"\x10\x00picture", True, (1, 2), block, 4))
    (out,) = call.receiver.rtp
    assert (out.pt, out.ssrc, out.ts, out.marker, out.payload) == (120, TO_B_VIDEO, 90, True, b"\x10\x00picture")
    assert (out.csrcs, out.padding) == ((1, 2), 4)
    assert elements(out.extension) == {3: b"1", 5: b"abc"}


def test_legs_of_unlike_profiles_meet() -> None:
    world = World()
    sender, receiver = world.join(1, GCM), world.join(2, CM)
    world.engine.route(world.engine.publish(video_publication()), world.engine.open_slot(video_slot()))
    sender.send(*frames(1, 3))
    assert [packet.payload[2:] for packet in receiver.rtp] == [b"frame 1", b"frame 2", b"frame 3"]


def test_equal_numbering_passes_the_extensions_as_they_stand() -> None:
    ids = {"mid": 4, "abs_send_time": 2}
    call = one_way(slot=video_slot(ext_ids=ids))
    call.sender.send(Rtp(96, 7, 90, A_VIDEO, extension=two_byte((4, b"1"), (2, b"abc"))))
    assert call.receiver.rtp[0].extension == two_byte((4, b"1"), (2, b"abc"))


def test_sound_and_picture_do_not_mix() -> None:
    call = one_way()
    call.sender.send(Rtp(111, 7, 90, A_AUDIO, b"sound"), *frames(1, 1), Rtp(111, 8, 1050, A_AUDIO, b"sound2"))
    assert [(out.pt, out.ssrc) for out in call.receiver.rtp] == [
        (109, TO_B_AUDIO),
        (120, TO_B_VIDEO),
        (109, TO_B_AUDIO),
    ]


def test_numbers_go_on_over_the_wraps_of_both_counters() -> None:
    call = one_way()
    packets = frames(65_530, 12, ts=2**32 - 10_000)
    call.sender.send(*packets)
    outs = call.receiver.rtp
    assert [out.payload for out in outs] == [packet.payload for packet in packets]
    assert [(later.seq - earlier.seq) & 0xFFFF for earlier, later in itertools.pairwise(outs)] == [1] * 11
    assert [out.ts for out in outs] == [packet.ts & 0xFFFFFFFF for packet in packets]


def test_many_wraps_pass_and_the_roll_over_counters_of_both_legs_agree() -> None:
    call = one_way()
    for number in range(0, 5 * 65_536, 700):
        call.sender.send(Rtp(111, number, number * 960, A_AUDIO))
    assert len(call.receiver.rtp) == len(range(0, 5 * 65_536, 700))


def test_holes_and_disorder_of_the_path_stay_what_they_are() -> None:
    call = one_way()
    packets = frames(100, 6)
    order = [0, 2, 1, 5, 3]  # 4 is lost
    protected = [call.sender.srtp.protect(bytes(packet)) for packet in packets]
    for index in order:
        call.world.engine.receive(1, protected[index], call.world.now)
    first = call.receiver.rtp[0].seq
    assert [out.seq - first for out in call.receiver.rtp] == order


def test_without_a_route_nothing_is_sent() -> None:
    call = one_way()
    call.world.engine.route(call.video, None)
    call.sender.send(*frames(1, 3))
    assert call.receiver.rtp == []
    assert stream(call, call.video).packets == 3
    call.world.engine.route(call.video, None)  # again is no harm


def test_a_codec_that_the_receiver_lacks_is_not_sent() -> None:
    call = one_way()
    call.sender.send(*frames(1, 2, pt=102))
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_unknown_payload": 2}


def test_a_codec_both_have_keeps_its_identity_not_its_number() -> None:
    call = one_way(slot=video_slot(pts={VP8: 120, H264: 96}))
    call.sender.send(*frames(1, 1, pt=102), *frames(2, 1))
    assert [out.pt for out in call.receiver.rtp] == [96, 120]


# ---- routes that change


def test_another_publication_on_the_slot_goes_on_from_its_next_key_frame() -> None:
    call = one_way()
    third = call.world.join(3)
    other = call.world.engine.publish(video_publication(3, ssrc=0xC1, rtx_ssrc=0xC2))
    call.sender.send(*frames(100, 3))
    call.world.now += 0.1
    call.world.engine.route(other, call.video_slot)
    third.send(*frames(50_000, 2, ssrc=0xC1, ts=777), Rtp(96, 50_002, 9000, 0xC1, VP8_KEY))
    third.send(*frames(50_003, 1, ssrc=0xC1, ts=12_000))
    call.sender.send(*frames(103, 1))  # goes nowhere now
    outs = call.receiver.rtp
    assert [out.payload for out in outs[3:]] == [VP8_KEY, VP8_INTER + b"frame 50003"]
    assert [out.seq - outs[0].seq for out in outs] == [0, 1, 2, 3, 4]
    assert [out.ts for out in outs] == [0, 3000, 6000, 6000 + 9000, 6000 + 9000 + 3000]


def test_a_picture_that_cannot_be_looked_into_is_not_held_back_for_ever() -> None:
    call = one_way()
    third = call.world.join(3)
    other = call.world.engine.publish(video_publication(3, ssrc=0xC1))
    call.sender.send(*frames(1, 1))
    call.world.engine.route(other, call.video_slot)
    third.send(*frames(1, 1, ssrc=0xC1))
    call.world.pass_time(KEY_FRAME_PATIENCE_S + 0.1)
    third.send(*frames(2, 1, ssrc=0xC1))
    assert [out.payload[-7:] for out in call.receiver.rtp] == [b"frame 1", b"frame 2"]


def test_sound_waits_for_nothing() -> None:
    call = one_way()
    third = call.world.join(3)
    other = call.world.engine.publish(audio_publication(3, ssrc=0xC3))
    call.sender.send(Rtp(111, 1, 0, A_AUDIO, b"a"))
    call.world.engine.route(other, call.audio_slot)
    third.send(Rtp(111, 9, 0, 0xC3, b"b"))
    assert [out.payload for out in call.receiver.rtp] == [b"a", b"b"]


def test_packets_of_a_new_source_from_before_the_switch_are_left_out() -> None:
    call = one_way()
    third = call.world.join(3)
    other = call.world.engine.publish(audio_publication(3, ssrc=0xC3))
    early = third.srtp.protect(bytes(Rtp(111, 8, 0, 0xC3, b"early")))
    call.sender.send(Rtp(111, 1, 0, A_AUDIO, b"a"))
    call.world.engine.route(other, call.audio_slot)
    third.send(Rtp(111, 9, 960, 0xC3, b"b"))
    call.world.engine.receive(3, early, call.world.now)
    assert [out.payload for out in call.receiver.rtp] == [b"a", b"b"]


def test_one_publication_feeds_several_slots() -> None:
    call = one_way()
    third = call.world.join(3)
    call.world.engine.route(call.video, call.world.engine.open_slot(video_slot(3, ssrc=0xD1, pts={VP8: 99})))
    call.sender.send(*frames(1, 2))
    assert len(call.receiver.rtp) == 2
    assert [(out.pt, out.ssrc) for out in third.rtp] == [(99, 0xD1), (99, 0xD1)]
    call.world.engine.route(call.video, call.video_slot)  # it is there already
    call.sender.send(*frames(3, 1))
    assert len(call.receiver.rtp) == 3


def test_a_publication_that_ends_leaves_its_slot_free() -> None:
    call = one_way()
    call.world.engine.unpublish(call.video)
    call.world.engine.unpublish(call.video)
    call.sender.send(*frames(1, 1))
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_unknown_stream": 1}
    again = call.world.engine.publish(video_publication(ssrc=0xA9))
    call.world.engine.route(again, call.video_slot)
    call.sender.send(*frames(1, 1, ssrc=0xA9))
    assert len(call.receiver.rtp) == 1


def test_a_slot_that_closes_and_comes_back_with_its_ssrc_repeats_no_number() -> None:
    call = one_way()
    engine = call.world.engine
    call.sender.send(*frames(1, 3))
    engine.close_slot(call.video_slot)
    engine.close_slot(call.video_slot)
    call.sender.send(*frames(4, 1))
    slot_id = engine.open_slot(video_slot())
    assert slot_id != call.video_slot
    engine.route(call.video, slot_id)
    call.sender.send(Rtp(96, 5, 15_000, A_VIDEO, VP8_KEY))
    outs = call.receiver.rtp
    assert [out.seq - outs[0].seq for out in outs] == [0, 1, 2, 3]
    assert not call.world.refused()


def test_a_later_offer_changes_a_slot_in_place_or_replaces_it() -> None:
    call = one_way()
    engine = call.world.engine
    assert engine.open_slot(video_slot(pts={VP8: 100}, ext_ids={})) == call.video_slot
    call.sender.send(Rtp(96, 1, 0, A_VIDEO, extension=one_byte((2, b"abc"))))
    assert call.receiver.rtp[0].pt == 100
    assert elements(call.receiver.rtp[0].extension) == {}
    other = engine.open_slot(video_slot(ssrc=0xB9))
    assert other != call.video_slot
    engine.route(call.video, other)
    call.sender.send(*frames(2, 1))
    assert call.receiver.rtp[1].ssrc == 0xB9


def test_a_later_offer_changes_a_publication_in_place() -> None:
    call = one_way()
    engine = call.world.engine
    call.sender.send(*frames(1, 1))
    assert engine.publish(video_publication(codecs={98: VP8}, rtx_pts={99: 98}, nack=False)) == call.video
    call.sender.send(*frames(2, 1, pt=98), *frames(3, 1))
    assert [out.payload[-1:] for out in call.receiver.rtp] == [b"1", b"2"]
    assert call.world.refused() == {"rtp_unknown_payload": 1}
    assert stream(call, call.video).packets == 2


# ---- legs


def test_a_leg_that_ends_takes_everything_with_it_but_its_count_of_refusals() -> None:
    call = one_way()
    engine = call.world.engine
    engine.receive(2, b"short", call.world.now)
    engine.remove_leg(2)
    engine.remove_leg(2)
    call.sender.send(*frames(1, 1))
    engine.receive(2, b"x" * 40, call.world.now)
    assert engine.refused() == {Refusal.RTP_MALFORMED: 1, Refusal.UNKNOWN_LEG: 1}
    assert [leg.leg_id for leg in engine.snapshot(call.world.now)] == [1]
    assert engine.heard(2) is None
    engine.remove_leg(1)
    assert engine.snapshot(call.world.now) == []
    assert engine.deadline() is None


def test_methods_about_what_is_not_there_do_nothing() -> None:
    call = one_way()
    engine = call.world.engine
    engine.set_address(9, ("192.0.2.9", 9))
    engine.set_bitrate_cap(9, 1)
    engine.unpublish(999)
    engine.close_slot(999)
    engine.route(999, call.video_slot)
    engine.route(call.video, 999)
    call.sender.send(*frames(1, 1))
    assert len(call.receiver.rtp) == 1


def test_only_a_leg_twice_and_a_stream_of_no_leg_are_errors() -> None:
    world = World()
    world.join(1)
    with pytest.raises(ValueError, match="leg 1 exists"):
        world.engine.add_leg(1, keys(1), ("192.0.2.1", 1))
    with pytest.raises(ValueError, match="no leg 2"):
        world.engine.publish(video_publication(2))
    with pytest.raises(ValueError, match="no leg 2"):
        world.engine.open_slot(video_slot(2))


def test_a_leg_that_moves_is_sent_to_at_its_new_address_by_its_new_socket() -> None:
    call = one_way()
    engine = call.world.engine
    moved: list[Address] = []
    call.world.clients["198.51.100.7", 99] = call.receiver
    engine.set_address(2, ("198.51.100.7", 99))
    call.sender.send(*frames(1, 1))
    assert len(call.receiver.rtp) == 1
    engine.set_address(2, ("203.0.113.5", 1), send=lambda _data, address: moved.append(address))
    call.sender.send(*frames(2, 1))
    assert moved == [("203.0.113.5", 1)]


def test_a_leg_may_bring_its_own_socket() -> None:
    sent: list[bytes] = []
    world = World()
    sender = world.join(1)
    world.engine.add_leg(2, keys(2), ("192.0.2.2", 2), send=lambda data, _address: sent.append(data))
    world.engine.route(world.engine.publish(video_publication()), world.engine.open_slot(video_slot()))
    sender.send(*frames(1, 1))
    assert len(sent) == 1


def test_a_full_socket_loses_the_packet_and_nothing_else() -> None:
    call = one_way()

    def full(_datagram: bytes, _address: Address) -> None:
        raise BlockingIOError

    call.world.engine.set_address(2, ("192.0.2.1", 5002), send=full)
    call.sender.send(*frames(1, 2))
    call.world.pass_time(1.1)  # reports meet the same fate
    assert call.world.refused()["send_failed"] >= 3


def test_a_leg_is_announced_when_it_is_first_heard_and_after_silence() -> None:
    call = one_way()
    engine = call.world.engine
    assert engine.heard(1) is None
    engine.receive(1, b"\x80\x60" + bytes(30), call.world.now)  # not authentic
    assert engine.heard(1) is None
    call.sender.send(*frames(1, 2))
    first = call.world.now
    assert engine.heard(1) == first
    call.world.now += 5
    call.sender.report(rtcp.receiver_report(rtcp.ReceiverReport(1)))
    assert engine.heard(1) == call.world.now
    call.world.now += 0.5
    call.sender.send(*frames(3, 1))
    assert call.world.events == [LegHeard(1, first), LegHeard(1, first + 5)]


# ---- what is refused


def test_a_replayed_packet_is_never_forwarded() -> None:
    call = one_way()
    datagrams = [call.sender.srtp.protect(bytes(packet)) for packet in frames(65_500, 100)]
    for datagram in (*datagrams, *datagrams, *reversed(datagrams)):
        call.world.engine.receive(1, datagram, call.world.now)
    assert len(call.receiver.rtp) == 100
    assert call.world.refused() == {"srtp_replay": 200}


Break = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)), "srtp_auth"),
        (lambda octets: octets[:4] + b"\xff" + octets[5:], "srtp_auth"),
        (lambda octets: octets[:11], "rtp_malformed"),
        (lambda _octets: b"", "rtp_malformed"),
        (lambda octets: octets + bytes(2000), "rtp_malformed"),
        (lambda octets: octets[:13], "rtp_malformed"),
    ],
)
def test_what_is_not_authentic_is_counted_by_reason(spoil: Break, reason: str) -> None:
    call = one_way()
    call.world.engine.receive(1, spoil(call.sender.srtp.protect(bytes(frames(1, 1)[0]))), call.world.now)
    assert call.receiver.rtp == []
    assert call.world.refused() == {reason: 1}
    assert call.world.engine.heard(1) is None


def test_keys_of_another_leg_open_nothing() -> None:
    call = one_way()
    call.world.engine.receive(1, call.receiver.srtp.protect(bytes(frames(1, 1)[0])), call.world.now)
    assert call.world.refused() == {"srtp_auth": 1}


@pytest.mark.parametrize(
    "packet",
    [
        Rtp(96, 1, 0, A_VIDEO, b"\x00"),
        Rtp(96, 1, 0, A_VIDEO, b"abc\xff"),
    ],
)
def test_an_authentic_packet_with_impossible_padding_is_malformed(packet: Rtp) -> None:
    call = one_way()
    octets = bytes(packet)
    call.sender.send(bytes((octets[0] | 0x20,)) + octets[1:])
    assert call.receiver.rtp == []
    assert call.world.refused() == {"rtp_malformed": 1}


def test_payload_types_outside_the_offer_are_refused() -> None:
    call = one_way()
    call.sender.send(*frames(1, 1, pt=98))
    assert call.world.refused() == {"rtp_unknown_payload": 1}


def test_strange_ssrcs_are_refused_and_libsrtp_need_not_remember_more_than_some() -> None:
    call = one_way()
    for number in range(2 * SSRC_LIMIT):
        call.sender.send(Rtp(50, 1, 0, 0xF000 + number))
    assert call.world.refused() == {"rtp_unknown_stream": 2 * SSRC_LIMIT}
    # Those it has seen may go on, strangers are not even decrypted, and the call is not hurt.
    call.world.engine.receive(1, b"\x80\x32" + bytes(40), call.world.now)
    call.sender.report(rtcp.receiver_report(rtcp.ReceiverReport(0x77)))
    assert call.world.refused() == {"rtp_unknown_stream": 2 * SSRC_LIMIT + 2}
    call.sender.send(*frames(1, 1))
    call.sender.report(rtcp.receiver_report(rtcp.ReceiverReport(A_VIDEO)))
    assert len(call.receiver.rtp) == 1
    assert call.world.refused() == {"rtp_unknown_stream": 2 * SSRC_LIMIT + 2}


def test_rtcp_is_counted_by_reason_too() -> None:
    call = one_way()
    good = call.sender.srtp.protect_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(1)))
    bad = call.sender.srtp.protect_rtcp(bytes.fromhex("81c9000100000001"))  # announces a block it has not
    for datagram in (good, good, good[:-1] + bytes((good[-1] ^ 1,)), bad, good[:13], b"\x80\xc9" + bytes(2000)):
        call.world.engine.receive(1, datagram, call.world.now)
    assert call.world.refused() == {"srtcp_replay": 1, "srtcp_auth": 1, "rtcp_malformed": 3}


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_no_datagram_raises_and_the_call_goes_on(data: st.DataObject) -> None:
    """Raw octets, mutated SRTP, and whatever a connected client may protect."""
    call = one_way()
    base = bytes(frames(1, 1)[0])
    datagrams = data.draw(st.lists(st.binary(max_size=80), max_size=10))
    mutations = data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=10))
    for number, (at, value) in enumerate(mutations):
        octets = bytearray(call.sender.srtp.protect(bytes(Rtp(96, 1000 + number, 0, A_VIDEO))))
        octets[at % len(octets)] = value
        datagrams.append(bytes(octets))
    for datagram in datagrams:
        call.world.engine.receive(1, datagram, call.world.now)
    bodies = data.draw(
        st.lists(st.tuples(st.integers(0, 63), st.sampled_from([96, 97, 102, 111]), st.binary(max_size=60)))
    )
    for number, (flags, second, body) in enumerate(bodies):
        packet = bytes((0x80 | flags, second, 1, number)) + base[4:8] + data.draw(st.sampled_from(SSRC_OCTETS)) + body
        try:
            protected = call.sender.srtp.protect(packet)
        except Error:
            continue  # the client's own libsrtp refuses it
        call.world.engine.receive(1, protected, call.world.now)
    for body in data.draw(st.lists(st.binary(min_size=8, max_size=60), max_size=10)):
        call.sender.report(bytes((0x80 | body[0] & 0x3F, 200 + body[1] % 8)) + body[2:])
    call.world.pass_time(0.1)
    call.receiver.clear()
    call.sender.send(Rtp(111, 40_000, 0, A_AUDIO, b"still here"))
    assert [out.payload for out in call.receiver.rtp] == [b"still here"]


SSRC_OCTETS = [A_VIDEO.to_bytes(4, "big"), (0xA2).to_bytes(4, "big"), b"\0\0\0\x55"]
