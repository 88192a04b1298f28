"""RFC 6455 frames: what is read, what is refused, and with which close code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalling.engine.frames import (
    CloseCode,
    FrameError,
    FrameReader,
    Message,
    Opcode,
    build_close,
    build_frame,
    unmask,
)
from tests.support.rawws import Frame, close_frame, text_frame

LIMIT = 1000


def read(*parts: Frame | bytes, max_bytes: int = LIMIT) -> list[Message]:
    reader = FrameReader(max_bytes=max_bytes)
    for part in parts:
        reader.feed(part.encode() if isinstance(part, Frame) else part)
    messages = []
    while (message := reader.next()) is not None:
        messages.append(message)
    return messages


@given(st.text(), st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_text_and_binary_are_read_whatever_the_mask(text: str, data: bytes, mask: bytes) -> None:
    frames = (Frame(1, text.encode(), mask=mask), Frame(2, data, mask=mask))
    assert read(*frames, max_bytes=10_000) == [Message(1, text), Message(2, data)]


@given(st.lists(st.integers(1, 7), min_size=1))
def test_bytes_may_arrive_in_pieces_of_any_size(sizes: list[int]) -> None:
    stream = text_frame("é" * 100).encode() + Frame(2, b"x" * 200).encode() + close_frame(1000).encode()
    reader, got, at, turn = FrameReader(max_bytes=LIMIT), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
        while (message := reader.next()) is not None:
            got.append(message.data)
    assert got == ["é" * 100, b"x" * 200, b"\x03\xe8"]
    assert not reader.pending


@pytest.mark.parametrize("size", [0, 125, 126, 127, 65535, 65536, 70000])
def test_all_three_length_forms_are_read(size: int) -> None:
    assert read(Frame(2, b"a" * size), max_bytes=100_000) == [Message(2, b"a" * size)]


def test_fragments_are_joined_around_control_frames() -> None:
    frames = (Frame(1, b"a", fin=False), Frame(9, b"hi"), Frame(0, b"", fin=False), Frame(0, b"b"), text_frame("c"))
    assert read(*frames) == [Message(9, b"hi"), Message(1, "ab"), Message(1, "c")]


def test_fragments_of_binary_stay_bytes_and_may_split_a_character() -> None:
    euro = "€".encode()
    assert read(Frame(1, euro[:1], fin=False), Frame(0, euro[1:])) == [Message(1, "€")]
    assert read(Frame(2, euro[:1], fin=False), Frame(0, euro[1:])) == [Message(2, euro)]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
def test_close_codes_that_may_be_sent_are_read(code: int) -> None:
    assert read(close_frame(code, b"why")) == [Message(8, code.to_bytes(2, "big") + b"why", code)]


def test_an_empty_close_frame_has_no_status() -> None:
    assert read(close_frame(None)) == [Message(8, b"", CloseCode.NO_STATUS)]


BROKEN = {
    "unmasked": (text_frame("x").with_(mask=None), 1002),
    "reserved bit 1": (text_frame("x").with_(reserved=4), 1002),
    "reserved bit 2": (text_frame("x").with_(reserved=2), 1002),
    "reserved bit 3": (text_frame("x").with_(reserved=1), 1002),
    "reserved bit on a control frame": (Frame(9, reserved=4), 1002),
    **{f"opcode {opcode}": (Frame(opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "fragmented ping": (Frame(9, fin=False), 1002),
    "fragmented close": (close_frame().with_(fin=False), 1002),
    "long ping": (Frame(9, b"x" * 126), 1002),
    "continuation of nothing": (Frame(0, b"x"), 1002),
    "first continuation of nothing": (Frame(0, b"x", fin=False), 1002),
    "bad UTF-8": (Frame(1, b"\xff\xfe"), 1007),
    "surrogate in UTF-8": (Frame(1, b"\xed\xa0\x80"), 1007),
    "truncated UTF-8": (Frame(1, b"\xe2\x82"), 1007),
    "close of one byte": (Frame(8, b"\x03"), 1002),
    "close with bad UTF-8": (close_frame(1000, b"\xff"), 1007),
    **{
        f"close code {code}": (close_frame(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    "short length in two bytes": (Frame(1, b"x", width=2), 1002),
    "short length in eight bytes": (Frame(1, b"x", width=8), 1002),
    "middle length in eight bytes": (Frame(1, b"x" * 200, width=8), 1002),
    "length with the highest bit": (Frame(1, b"x", width=8, length=1 << 63), 1002),
    "claims more than allowed": (Frame(1, b"x", length=LIMIT + 1), 1009),
    "claims exabytes": (Frame(2, b"x", length=(1 << 63) - 1), 1009),
}


@pytest.mark.parametrize(("frame", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_frame_is_refused_with_its_code_and_for_good(frame: Frame, code: int) -> None:
    reader = FrameReader(max_bytes=LIMIT)
    reader.feed(text_frame("before").encode() + frame.encode())
    assert reader.next() == Message(1, "before")
    for _ in range(2):
        with pytest.raises(FrameError) as caught:
            reader.next()
        assert caught.value.code == code
    reader.feed(text_frame("after").encode())
    assert not reader.pending
    assert reader.buffered_bytes == 0


def test_a_new_message_inside_a_fragmented_one_is_refused() -> None:
    for first in (b"a", b""):
        with pytest.raises(FrameError) as caught:
            read(Frame(1, first, fin=False), Frame(1, b"b"))
        assert caught.value.code == CloseCode.PROTOCOL_ERROR


def test_the_limit_holds_for_all_fragments_together() -> None:
    half = b"x" * (LIMIT // 2)
    assert read(Frame(2, half, fin=False), Frame(0, half)) == [Message(2, half * 2)]
    with pytest.raises(FrameError) as caught:
        read(Frame(2, half, fin=False), Frame(0, half, fin=False), Frame(0, b"x"))
    assert caught.value.code == CloseCode.MESSAGE_TOO_BIG


def test_a_header_is_judged_before_its_payload_arrives() -> None:
    with pytest.raises(FrameError):
        read(Frame(2, b"x" * 65536).encode()[:10])


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 7])
def test_an_unfinished_frame_is_pending(cut: int) -> None:
    reader = FrameReader(max_bytes=LIMIT)
    assert not reader.pending
    reader.feed(Frame(1, b"x" * 300).encode()[:cut])
    assert reader.next() is None
    assert reader.pending


def test_an_unfinished_message_is_pending_and_counted() -> None:
    reader = FrameReader(max_bytes=LIMIT)
    reader.feed(Frame(1, b"abc", fin=False).encode())
    assert reader.next() is None
    assert reader.pending
    assert reader.buffered_bytes == 3


def test_many_frames_in_one_buffer_do_not_keep_the_read_ones() -> None:
    reader = FrameReader(max_bytes=LIMIT)
    frame = Frame(2, b"x" * 500).encode()
    reader.feed(frame * 100)
    for left in range(99, -1, -1):
        assert reader.next() == Message(2, b"x" * 500)
        assert reader.buffered_bytes == left * len(frame)
    assert reader.next() is None


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_noise_gives_messages_or_one_error_and_nothing_else(chunks: list[bytes]) -> None:
    reader, codes = FrameReader(max_bytes=64), set()
    for chunk in chunks:
        reader.feed(chunk)
        try:
            while reader.next() is not None:
                pass
        except FrameError as error:
            codes.add(error.code)
    assert codes <= {1002, 1007, 1009}
    assert len(codes) <= 1


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=100))
def test_unmasking_twice_gives_the_data_back(mask: bytes, data: bytes) -> None:
    assert unmask(mask, unmask(mask, data)) == data


@pytest.mark.parametrize(("size", "head"), [(5, b"\x81\x05"), (126, b"\x81\x7e\x00\x7e"), (65536, b"\x81\x7f")])
def test_built_frames_use_the_shortest_length(size: int, head: bytes) -> None:
    frame = build_frame(Opcode.TEXT, b"x" * size)
    assert frame.startswith(head)
    assert frame.endswith(b"x" * size)


def test_built_close_frames_carry_code_and_reason_or_nothing() -> None:
    assert build_close(1000, "bye") == b"\x88\x05\x03\xe8bye"
    assert build_close(CloseCode.NO_STATUS) == b"\x88\x00"
