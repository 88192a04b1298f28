"""The voice that calls of the tests are held with."""

import asyncio

import numpy as np
import pytest

from tests.support.call_peer import SAMPLE_RATE, SAMPLES
from tests.support.footage import ROOM_SNR_DB
from tests.support.microphone import LINES, Microphone, conversation
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


def heard(microphone: Microphone, seconds: float) -> np.ndarray:
    """In dBov, 20 ms at a time."""
    return np.array([level(microphone.samples(at)) for at in range(0, round(seconds * SAMPLE_RATE), SAMPLES)])


async def test_an_unplugged_one_is_digitally_silent_while_the_talk_goes_on() -> None:
    microphone = Microphone("en-us", seed=1)
    microphone.unplug()
    saying = asyncio.create_task(microphone.say(TEXT))
    await asyncio.sleep(0)
    while not saying.done():
        assert not microphone.samples(0).any()
        await asyncio.sleep(0)


async def test_from_a_frozen_one_nothing_comes() -> None:
    microphone = Microphone("en-us", seed=1)
    assert (await microphone.recv()).samples == SAMPLES
    microphone.freeze()
    waiting = asyncio.create_task(microphone.recv())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_in_a_conversation_one_speaks_at_a_time_and_then_the_other() -> None:
    async with conversation(seed=1) as microphones:
        await asyncio.sleep(0)
        for microphone, (voice, text) in zip(microphones, LINES, strict=True):
            spoken = len(sentence(text, voice)) / SAMPLE_RATE
            other = microphones[1 - microphones.index(microphone)]
            assert heard(microphone, spoken).max() > ACTIVE_DBOV
            assert heard(other, spoken).max() < ACTIVE_DBOV - ROOM_SNR_DB / 2
            for _ in range(3):
                await asyncio.sleep(0)
