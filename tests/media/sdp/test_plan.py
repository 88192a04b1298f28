import pytest
from hypothesis import given

from media.engine.api import CodecKey
from media.sdp import MediaPlan, Offer, meets, negotiate, parse_offer
from media.sdp.plan import MAX_EXTENSION_ID, MAX_MESSAGE_SIZE
from protocol.errors import InvalidPayload
from tests.media.sdp.samples import CHROMIUM, CHROMIUM_RECVONLY, FIREFOX, offer_of, text_of, without
from tests.media.sdp.strategies import offers

VP8 = CodecKey("vp8", 90000, 0, "")
ORIENTATION = "urn:3gpp:video-orientation"


def only(text: str, *names: str) -> str:
    """An offer whose client has no video codec but these."""
    others = [name for name in ("VP8", "H264", "VP9", "AV1") if name not in names]
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not (line.startswith("a=rtpmap") and any(f" {name}/90000" in line for name in others))
    )


def names(plan: MediaPlan) -> list[str]:
    return [codec.name for codec in plan.codecs]


def video_of(own: Offer, other: Offer | None, *asked: str, settled: tuple[MediaPlan, ...] = ()) -> MediaPlan:
    return next(plan for plan in negotiate(own, other, asked, settled=settled) if plan.kind == "video")


def test_the_first_answer_accepts_opus_and_vp8_with_rtx() -> None:
    audio, video, data = negotiate(offer_of(CHROMIUM), None)
    assert (names(audio), names(video)) == (["opus"], ["vp8"])
    assert video.rtx_pt_of == {96: 97}
    assert audio.rtx_pt_of == {}
    assert all(plan.accepted for plan in (audio, video, data))


def test_asking_changes_nothing_before_the_other_is_known() -> None:
    assert negotiate(offer_of(CHROMIUM), None, {"vp9", "av1"}) == negotiate(offer_of(CHROMIUM), None)


def test_between_like_clients_h264_and_red_are_accepted_too() -> None:
    audio, video, _ = negotiate(offer_of(CHROMIUM), offer_of(CHROMIUM))
    assert names(audio) == ["opus", "red"]
    assert names(video) == ["vp8", "h264", "h264", "h264"]


def test_between_unlike_clients_only_what_both_have_is_accepted() -> None:
    audio, video, _ = negotiate(offer_of(FIREFOX), offer_of(CHROMIUM))
    assert (names(audio), names(video)) == (["opus"], ["vp8"])
    assert (audio.codecs[0].pt, video.codecs[0].pt, video.codecs[0].rtx_pt) == (109, 120, 124)


def test_the_maps_of_two_legs_meet_in_the_codec() -> None:
    up = negotiate(offer_of(CHROMIUM), None)[1]
    down = negotiate(offer_of(FIREFOX), offer_of(CHROMIUM), settled=(up,))[1]
    assert up.codec_of == {96: VP8}
    assert down.pt_of == {VP8: 120}
    assert down.pt_of[up.codec_of[96]] == 120


def test_vp9_and_av1_are_accepted_when_asked_for_and_both_have_them() -> None:
    chromium, firefox = offer_of(CHROMIUM), offer_of(FIREFOX)
    assert names(video_of(chromium, firefox, "vp9", "av1")) == ["av1", "vp9", "vp8"]
    assert names(video_of(chromium, parse_offer(only(text_of(CHROMIUM), "VP8", "AV1")), "vp9")) == ["vp8"]
    assert "g722" not in names(negotiate(chromium, chromium, {"g722"})[0])


def test_what_the_other_leg_has_accepted_comes_first() -> None:
    chromium, firefox = offer_of(CHROMIUM), offer_of(FIREFOX)
    first = negotiate(chromium, None)
    second = negotiate(firefox, chromium, {"vp9"}, settled=first)
    assert names(second[1]) == ["vp8", "vp9"]
    again = negotiate(chromium, firefox, {"vp9"}, settled=second)
    assert names(again[1]) == ["vp9", "vp8"]


def test_a_client_without_vp8_gets_h264() -> None:
    offer = parse_offer(only(text_of(CHROMIUM), "H264"))
    plan = video_of(offer, None)
    assert names(plan) == ["h264"] * 3
    assert all(codec.key.profile.endswith(";1") for codec in plan.codecs)


def test_clients_with_nothing_in_common_keep_their_m_lines() -> None:
    left, right = parse_offer(only(text_of(CHROMIUM), "H264")), parse_offer(only(text_of(CHROMIUM), "VP8"))
    assert names(video_of(left, right)) == ["h264"] * 3
    assert names(video_of(right, left)) == ["vp8"]
    assert not meets(negotiate(left, right), negotiate(right, left))


def test_legs_meet_when_a_codec_of_each_kind_passes() -> None:
    chromium, recvonly = negotiate(offer_of(CHROMIUM), None), negotiate(offer_of(CHROMIUM_RECVONLY), None)
    assert meets(chromium, negotiate(offer_of(FIREFOX), None))
    assert meets(chromium, recvonly)
    assert meets(chromium, ())


def test_an_m_line_without_a_usable_codec_is_refused_alone() -> None:
    audio, video, data = negotiate(parse_offer(only(text_of(CHROMIUM), "VP9")), None)
    assert (audio.accepted, video.accepted, data.accepted) == (True, False, True)
    assert not video.sends
    assert not video.receives


