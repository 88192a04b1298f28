"""A microphone in a quiet room, near somebody who says what a test wants, when it wants it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
from av import AudioFrame

from tests.support.call_peer import SAMPLES, Samples, Sound
from tests.support.footage import ROOM_SNR_DB
from tests.support.speech import noisy, sentence, silence

ROOM_S = 4  # of noise, over and over: a real microphone is never digitally silent
LINES = (
    ("en-us", "I was on the ridge above the lake at sunrise. It was cold, and there was nobody but me."),
    ("en-gb", "Then you saw the whole valley fill with light. I wish that I had been awake so early."),
)


class Microphone(Sound):
    """`voice`: one of espeak-ng's."""

    def __init__(self, voice: str, seed: int) -> None:
        super().__init__()
        self._voice = voice
        self._room = noisy(silence(ROOM_S), ROOM_SNR_DB, seed)
        self._words = silence(0)
        self._said = asyncio.Event()
        self._unplugged = self._hangs = False

    def unplug(self) -> None:
        """From now on the system gives digital silence in its place."""
        self._unplugged = True

    def freeze(self) -> None:
        """It hangs, without a word: nothing comes from it any more."""
        self._hangs = True

    async def recv(self) -> AudioFrame:
        if self._hangs:
            await asyncio.Event().wait()  # until the peer is closed
        return await super().recv()

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
        if self._unplugged:
            found[:] = 0
        return found.clip(-32_768, 32_767).astype(np.int16)


@contextlib.asynccontextmanager
async def conversation(seed: int) -> AsyncIterator[tuple[Microphone, Microphone]]:
    """Two microphones, and two people who take turns at them once both are listened to."""
    first, second = (Microphone(voice, seed + number) for number, (voice, _) in enumerate(LINES))
    for voice, text in LINES:
        sentence(text, voice)  # takes a while the first time, which would be a gap in what both send

    async def talk() -> None:
        while True:
            for microphone, (_, text) in zip((first, second), LINES, strict=True):
                await microphone.say(text)

    talking = asyncio.create_task(talk())
    try:
        yield first, second
    finally:
        talking.cancel()
