"""Single attributes of an m-line or of the session, each checked and read by a function of its own.

All raise `InvalidPayload` or `TooLarge`, as everything below `parse_offer` does.
"""

import re
from typing import Literal, cast

from media.sdp.text import Section, number, refuse, too_large

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")

MAX_SSRCS = 64
MAX_EXTENSIONS = 64
MAX_RIDS = 16
# RFC 8285 section 4.3: ids of two-byte headers end at 255, 4096 to 4351 are proposals; 15 is reserved.
_MAX_EXTENSION_ID = 4351
_RESERVED_EXTENSION_ID = 15
_HASH_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX_PAIRS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*")
_RID = re.compile(r"[0-9A-Za-z_-]{1,16}")
_MSID_PART = re.compile(r"[!-~]{1,128}")


def read_direction(part: Section) -> Direction | None:
    found = [direction for direction in DIRECTIONS if part.has(direction)]
    if len(found) > 1:
        raise refuse("two directions in one section")
    return found[0] if found else None


def read_extensions(part: Section) -> tuple[dict[int, str], dict[int, Direction]]:
    """`a=extmap:<id>[/<direction>] <URI>` (RFC 8285 section 8)."""
    uris: dict[int, str] = {}
    directions: dict[int, Direction] = {}
    values = part.all("extmap")
    if len(values) > MAX_EXTENSIONS:
        raise too_large(f"over {MAX_EXTENSIONS} header extensions in an m-line")
    for value in values:
        name, _, uri = value.partition(" ")
        text, slash, direction = name.partition("/")
        id_ = number(text, 1, _MAX_EXTENSION_ID, "an extension id")
        if id_ in uris or id_ == _RESERVED_EXTENSION_ID or not uri:
            raise refuse("a header extension without URI or with an id of another or a reserved one")
        if slash and direction not in DIRECTIONS:
            raise refuse("a header extension with an unknown direction")
        uris[id_] = uri.split(" ", 1)[0]
        if slash and direction != "sendrecv":
            directions[id_] = cast(Direction, direction)
    return uris, directions


def read_ssrcs(part: Section) -> tuple[int, ...]:
    """`a=ssrc:<id> ...`, each once, in order; what is said about them is not needed (RFC 5576)."""
    found: dict[int, None] = {}
    for value in part.all("ssrc"):
        found[number(value.partition(" ")[0], 1, 2**32 - 1, "an SSRC")] = None
        if len(found) > MAX_SSRCS:
            raise too_large(f"over {MAX_SSRCS} SSRCs in an m-line")
    return tuple(found)


def read_rtx_of(part: Section, ssrcs: tuple[int, ...]) -> dict[int, int]:
    """`a=ssrc-group:FID <ssrc> <rtx ssrc>` (RFC 5576, RFC 4588 section 8.3); other groups say nothing to us."""
    rtx_of: dict[int, int] = {}
    known = set(ssrcs)
    for value in part.all("ssrc-group"):
        semantics, *members = value.split(" ")
        if semantics != "FID":
            continue
        pair = [number(text, 1, 2**32 - 1, "an SSRC") for text in members]
        if len(pair) != 2 or not known.issuperset(pair) or pair[1] in rtx_of:  # noqa: PLR2004  # two make a pair
            raise refuse("an FID group that is not a pair of the m-line's SSRCs")
        rtx_of[pair[1]] = pair[0]
    if not rtx_of.keys().isdisjoint(rtx_of.values()):
        raise refuse("an SSRC that is media and retransmission at once")
    return rtx_of


def read_msid(part: Section) -> tuple[str, str] | None:
    """The first `a=msid:<stream> [<track>]`; further ones name more streams of the same track (RFC 8830)."""
    values = part.all("msid")
    if not values:
        return None
    stream, _, track = values[0].partition(" ")
    if not _MSID_PART.fullmatch(stream) or (track and not _MSID_PART.fullmatch(track)):
        raise refuse("a malformed a=msid")
    return stream, track


def read_rids(part: Section) -> tuple[str, ...]:
    """`a=rid:<id> send ...` (RFC 8851), in the order offered."""
    found: dict[str, None] = {}
    for value in part.all("rid"):
        fields = value.split(" ")
        # RFC 8851 4: an id and a direction.
        if not _RID.fullmatch(fields[0]) or len(fields) < 2 or fields[1] not in {"send", "recv"}:  # noqa: PLR2004
            raise refuse("a malformed a=rid")
        if fields[1] == "send":
            found[fields[0]] = None
    if len(found) > MAX_RIDS:
        raise too_large(f"over {MAX_RIDS} layers in an m-line")
    return tuple(found)


def inherited(session: Section, part: Section, name: str) -> str | None:
    """An attribute that may stand at the m-line or, for all, at the session (RFC 8839 5.4, RFC 8842 5)."""
    own = part.one(name)
    return session.one(name) if own is None else own


def read_fingerprints(session: Section, part: Section) -> tuple[tuple[str, str], ...]:
    """RFC 8122 section 5. Hashes that are weak or unknown are passed over; sha-256 must be there."""
    found: dict[tuple[str, str], None] = {}
    for value in part.all("fingerprint") or session.all("fingerprint"):
        name, _, text = value.partition(" ")
        name, text = name.lower(), text.upper()
        size = _HASH_BYTES.get(name)
        if size is None:
            continue
        if len(text) != size * 3 - 1 or not _HEX_PAIRS.fullmatch(text):
            raise refuse("a malformed fingerprint")
        found[name, text] = None
    if not any(name == "sha-256" for name, _ in found):
        raise refuse("no sha-256 fingerprint")
    return tuple(found)
