import pytest

from media.engine.api import CodecKey
from media.sdp import (
    LocalMedia,
    Succession,
    negotiate,
    parse_offer,
    publication_of,
    slot_of,
    succession,
)
from protocol.errors import InvalidPayload
from tests.media.sdp.samples import CHROMIUM, CHROMIUM_RECVONLY, FIREFOX, FIREFOX_SIMULCAST, legs_of, offer_of, text_of

VP8 = CodecKey("vp8", 90000, 0, "")


def test_a_publication_is_what_the_client_sends() -> None:
    offer = offer_of(CHROMIUM)
    plans = negotiate(offer, None)
    publication = publication_of(3, offer.media[1], plans[1])
    assert publication is not None
    assert (publication.leg_id, publication.mid, publication.kind) == (3, "1", "video")
    assert (publication.ssrc, publication.rtx_ssrc) == (1491992865, 1238555646)
    assert (publication.clock_rate, publication.codecs, publication.rtx_pts) == (90000, {96: VP8}, {97: 96})
    assert publication.ext_ids["mid"] == 4
    assert (publication.nack, publication.pli, publication.fir) == (True, True, True)


def test_audio_without_feedback_is_not_asked_again() -> None:
    offer = offer_of(CHROMIUM)
    publication = publication_of(3, offer.media[0], negotiate(offer, None)[0])
    assert publication is not None
    assert (publication.ssrc, publication.rtx_ssrc, publication.clock_rate) == (2320651282, None, 48000)
    assert (publication.nack, publication.pli, publication.fir) == (False, False, False)


def test_the_ssrc_of_layers_is_learnt() -> None:
    offer = offer_of(FIREFOX_SIMULCAST)
    publication = publication_of(3, offer.media[1], negotiate(offer, None)[1])
    assert publication is not None
    assert (publication.ssrc, publication.rtx_ssrc) == (None, None)


def test_what_only_receives_publishes_nothing_and_data_is_no_track() -> None:
    offer = offer_of(CHROMIUM_RECVONLY)
    plans = negotiate(offer, None)
    assert [publication_of(3, media, plan) for media, plan in zip(offer.media, plans, strict=True)] == [None, None]
    slots = [slot_of(3, leg) for leg in legs_of(plans)]
    assert slots[0] is not None
    assert slots[1] is None


def test_a_slot_is_where_the_relay_sends() -> None:
    plans = negotiate(offer_of(FIREFOX), offer_of(CHROMIUM))
    slot = slot_of(4, legs_of(plans)[1])
    assert slot is not None
    assert (slot.leg_id, slot.mid, slot.kind) == (4, "1", "video")
    assert (slot.ssrc, slot.rtx_ssrc, slot.cname) == (1002, 2002, "relay")
    assert (slot.pts, slot.rtx_pts, slot.nack) == ({VP8: 120}, {120: 124}, True)


def test_a_slot_without_rtx_has_no_ssrc_for_it() -> None:
    slot = slot_of(4, legs_of(negotiate(offer_of(FIREFOX), None))[0])
    assert slot is not None
    assert slot.rtx_ssrc is None


def test_where_the_client_only_sends_there_is_no_slot() -> None:
    offer = parse_offer(text_of(CHROMIUM).replace("a=sendrecv", "a=sendonly"))
    legs = [LocalMedia(plan) for plan in negotiate(offer, None)]
    assert [slot_of(3, leg) for leg in legs] == [None, None, None]


def test_new_credentials_are_an_ice_restart_and_a_new_certificate_is_a_new_leg() -> None:
    text = text_of(CHROMIUM)
    offer = parse_offer(text)
    assert succession(offer, offer) is Succession.UPDATE
    assert succession(offer, parse_offer(text.replace("ufrag:m+xi", "ufrag:newer"))) is Succession.ICE_RESTART
    assert succession(offer, parse_offer(text.replace("sha-256 E7", "sha-256 E8"))) is Succession.NEW_LEG
    assert succession(offer, offer_of(FIREFOX)) is Succession.NEW_LEG


def test_m_lines_keep_their_places() -> None:
    text = text_of(CHROMIUM)
    offer = parse_offer(text)
    fewer = parse_offer(text[: text.index("m=application")].replace("BUNDLE 0 1 2", "BUNDLE 0 1"))
    assert succession(fewer, offer) is Succession.UPDATE
    with pytest.raises(InvalidPayload, match="missing"):
        succession(offer, fewer)
    renamed = parse_offer(text.replace("BUNDLE 0 ", "BUNDLE 7 ").replace("a=mid:0", "a=mid:7"))
    with pytest.raises(InvalidPayload, match="not what it was"):
        succession(offer, renamed)


def test_a_stopped_m_line_may_be_used_again() -> None:
    text = text_of(CHROMIUM)
    stopped = parse_offer(text.replace("m=audio 42311", "m=audio 0"))
    reused = parse_offer(text.replace("BUNDLE 0 ", "BUNDLE 7 ").replace("a=mid:0", "a=mid:7"))
    assert succession(parse_offer(text), stopped) is Succession.UPDATE
    assert succession(stopped, reused) is Succession.UPDATE
