"""Payload types of one m-line: rtpmap, fmtp and rtcp-fb to codecs."""

from dataclasses import dataclass

from media.sdp.codecs import Codec
from media.sdp.text import Section, is_token, number, refuse, too_large

MAX_FMTP_PARAMETERS = 64
MAX_FEEDBACK = 16  # kinds of RTCP feedback per payload type; browsers offer six
_LIKE_RTCP = range(64, 96)  # RFC 5761 section 4
_MAX_CLOCK = 1_000_000  # Hz
_MAX_CHANNELS = 255


@dataclass(frozen=True, slots=True)
class CodecTable:
    """`codecs` in the order of preference, without RTX; `rtx`: RTX payload type -> the one it repeats (apt)."""

    codecs: tuple[Codec, ...]
    rtx: dict[int, int]


def parse_codecs(part: Section, formats: tuple[str, ...]) -> CodecTable:
    """The codecs of an m-line whose list of payload types is `formats`.

    Static payload types without rtpmap are left out, as is RTX of a payload type that is not there.
    """
    pts = [number(text, 0, 127, "a payload type") for text in formats]
    if len(set(pts)) != len(pts):
        raise refuse("a payload type listed twice")
    if any(pt in _LIKE_RTCP for pt in pts):
        raise refuse("a payload type from 64 to 95, which rtcp-mux can not tell from RTCP")
    maps = _by_pt(part, "rtpmap")
    fmtps = {pt: _parameters(text) for pt, text in _by_pt(part, "fmtp").items()}
    feedback = _feedback(part, pts)
    codecs: list[Codec] = []
    apts: dict[int, int] = {}
    for pt in pts:
        if pt not in maps:
            continue
        name, clock, channels = _rtpmap(maps[pt])
        fmtp = fmtps.get(pt, {})
        if name == "rtx":
            apts[pt] = number(fmtp.get("apt", ""), 0, 127, "apt of RTX")
        else:
            codecs.append(Codec(pt, name, clock, channels, fmtp, feedback.get(pt, ())))
    known = {codec.pt for codec in codecs}
    return CodecTable(tuple(codecs), {pt: apt for pt, apt in apts.items() if apt in known})


def _by_pt(part: Section, attribute: str) -> dict[int, str]:
    """`a=<attribute>:<pt> <rest>`, each payload type once: of two, nobody knows which one holds."""
    found: dict[int, str] = {}
    for value in part.all(attribute):
        text, _, rest = value.partition(" ")
        pt = number(text, 0, 127, "a payload type")
        if pt in found:
            raise refuse(f"a second a={attribute} for a payload type")
        found[pt] = rest
    return found


def _rtpmap(text: str) -> tuple[str, int, int]:
    """`<name>/<clock>[/<channels>]`, the name in lower case."""
    fields = text.split("/")
    if not 2 <= len(fields) <= 3 or not is_token(fields[0], 32):  # noqa: PLR2004  # RFC 8866 6.6
        raise refuse("a malformed a=rtpmap")
    clock = number(fields[1], 1, _MAX_CLOCK, "a clock rate")
    # The third field, as above.
    channels = number(fields[2], 1, _MAX_CHANNELS, "a number of channels") if len(fields) > 2 else 1  # noqa: PLR2004
    return fields[0].lower(), clock, channels


def _parameters(text: str) -> dict[str, str]:
    """`a=1;b=2` as a dictionary; of a name given twice the first holds; a bare value stands under ""."""
    found: dict[str, str] = {}
    parts = text.split(";")
    if len(parts) > MAX_FMTP_PARAMETERS:
        raise too_large(f"over {MAX_FMTP_PARAMETERS} parameters in an a=fmtp")
    for part in parts:
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
        elif name:
            found.setdefault("", name)
    return found


def _feedback(part: Section, pts: list[int]) -> dict[int, tuple[str, ...]]:
    """`a=rtcp-fb:<pt or *> <kind>` (RFC 4585 section 4.2) per payload type; those of `*` come last.

    Kinds beyond `MAX_FEEDBACK` are passed over.
    """
    found: dict[str, dict[str, None]] = {str(pt): {} for pt in pts}
    found["*"] = {}
    for value in part.all("rtcp-fb"):
        pt, _, kind = value.partition(" ")
        kinds = found.get(pt)
        if kinds is not None and len(kinds) < MAX_FEEDBACK:
            kinds[kind] = None
    everywhere = found.pop("*")
    return {int(pt): tuple(kinds | everywhere) for pt, kinds in found.items()}
