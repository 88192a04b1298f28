"""The voice that calls of the tests are held with."""

import asyncio

import numpy as np
import pytest

from tests.support.call_peer import SAMPLE_RATE, SAMPLES
from tests.support.footage import ROOM_SNR_DB
from tests.support.microphone import Microphone
from tests.support.speech import ACTIVE_DBOV, sentence

pytestmark = pytest.mark.needs("espeak-ng")
TEXT = "Then you saw the whole valley fill with light."


def level(samples: np.ndarray) -> float:
    """dBov."""
    return float(10 * np.log10(np.mean((samples / 32_768) ** 2)))


async def test_it_hears_the_room_then_every_word_then_the_room() -> None:
    microphone = Microphone("en-us", seed=1)
    before = np.concatenate([microphone.samples(at) for at in range(0, SAMPLE_RATE, SAMPLES)])
    saying = asyncio.create_task(microphone.say(TEXT))
    await asyncio.sleep(0)
    spoken, at = [], SAMPLE_RATE
    while not saying.done():
        spoken.append(microphone.samples(at))
        at += SAMPLES
        await asyncio.sleep(0)
    words = sentence(TEXT, "en-us")
    after = np.concatenate([microphone.samples(at + more) for more in range(0, SAMPLE_RATE, SAMPLES)])
    assert 0 <= sum(map(len, spoken)) - len(words) < 3 * SAMPLES
    assert np.abs(np.concatenate(spoken)[: len(words)] - words).max() < 100
    for room in (before, after):
        assert level(room) == pytest.approx(ACTIVE_DBOV - ROOM_SNR_DB, abs=2)
