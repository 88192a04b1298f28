"""RTP headers on raw octets."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine.api import NO_LEVEL
from media.engine.headers import (
    ExtensionMap,
    advance_send_time,
    audio_level,
    find_extension,
    from_rtx,
    header_length,
    payload_size,
    to_rtx,
)
from tests.media.engine.peers import Rtp, elements, one_byte, two_byte

PLAIN = Rtp(96, 7, 900, 0xA1, b"payload")


@pytest.mark.parametrize(
    ("packet", "length", "payload"),
    [
        (PLAIN, 12, 7),
        (Rtp(96, 7, 900, 1, b""), 12, 0),
        (Rtp(96, 7, 900, 1, b"abc", csrcs=(1, 2, 3)), 24, 3),
        (Rtp(96, 7, 900, 1, b"abc", extension=(0xBEDE, b"")), 16, 3),
        (Rtp(96, 7, 900, 1, b"abc", csrcs=(1,), extension=one_byte((1, b"xy"), (2, b"z"))), 28, 3),
        (Rtp(96, 7, 900, 1, b"abc", padding=5), 12, 3),
        (Rtp(96, 7, 900, 1, b"", padding=255), 12, 0),
    ],
)
def test_the_payload_lies_behind_everything_the_header_announces(packet: Rtp, length: int, payload: int) -> None:
    octets = bytes(packet)
    assert header_length(octets) == length
    assert payload_size(octets, length) == payload


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(PLAIN)[:11],
        b"\x40" + bytes(PLAIN)[1:],  # version 1
        b"\x8f" + bytes(PLAIN)[1:],  # fifteen CSRCs that are not there
        b"\x90" + bytes(PLAIN)[1:14],  # no room for the extension's header
        b"\x90" + bytes(PLAIN)[1:12] + b"\xbe\xde\x00\x02" + bytes(7),  # extension longer than the packet
        b"\xa0" + bytes(PLAIN)[1:12],  # padding of 161 octets in nothing but a header
        b"\xa0" + bytes(PLAIN)[1:12] + b"\x00",  # padding of no octets
        b"\xa0" + bytes(PLAIN)[1:12] + b"a\x03",  # more padding than payload
    ],
)
def test_a_header_that_contradicts_the_length_is_refused(octets: bytes) -> None:
    assert header_length(octets) == -1


@given(octets=st.binary(max_size=60))
def test_whatever_is_accepted_can_be_read_and_rewritten(octets: bytes) -> None:
    octets = bytes([0x80 | (octets[0] & 0x3F if octets else 0)]) + octets[1:]
    payload_at = header_length(octets)
    if payload_at < 0:
        return
    assert 12 <= payload_at <= len(octets)
    assert 0 <= payload_size(octets, payload_at) <= len(octets) - payload_at
    for extension_id in range(16):
        found = find_extension(octets, extension_id, payload_at)
        assert found is None or found[0] + found[1] <= payload_at
        assert audio_level(octets, extension_id, payload_at) in {*range(128), NO_LEVEL}
        stamped = bytearray(octets)
        advance_send_time(stamped, extension_id, payload_at, 0.3)
        assert len(stamped) == len(octets)
    translated = ExtensionMap({1: 5, 2: 2, 3: 250}, 2, b"m", b"n").translate(octets[:payload_at])
    assert header_length(translated + octets[payload_at:]) == payload_at
    from_rtx(octets, payload_at, 96, b"ssrc")


@pytest.mark.parametrize("form", [one_byte, two_byte])
def test_extensions_are_found_in_both_forms(form: type) -> None:
    octets = bytes(Rtp(96, 7, 9, 1, b"abc", extension=form((3, b"x"), (1, b"\x9e"), (2, b"abc"))))
    payload_at = header_length(octets)
    found = find_extension(octets, 2, payload_at)
    assert found is not None
    assert octets[found[0] : found[0] + found[1]] == b"abc"
    assert find_extension(octets, 9, payload_at) is None
    assert audio_level(octets, 1, payload_at) == 0x1E


def test_padding_between_elements_is_stepped_over() -> None:
    octets = bytes(Rtp(96, 7, 9, 1, b"", extension=(0xBEDE, b"\0\0\x10\x7f\0\0\x30a")))
    assert audio_level(octets, 1, len(octets)) == 0x7F
    assert find_extension(octets, 3, len(octets)) == (len(octets) - 1, 1)


@pytest.mark.parametrize(
    "extension",
    [
        None,
        (0xABAC, b"\x10\x7f\0\0"),  # no form we know
        (0xBEDE, b"\xf0\0\x10\x7f"),  # id 15 ends the block
        (0xBEDE, b"\x2f\0\x10\x7f"),  # longer than the block
        (0x1000, b"\x02\xff\x01\x01"),
        (0x1000, b"\0\0\0\x01"),  # id without a length
        (0x1000, b"\x01\0\0\0"),  # a level of no octets
    ],
)
def test_no_level_is_read_from_what_is_not_there(extension: tuple[int, bytes] | None) -> None:
    octets = bytes(Rtp(96, 7, 9, 1, b"", extension=extension))
    assert audio_level(octets, 1, header_length(octets)) == NO_LEVEL


def translated(extension: tuple[int, bytes], table: ExtensionMap) -> dict[int, bytes]:
    packet = Rtp(96, 7, 9, 1, b"payload", csrcs=(4,), extension=extension)
    payload_at = header_length(bytes(packet))
    out = Rtp.parse(table.translate(bytes(packet)[:payload_at]) + bytes(packet)[payload_at:])
    assert out.payload == b"payload"
    assert out.csrcs == (4,)
    return elements(out.extension)


@pytest.mark.parametrize("form", [one_byte, two_byte])
def test_ids_are_changed_and_what_the_other_leg_lacks_is_blanked(form: type) -> None:
    table = ExtensionMap({1: 3, 2: 1}, None, b"", b"")
    assert not table.identity
    assert translated(form((1, b"a"), (9, b"bcd"), (2, b"ef")), table) == {3: b"a", 1: b"ef"}


def test_an_id_that_one_byte_cannot_hold_is_blanked_there_only() -> None:
    table = ExtensionMap({1: 20, 2: 3}, None, b"", b"")
    assert translated(one_byte((1, b"a"), (2, b"b")), table) == {3: b"b"}
    assert translated(two_byte((1, b"a"), (2, b"b")), table) == {20: b"a", 3: b"b"}


@pytest.mark.parametrize("form", [one_byte, two_byte])
def test_the_mid_becomes_the_other_leg_s_where_it_fits(form: type) -> None:
    assert translated(form((4, b"1")), ExtensionMap({4: 3}, 4, b"7", b"1")) == {3: b"7"}
    assert translated(form((4, b"1"), (1, b"x")), ExtensionMap({4: 3, 1: 1}, 4, b"video", b"1")) == {1: b"x"}


def test_only_equal_ids_and_an_equal_mid_pass_untouched() -> None:
    assert ExtensionMap({1: 1, 4: 4}, 4, b"0", b"0").identity
    assert ExtensionMap({1: 1}, 4, b"0", b"1").identity  # the MID goes nowhere
    assert ExtensionMap({1: 1}, None, b"0", b"1").identity
    assert not ExtensionMap({1: 1, 4: 4}, 4, b"0", b"1").identity
    assert not ExtensionMap({1: 2}, 4, b"0", b"0").identity


@pytest.mark.parametrize(
    "extension",
    [
        (0xABAC, b"\x10\x7f\0\0"),
        (0xBEDE, b"\xf0\0\x10\x7f"),
        (0xBEDE, b"\x2f\0\x10\x7f"),
        (0x1005, b"\x02\xff\x01\x01"),
        (0x1000, b"\0\0\0\x01"),
    ],
)
def test_what_cannot_be_read_is_not_passed_on(extension: tuple[int, bytes]) -> None:
    assert translated(extension, ExtensionMap({1: 1, 2: 2}, None, b"", b"")) == {}


def test_a_packet_without_extensions_is_left_alone() -> None:
    header = bytes(PLAIN)[:12]
    assert ExtensionMap({}, None, b"", b"").translate(header) == header


_ELEMENTS = st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=4)), max_size=4)
_BLOCKS = st.one_of(
    st.builds(lambda parts: one_byte(*parts), _ELEMENTS),
    st.builds(lambda parts: two_byte(*parts), _ELEMENTS),
    st.tuples(st.sampled_from([0xBEDE, 0x1000, 0x100F, 0xABAC]), st.binary(max_size=5).map(lambda data: data * 4)),
)


@given(blocks=st.lists(st.tuples(_BLOCKS, st.integers(0, 2)), min_size=1, max_size=40))
def test_what_a_map_remembers_changes_nothing(blocks: list[tuple[tuple[int, bytes], int]]) -> None:
    """Headers in any order meet the same translation as each of them alone."""
    ids = {1: 5, 2: 2, 3: 250, 4: 1, 7: 14}
    used = ExtensionMap(ids, 4, b"m", b"n")
    for extension, csrcs in blocks:
        packet = bytes(Rtp(96, 7, 9, 1, b"", csrcs=tuple(range(csrcs)), extension=extension))
        assert used.translate(packet) == ExtensionMap(ids, 4, b"m", b"n").translate(packet)
        assert len(used._shapes) <= 16


def test_a_sender_of_many_shapes_makes_a_map_remember_few() -> None:
    used = ExtensionMap({1: 5}, None, b"", b"")
    for words in range(1, 60):
        extension = (0xBEDE, b"\x10a" + bytes(4 * words - 2))
        assert translated(extension, used) == {5: b"a"}
        assert len(used._shapes) <= 16


@given(parts=_ELEMENTS, mid=st.binary(min_size=1, max_size=2), form=st.sampled_from([one_byte, two_byte]))
def test_each_element_goes_over_under_its_id_or_not_at_all(
    parts: list[tuple[int, bytes]], mid: bytes, form: Callable[..., tuple[int, bytes]]
) -> None:
    """Against the same said of elements instead of octets."""
    ids, wanted = {1: 5, 2: 2, 4: 1, 7: 14}, {}
    for name, data in parts:
        if name in ids and (name != 4 or len(data) == len(mid)):
            wanted[ids[name]] = mid if name == 4 else data
    assert translated(form(*parts), ExtensionMap(ids, 4, mid, b"source")) == wanted


def test_the_send_time_moves_by_the_time_waited_and_wraps() -> None:
    for before, after in ((0, 0x020000), (0xFFFFFF, 0x01FFFF)):
        octets = bytearray(bytes(Rtp(96, 7, 9, 1, b"", extension=one_byte((2, before.to_bytes(3, "big"))))))
        advance_send_time(octets, 2, len(octets), 0.5)
        assert elements(Rtp.parse(bytes(octets)).extension)[2] == after.to_bytes(3, "big")


def test_a_send_time_of_another_size_is_left_alone() -> None:
    octets = bytearray(bytes(Rtp(96, 7, 9, 1, b"", extension=one_byte((2, b"ab")))))
    before = bytes(octets)
    advance_send_time(octets, 2, len(octets), 0.5)
    assert octets == before


@given(
    seq=st.integers(0, 65535),
    payload=st.binary(max_size=30),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 2**32 - 1), max_size=3),
    padding=st.sampled_from([0, 4, 255]),
    extended=st.booleans(),
)
def test_a_retransmission_unwraps_to_the_packet_it_was_made_of(
    seq: int, payload: bytes, marker: bool, csrcs: list[int], padding: int, extended: bool
) -> None:
    extension = one_byte((2, b"abc")) if extended else None
    packet = Rtp(96, seq, 12345, 0xA1, payload, marker, tuple(csrcs), extension, padding)
    payload_at = header_length(bytes(packet))
    wrapped = to_rtx(bytearray(bytes(packet)), payload_at, 97, 31, (0xA2).to_bytes(4, "big"))
    outside = Rtp.parse(wrapped)
    assert (outside.pt, outside.seq, outside.ssrc, outside.ts) == (97, 31, 0xA2, 12345)
    assert outside.payload == seq.to_bytes(2, "big") + payload
    assert header_length(wrapped) == payload_at
    assert from_rtx(wrapped, payload_at, 96, (0xA1).to_bytes(4, "big")) == bytes(packet)


def test_probing_padding_on_the_retransmission_stream_holds_no_packet() -> None:
    assert from_rtx(bytes(Rtp(97, 1, 2, 0xA2, b"", padding=200)), 12, 96, b"ssrc") is None
    assert from_rtx(bytes(Rtp(97, 1, 2, 0xA2, b"a")), 12, 96, b"ssrc") is None
