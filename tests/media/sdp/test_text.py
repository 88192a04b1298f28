import pytest

from media.sdp.text import MAX_BYTES, MAX_LINES, check_text, is_token, number, sections
from protocol.errors import InvalidPayload, TooLarge


def test_lines_may_end_in_crlf_or_lf_and_the_last_one_in_nothing() -> None:
    assert check_text("v=0\r\ns=-\r\n") == check_text("v=0\ns=-\n") == check_text("v=0\ns=-") == ["v=0", "s=-"]


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "s=-\n",
        "v=1\n",
        "v=0\n\ns=-\n",
        "v=0\ns =-\n",
        "v=0\nA=x\n",
        "v=0\ns=\u00e9\n",
        "v=0\ns=\0\n",
        "v=0\ns=\t\n",
        "v=0\ns=a\rb\n",
        "v=0\ns=\x7f\n",
        "v=0\ns=\ud800\n",
        "v=0\ns=-\n\n",
    ],
)
def test_anything_but_lines_of_printable_ascii_is_invalid(sdp: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        check_text(sdp)
    assert refusal.value.field == "sdp"


@pytest.mark.parametrize(
    "sdp",
    [
        "v=0\n" + "a" * MAX_BYTES,
        "v=0\n" + "a=\n" * MAX_LINES,
        "v=0\na=" + "x" * 1024,
        "v=0\n" + "m=audio 9 X 0\n" * 33,
        "v=0\n" + "a=candidate:1\n" * 65,
    ],
)
def test_what_is_over_a_limit_is_too_large(sdp: str) -> None:
    with pytest.raises(TooLarge) as refusal:
        check_text(sdp)
    assert refusal.value.field == "sdp"


def test_what_is_at_the_limits_passes() -> None:
    lines = ["v=0", "a=" + "x" * 1022, *["m=audio 9 X 0"] * 32, *["a=candidate:1"] * 64]
    lines += ["a="] * (MAX_LINES - len(lines))
    assert check_text("\n".join(lines)) == lines


def test_no_refusal_quotes_what_was_sent() -> None:
    with pytest.raises(InvalidPayload) as refusal:
        check_text("v=0\nsecret\n")
    assert "secret" not in str(refusal.value.body())


def test_attributes_belong_to_the_m_line_before_them() -> None:
    session, media = sections(["v=0", "a=ice-lite", "m=audio 9 X 0", "c=IN", "a=mid:0", "m=video 9 X 0", "a=mid:1"])
    assert session.has("ice-lite")
    assert not session.has("mid")
    assert [part.head for part in media] == ["audio 9 X 0", "video 9 X 0"]
    assert [part.one("mid") for part in media] == ["0", "1"]
    assert session.one("mid") is None


def test_an_attribute_that_may_stand_once_is_refused_twice() -> None:
    session, _ = sections(["a=mid:0", "a=mid:1"])
    assert session.all("mid") == ["0", "1"]
    with pytest.raises(InvalidPayload, match="more than one a=mid"):
        session.one("mid")


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1.0", "0x1", "256", "99999999999", "\u0663"])
def test_only_plain_decimal_numbers_in_range_are_numbers(text: str) -> None:
    assert number("255", 0, 255, "it") == 255
    with pytest.raises(InvalidPayload, match="it is not a number from 0 to 255"):
        number(text, 0, 255, "it")


def test_tokens_hold_no_separators() -> None:
    assert is_token("a-1_{x}", 7)
    assert not is_token("a-1_{x}", 6)
    assert not any(is_token(text, 9) for text in ("", "a b", "a/b", "a:b", "a=b", "a;b"))
