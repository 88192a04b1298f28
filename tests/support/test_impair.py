"""The model of a bad network keeps its own figures."""

from itertools import groupby

import pytest

from tests.support.impair import Channel, Profile, kind_of

PACKETS = 50_000
STEP_S = 0.01
OCTETS = 200


def through(profile: Profile, seed: str = "s", packets: int = PACKETS, octets: int = OCTETS) -> list[float | None]:
    """Delay of each packet, None for the lost ones."""
    channel = Channel(profile, seed)
    outs = [channel.offer(number * STEP_S, octets) for number in range(packets)]
    return [None if out is None else out - number * STEP_S for number, out in enumerate(outs)]


def test_a_clear_path_does_nothing() -> None:
    assert through(Profile(), packets=10) == [0.0] * 10


def test_one_seed_gives_one_pattern_of_loss_whatever_the_delays() -> None:
    one, same, other = (
        [delay is None for delay in through(profile, seed)]
        for profile, seed in ((Profile(loss=0.1), "a"), (Profile(loss=0.1, jitter=0.03), "a"), (Profile(loss=0.1), "b"))
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1])
def test_the_mean_loss_is_as_asked(loss: float) -> None:
    lost = through(Profile(loss=loss)).count(None) / PACKETS
    assert abs(lost - loss) < 4 * (loss * (1 - loss) / PACKETS) ** 0.5


def test_bursts_have_their_mean_length_and_keep_the_mean_loss() -> None:
    delays = through(Profile(loss=0.1, burst=4))
    runs = [len(list(group)) for is_lost, group in groupby(delay is None for delay in delays) if is_lost]
    assert sum(runs) / len(runs) == pytest.approx(4, rel=0.1)
    assert sum(runs) / PACKETS == pytest.approx(0.1, rel=0.1)


def test_jitter_keeps_the_order_unless_told_otherwise() -> None:
    kept, free = (
        [
            round(number * STEP_S + (delay or 0), 9)
            for number, delay in enumerate(through(Profile(jitter=0.06, reorder=reorder)))
        ]
        for reorder in (False, True)
    )
    assert kept == sorted(kept)
    assert free != sorted(free)


def test_spikes_rise_at_once_and_decay() -> None:
    delays = [delay or 0 for delay in through(Profile(spike=0.3, spike_probability=0.01, reorder=True), packets=2000)]
    first = next(number for number, delay in enumerate(delays) if delay)
    assert delays[first] == pytest.approx(0.3)
    assert delays[first + 1] == pytest.approx(0.24)


def test_a_bottleneck_delays_up_to_its_queue_and_then_drops() -> None:
    rate = OCTETS * 8 / STEP_S / 2  # half of what comes
    delays = through(Profile(rate=rate, queue=0.2), packets=2000)
    arrived = [delay for delay in delays if delay is not None]
    assert len(arrived) == pytest.approx(1000, abs=30)
    assert max(arrived) <= 0.2 + 2 * STEP_S + 1e-6


def test_datagrams_are_told_apart_by_their_first_octets() -> None:
    pairs = {b"\x00": "stun", b"\x16": "dtls", b"\x80\x60": "rtp", b"\x80\xc8": "rtcp", b"\x50": "other"}
    assert [kind_of(start.ljust(12, b"\0")) for start in pairs] == list(pairs.values())
    assert kind_of(b"") == "other"
