"""JSON by orjson, and packets that find out by themselves that they are binary."""

from __future__ import annotations

import pytest
from socketio import packet as sio_packet

from signalling.engine.codec import OutPacket, dumps, loads


def test_json_is_compact_whatever_separators_are_asked_for() -> None:
    assert dumps({"a": [1, "é"]}, separators=(", ", ": ")) == '{"a":[1,"é"]}'


@pytest.mark.parametrize("text", ["NaN", "[1,]", '"\\ud800"', "", "{'a':1}"])
def test_json_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_a_packet_without_bytes_is_written_as_text() -> None:
    assert OutPacket(sio_packet.EVENT, ["a", {"b": 1}], namespace="/ops", id=3).encode() == '2/ops,3["a",{"b":1}]'


def test_bytes_make_a_packet_binary() -> None:
    assert OutPacket(sio_packet.EVENT, ["a", b"x", {"b": b"y"}]).encode() == [
        '52-["a",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]',
        b"x",
        b"y",
    ]
    assert OutPacket(sio_packet.ACK, [b"x"], id=1).encode() == ['61-1[{"_placeholder":true,"num":0}]', b"x"]


def test_what_is_neither_json_nor_bytes_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        OutPacket(sio_packet.EVENT, ["a", object()]).encode()
    with pytest.raises(TypeError):
        OutPacket(sio_packet.CONNECT, {"a": b"x"}).encode()
