import pytest

from media.engine.api import CodecKey
from media.sdp.codecs import Codec, answer_feedback, answer_fmtp, codec_key

OPUS = Codec(111, "opus", 48000, 2)


def h264(profile: str, mode: str = "1") -> Codec:
    return Codec(102, "h264", 90000, 1, {"packetization-mode": mode, "profile-level-id": profile})


def key_of(codec: Codec, *others: Codec) -> CodecKey | None:
    return codec_key(codec, {one.pt: one for one in (codec, *others)})


def test_numbers_do_not_matter_to_the_identity() -> None:
    assert key_of(OPUS) == key_of(Codec(109, "opus", 48000, 2, {"stereo": "1"})) == CodecKey("opus", 48000, 2, "")
    assert key_of(Codec(96, "vp8", 90000)) == CodecKey("vp8", 90000, 0, "")


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("42e01f", "42e0;1"),
        ("42E01F", "42e0;1"),
        ("42c00d", "42e0;1"),
        ("4d801f", "42e0;1"),
        ("58c01f", "42e0;1"),
        ("42001f", "4200;1"),
        ("58801f", "4200;1"),
        ("4d001f", "4d00;1"),
        ("640034", "6400;1"),
        ("640c34", "640c;1"),
    ],
)
def test_profiles_of_h264_that_are_the_same_have_one_name_and_levels_do_not_matter(profile: str, name: str) -> None:
    assert key_of(h264(profile)) == CodecKey("h264", 90000, 0, name)


def test_h264_without_a_profile_is_constrained_baseline() -> None:
    assert key_of(Codec(102, "h264", 90000, 1, {"packetization-mode": "1"})) == key_of(h264("42e00a"))


@pytest.mark.parametrize("codec", [h264("42e01f", "0"), h264("f4001f"), h264("42e0"), h264("x"), h264("000000")])
def test_h264_of_other_modes_and_unknown_profiles_is_not_forwarded(codec: Codec) -> None:
    assert key_of(codec) is None


def test_vp9_and_av1_are_told_apart_by_their_profiles() -> None:
    assert key_of(Codec(98, "vp9", 90000)) == key_of(Codec(98, "vp9", 90000, 1, {"profile-id": "0"}))
    assert key_of(Codec(98, "vp9", 90000)) != key_of(Codec(98, "vp9", 90000, 1, {"profile-id": "2"}))
    assert key_of(Codec(45, "av1", 90000)) == key_of(Codec(99, "av1", 90000, 1, {"level-idx": "5", "tier": "0"}))
    assert key_of(Codec(45, "av1", 90000)) != key_of(Codec(45, "av1", 90000, 1, {"profile": "1"}))


def test_red_is_the_same_only_with_the_same_payload_types_inside() -> None:
    red = Codec(63, "red", 48000, 2, {"": "111/111"})
    assert key_of(red, OPUS) == CodecKey("red", 48000, 2, "111/111")
    assert key_of(red, Codec(109, "opus", 48000, 2)) is None
    assert key_of(red, Codec(111, "pcmu", 8000)) is None
    assert key_of(Codec(63, "red", 48000, 2), OPUS) is None
    assert key_of(Codec(63, "red", 48000, 2, {"": "9999999"}), OPUS) is None


def test_red_of_video_and_everything_else_is_not_forwarded() -> None:
    assert key_of(Codec(118, "red", 90000, 1, {"": "111"}), OPUS) is None
    assert key_of(Codec(0, "pcmu", 8000)) is None


def test_the_answer_keeps_what_speaks_of_the_stream_and_not_of_the_receiver() -> None:
    opus = Codec(109, "opus", 48000, 2, {"maxplaybackrate": "48000", "stereo": "1", "useinbandfec": "1"})
    assert answer_fmtp(opus, None) == "useinbandfec=1"
    assert answer_fmtp(Codec(120, "vp8", 90000, 1, {"max-fs": "12288"}), None) == ""
    assert answer_fmtp(Codec(63, "red", 48000, 2, {"": "111/111"}), None) == "111/111"


@pytest.mark.parametrize(("other", "level"), [(None, "1f"), ("42e01e", "1e"), ("42e028", "1f")])
def test_the_level_of_h264_in_an_answer_is_the_lower_of_the_two(other: str | None, level: str) -> None:
    fmtp = answer_fmtp(h264("42e01f"), None if other is None else h264(other))
    assert fmtp == f"packetization-mode=1;profile-level-id=42e0{level}"


def test_only_feedback_that_the_relay_speaks_is_accepted() -> None:
    codec = Codec(96, "vp8", 90000, 1, {}, ("transport-cc", "goog-remb", "nack", "nack pli", "nack sli", "ccm fir"))
    assert answer_feedback(codec) == ("nack", "nack pli", "ccm fir", "goog-remb")
