"""Numbered pictures and a tone go through the whole server, both ways, and arrive as they were sent."""

import asyncio
import time
from itertools import pairwise

import numpy as np
import pytest

from tests.support.call_peer import SAMPLE_RATE, CallPeer, Samples, two_in_a_call
from tests.support.server import Server

SECONDS = 6.0
SETTLED_S = 1.0  # the encoder's first pictures come while its key frame is still on the way
PRESENT = 0.95  # of the pictures between the first and the last that arrived
HERTZ_OFF = 2.0
LEVEL_OFF_DB = 1.0


def loudest(samples: Samples) -> tuple[float, float]:
    """(frequency in Hz, level 0..1 of full scale) of the strongest sine in the sound."""
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples / 32767 * window))
    peak = int(spectrum.argmax())
    # A Hann window spreads a sine over three bins; their energy gives the amplitude whatever its place between them.
    energy = float((spectrum[peak - 2 : peak + 3] ** 2).sum())
    amplitude = 2 * (energy / (len(samples) * float((window**2).sum()))) ** 0.5
    return peak * SAMPLE_RATE / len(samples), amplitude


def assert_pictures(receiver: CallPeer, sender: CallPeer, since: float) -> None:
    numbers = receiver.received.numbers(since)
    assert {mark for _, mark, _ in receiver.received.pictures} == {sender.mark}
    assert receiver.received.spoilt == []
    assert all(before < after for before, after in pairwise(numbers))
    assert numbers[-1] < sender.pictures.sent
    assert len(numbers) >= PRESENT * (numbers[-1] - numbers[0] + 1)
    assert len(numbers) >= 0.8 * 15 * SECONDS


def assert_tone(receiver: CallPeer, hertz: float, level: float, since: float) -> None:
    found_hertz, found_level = loudest(receiver.received.samples(since)[: 4 * SAMPLE_RATE])
    assert abs(found_hertz - hertz) < HERTZ_OFF
    assert abs(20 * np.log10(found_level / level)) < LEVEL_OFF_DB


def assert_counted(server: Server, ana: CallPeer, ben: CallPeer) -> None:
    """The scrape of a running call agrees with what its peers got."""
    shown = server.metrics()
    assert shown["calls_active"] == 1
    assert shown["media_legs"] == 2
    assert shown["call_setup_seconds_count"] == 1
    for kind in ("audio", "video"):
        taken, sent = (shown[f'media_packets_total{{direction="{way}",kind="{kind}"}}'] for way in ("in", "out"))
        octets = shown[f'media_bytes_total{{direction="out",kind="{kind}"}}']
        assert taken >= sent > 0
        assert octets > 12 * sent
    assert shown['media_packets_total{direction="out",kind="audio"}'] >= len(ana.received.sound)
    assert shown['media_packets_total{direction="out",kind="video"}'] >= len(ana.received.pictures)
    assert shown['media_refused_total{reason="internal"}'] == 0


@pytest.mark.parametrize("amplitude", [0.25, 0.1])
@pytest.mark.parametrize("hertz", [440.0, 1000.3])
def test_the_measure_finds_a_sine_of_known_frequency_and_level(hertz: float, amplitude: float) -> None:
    wave = np.sin(2 * np.pi * hertz * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE) * amplitude * 32767
    found = loudest(wave.astype(np.int16))
    assert found == pytest.approx((hertz, amplitude), rel=0.01)


async def test_numbered_pictures_and_a_tone_arrive_unaltered_both_ways(server: Server) -> None:
    async with two_in_a_call(server) as (ana, ben):
        began = time.monotonic()
        for peer in (ana, ben):
            await peer.until_media(began, 5.0)
        since = time.monotonic() + SETTLED_S
        await asyncio.sleep(SETTLED_S + SECONDS)
        assert_pictures(ana, ben, since)
        assert_pictures(ben, ana, since)
        assert_tone(ana, 1000.0, 0.1, since)
        assert_tone(ben, 440.0, 0.25, since)
        assert_counted(server, ana, ben)
