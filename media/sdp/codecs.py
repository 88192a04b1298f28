"""Codecs in SDP: what of them the relay takes, and which are the same on two legs that number them differently.

The relay never decodes, so "the same" means: a receiver that negotiated the one can decode what a
sender that negotiated the other sends. That is the name, the clock rate, the channels and for some
codecs a profile in fmtp:

    H264  profile and packetization mode (RFC 6184 8.2.2); the level may differ, see `answer_fmtp`
    VP9   profile-id            AV1   profile and tier
    RED   the payload types inside, because those stand in the payload, which is forwarded untouched
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from media.engine.api import CodecKey

# Names the relay forwards at all; RTX rides with each of them (`Codec` never is RTX).
AUDIO = frozenset({"opus", "red"})
VIDEO = frozenset({"vp8", "h264"})
# Only when asked for: see `negotiate`.
ON_REQUEST = frozenset({"vp9", "av1"})

# No transport-cc: without it browsers obey REMB, which the relay passes on.
FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")

# What of the client's fmtp goes back to it. Left out on purpose: Opus stereo and maxplaybackrate, VP8
# max-fs and max-fr, which describe the client as a receiver, not the person at the other end.
_KEPT_FMTP = {
    "opus": ("minptime", "useinbandfec", "usedtx"),
    "vp8": (),
    "h264": ("level-asymmetry-allowed", "packetization-mode", "profile-level-id"),
    "vp9": ("profile-id",),
    "av1": ("level-idx", "profile", "tier"),
}

# As libwebrtc and aiortc do when the parameter is missing: constrained baseline, level 3.1.
_DEFAULT_PROFILE_LEVEL = "42e01f"
_PROFILE_LEVEL = re.compile(r"[0-9a-f]{6}")
# profile_idc, mask and value of profile_iop -> one spelling of the profile (RFC 6184 table 5).
_H264_PROFILES = (
    ("42", 0x4F, 0x40, "42e0"),
    ("4d", 0x8F, 0x80, "42e0"),
    ("58", 0xCF, 0xC0, "42e0"),
    ("42", 0x4F, 0x00, "4200"),
    ("58", 0xCF, 0x80, "4200"),
    ("4d", 0xAF, 0x00, "4d00"),
    ("64", 0xFF, 0x00, "6400"),
    ("64", 0xFF, 0x0C, "640c"),
)


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of an m-line, as offered.

    `name` is lower case, `clock` in Hz, `channels` 1 or more (1 for video too). `fmtp`: parameter -> value, in lower
    case names and the order they were offered; a value without a name, as of RED, stands under "".
    """

    pt: int
    name: str
    clock: int
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict, hash=False)
    feedback: tuple[str, ...] = ()


def codec_key(codec: Codec, offered: Mapping[int, Codec]) -> CodecKey | None:
    """The identity of `codec` over legs; None for what the relay does not forward.

    `offered`: all codecs of the same m-line by payload type, to look into RED.
    """
    profile: str | None = ""
    match codec.name:
        case "opus":
            return CodecKey("opus", codec.clock, codec.channels, "")
        case "red" if codec.channels > 1:
            inner = _red_inner(codec, offered)
            return None if inner is None else CodecKey("red", codec.clock, codec.channels, inner)
        case "h264":
            profile = _h264_profile(codec)
        case "vp9":
            profile = codec.fmtp.get("profile-id", "0")
        case "av1":
            profile = f"{codec.fmtp.get('profile', '0')};{codec.fmtp.get('tier', '0')}"
        case "vp8":
            pass
        case _:
            return None
    return None if profile is None else CodecKey(codec.name, codec.clock, 0, profile)


def answer_fmtp(codec: Codec, other: Codec | None) -> str:
    """The fmtp value of `codec` in the answer, "" for none.

    `other` is the same codec as the other leg offered it: an H264 level in an answer is what may be
    sent to us, so it is the lower of the two.
    """
    if codec.name == "red":
        return codec.fmtp[""]
    kept = {name: codec.fmtp[name] for name in _KEPT_FMTP[codec.name] if name in codec.fmtp}
    if codec.name == "h264":
        own = _profile_level(codec)
        level = own[4:] if other is None else min(own[4:], _profile_level(other)[4:])
        kept["profile-level-id"] = own[:4] + level
    return ";".join(f"{name}={value}" for name, value in kept.items())


def answer_feedback(codec: Codec) -> tuple[str, ...]:
    """The RTCP feedback of `codec` that the relay speaks too."""
    return tuple(kind for kind in FEEDBACK if kind in codec.feedback)


def _red_inner(codec: Codec, offered: Mapping[int, Codec]) -> str | None:
    """`"111/111"` when each payload type inside is Opus of the same m-line (RFC 2198 section 5)."""
    inner = codec.fmtp.get("", "")
    for text in inner.split("/"):
        primary = offered.get(int(text)) if text.isdigit() and len(text) <= 3 else None  # noqa: PLR2004  # 0 to 127
        if primary is None or primary.name != "opus":
            return None
    return inner


def _h264_profile(codec: Codec) -> str | None:
    if codec.fmtp.get("packetization-mode", "0") != "1":
        return None
    text = _profile_level(codec)
    constraints = int(text[2:4], 16)
    for idc, mask, value, name in _H264_PROFILES:
        if text[:2] == idc and constraints & mask == value:
            return f"{name};1"
    return None


def _profile_level(codec: Codec) -> str:
    """Six lower-case hexadecimal digits; nonsense becomes a profile that nobody has."""
    text = codec.fmtp.get("profile-level-id", _DEFAULT_PROFILE_LEVEL).lower()
    return text if _PROFILE_LEVEL.fullmatch(text) else "000000"
