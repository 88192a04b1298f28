"""The relay's answer as text.

    answer(offer, local, legs) -> str

It is made of the client's own offer, the plan and the relay's parameters; nothing of the other person's
offer reaches this module. Written as JSEP (RFC 8829 5.3) wants it, with two additions for clients that
read less than a browser: credentials and candidates stand in every live m-line, because aiortc reads
those of the last one, and `a=ssrc` stands where the relay sends, because aiortc routes by it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from media.sdp.attributes import Direction
from media.sdp.offer import Offer, OfferedMedia
from media.sdp.plan import MediaPlan, PlannedCodec

SCTP_PORT = 5000

_ID = re.compile(r"[!-~]{1,128}")
_HOST = re.compile(r"[0-9A-Za-z.:-]{1,255}")
_MIRRORED: dict[Direction, Direction] = {"sendonly": "recvonly", "recvonly": "sendonly"}
# RFC 8445 5.1.2.1: type preference of host candidates, and the largest local preference.
_HOST_PREFERENCE = 126
_LOCAL_PREFERENCE = 65535


@dataclass(frozen=True, slots=True)
class LocalCandidate:
    """An address of the relay that clients can reach. `host`: an IP address or, announced by the operator, a name."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) or not 0 < self.port < 65536:  # noqa: PLR2004  # 16 bits
            raise ValueError("not an address with a port")


@dataclass(frozen=True, slots=True)
class LocalParameters:
    """The relay's side of one leg's transport.

    `fingerprint`: sha-256 of its certificate as hexadecimal pairs; `candidates` in order of preference;
    `session_id` the same for all answers on a peer connection, `session_version` one higher in each
    (RFC 4566 5.2).
    """

    ufrag: str
    pwd: str
    fingerprint: str
    candidates: tuple[LocalCandidate, ...]
    session_id: int
    session_version: int = 1


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """One m-line of the answer. The ids are the slot's and stay the same for the life of the peer connection.

    Where the relay does not send (`plan.sends` False) `ssrc`, `rtx_ssrc` and `msid` are not written.
    `msid`: (stream, track), each printable ASCII without spaces; `ValueError` otherwise.
    """

    plan: MediaPlan
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    cname: str = ""
    msid: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.plan.kind == "application" or not self.plan.sends:
            return
        if self.ssrc is None or self.msid is None:
            raise ValueError("a slot needs an SSRC and an msid")
        if not all(_ID.fullmatch(text) for text in (self.cname, *self.msid)):
            raise ValueError("cname and msid are printable ASCII without spaces")


def answer(offer: Offer, local: LocalParameters, legs: Sequence[LocalMedia]) -> str:
    """The SDP answer to `offer`, with CRLF line ends; `legs` has one entry per m-line, in the offer's order.

    The same `legs` with other credentials in `local` answer an ICE restart.
    """
    if len(legs) != len(offer.media):
        raise ValueError("one entry per m-line of the offer")
    accepted = {leg.plan.mid for leg in legs if leg.plan.accepted}
    lines = [
        "v=0",
        f"o=- {local.session_id} {local.session_version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(mid for mid in offer.bundle if mid in accepted),
        "a=msid-semantic: WMS *",
        "a=ice-lite",
    ]
    transport = _transport(local)
    for offered, leg in zip(offer.media, legs, strict=True):
        if leg.plan.accepted:
            body = _data(offered, leg.plan) if offered.kind == "application" else _rtp(offered, leg)
            lines += body + transport
        else:
            lines += _refused(offered)
    return "\r\n".join(lines) + "\r\n"


def _transport(local: LocalParameters) -> list[str]:
    """What all m-lines share: credentials, certificate, role, addresses."""
    return [
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.pwd}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:passive",
        *(_candidate(candidate, rank) for rank, candidate in enumerate(local.candidates)),
        "a=end-of-candidates",
    ]


def _candidate(candidate: LocalCandidate, rank: int) -> str:
    """RFC 8839 5.1; the foundation is the rank, as each address is a base of its own."""
    priority = (_HOST_PREFERENCE << 24) + ((_LOCAL_PREFERENCE - rank) << 8) + 255
    return f"a=candidate:{rank + 1} 1 udp {priority} {candidate.host} {candidate.port} typ host"


def _refused(offered: OfferedMedia) -> list[str]:
    lines = [f"m={offered.kind} 0 {offered.profile} {' '.join(offered.formats)}", "c=IN IP4 0.0.0.0"]
    if offered.mid:
        lines.append(f"a=mid:{offered.mid}")
    return [*lines, "a=inactive"]


def _data(offered: OfferedMedia, plan: MediaPlan) -> list[str]:
    return [
        f"m=application 9 {offered.profile} webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{offered.mid}",
        f"a=sctp-port:{SCTP_PORT}",
        f"a=max-message-size:{plan.max_message_size}",
    ]


def _rtp(offered: OfferedMedia, leg: LocalMedia) -> list[str]:
    plan = leg.plan
    pts = [pt for codec in plan.codecs for pt in (codec.pt, codec.rtx_pt) if pt is not None]
    lines = [
        f"m={plan.kind} 9 {offered.profile} {' '.join(map(str, pts))}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=mid:{offered.mid}",
        f"a={plan.direction}",
        "a=rtcp-mux",
    ]
    if offered.reduced_size:
        lines.append("a=rtcp-rsize")
    for id_, uri in plan.extensions.items():
        direction = offered.extension_directions.get(id_)
        suffix = f"/{_MIRRORED[direction]}" if direction else ""
        lines.append(f"a=extmap:{id_}{suffix} {uri}")
    for codec in plan.codecs:
        lines += _codec(codec)
    return lines + _sources(leg)


def _codec(codec: PlannedCodec) -> list[str]:
    name = f"{codec.name}/{codec.clock}" if codec.name in {"opus", "red"} else f"{codec.name.upper()}/{codec.clock}"
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{codec.pt} {name}{channels}"]
    lines += [f"a=rtcp-fb:{codec.pt} {kind}" for kind in codec.feedback]
    if codec.fmtp:
        lines.append(f"a=fmtp:{codec.pt} {codec.fmtp}")
    if codec.rtx_pt is not None:
        lines += [f"a=rtpmap:{codec.rtx_pt} rtx/{codec.clock}", f"a=fmtp:{codec.rtx_pt} apt={codec.pt}"]
    return lines


def _sources(leg: LocalMedia) -> list[str]:
    """The slot's stream: msid, so that `ontrack` fires at once, and its SSRCs (RFC 5576)."""
    if not leg.plan.sends or leg.msid is None:
        return []
    lines = [f"a=msid:{leg.msid[0]} {leg.msid[1]}"]
    ssrcs = [leg.ssrc]
    if leg.rtx_ssrc is not None and leg.plan.rtx_pt_of:
        ssrcs.append(leg.rtx_ssrc)
        lines.append(f"a=ssrc-group:FID {leg.ssrc} {leg.rtx_ssrc}")
    return lines + [f"a=ssrc:{ssrc} cname:{leg.cname}" for ssrc in ssrcs]
