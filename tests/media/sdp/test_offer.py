import time

import pytest
from hypothesis import given

from media.sdp import Offer, parse_offer
from protocol.errors import InvalidPayload, TooLarge
from tests.media.sdp.samples import (
    CHROMIUM,
    CHROMIUM_RECVONLY,
    CHROMIUM_SIMULCAST,
    FIREFOX,
    FIREFOX_SIMULCAST,
    OFFERS,
    answer_to,
    mutations,
    offer_of,
    text_of,
    without,
)
from tests.media.sdp.strategies import offers, write

WORST_MS = 50


def test_chromium_s_offer_is_read() -> None:
    offer = offer_of(CHROMIUM)
    audio, video, data = offer.media
    assert (offer.ice_ufrag, offer.ice_pwd, offer.setup) == ("m+xi", "bec8Zi6H8pARw0IiyewHXhlx", "actpass")
    assert offer.fingerprints[0][0] == "sha-256"
    assert offer.bundle == ("0", "1", "2")
    assert [(one.mid, one.kind, one.direction) for one in offer.media] == [
        ("0", "audio", "sendrecv"),
        ("1", "video", "sendrecv"),
        ("2", "application", "sendrecv"),
    ]
    assert audio.codecs[0].fmtp == {"minptime": "10", "useinbandfec": "1"}
    assert [codec.name for codec in audio.codecs[:3]] == ["opus", "red", "g722"]
    assert video.codecs[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert video.rtx[97] == 96
    assert video.ssrcs == (1491992865, 1238555646)
    assert video.primary_ssrcs == (1491992865,)
    assert video.rtx_of == {1238555646: 1491992865}
    assert video.msid == ("ec7b7b60-6a89-4be4-ab28-d14f407369a0", "8d703657-f044-4b91-b317-cb85a7a1a9ff")
    assert video.extensions[13] == "urn:3gpp:video-orientation"
    assert video.reduced_size
    assert (data.sctp_port, data.max_message_size) == (5000, 262144)


def test_firefox_s_offer_is_read_with_the_fingerprint_of_the_session() -> None:
    offer = offer_of(FIREFOX)
    audio, video, _ = offer.media
    assert offer.fingerprints[0][1].startswith("F8:AC:45")
    assert audio.extension_directions == {2: "recvonly"}
    assert video.extension_directions == {6: "recvonly"}
    assert video.rtx == {124: 120, 125: 121, 100: 99, 119: 122}
    assert not audio.reduced_size


def test_layers_are_known_by_rid_or_by_ssrc() -> None:
    assert offer_of(CHROMIUM_SIMULCAST).media[1].rids == ("q", "h", "f")
    assert offer_of(CHROMIUM_SIMULCAST).media[1].ssrcs == ()
    assert offer_of(FIREFOX_SIMULCAST).media[1].primary_ssrcs == (1819729573, 378036447, 2754499991)


def test_an_offer_may_only_receive() -> None:
    offer = offer_of(CHROMIUM_RECVONLY)
    assert [one.direction for one in offer.of_kind("video")] == ["recvonly"]
    assert offer.of_kind("audio") == ()


def test_candidates_are_not_kept() -> None:
    for name in OFFERS:
        kept = repr(offer_of(name))
        assert "192.0.2.2" not in kept
        assert ".local" not in kept


def test_a_stopped_m_line_is_rejected_and_the_rest_read() -> None:
    stopped = text_of(CHROMIUM).replace("m=audio 42311", "m=audio 0").replace("BUNDLE 0 1 2", "BUNDLE 1 2")
    offer = parse_offer(stopped)
    assert offer.media[0].rejected
    assert offer.media[0].codecs == ()
    assert offer.bundle == ("1", "2")
    assert offer.of_kind("audio") == ()


def test_a_stopped_m_line_may_still_stand_in_the_group_or_have_lost_its_mid() -> None:
    stopped = text_of(CHROMIUM).replace("m=audio 42311", "m=audio 0")
    assert parse_offer(stopped).bundle == ("1", "2")
    assert parse_offer(stopped.replace("a=mid:0\r\n", "").replace("BUNDLE 0 ", "BUNDLE ")).media[0].mid == ""


def test_a_stopped_m_line_does_not_hide_a_live_one_of_the_same_name() -> None:
    stopped = "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\nm=audio 42311"
    offer = parse_offer(text_of(CHROMIUM).replace("m=audio 42311", stopped))
    assert [one.rejected for one in offer.media] == [True, False, False, False]
    assert offer.ice_ufrag == "m+xi"


def test_port_0_with_bundle_only_is_live() -> None:
    bundled = text_of(CHROMIUM).replace("m=video 59535", "m=video 0").replace("a=mid:1", "a=bundle-only\r\na=mid:1")
    assert not parse_offer(bundled).media[1].rejected


def test_credentials_are_those_of_the_first_in_the_group() -> None:
    text = text_of(CHROMIUM)
    head, first, rest = text.partition("m=video")
    text = head + first + rest.replace("a=ice-ufrag:m+xi", "a=ice-ufrag:other")
    assert parse_offer(text).ice_ufrag == "m+xi"
    assert parse_offer(text.replace("BUNDLE 0 1 2", "BUNDLE 1 2 0")).ice_ufrag == "other"


def test_direction_of_the_session_holds_where_the_m_line_has_none() -> None:
    text = without(text_of(CHROMIUM), "a=sendrecv")
    assert parse_offer(text).media[0].direction == "sendrecv"
    assert parse_offer(text.replace("t=0 0", "t=0 0\r\na=sendonly")).media[0].direction == "sendonly"


def test_data_channels_have_defaults() -> None:
    data = parse_offer(without(text_of(CHROMIUM), "a=sctp-port", "a=max-message-size")).media[2]
    assert (data.sctp_port, data.max_message_size) == (5000, 65536)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("a=group:BUNDLE 0 1 2", "a=x", "one BUNDLE group"),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1 2\r\na=group:BUNDLE 0", "one BUNDLE group"),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1", "every m-line"),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1 2 3", "every m-line"),
        ("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1 2 2", "every m-line"),
        ("a=mid:1", "a=mid:0", "one m-line to a mid"),
        ("a=mid:1", "a=mid:a b", "usable a=mid"),
        ("a=mid:1", "a=mid:" + "x" * 33, "usable a=mid"),
        ("a=mid:1", "a=x", "usable a=mid"),
        ("a=mid:1", "a=mid:1\r\na=mid:1", "more than one a=mid"),
        ("a=rtcp-mux", "a=x", "rtcp-mux"),
        ("a=ice-ufrag", "a=x", "ICE credentials"),
        ("a=ice-pwd", "a=x", "ICE credentials"),
        ("a=ice-ufrag:m+xi", "a=ice-ufrag:abc", "ICE credentials"),
        ("a=ice-ufrag:m+xi", "a=ice-ufrag:a b c", "ICE credentials"),
        ("a=ice-pwd:bec8Zi6H8pARw0IiyewHXhlx", "a=ice-pwd:tooshort", "ICE credentials"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "no sha-256"),
        ("a=setup:actpass", "a=setup:passive", "a=setup:actpass"),
        ("a=setup:actpass", "a=setup:holdconn", "a=setup:actpass"),
        ("a=setup:actpass", "a=x", "a=setup:actpass"),
        ("a=extmap-allow-mixed", "a=ice-lite", "lite"),
        ("m=audio 42311 UDP/TLS/RTP/SAVPF", "m=audio 42311 RTP/AVP", "DTLS-SRTP"),
        ("m=audio 42311", "m=audio 65536", "a port"),
        ("m=audio 42311", "m=audio 9/2", "a port"),
        ("m=audio 42311", "m=text 42311", "neither audio"),
        ("m=audio 42311 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "m=audio 9 UDP/TLS/RTP/SAVPF", "incomplete"),
        ("111 63 9 0", "111 63  9 0", "incomplete"),
        ("webrtc-datachannel", "x", "data m-line"),
        ("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000", "data m-line"),
        ("a=sctp-port:5000", "a=sctp-port:0", "sctp-port"),
        ("a=max-message-size:262144", "a=max-message-size:-1", "max-message-size"),
        ("a=ssrc:1491992865", "a=ssrc:2320651282", "FID group"),
        ("1491992865", "2320651282", "one SSRC in two m-lines"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(old: str, new: str, why: str) -> None:
    text = text_of(CHROMIUM)
    assert old in text
    with pytest.raises(InvalidPayload, match=why):
        parse_offer(text.replace(old, new))


def test_two_data_m_lines_are_refused() -> None:
    text = text_of(CHROMIUM)
    data = text[text.index("m=application") :].replace("a=mid:2", "a=mid:3")
    with pytest.raises(InvalidPayload, match="more than one data"):
        parse_offer(text.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3") + data)


def test_an_offer_with_nothing_live_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="no live m-line"):
        parse_offer("v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n")


def outcome(text: str) -> tuple[str, float]:
    """What became of an SDP on its way to an answer, and how long it took in milliseconds of CPU."""
    began = time.thread_time()
    try:
        what = "answer" if answer_to(parse_offer(text)) else "nothing"
    except (InvalidPayload, TooLarge) as refusal:
        what = str(refusal.field)
    return what, (time.thread_time() - began) * 1000


def check_mutations(seed: int, count: int) -> None:
    """Each damaged offer is answered or refused in one of two ways; any other exception ends the test."""
    passed = 0
    for n, text in enumerate(mutations(seed, count)):
        what, took_ms = outcome(text)
        assert what in {"answer", "sdp"}, f"mutation {n} of seed {seed}"
        assert took_ms <= WORST_MS, f"mutation {n} of seed {seed}"
        passed += what == "answer"
    # Both ways were taken, or the mutations are not worth their name.
    assert count * 0.1 < passed < count * 0.9


def test_2000_mutations_are_answered_or_refused() -> None:
    check_mutations(seed=1, count=2000)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_20000_mutations_are_answered_or_refused() -> None:
    check_mutations(seed=2, count=20_000)


@pytest.mark.parametrize(
    "line",
    [
        "a=rtcp-fb:* x",
        "a=rtpmap:96 a/1",
        "a=extmap:1 u",
        "a=ssrc:1",
        "a=fmtp:96 " + ";" * 60,
        "a=mid:0",
        "a=rid:q send",
    ],
)
def test_the_largest_texts_of_one_line_are_quick(line: str) -> None:
    text = text_of(CHROMIUM)
    filler = (line + "\n") * ((48 * 1024 - len(text)) // (len(line) + 1))
    what, took_ms = outcome(text.replace("a=mid:1\r\n", "a=mid:1\r\n" + filler))
    assert what in {"answer", "sdp"}
    assert took_ms <= WORST_MS


@given(offers())
def test_what_a_client_writes_is_what_is_read(offer: Offer) -> None:
    assert parse_offer(write(offer)) == offer
