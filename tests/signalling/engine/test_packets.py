"""Engine.IO and Socket.IO packets of clients: what is understood, what is refused, and how often it counts."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalling.engine.codec import dumps, loads
from signalling.engine.options import Refusal
from signalling.engine.packets import (
    BadFrameError,
    EngineType,
    Packet,
    PacketDecoder,
    PacketType,
    Refused,
    nesting_exceeds,
    parse_engine,
    split_payload,
)

MALFORMED = Refused(Refusal.MALFORMED_PACKET)
BAD_FRAME = Refused(Refusal.MALFORMED_FRAME)


def decoder(max_bytes: int = 1000) -> PacketDecoder:
    return PacketDecoder(loads=loads, max_bytes=max_bytes, max_attachments=8, max_depth=64)


def event(data: Any, namespace: str = "/", ack_id: int | None = None) -> Packet:
    return Packet(PacketType.EVENT, namespace, ack_id, data)


# -- Engine.IO -------------------------------------------------------------------------------------------------------


def test_engine_packets_of_all_types_are_told_apart() -> None:
    assert [parse_engine(f"{number}x") for number in range(7)] == [(EngineType(number), "x") for number in range(7)]
    assert parse_engine(b"\x00\xff") == (EngineType.MESSAGE, b"\x00\xff")
    assert parse_engine("b" + base64.b64encode(b"\x01\x02").decode()) == (EngineType.MESSAGE, b"\x01\x02")


@pytest.mark.parametrize("frame", ["", "7", "9x", "a", "-1", "٣", "b%%%", "bAAA", "bé", "\x00"])
def test_engine_packets_that_no_client_may_send_are_refused(frame: str) -> None:
    with pytest.raises(BadFrameError):
        parse_engine(frame)


def test_a_poll_body_is_split_up_to_its_limit() -> None:
    assert split_payload(b"4a\x1e4b\x1e3", max_packets=3) == ["4a", "4b", "3"]
    with pytest.raises(BadFrameError):
        split_payload(b"4a\x1e4b\x1e3", max_packets=2)


@pytest.mark.parametrize("body", [b"", b"\xff", b"4\xed\xa0\x80"])
def test_a_poll_body_that_is_no_text_is_refused(body: bytes) -> None:
    with pytest.raises(BadFrameError):
        split_payload(body, max_packets=10)


# -- Socket.IO -------------------------------------------------------------------------------------------------------

GOOD: dict[str, Packet] = {
    "0": Packet(PacketType.CONNECT, "/", None, None),
    '0{"token":"x"}': Packet(PacketType.CONNECT, "/", None, {"token": "x"}),
    "0/ops,": Packet(PacketType.CONNECT, "/ops", None, None),
    "0/ops": Packet(PacketType.CONNECT, "/ops", None, None),
    '0/ops?a=b,{"c":1}': Packet(PacketType.CONNECT, "/ops", None, {"c": 1}),
    "1": Packet(PacketType.DISCONNECT, "/", None, None),
    "1/ops,": Packet(PacketType.DISCONNECT, "/ops", None, None),
    '2["a"]': event(["a"]),
    '2/,["a"]': event(["a"]),
    '2["a",1,null,{"b":[]}]': event(["a", 1, None, {"b": []}]),
    '2/ops,12["a"]': event(["a"], "/ops", 12),
    '20["a"]': event(["a"], ack_id=0),
    '2["a",{"_placeholder":true,"num":0}]': event(["a", {"_placeholder": True, "num": 0}]),
    '2["*"]': event(["*"]),
    '312["x"]': Packet(PacketType.ACK, "/", 12, ["x"]),
    "37[]": Packet(PacketType.ACK, "/", 7, []),
}


@pytest.mark.parametrize(("text", "packet"), GOOD.items(), ids=GOOD.keys())
def test_a_well_formed_packet_is_understood(text: str, packet: Packet) -> None:
    assert decoder().receive(text) == [packet]


BAD = [
    "", "x", "7", "9[]", "-1", "٢[\"a\"]", "2", "2[]", "2{}", '2"a"', "2null", "2[1]", "2[null]", '2[["a"]]', '2["a"',
    '2["a"]x', "2[,]", "2['a']", '2["a",NaN]', '2["a",Infinity]', '2["\\ud800"]', '2["a"]\x00',
    '2["connect"]', '2["disconnect"]', '2["connect_error"]', '2["disconnecting"]', '2["newListener"]',
    '2["removeListener"]', "0[]", "0null", '0"token"', "01", "012{}", '0{"a"', '1"bye"', "1{}", "13", "1null",
    "3", "3[]", "3{}", "31", "31{}", "31null", "4", '4{"message":"no"}', '299999999999999999999["a"]',
    '21-["a"]', "5", "6", "5-", "51-", "5x-[]", '5["a"]', '50-["a"]', '59-["a"]', '5999-["a"]',
    '599999999999-["a"]', '51-["a",{"_placeholder":true,"num":1}]', '51-["a",{"_placeholder":true,"num":-1}]',
    '51-["a",{"_placeholder":true,"num":"0"}]', '51-["a",{"_placeholder":true,"num":true}]',
    '51-["a",{"b":[{"_placeholder":true}]}]', '51-["connect"]', "51-{}", "61-[]", '61-["a"]', "61-1{}",
    "2" + "[" * 400 + "]" * 400, '2["a",' + '{"b":' * 70 + "1" + "}" * 70 + "]",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=[text[:40] for text in BAD])
def test_a_malformed_packet_counts_once_and_spoils_nothing_after_it(text: str) -> None:
    subject = decoder()
    assert subject.receive(text) == [MALFORMED]
    assert not subject.waiting
    assert subject.receive('2["a"]') == [event(["a"])]


def test_nesting_up_to_the_limit_is_allowed() -> None:
    text = '2["a",' + "[" * 63 + "]" * 63 + "]"
    assert isinstance(decoder().receive(text)[0], Packet)
    assert decoder().receive(text.replace("[[", "[[[", 1).replace("]]", "]]]", 1)) == [MALFORMED]


def test_depth_is_measured_on_values_not_on_brackets_in_strings() -> None:
    text = '2["a","' + "[" * 200 + '"]'
    assert decoder().receive(text) == [event(["a", "[" * 200])]


def test_nesting_is_counted_in_levels() -> None:
    assert not nesting_exceeds(1, 0)
    assert nesting_exceeds([], 0)
    assert not nesting_exceeds([{}], 2)
    assert nesting_exceeds([{"a": [1]}], 2)
    assert not nesting_exceeds([{"a": [1]}], 3)


# -- attachments -----------------------------------------------------------------------------------------------------


def test_attachments_are_put_in_their_places() -> None:
    subject = decoder()
    text = '52-/ops,3["a",{"_placeholder":true,"num":1},{"b":[{"_placeholder":true,"num":0},2]}]'
    assert subject.receive(text) == []
    assert subject.waiting
    assert subject.receive(b"zero") == []
    assert subject.receive(b"one") == [event(["a", b"one", {"b": [b"zero", 2]}], "/ops", 3)]
    assert not subject.waiting


def test_a_binary_ack_becomes_an_ack() -> None:
    subject = decoder()
    assert subject.receive('61-4[{"_placeholder":true,"num":0}]') == []
    assert subject.receive(b"x") == [Packet(PacketType.ACK, "/", 4, [b"x"])]


def test_binary_that_nobody_announced_is_a_bad_frame() -> None:
    assert decoder().receive(b"x") == [BAD_FRAME]


def test_a_text_instead_of_an_attachment_gives_up_the_packet_and_is_handled() -> None:
    subject = decoder()
    assert subject.receive('52-["a"]') == []
    assert subject.receive(b"x") == []
    assert subject.receive('2["b"]') == [MALFORMED, event(["b"])]
    assert subject.receive(b"x") == [BAD_FRAME]


def test_attachments_that_never_come_are_given_up_once() -> None:
    subject = decoder()
    assert subject.abandon() is None
    subject.receive('51-["a"]')
    assert subject.abandon() == MALFORMED
    assert subject.abandon() is None


def test_the_attachments_of_a_refused_packet_are_skipped_with_it() -> None:
    subject = decoder()
    assert subject.receive('59-["a"]') == [MALFORMED]
    assert [subject.receive(b"x") for _ in range(9)] == [[]] * 9
    assert subject.receive(b"x") == [BAD_FRAME]


def test_an_unbelievable_number_of_attachments_skips_none() -> None:
    subject = decoder()
    assert subject.receive('5999-["a"]') == [MALFORMED]
    assert subject.receive(b"x") == [BAD_FRAME]


def test_skipping_ends_at_the_next_text() -> None:
    subject = decoder()
    assert subject.receive('59-["a"]') == [MALFORMED]
    assert subject.receive('2["b"]') == [event(["b"])]
    assert subject.receive(b"x") == [BAD_FRAME]


# -- sizes -----------------------------------------------------------------------------------------------------------


def test_a_packet_at_the_limit_passes_and_one_over_it_is_too_large() -> None:
    text = '2["a","' + "x" * (1000 - 9) + '"]'
    assert len(text) == 1000
    assert isinstance(decoder().receive(text)[0], Packet)
    assert decoder(999).receive(text) == [Refused(Refusal.TOO_LARGE, "/", None)]


def test_size_is_counted_in_bytes() -> None:
    text = '2["a","' + "€" * 400 + '"]'
    assert decoder().receive(text) == [Refused(Refusal.TOO_LARGE, "/", None)]
    assert isinstance(decoder(2000).receive(text)[0], Packet)


def test_a_large_event_that_waits_for_an_ack_says_so() -> None:
    body = '["a","' + "x" * 1000 + '"]'
    assert decoder().receive("2/ops,17" + body) == [Refused(Refusal.TOO_LARGE, "/ops", 17)]
    assert decoder().receive("3/ops,17" + body) == [Refused(Refusal.TOO_LARGE, "/ops", None)]
    assert decoder().receive("2" + "9" * 30 + body) == [Refused(Refusal.TOO_LARGE, "/", None)]
    assert decoder().receive("x" * 2000) == [MALFORMED]


def test_the_attachments_of_a_large_packet_are_skipped_with_it() -> None:
    subject = decoder()
    body = '["a","' + "x" * 1000 + '"]'
    assert subject.receive("52-17" + body) == [Refused(Refusal.TOO_LARGE, "/", 17)]
    assert subject.receive(b"x") == []
    assert subject.receive(b"x") == []
    assert subject.receive(b"x") == [BAD_FRAME]


@pytest.mark.parametrize(("start", "ack_id"), [("5", 17), ("6", None)])
def test_attachments_count_towards_the_limit(start: str, ack_id: int | None) -> None:
    subject = decoder()
    assert subject.receive(f'{start}3-17["a"]') == []
    assert subject.receive(b"x" * 900) == []
    assert subject.receive(b"x" * 900) == [Refused(Refusal.TOO_LARGE, "/", ack_id)]
    assert not subject.waiting
    assert subject.receive(b"x" * 900) == []
    assert subject.receive(b"x" * 900) == [BAD_FRAME]


# -- anything --------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(st.text(max_size=60) | st.binary(max_size=30), max_size=12))
def test_noise_never_raises(inputs: list[str | bytes]) -> None:
    subject = decoder(100)
    for item in inputs:
        assert all(isinstance(outcome, Packet | Refused) for outcome in subject.receive(item))


@given(
    st.sampled_from("0123456789"),
    st.sampled_from(["", "1-", "2-", "9-", "/ops,", "12", "1-/ops,12"]),
    st.text(alphabet='[]{}",:0123456789aе\\_', max_size=40),
)
def test_almost_packets_never_raise(kind: str, middle: str, rest: str) -> None:
    subject = decoder(100)
    subject.receive(kind + middle + rest)
    subject.receive(b"x")
    subject.receive(b"x")


names = st.text(min_size=1, max_size=10).filter(lambda name: "connect" not in name)


@given(names, st.lists(json_values, max_size=3), st.integers(0, 2**53))
def test_every_event_of_an_honest_client_is_understood(name: str, arguments: list[Any], ack_id: int) -> None:
    outcome = decoder(100_000).receive(f"2{ack_id}" + dumps([name, *arguments]))
    assert outcome == [event([name, *arguments], ack_id=ack_id)]
