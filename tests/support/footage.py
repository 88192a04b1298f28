"""What a browser's fake camera and microphone show and say: a drawn person who sways and talks, speech by espeak-ng."""

import subprocess
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.support.speech import noisy, silence

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue, 0..255
Picture: TypeAlias = npt.NDArray[np.float64]  # height x width x 3, 0..255

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 20, 3
ROOM_S = 10
ROOM_SNR_DB = 45.0  # below speech: a room with the window closed
# JFIF's full-range conversion of RGB to Y, Cb, Cr (ITU-T T.871 section 7).
_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)


@dataclass(frozen=True)
class Person:
    """How somebody is drawn and sounds. `pitch`: espeak-ng's, 0..99."""

    wall: Colour
    clothes: Colour
    hair: Colour
    pitch: int
    text: str


ANA = Person(
    (38, 92, 112), (222, 160, 84), (46, 30, 26), 65, "I was on the ridge above the lake at sunrise. It was cold. "
)
BEN = Person(
    (168, 108, 74), (62, 84, 122), (92, 60, 34), 25, "Then you saw the valley fill with light. I was still asleep. "
)
_SKIN: Colour = (236, 190, 160)
_DARK: Colour = (60, 40, 40)


def _ellipse(picture: Picture, centre: tuple[float, float], radii: tuple[float, float], colour: Colour) -> None:
    (x, y), (across, down) = centre, radii
    box = (slice(max(0, int(y - down)), int(y + down) + 1), slice(max(0, int(x - across)), int(x + across) + 1))
    picture[box][((_X[box] - x) / across) ** 2 + ((_Y[box] - y) / down) ** 2 <= 1] = colour


def _draw(person: Person, turn: float) -> Picture:
    """`turn`: how much of one round of all movements is over, 0..1."""
    light = 1.25 - 0.5 * (_Y + 0.4 * _X) / (HEIGHT + 0.4 * WIDTH)
    picture: Picture = np.clip(light[..., None] * np.array(person.wall), 0, 255)
    x = WIDTH / 2 + 26 * np.sin(2 * np.pi * turn)
    y = HEIGHT * 0.42 + 6 * np.sin(4 * np.pi * turn)
    _ellipse(picture, (WIDTH / 2, HEIGHT * 1.06), (200, 165), person.clothes)
    _ellipse(picture, (WIDTH / 2 + (x - WIDTH / 2) / 2, y + 112), (40, 70), _SKIN)
    _ellipse(picture, (x, y - 18), (96, 112), person.hair)
    _ellipse(picture, (x, y + 8), (80, 100), _SKIN)
    open_eyes = 2.0 if 0.5 <= turn < 0.55 else 9.0
    for side in (-30, 30):
        _ellipse(picture, (x + side, y - 8), (8, open_eyes), _DARK)
    _ellipse(picture, (x, y + 58), (24, 6 + 6 * abs(np.sin(12 * np.pi * turn))), (150, 60, 66))
    return picture


def _frame(picture: Picture) -> bytes:
    ycc = picture @ _TO_YCC.T + (0, 128, 128)
    halved = ycc.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(1, 3))
    planes = (ycc[..., 0], halved[..., 1], halved[..., 2])
    return b"FRAME\n" + b"".join(plane.round().clip(0, 255).astype(np.uint8).tobytes() for plane in planes)


@cache  # some seconds of work and 28 MB
def _frames(person: Person) -> tuple[bytes, ...]:
    count = FPS * SECONDS
    return tuple(_frame(_draw(person, number / count)) for number in range(count))


def film(person: Person, path: Path) -> None:
    """Write the moving picture as YUV4MPEG2; its end fits its beginning."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        file.writelines(_frames(person))


def speak(person: Person, path: Path) -> None:
    """Write the person's words as a WAV file of 48,000 samples a second."""
    raw = path.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-p", str(person.pitch), "-w", str(raw), person.text * 3], check=True)
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-y", "-i", str(raw), "-ar", "48000", "-ac", "1", str(path)], check=True
    )


def fall_silent(path: Path, *, after_s: float, for_s: float, seed: int) -> None:
    """Of a file that `speak` has written: what comes later than `after_s` becomes `for_s` of a quiet room."""
    with wave.open(str(path), "rb") as file:
        shape, spoken = file.getparams(), file.readframes(round(after_s * file.getframerate()))
    short = noisy(silence(ROOM_S), ROOM_SNR_DB, seed).astype(np.int16)
    room = np.resize(short, round(for_s * shape.framerate))  # over and over
    with wave.open(str(path), "wb") as file:
        file.setparams(shape)
        file.writeframes(spoken + room.tobytes())
