"""What a client offers: SDP text in, checked values out.

    parse_offer(text) -> Offer         InvalidPayload or TooLarge, never anything else

Only what the relay needs is kept. Candidates are counted and forgotten: the relay is ICE-lite, learns
a client's address from its checks and must not hand it on. Unknown attributes are ignored, as
RFC 4566 section 5 asks. What must be there follows JSEP (RFC 8829 5.1): BUNDLE, rtcp-mux, a DTLS
fingerprint, ICE credentials.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from media.sdp.attributes import (
    Direction,
    inherited,
    read_direction,
    read_extensions,
    read_fingerprints,
    read_msid,
    read_rids,
    read_rtx_of,
    read_ssrcs,
)
from media.sdp.codecs import Codec
from media.sdp.formats import CodecTable, parse_codecs
from media.sdp.text import Section, check_text, is_token, number, refuse, sections

MediaKind = Literal["audio", "video", "application"]

# RFC 8843 wants mids short: they ride in every packet.
MAX_MID = 32
_DEFAULT_SCTP_PORT = 5000
_DEFAULT_MESSAGE_SIZE = 64 * 1024  # RFC 8841 section 6.1

_RTP_PROFILES = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF"})
_SCTP_PROFILES = frozenset({"UDP/DTLS/SCTP", "TCP/DTLS/SCTP"})
_UFRAG = re.compile(r"[0-9A-Za-z+/]{4,256}")
_PWD = re.compile(r"[0-9A-Za-z+/]{22,256}")


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One m-line.

    `rejected`: offered with port 0 (a stopped track); then nothing below `formats` is filled in.
    `ssrcs` holds the RTX ones too; `rtx_of` says which belongs to which (`a=ssrc-group:FID`).
    """

    mid: str
    kind: MediaKind
    profile: str
    formats: tuple[str, ...]
    direction: Direction = "inactive"
    rejected: bool = False
    codecs: tuple[Codec, ...] = ()
    rtx: Mapping[int, int] = field(default_factory=dict, hash=False)  # RTX payload type -> apt
    extensions: Mapping[int, str] = field(default_factory=dict, hash=False)  # id -> URI
    extension_directions: Mapping[int, Direction] = field(default_factory=dict, hash=False)  # where not both
    ssrcs: tuple[int, ...] = ()
    rtx_of: Mapping[int, int] = field(default_factory=dict, hash=False)  # RTX SSRC -> SSRC
    msid: tuple[str, str] | None = None  # stream and track
    rids: tuple[str, ...] = ()  # of the layers the client sends
    reduced_size: bool = False  # a=rtcp-rsize, RFC 5506
    sctp_port: int | None = None
    max_message_size: int | None = None  # bytes, 0 = any

    @property
    def primary_ssrcs(self) -> tuple[int, ...]:
        """SSRCs of media proper: one, or one per layer, or none when the client names none."""
        return tuple(ssrc for ssrc in self.ssrcs if ssrc not in self.rtx_of)


@dataclass(frozen=True, slots=True)
class Offer:
    """A checked offer. `fingerprints`: (hash in lower case, upper-case hexadecimal pairs), sha-256 among them.

    Credentials, fingerprints and setup are those of the first m-line in BUNDLE, which carries all
    (RFC 8843 section 7.2). `bundle`: the mids of all m-lines that are not rejected, in the group's order.
    """

    ice_ufrag: str
    ice_pwd: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: Literal["actpass", "active"]
    bundle: tuple[str, ...]
    media: tuple[OfferedMedia, ...]

    def of_kind(self, kind: MediaKind) -> tuple[OfferedMedia, ...]:
        """The m-lines of one kind that are not rejected."""
        return tuple(media for media in self.media if media.kind == kind and not media.rejected)


def parse_offer(sdp: str) -> Offer:
    """Check and read an offer made to the relay.

    Raises `TooLarge` (over 48 KiB, 32 m-lines, 64 candidates ...) or `InvalidPayload` with a text that
    says which rule was broken and quotes nothing.
    """
    session, parts = sections(check_text(sdp))
    if session.has("ice-lite"):
        raise refuse("two lite ICE agents never connect")
    media = tuple(_media(session, part) for part in parts)
    bundle = _bundle(session, media)
    tagged = next(part for part, one in zip(parts, media, strict=True) if _is_live(one, bundle[0]))
    _check_unique_ssrcs(media)
    ufrag, pwd = inherited(session, tagged, "ice-ufrag"), inherited(session, tagged, "ice-pwd")
    if ufrag is None or pwd is None or not _UFRAG.fullmatch(ufrag) or not _PWD.fullmatch(pwd):
        raise refuse("no well-formed ICE credentials")
    setup = inherited(session, tagged, "setup")
    if setup not in {"actpass", "active"}:
        raise refuse("the offer must let the relay be the passive side of DTLS (a=setup:actpass)")
    return Offer(
        ufrag, pwd, read_fingerprints(session, tagged), cast(Literal["actpass", "active"], setup), bundle, media
    )


