"""Offers of real clients, a way to change them, and answers with the relay's parameters filled in."""

import random
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from media.sdp import (
    LocalCandidate,
    LocalMedia,
    LocalParameters,
    MediaPlan,
    Offer,
    answer,
    negotiate,
    parse_offer,
)

DATA = Path(__file__).resolve().parents[2] / "data"
CHROMIUM = "chromium156-offer-av-data"
CHROMIUM_RECVONLY = "chromium156-offer-mdns-recvonly-data"
CHROMIUM_SIMULCAST = "chromium156-offer-simulcast3-av-data"
FIREFOX = "firefox153-offer-av-data"
FIREFOX_SIMULCAST = "firefox153-offer-simulcast3-av-data"
OFFERS = (CHROMIUM, CHROMIUM_RECVONLY, CHROMIUM_SIMULCAST, FIREFOX, FIREFOX_SIMULCAST)

FINGERPRINT = ":".join(f"{n:02X}" for n in range(32))
LOCAL = LocalParameters(
    ufrag="relayufrag",
    pwd="relaypasswordrelaypassword",
    fingerprint=FINGERPRINT,
    candidates=(LocalCandidate("127.0.0.1", 40000), LocalCandidate("::1", 40000)),
    session_id=7,
)


def text_of(name: str) -> str:
    """The offer as captured, with its CRLF line ends."""
    return (DATA / f"{name}.sdp").read_bytes().decode("ascii")


def offer_of(name: str) -> Offer:
    return parse_offer(text_of(name))


def without(sdp: str, *starts: str) -> str:
    """The SDP without the lines that begin so."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(starts))


def legs_of(plans: Sequence[MediaPlan]) -> list[LocalMedia]:
    """The plans with SSRCs 1001, 2001 (RTX), 1002, 2002 ... and the ids of an unbound slot."""
    return [
        LocalMedia(plan, ssrc=1001 + n, rtx_ssrc=2001 + n, cname="relay", msid=("person", f"slot{n}"))
        for n, plan in enumerate(plans)
    ]


def answer_to(
    own: Offer,
    other: Offer | None = None,
    asked: Collection[str] = (),
    *,
    local: LocalParameters = LOCAL,
    settled: Sequence[MediaPlan] = (),
) -> str:
    """The whole way from a checked offer to the answer's text."""
    return answer(own, local, legs_of(negotiate(own, other, asked, settled=settled)))


def mutations(seed: int, count: int) -> Iterator[str]:
    """`count` damaged offers, the same for the same seed.

    Bytes changed, inserted and removed; lines dropped, doubled, moved, cut short, taken from another
    offer; numbers made huge, negative or empty; the whole text cut or repeated.
    """
    rng = random.Random(seed)
    texts = [text_of(name) for name in OFFERS]
    for _ in range(count):
        text = rng.choice(texts)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            text = rng.choice(_DAMAGES)(rng, text, texts)
        yield text


def _characters(rng: random.Random, text: str, _: list[str]) -> str:
    at = rng.randrange(len(text) + 1)
    extra = "".join(rng.choice(" =:/;\r\n\t\0a9-\x7f\u00e9\u2028\ud800") for _ in range(rng.randrange(4)))
    return text[:at] + extra + text[at + rng.randrange(4) :]


def _lines(rng: random.Random, text: str, texts: list[str]) -> str:
    lines = text.split("\r\n")
    at = rng.randrange(len(lines))
    other = rng.choice(rng.choice(texts).split("\r\n"))
    match rng.randrange(6):
        case 0:
            del lines[at : at + rng.randrange(1, 6)]
        case 1:
            lines[at:at] = [lines[at]] * rng.choice((1, 1, 2, 70))
        case 2:
            lines.insert(rng.randrange(len(lines)), lines.pop(at))
        case 3:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        case 4:
            lines[at] = other
        case _:
            lines.insert(at, other)
    return "\r\n".join(lines)


def _numbers(rng: random.Random, text: str, _: list[str]) -> str:
    digits = [n for n, char in enumerate(text) if char.isdigit()]
    if not digits:
        return text
    at = rng.choice(digits)
    number = rng.choice(("", "-1", "0", "127", "128", "65536", "4294967295", "4294967296", "9" * 30, "0x1f", "\u0663"))
    return text[:at] + number + text[at + 1 :]


def _whole(rng: random.Random, text: str, _: list[str]) -> str:
    match rng.randrange(4):
        case 0:
            return text[: rng.randrange(len(text) + 1)]
        case 1:
            return text * rng.choice((2, 9))
        case 2:
            return text.replace("\r\n", rng.choice(("\n", "\r", "\n\n", "\r\r\n")))
        case _:
            return text.replace(rng.choice(("a=", "96", ":", " ")), rng.choice(("", "a=", "97", "::")))


_DAMAGES = (_characters, _characters, _lines, _lines, _numbers, _numbers, _whole)
