import pytest

from media.sdp.formats import parse_codecs
from media.sdp.text import Section
from protocol.errors import InvalidPayload, TooLarge


def section(*lines: str) -> Section:
    part = Section()
    for line in lines:
        name, _, value = line.partition(":")
        part.attributes.setdefault(name, []).append(value)
    return part


def test_a_codec_has_its_name_clock_channels_parameters_and_feedback() -> None:
    part = section(
        "rtpmap:111 OPUS/48000/2",
        "fmtp:111 MinPTime=10; useinbandfec=1;;minptime=20",
        "rtcp-fb:111 nack",
        "rtcp-fb:111 nack pli",
    )
    (codec,) = parse_codecs(part, ("111",)).codecs
    assert (codec.pt, codec.name, codec.clock, codec.channels) == (111, "opus", 48000, 2)
    assert codec.fmtp == {"minptime": "10", "useinbandfec": "1"}
    assert codec.feedback == ("nack", "nack pli")


def test_codecs_keep_the_order_of_the_m_line() -> None:
    part = section("rtpmap:0 PCMU/8000", "rtpmap:96 VP8/90000", "rtpmap:97 VP9/90000")
    assert [codec.pt for codec in parse_codecs(part, ("97", "0", "96")).codecs] == [97, 0, 96]


def test_a_payload_type_without_rtpmap_is_left_out_and_a_map_without_payload_type_too() -> None:
    part = section("rtpmap:96 VP8/90000", "rtcp-fb:97 nack")
    assert parse_codecs(part, ("0",)).codecs == ()


def test_rtx_is_a_map_and_not_a_codec() -> None:
    part = section("rtpmap:96 VP8/90000", "rtpmap:97 rtx/90000", "fmtp:97 apt=96;rtx-time=3000")
    table = parse_codecs(part, ("96", "97"))
    assert [codec.pt for codec in table.codecs] == [96]
    assert table.rtx == {97: 96}


def test_rtx_of_a_payload_type_that_is_not_there_is_left_out() -> None:
    part = section("rtpmap:96 VP8/90000", "rtpmap:97 rtx/90000", "fmtp:97 apt=98")
    assert parse_codecs(part, ("96", "97")).rtx == {}


def test_a_parameter_without_a_name_stands_under_the_empty_name() -> None:
    part = section("rtpmap:63 red/48000/2", "fmtp:63 111/111")
    assert parse_codecs(part, ("63",)).codecs[0].fmtp == {"": "111/111"}


def test_feedback_of_the_star_is_for_all_payload_types() -> None:
    part = section("rtpmap:96 VP8/90000", "rtpmap:98 VP9/90000", "rtcp-fb:* nack", "rtcp-fb:98 goog-remb")
    assert [codec.feedback for codec in parse_codecs(part, ("96", "98")).codecs] == [("nack",), ("goog-remb", "nack")]


def test_feedback_over_the_limit_is_passed_over() -> None:
    part = section("rtpmap:96 VP8/90000", *(f"rtcp-fb:96 kind{n}" for n in range(40)))
    assert len(parse_codecs(part, ("96",)).codecs[0].feedback) == 16


@pytest.mark.parametrize(
    "lines",
    [
        ("rtpmap:96",),
        ("rtpmap:96 VP8",),
        ("rtpmap:96 VP8/",),
        ("rtpmap:96 VP8/0",),
        ("rtpmap:96 VP8/1000001",),
        ("rtpmap:96 VP8/90000/0",),
        ("rtpmap:96 VP8/90000/256",),
        ("rtpmap:96 VP8/90000/1/1",),
        ("rtpmap:96 V P8/90000",),
        ("rtpmap:128 VP8/90000",),
        ("rtpmap:x VP8/90000",),
        ("rtpmap:96 VP8/90000", "rtpmap:96 VP9/90000"),
        ("fmtp:96 a=1", "fmtp:96 a=2"),
        ("rtpmap:96 rtx/90000",),
        ("rtpmap:96 rtx/90000", "fmtp:96 apt=x"),
    ],
)
def test_malformed_maps_are_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(InvalidPayload):
        parse_codecs(section(*lines), ("96",))


@pytest.mark.parametrize("formats", [("128",), ("-1",), ("x",), ("",), ("96", "96"), ("64",), ("95",)])
def test_payload_types_are_different_numbers_of_seven_bits_that_do_not_look_like_rtcp(formats: tuple[str, ...]) -> None:
    with pytest.raises(InvalidPayload):
        parse_codecs(section(), formats)


def test_too_many_parameters_are_too_large() -> None:
    with pytest.raises(TooLarge):
        parse_codecs(section("fmtp:96 " + ";" * 64), ("96",))
