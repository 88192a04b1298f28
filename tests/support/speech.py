"""Real speech as a sender would send it: espeak-ng's voice, Opus packets, RFC 6464 levels.

What is tested is read from RTP headers, so the samples go through a real encoder and through aiortc's own computation
of the level. Noise is seeded; the truth is taken from the clean samples.
"""

import io
import subprocess
import wave
from fractions import Fraction
from functools import cache

import numpy as np
from aiortc.rtp import compute_audio_level_dbov
from av import AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from media.core.arrival import Arrival
from media.core.speech import Span
from media.core.talk import joined

RATE = 48_000
FRAME = 960  # samples of a packet of 20 ms
ACTIVE_DBOV = -26.0  # of a close microphone with automatic gain
# A frame this far below the active level is no speech: breath, the tail of the room.
QUIET_DB = 25.0
PAUSE_S = 0.2

Samples = NDArray[np.float64]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE))


@cache
def sentence(text: str, voice: str = "en-us") -> Samples:
    """The text spoken, at the usual level, without silence around it."""
    wav = subprocess.run(["espeak-ng", "-v", voice, "-s", "155", "--stdout", text], capture_output=True, check=True)
    with wave.open(io.BytesIO(wav.stdout)) as file:
        # A wave that was written to a pipe does not know its length.
        spoken = np.frombuffer(file.readframes(1 << 26), np.int16).astype(float)
        rate = file.getframerate()
    wanted = np.arange(round(len(spoken) * RATE / rate)) * rate / RATE
    samples = np.interp(wanted, np.arange(len(spoken)), spoken)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    active = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    return _scaled(samples, ACTIVE_DBOV, active)


def noisy(samples: Samples, snr_db: float, seed: int) -> Samples:
    """The samples in pink noise above 50 Hz, as a microphone passes it, this far below the active level of speech."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal(len(samples)))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    spectrum[: round(50 * len(samples) / RATE)] = 0
    noise = np.fft.irfft(spectrum, len(samples))
    return samples + _scaled(noise, ACTIVE_DBOV - snr_db, noise)


def _scaled(samples: Samples, dbov: float, active: Samples) -> Samples:
    """The samples, louder or quieter, so that the active ones have this level."""
    return samples * float(32_768 * 10 ** (dbov / 20) / np.sqrt(np.mean(active**2)))


def truth(clean: Samples) -> list[Span]:
    """Where speech is in samples without noise."""
    frames = clean[: len(clean) // FRAME * FRAME].reshape(-1, FRAME)
    level = 10 * np.log10(np.mean(frames**2, axis=1) / 32_768**2 + 1e-13)
    spoken = np.flatnonzero(level > ACTIVE_DBOV - QUIET_DB)
    step = FRAME / RATE
    return joined([Span(float(at) * step, float(at + 1) * step) for at in spoken], PAUSE_S)


def packets(samples: Samples, *, start: float = 0.0) -> list[Arrival]:
    """The samples as 20 ms packets that arrive when they are spoken."""
    codec = CodecContext.create("libopus", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.bit_rate, codec.sample_rate, codec.format, codec.layout = 32_000, RATE, "s16", "mono"
    codec.time_base = Fraction(1, RATE)
    found = []
    for number in range(len(samples) // FRAME):
        part = samples[number * FRAME : (number + 1) * FRAME].clip(-32_768, 32_767).astype(np.int16)
        frame = AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * FRAME, Fraction(1, RATE)
        size = 12 + 8 + sum(packet.size for packet in codec.encode(frame))
        level = -compute_audio_level_dbov(frame)
        found.append(Arrival(start + number * FRAME / RATE, number * FRAME, number, size, level=level))
    return found
