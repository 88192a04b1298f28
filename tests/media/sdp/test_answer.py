import re
from dataclasses import replace

import pytest
from aiortc import sdp as aiortc_sdp
from hypothesis import given

from media.sdp import LocalCandidate, LocalMedia, MediaPlan, Offer, answer, negotiate, parse_offer
from protocol.errors import InvalidPayload
from tests.media.sdp.samples import (
    CHROMIUM,
    CHROMIUM_RECVONLY,
    FINGERPRINT,
    FIREFOX,
    LOCAL,
    OFFERS,
    answer_to,
    legs_of,
    offer_of,
    text_of,
)
from tests.media.sdp.strategies import offers


def m_lines(text: str) -> list[str]:
    return text.split("\r\nm=")[1:]


def test_the_answer_is_ice_lite_passive_and_carries_all_candidates_in_each_m_line() -> None:
    text = answer_to(offer_of(CHROMIUM))
    head, *parts = text.split("\r\nm=")
    assert "a=ice-lite" in head.split("\r\n")
    assert "a=group:BUNDLE 0 1 2" in head.split("\r\n")
    for part in parts:
        lines = part.split("\r\n")
        assert "a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host" in lines
        assert "a=candidate:2 1 udp 2130706175 ::1 40000 typ host" in lines
        assert "a=end-of-candidates" in lines
        assert "a=setup:passive" in lines
        assert f"a=fingerprint:sha-256 {FINGERPRINT}" in lines


def test_the_answer_to_chromium_as_it_stands() -> None:
    audio, video, data = m_lines(answer_to(offer_of(CHROMIUM), local=replace(LOCAL, candidates=())))
    shared = [
        "a=ice-ufrag:relayufrag",
        "a=ice-pwd:relaypasswordrelaypassword",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:passive",
        "a=end-of-candidates",
    ]
    assert audio.split("\r\n") == [
        "audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=msid:person slot0",
        "a=ssrc:1001 cname:relay",
        *shared,
    ]
    assert video.split("\r\n")[10:-5] == [
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 goog-remb",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=msid:person slot1",
        "a=ssrc-group:FID 1002 2002",
        "a=ssrc:1002 cname:relay",
        "a=ssrc:2002 cname:relay",
    ]
    assert data.split("\r\n") == [
        "application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:2",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
        *shared,
        "",
    ]


def test_one_way_extensions_are_answered_the_other_way() -> None:
    assert "a=extmap:6/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay" in answer_to(
        offer_of(FIREFOX)
    )


def test_red_and_h264_are_written_where_both_have_them() -> None:
    text = answer_to(offer_of(CHROMIUM), offer_of(CHROMIUM))
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n" in text
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" in text
    assert "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n" in text


def test_where_the_relay_only_receives_it_names_no_stream() -> None:
    own = parse_offer(text_of(CHROMIUM).replace("a=sendrecv", "a=sendonly"))
    text = answer(own, LOCAL, [LocalMedia(plan) for plan in negotiate(own, None)])
    assert text.count("a=recvonly") == 2
    assert "a=ssrc" not in text
    assert "a=msid:" not in text


def test_an_empty_slot_of_a_receiving_client_has_its_stream() -> None:
    text = answer_to(offer_of(CHROMIUM_RECVONLY))
    assert "a=sendonly" in text
    assert "a=msid:person slot0" in text


def test_a_refused_m_line_has_port_0_and_is_not_in_the_group() -> None:
    own = parse_offer(text_of(CHROMIUM).replace("m=video 59535", "m=video 0"))
    text = answer_to(own)
    assert "a=group:BUNDLE 0 2\r\n" in text
    assert m_lines(text)[1].split("\r\n")[1:] == ["c=IN IP4 0.0.0.0", "a=mid:1", "a=inactive"]
    assert m_lines(text)[1].startswith("video 0 UDP/TLS/RTP/SAVPF 96 97 ")


def test_a_refused_m_line_that_lost_its_mid_has_none() -> None:
    stopped = text_of(CHROMIUM).replace("m=audio 42311", "m=audio 0").replace("BUNDLE 0 ", "BUNDLE ")
    text = answer_to(parse_offer(stopped.replace("a=mid:0\r\n", "")))
    assert m_lines(text)[0].split("\r\n")[1:] == ["c=IN IP4 0.0.0.0", "a=inactive"]


def test_an_ice_restart_changes_credentials_and_version_and_nothing_else() -> None:
    first = offer_of(CHROMIUM)
    restarted = parse_offer(text_of(CHROMIUM).replace("ice-ufrag:m+xi", "ice-ufrag:restarted"))
    before = answer_to(first)
    after = answer_to(
        restarted, local=replace(LOCAL, ufrag="anotherufrag", pwd="anotherpasswordanotherpass", session_version=2)
    )
    changed = {
        (old.split(":")[0], new.split(":")[0])
        for old, new in zip(before.split("\r\n"), after.split("\r\n"), strict=True)
        if old != new
    }
    assert changed == {
        ("o=- 7 1 IN IP4 0.0.0.0", "o=- 7 2 IN IP4 0.0.0.0"),
        ("a=ice-ufrag", "a=ice-ufrag"),
        ("a=ice-pwd", "a=ice-pwd"),
    }