def _media(session: Section, part: Section) -> OfferedMedia:
    kind, port, profile, formats = _head(part.head)
    mid = part.one("mid") or ""
    bundle_only = part.has("bundle-only")
    if port == 0 and not bundle_only:
        return OfferedMedia(mid if is_token(mid, MAX_MID) else "", kind, profile, formats, rejected=True)
    if not is_token(mid, MAX_MID):
        raise refuse("an m-line without a usable a=mid")
    if kind == "application":
        return _data(part, mid, profile, formats)
    if profile not in _RTP_PROFILES:
        raise refuse("an m-line that is not DTLS-SRTP")
    if not part.has("rtcp-mux"):
        raise refuse("an m-line without a=rtcp-mux")
    table = parse_codecs(part, formats)
    return _rtp(session, part, OfferedMedia(mid, kind, profile, formats), table)


def _head(head: str) -> tuple[MediaKind, int, str, tuple[str, ...]]:
    fields = head.split(" ")
    if len(fields) < 4 or not all(fields):  # noqa: PLR2004  # RFC 8866 5.14
        raise refuse("an m-line is incomplete")
    if fields[0] not in {"audio", "video", "application"}:
        raise refuse("an m-line that is neither audio, video nor application")
    return cast(MediaKind, fields[0]), number(fields[1], 0, 65535, "a port"), fields[2], tuple(fields[3:])


def _data(part: Section, mid: str, profile: str, formats: tuple[str, ...]) -> OfferedMedia:
    if profile not in _SCTP_PROFILES or formats != ("webrtc-datachannel",):
        raise refuse("a data m-line that is not UDP/DTLS/SCTP webrtc-datachannel")
    port, size = part.one("sctp-port"), part.one("max-message-size")
    return OfferedMedia(
        mid,
        "application",
        profile,
        formats,
        direction="sendrecv",
        sctp_port=_DEFAULT_SCTP_PORT if port is None else number(port, 1, 65535, "a=sctp-port"),
        max_message_size=_DEFAULT_MESSAGE_SIZE if size is None else number(size, 0, 2**32 - 1, "a=max-message-size"),
    )


def _rtp(session: Section, part: Section, base: OfferedMedia, table: CodecTable) -> OfferedMedia:
    extensions, extension_directions = read_extensions(part)
    ssrcs = read_ssrcs(part)
    return OfferedMedia(
        base.mid,
        base.kind,
        base.profile,
        base.formats,
        direction=read_direction(part) or read_direction(session) or "sendrecv",
        codecs=table.codecs,
        rtx=table.rtx,
        extensions=extensions,
        extension_directions=extension_directions,
        ssrcs=ssrcs,
        rtx_of=read_rtx_of(part, ssrcs),
        msid=read_msid(part),
        rids=read_rids(part),
        reduced_size=part.has("rtcp-rsize"),
    )


def _is_live(media: OfferedMedia, mid: str) -> bool:
    return media.mid == mid and not media.rejected


def _bundle(session: Section, media: tuple[OfferedMedia, ...]) -> tuple[str, ...]:
    """The live mids of the BUNDLE group, which must name every live m-line once (RFC 8843)."""
    live = [one.mid for one in media if not one.rejected]
    stopped = {one.mid for one in media if one.rejected}.difference(live)
    if not live:
        raise refuse("no live m-line")
    if len([one for one in media if one.kind == "application" and not one.rejected]) > 1:
        raise refuse("more than one data m-line")
    groups = [value.split(" ")[1:] for value in session.all("group") if value.startswith("BUNDLE ")]
    if len(groups) != 1 or len(set(live)) != len(live):
        raise refuse("there must be one BUNDLE group, and one m-line to a mid")
    bundled = tuple(mid for mid in groups[0] if mid not in stopped)
    if sorted(bundled) != sorted(live):
        raise refuse("a=group:BUNDLE must name every m-line that is not stopped, once")
    return bundled


def _check_unique_ssrcs(media: tuple[OfferedMedia, ...]) -> None:
    ssrcs = [ssrc for one in media for ssrc in one.ssrcs]
    if len(set(ssrcs)) != len(ssrcs):
        raise refuse("one SSRC in two m-lines")