def test_an_offer_of_nothing_usable_is_refused() -> None:
    text = only(text_of(CHROMIUM_RECVONLY), "AV1").replace("BUNDLE 0 1", "BUNDLE 0")
    with pytest.raises(InvalidPayload, match="no codec"):
        negotiate(parse_offer(text[: text.index("m=application")]), None)


def test_a_stopped_m_line_stays_stopped() -> None:
    text = text_of(CHROMIUM).replace("m=audio 42311", "m=audio 0")
    assert not negotiate(parse_offer(text), None)[0].accepted


@pytest.mark.parametrize(
    ("offered", "answered", "sends", "receives"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_directions_are_mirrored(offered: str, answered: str, sends: bool, receives: bool) -> None:
    plan = negotiate(parse_offer(text_of(CHROMIUM).replace("a=sendrecv", f"a={offered}")), None)[0]
    assert (plan.direction, plan.sends, plan.receives) == (answered, sends, receives)


def test_extensions_have_the_client_s_ids_and_the_engine_s_names() -> None:
    audio, video, _ = negotiate(offer_of(CHROMIUM), None)
    assert audio.ext_ids == {"audio_level": 1, "abs_send_time": 2, "mid": 4}
    assert video.ext_ids == {"abs_send_time": 2, "mid": 4, "playout_delay": 5}
    assert negotiate(offer_of(FIREFOX), None)[1].ext_ids == {"mid": 3, "abs_send_time": 4, "playout_delay": 6}


def test_orientation_is_accepted_only_when_the_other_leg_has_it() -> None:
    chromium, firefox = offer_of(CHROMIUM), offer_of(FIREFOX)
    assert ORIENTATION not in video_of(chromium, None).extensions.values()
    assert ORIENTATION not in video_of(chromium, firefox).extensions.values()
    assert video_of(chromium, chromium).ext_ids["orientation"] == 13
    first, later = negotiate(chromium, None), negotiate(chromium, chromium)
    assert ORIENTATION not in video_of(chromium, chromium, settled=first).extensions.values()
    assert ORIENTATION in video_of(chromium, chromium, settled=later).extensions.values()


def test_extensions_with_long_ids_or_that_nobody_uses_are_not_accepted() -> None:
    text = text_of(CHROMIUM).replace("a=extmap:4 ", "a=extmap:16 ").replace("a=extmap:1 ", "a=extmap:1/inactive ")
    assert negotiate(parse_offer(text), None)[0].ext_ids == {"abs_send_time": 2}


def test_a_message_is_no_larger_than_both_sides_take() -> None:
    chromium = offer_of(CHROMIUM)
    small = parse_offer(text_of(CHROMIUM).replace("max-message-size:262144", "max-message-size:1000"))
    boundless = parse_offer(text_of(CHROMIUM).replace("max-message-size:262144", "max-message-size:0"))
    silent = parse_offer(text_of(CHROMIUM)[: text_of(CHROMIUM).index("m=application")].replace("0 1 2", "0 1"))
    assert negotiate(chromium, small)[2].max_message_size == 1000
    assert negotiate(boundless, None)[2].max_message_size == MAX_MESSAGE_SIZE
    assert negotiate(offer_of(FIREFOX), silent)[2].max_message_size == MAX_MESSAGE_SIZE


def test_feedback_of_an_m_line_is_what_all_its_codecs_have() -> None:
    assert video_of(offer_of(CHROMIUM), None).has_feedback("nack pli")
    assert not video_of(parse_offer(without(text_of(CHROMIUM), "a=rtcp-fb:96 nack")), None).has_feedback("nack")
    assert not negotiate(offer_of(CHROMIUM), None)[2].has_feedback("nack")


@given(offers(), offers())
def test_a_plan_holds_nothing_that_was_not_offered(own: Offer, other: Offer) -> None:
    try:
        plans = negotiate(own, other, {"vp9", "av1"})
    except InvalidPayload:
        # At most H264 of a mode or profile that is not forwarded is there then.
        assert {"opus", "vp8"}.isdisjoint(codec.name for one in own.media for codec in one.codecs)
        return
    for media, plan in zip(own.media, plans, strict=True):
        offered = {codec.pt: codec for codec in media.codecs}
        assert (plan.mid, plan.kind) == (media.mid, media.kind)
        assert {codec.pt for codec in plan.codecs} <= offered.keys()
        assert plan.rtx_pt_of.items() <= {(apt, pt) for pt, apt in media.rtx.items()}
        assert plan.extensions.items() <= media.extensions.items()
        assert all(id_ <= MAX_EXTENSION_ID for id_ in plan.extensions)
        assert all(set(codec.feedback) <= set(offered[codec.pt].feedback) for codec in plan.codecs)


@given(offers(), offers())
def test_the_second_leg_s_first_codec_is_one_the_first_leg_has(own: Offer, other: Offer) -> None:
    try:
        first = negotiate(own, None)
        second = negotiate(other, own, settled=first)
    except InvalidPayload:
        return
    for kind in ("audio", "video"):
        accepted = {codec.key for plan in first if plan.kind == kind for codec in plan.codecs}
        for plan in second:
            keys = [codec.key for codec in plan.codecs]
            if plan.kind == kind and accepted.intersection(keys):
                assert keys[0] in accepted
