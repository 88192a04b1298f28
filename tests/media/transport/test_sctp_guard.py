"""Which SCTP packets aiortc may see, and that none of the known traps is among them."""

import contextlib
import random
import time

import pytest

from media.transport.refusals import TransportRefusal
from media.transport.sctp_guard import (
    SctpRefused,
    Window,
    check_packet,
    parameters,
)

from .sctp_packets import BAD, GOOD, HEADER, LIMIT, data, parameter

OPEN = Window(last_tsn=1000, room=1 << 20)
BEFORE_INIT = Window(last_tsn=None, room=1 << 20)
NEED_INIT = ["data", "sack", "shutdown", "reset", "forward tsn"]


@pytest.mark.parametrize("chunks", GOOD.values(), ids=GOOD.keys())
def test_what_a_peer_may_send_passes(chunks: bytes) -> None:
    check_packet(HEADER + chunks, OPEN)


@pytest.mark.parametrize(("chunks", "kind"), BAD.values(), ids=BAD.keys())
def test_what_it_may_not_send_is_refused(chunks: bytes, kind: TransportRefusal) -> None:
    with pytest.raises(SctpRefused) as caught:
        check_packet(HEADER + chunks, OPEN)
    assert caught.value.kind is kind


@pytest.mark.parametrize("name", NEED_INIT)
def test_what_needs_an_association_is_refused_without_one(name: str) -> None:
    with pytest.raises(SctpRefused):
        check_packet(HEADER + GOOD[name], BEFORE_INIT)


def test_data_ahead_of_a_gap_needs_room_but_the_missing_piece_does_not() -> None:
    full = Window(last_tsn=1000, room=4)
    check_packet(HEADER + data(1001), full)
    check_packet(HEADER + data(1002, payload=b"1234"), full)
    with pytest.raises(SctpRefused) as caught:
        check_packet(HEADER + data(1002), full)
    assert caught.value.kind is LIMIT


def test_parameters_are_read_without_their_padding() -> None:
    body = b"head" + parameter(1, b"12345") + parameter(2, b"")
    assert parameters(body, 4) == [(1, b"12345"), (2, b"")]


def test_mutated_packets_raise_nothing_else_and_take_no_time() -> None:
    random_ = random.Random(9260)
    seeds = [HEADER + chunks for chunks in GOOD.values()] + [HEADER + chunks for chunks, _ in BAD.values()]
    slowest = 0.0
    for _ in range(20_000):
        packet = bytearray(random_.choice(seeds))
        for _ in range(random_.randint(1, 6)):
            if packet and random_.random() < 0.8:
                packet[random_.randrange(len(packet))] = random_.choice([0, 1, 255, random_.randrange(256)])
            else:
                packet[len(packet) // 2 : len(packet) // 2] = random_.randbytes(4)
        begun = time.thread_time()
        with contextlib.suppress(SctpRefused):
            check_packet(bytes(packet), random_.choice([OPEN, BEFORE_INIT]))
        slowest = max(slowest, time.thread_time() - begun)
    assert slowest < 0.05
