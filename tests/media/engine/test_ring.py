"""The ring of packets kept for retransmission."""

from hypothesis import given
from hypothesis import strategies as st

from media.engine.ring import RING_PACKETS, RING_SECONDS, Ring


def packet(sequence: int) -> bytes:
    return b"%d" % sequence


def test_what_was_put_is_there_with_its_time() -> None:
    ring = Ring()
    ring.put(70_000, b"x", 1.5)
    assert ring.get(70_000) == b"x"
    assert ring.arrival(70_000) == 1.5
    assert ring.get(70_001) is None
    assert ring.get(70_000 - RING_PACKETS) is None


def test_an_empty_ring_holds_nothing_and_expires_nothing() -> None:
    ring = Ring()
    ring.expire(1000.0)
    assert ring.get(0) is None
    ring.put(0, b"x", 1.0)
    assert ring.get(0) == b"x"


def test_only_the_last_packets_are_kept() -> None:
    ring = Ring()
    for sequence in range(2 * RING_PACKETS):
        ring.put(sequence, packet(sequence), 1.0)
    assert ring.get(RING_PACKETS - 1) is None
    assert ring.get(RING_PACKETS) == packet(RING_PACKETS)
    ring.put(RING_PACKETS - 1, b"too late", 1.0)
    assert ring.get(RING_PACKETS - 1) is None
    assert ring.get(2 * RING_PACKETS - 1) is not None


def test_packets_older_than_the_limit_go() -> None:
    ring = Ring()
    for sequence in range(10):
        if sequence != 4:
            ring.put(sequence, packet(sequence), sequence * 0.1)
    ring.expire(RING_SECONDS + 0.65)
    assert [sequence for sequence in range(10) if ring.get(sequence)] == [7, 8, 9]
    ring.expire(RING_SECONDS + 100)
    assert not any(ring.get(sequence) for sequence in range(10))


def test_a_late_packet_fills_its_hole() -> None:
    ring = Ring()
    ring.put(1, b"1", 1.0)
    ring.put(3, b"3", 1.0)
    ring.put(2, b"2", 1.1)
    assert ring.get(2) == b"2"


def test_after_clearing_numbers_may_be_anything() -> None:
    ring = Ring()
    ring.put(500_000, b"x", 1.0)
    ring.clear()
    assert ring.get(500_000) is None
    ring.put(3, b"y", 1.0)
    assert ring.get(3) == b"y"


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 0.3), st.booleans()), max_size=60))
def test_no_number_is_ever_answered_with_another_packet(steps: list[tuple[int, float, bool]]) -> None:
    ring = Ring()
    sequence, now = -3, 5.0
    put: dict[int, float] = {}
    for step, pause, tidy in steps:
        sequence += step
        now += pause
        ring.put(sequence, packet(sequence), now)
        put[sequence] = now
        if tidy:
            ring.expire(now)
        for known, at in put.items():
            found = ring.get(known)
            assert found in {None, packet(known)}
            if known > sequence - RING_PACKETS and now - at < RING_SECONDS:
                assert found is not None
