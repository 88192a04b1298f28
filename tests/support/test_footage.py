"""The drawn people: their files are what browsers read, and they move."""

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.support.footage import ANA, BEN, FPS, HEIGHT, ROOM_SNR_DB, SECONDS, WIDTH, Person, fall_silent, film, speak
from tests.support.speech import ACTIVE_DBOV

FRAME_OCTETS = WIDTH * HEIGHT * 3 // 2


def frames(path: Path) -> list[bytes]:
    header, _, rest = path.read_bytes().partition(b"\n")
    assert header.split() == f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg".encode().split()
    size = len(b"FRAME\n") + FRAME_OCTETS
    assert len(rest) == SECONDS * FPS * size
    cut = [rest[start : start + size] for start in range(0, len(rest), size)]
    assert all(frame.startswith(b"FRAME\n") for frame in cut)
    return [frame.removeprefix(b"FRAME\n") for frame in cut]


@pytest.mark.parametrize("person", [ANA, BEN])
def test_the_film_moves_and_its_end_fits_its_beginning(person: Person, tmp_path: Path) -> None:
    film(person, tmp_path / "film.y4m")
    shown = [np.frombuffer(frame, np.uint8).astype(np.int16) for frame in frames(tmp_path / "film.y4m")]
    steps = [float(np.abs(after - before).mean()) for before, after in zip(shown, shown[1:] + shown[:1], strict=True)]
    assert min(steps) > 0
    assert steps[-1] <= max(steps[:-1])


def test_the_walls_have_the_colours_of_the_two_people(tmp_path: Path) -> None:
    for person in (ANA, BEN):
        film(person, tmp_path / "film.y4m")
        planes = np.frombuffer(frames(tmp_path / "film.y4m")[0], np.uint8)
        blue = int(planes[WIDTH * HEIGHT]) - 128
        red = int(planes[WIDTH * HEIGHT * 5 // 4]) - 128
        assert (red > blue) == (person.wall[0] > person.wall[2])
        assert abs(red - blue) > 10


@pytest.mark.needs("espeak-ng", "ffmpeg")
def test_the_speech_is_no_silence(tmp_path: Path) -> None:
    speak(ANA, tmp_path / "ana.wav")
    with wave.open(str(tmp_path / "ana.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    seconds = samples[: len(samples) // 48000 * 48000].reshape(-1, 48000)
    assert len(seconds) > 5
    assert ((seconds / 32767) ** 2).mean(axis=1).min() > 1e-4


@pytest.mark.needs("espeak-ng", "ffmpeg")
def test_the_speech_ends_in_a_quiet_room(tmp_path: Path) -> None:
    path = tmp_path / "ana.wav"
    speak(ANA, path)
    with wave.open(str(path)) as file:
        before = file.readframes(3 * 48_000)
    fall_silent(path, after_s=3, for_s=5, seed=1)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        assert file.readframes(3 * 48_000) == before
        room = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    assert len(room) == 5 * 48_000
    assert 10 * np.log10(((room / 32_768) ** 2).mean()) == pytest.approx(ACTIVE_DBOV - ROOM_SNR_DB, abs=1)
