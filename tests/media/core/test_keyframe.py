"""Key frames in payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.keyframe import begins_key_frame


@pytest.mark.parametrize(
    ("codec", "payload", "begins"),
    [
        ("vp8", "10 00", True),  # S, partition 0; P bit 0
        ("vp8", "10 01", False),  # inter frame
        ("vp8", "00 00", False),  # not the start of a partition
        ("vp8", "11 00", False),  # start of partition 1
        ("vp8", "90 80 05 00", True),  # one-octet picture id
        ("vp8", "90 80 85 05 00", True),  # two-octet picture id
        ("vp8", "90 80 85 05 01", False),
        ("vp8", "90 e0 85 05 07 20 00", True),  # picture id, TL0PICIDX and TID
        ("vp8", "90 10 20 00", True),  # KEYIDX alone
        ("vp8", "90 00 00", True),  # extension octet with nothing in it
        ("vp8", "90 80", False),  # cut short
        ("vp8", "", False),
        ("h264", "65 88", True),  # IDR slice
        ("h264", "67 42", True),  # SPS
        ("h264", "61 9a", False),  # slice
        ("h264", "7c 85", True),  # first fragment of an IDR slice
        ("h264", "7c 05", False),  # a later fragment
        ("h264", "7c 81", False),  # first fragment of another slice
        ("h264", "7c", False),
        ("h264", "78 00 02 09 f0 00 02 67 42", True),  # access unit delimiter, then SPS
        ("h264", "78 00 02 09 f0 00 02 61 42", False),
        ("h264", "78 00 00 65", True),  # a size that lies does not loop
        ("vp9", "08", True),
        ("vp9", "48", False),
        ("vp9", "00", False),
        ("av1", "18", True),
        ("av1", "10", False),
        ("opus", "00", None),
    ],
)
def test_a_payload_begins_a_key_frame_or_not(codec: str, payload: str, begins: bool | None) -> None:
    assert begins_key_frame(codec, bytes.fromhex(payload)) is begins


@given(codec=st.sampled_from(["vp8", "h264", "vp9", "av1"]), payload=st.binary(max_size=40))
def test_no_payload_raises(codec: str, payload: bytes) -> None:
    assert begins_key_frame(codec, payload) in {True, False}
