"""Hypothesis: offers as values, and the text a client would write for them."""

from hypothesis import strategies as st

from media.engine.api import EXTENSION_URIS
from media.sdp import Codec, Direction, Offer, OfferedMedia

_HEX = st.binary(min_size=32, max_size=32).map(lambda raw: raw.hex(":").upper())
_ICE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TOKENS = st.text("ABCXYZabcxyz0189-_.{}~", min_size=1, max_size=16)
_VALUES = st.text("abcdef0123456789", min_size=1, max_size=8)
_DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"])
_FEEDBACK = st.lists(st.sampled_from(["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"]), unique=True)
_URIS = st.sampled_from([*EXTENSION_URIS.values(), "urn:example:other", "urn:ietf:params:rtp-hdrext:toffset"])
_NAMES = {
    "audio": [("opus", 48000, 2), ("pcmu", 8000, 1), ("telephone-event", 48000, 1)],
    "video": [("vp8", 90000, 1), ("h264", 90000, 1), ("vp9", 90000, 1), ("av1", 90000, 1), ("ulpfec", 90000, 1)],
}
_FMTP = {
    "opus": ["minptime", "useinbandfec", "stereo"],
    "h264": ["packetization-mode", "level-asymmetry-allowed"],
    "vp9": ["profile-id"],
    "av1": ["profile", "tier"],
}


@st.composite
def codecs(draw: st.DrawFn, kind: str, pt: int) -> Codec:
    name, clock, channels = draw(st.sampled_from(_NAMES[kind]))
    allowed = _FMTP.get(name, [])
    fmtp = draw(st.dictionaries(st.sampled_from(allowed), st.sampled_from("0123"))) if allowed else {}
    if name == "h264" and draw(st.booleans()):
        fmtp["profile-level-id"] = draw(st.sampled_from(["42e01f", "42001f", "4d001f", "64001f", "640c1f", "zzzzzz"]))
    return Codec(pt, name, clock, channels, fmtp, tuple(draw(_FEEDBACK)))


@st.composite
def rtp_media(draw: st.DrawFn, mid: str, ssrcs: list[int]) -> OfferedMedia:
    kind = draw(st.sampled_from(["audio", "video"]))
    pts = draw(st.lists(st.integers(0, 63) | st.integers(96, 127), min_size=1, max_size=8, unique=True))
    split = draw(st.integers(1, len(pts)))
    chosen = [draw(codecs(kind, pt)) for pt in pts[:split]]
    rtx = {pt: draw(st.sampled_from(chosen)).pt for pt in pts[split:]}
    ids = draw(st.lists(st.integers(1, 14), max_size=6, unique=True))
    extensions = {id_: draw(_URIS) for id_ in ids}
    one_way = {id_: draw(_DIRECTIONS) for id_ in ids if draw(st.booleans())}
    rtx_of = {ssrcs[1]: ssrcs[0]} if len(ssrcs) == 2 else {}
    return OfferedMedia(
        mid,
        "audio" if kind == "audio" else "video",
        "UDP/TLS/RTP/SAVPF",
        tuple(map(str, pts)),
        direction=draw(_DIRECTIONS),
        codecs=tuple(chosen),
        rtx=rtx,
        extensions=extensions,
        extension_directions={id_: way for id_, way in one_way.items() if way != "sendrecv"},
        ssrcs=tuple(ssrcs),
        rtx_of=rtx_of,
        msid=draw(st.none() | st.tuples(_TOKENS, _TOKENS)),
        rids=tuple(draw(st.lists(st.sampled_from("qhf"), unique=True))),
        reduced_size=draw(st.booleans()),
    )


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    mids = draw(st.lists(_TOKENS, min_size=1, max_size=5, unique=True))
    numbers = draw(st.lists(st.integers(1, 2**32 - 1), min_size=2 * len(mids), max_size=2 * len(mids), unique=True))
    media = [draw(rtp_media(mid, numbers[2 * n : 2 * n + draw(st.integers(0, 2))])) for n, mid in enumerate(mids)]
    if draw(st.booleans()):
        data = OfferedMedia(
            "data",
            "application",
            "UDP/DTLS/SCTP",
            ("webrtc-datachannel",),
            direction="sendrecv",
            sctp_port=draw(st.integers(1, 65535)),
            max_message_size=draw(st.integers(0, 2**32 - 1)),
        )
        media.append(data)
    return Offer(
        draw(st.text(_ICE, min_size=4, max_size=32)),
        draw(st.text(_ICE, min_size=22, max_size=64)),
        (("sha-256", draw(_HEX)),),
        draw(st.sampled_from(["actpass", "active"])),
        tuple(draw(st.permutations([one.mid for one in media]))),
        tuple(media),
    )


def write(offer: Offer) -> str:
    """The offer as a client would write it, transport attributes in each m-line."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + " ".join(offer.bundle)]
    for media in offer.media:
        lines += [f"m={media.kind} 9 {media.profile} {' '.join(media.formats)}", "c=IN IP4 0.0.0.0"]
        lines += [f"a=ice-ufrag:{offer.ice_ufrag}", f"a=ice-pwd:{offer.ice_pwd}", f"a=setup:{offer.setup}"]
        lines += [f"a=fingerprint:{name} {value}" for name, value in offer.fingerprints]
        lines += [f"a=mid:{media.mid}"]
        if media.kind == "application":
            lines += [f"a=sctp-port:{media.sctp_port}", f"a=max-message-size:{media.max_message_size}"]
        else:
            lines += [f"a={media.direction}", "a=rtcp-mux", *_rtp_lines(media)]
    return "".join(f"{line}\r\n" for line in lines)


def _rtp_lines(media: OfferedMedia) -> list[str]:
    lines = ["a=rtcp-rsize"] if media.reduced_size else []
    for id_, uri in media.extensions.items():
        way = media.extension_directions.get(id_)
        lines.append(f"a=extmap:{id_}{f'/{way}' if way else ''} {uri}")
    for codec in media.codecs:
        lines.append(f"a=rtpmap:{codec.pt} {codec.name.upper()}/{codec.clock}/{codec.channels}")
        lines += [f"a=rtcp-fb:{codec.pt} {kind}" for kind in codec.feedback]
        if codec.fmtp:
            lines.append(f"a=fmtp:{codec.pt} " + ";".join(f"{name}={value}" for name, value in codec.fmtp.items()))
    for pt, apt in media.rtx.items():
        lines += [f"a=rtpmap:{pt} rtx/90000", f"a=fmtp:{pt} apt={apt}"]
    lines += [f"a=ssrc:{ssrc} cname:x" for ssrc in media.ssrcs]
    lines += [f"a=ssrc-group:FID {ssrc} {rtx}" for rtx, ssrc in media.rtx_of.items()]
    if media.msid:
        lines.append(f"a=msid:{media.msid[0]} {media.msid[1]}")
    lines += [f"a=rid:{rid} send" for rid in media.rids]
    return lines
