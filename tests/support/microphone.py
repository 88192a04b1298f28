"""A microphone in a quiet room, near somebody who says what a test wants, when it wants it."""

import asyncio

import numpy as np

from tests.support.call_peer import SAMPLES, Samples, Sound
from tests.support.footage import ROOM_SNR_DB
from tests.support.speech import noisy, sentence, silence

ROOM_S = 4  # of noise, over and over: a real microphone is never digitally silent


class Microphone(Sound):
    """`voice`: one of espeak-ng's."""

    def __init__(self, voice: str, seed: int) -> None:
        super().__init__()
        self._voice = voice
        self._room = noisy(silence(ROOM_S), ROOM_SNR_DB, seed)
        self._words = silence(0)
        self._said = asyncio.Event()

    async def say(self, text: str) -> None:
        """Returns with the last sound of it."""
        self._words, self._said = sentence(text, self._voice), asyncio.Event()
        await self._said.wait()

    def samples(self, at: int) -> Samples:
        start = at % len(self._room)
        found = self._room[start : start + SAMPLES].copy()
        words, self._words = self._words[:SAMPLES], self._words[SAMPLES:]
        found[: len(words)] += words
        if len(words) and not len(self._words):
            self._said.set()
        return found.clip(-32_768, 32_767).astype(np.int16)