# What could name a person or a device: ids, keys, addresses; not the words of SDP itself.
TELLING = re.compile(r"[0-9A-Za-z+{}:.-]{4,}")
TELLING_LINES = (
    "o=",
    "s=",
    "c=",
    "a=candidate",
    "a=ice-ufrag",
    "a=ice-pwd",
    "a=fingerprint",
    "a=ssrc",
    "a=msid",
    "a=rtcp:",
)


def telling(text: str) -> set[str]:
    """The words of an SDP that tell who or where its author is."""
    words = {
        word
        for line in text.split("\r\n")
        if line.startswith(TELLING_LINES)
        for word in TELLING.findall(line.partition(":" if line.startswith("a=") else "=")[2])
    }
    return words - {"sha-256", "host", "typ", "cname:", "0.0.0.0", "127.0.0.1", "UDP", "udp"}


@pytest.mark.parametrize("other", OFFERS)
@pytest.mark.parametrize("own", OFFERS)
def test_an_answer_holds_nothing_of_the_other_person_s_offer(own: str, other: str) -> None:
    text = answer_to(offer_of(own), offer_of(other), {"vp9", "av1"})
    words = telling(text_of(other)) - telling(text_of(own))
    if own != other:
        assert len(words) > 5
    assert [word for word in words if word in text] == []
    assert "mozilla" not in text


@pytest.mark.parametrize("own", OFFERS)
def test_an_answer_holds_no_address_of_the_client_either(own: str) -> None:
    text = answer_to(offer_of(own))
    assert "192.0.2.2" not in text
    assert ".local" not in text


def test_the_legs_must_fit_the_offer() -> None:
    own = offer_of(CHROMIUM)
    with pytest.raises(ValueError, match="one entry per m-line"):
        answer(own, LOCAL, legs_of(negotiate(own, None))[:2])


@pytest.mark.parametrize(
    "changed",
    [{"ssrc": None}, {"msid": None}, {"msid": ("a b", "c")}, {"msid": ("a", "")}, {"cname": ""}, {"cname": "a\r\nb"}],
)
def test_a_slot_has_an_ssrc_and_ids_without_spaces(changed: dict[str, object]) -> None:
    plan = MediaPlan("0", "audio", accepted=True, direction="sendrecv")
    good: dict[str, object] = {"ssrc": 1, "msid": ("a", "b"), "cname": "c"}
    LocalMedia(plan, **good)  # type: ignore[arg-type]  # any field
    with pytest.raises(ValueError, match=r"slot|printable"):
        LocalMedia(plan, **(good | changed))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(("host", "port"), [("a b", 1), ("", 1), ("127.0.0.1", 0), ("127.0.0.1", 65536), ("a\r\n", 1)])
def test_a_candidate_is_an_address_with_a_port(host: str, port: int) -> None:
    with pytest.raises(ValueError, match="not an address"):
        LocalCandidate(host, port)


@given(offers(), offers())
def test_another_reader_finds_in_the_answer_what_was_planned(own: Offer, other: Offer) -> None:
    try:
        plans = negotiate(own, other)
    except InvalidPayload:
        return
    read = aiortc_sdp.SessionDescription.parse(answer(own, LOCAL, legs_of(plans)))
    assert [str(item) for item in read.group[0].items] == [
        mid for mid in own.bundle if mid in {plan.mid for plan in plans if plan.accepted}
    ]
    for plan, media in zip(plans, read.media, strict=True):
        assert (media.kind, media.rtp.muxId) == (plan.kind, plan.mid)
        assert (media.port == 0) == (not plan.accepted)
        if not plan.accepted or plan.kind == "application":
            continue
        assert media.direction == plan.direction
        assert media.ice is not None
        assert media.ice.iceLite
        assert media.ice.usernameFragment == LOCAL.ufrag
        assert media.dtls is not None
        assert media.dtls.role == "server"
        assert [one.ip for one in media.ice_candidates] == ["127.0.0.1", "::1"]
        assert media.ice_candidates_complete
        read_codecs = {codec.payloadType: codec for codec in media.rtp.codecs}
        for codec in plan.codecs:
            assert read_codecs[codec.pt].name.lower() == codec.name
            assert read_codecs[codec.pt].clockRate == codec.clock
            assert len(read_codecs[codec.pt].rtcpFeedback) == len(codec.feedback)
        assert {(one.id, one.uri) for one in media.rtp.headerExtensions} == set(plan.extensions.items())
        assert bool(media.ssrc) == plan.sends
