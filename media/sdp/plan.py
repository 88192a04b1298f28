"""What of an offer the relay accepts, m-line by m-line.

    negotiate(own, other, asked, settled=...) -> tuple[MediaPlan, ...]   one per m-line of `own`, in its order

The rules, of `design: maps per leg`:
- The other person's offer not known yet: Opus and VP8 (H264 where the client has no VP8). A codec that
  the other side turns out not to have could never be taken back without a new offer.
- Known: what both offers have of Opus, RED, VP8, H264, and of VP9 and AV1 where the caller asks for them.
- The first codec of an answer is what a client sends. So what the other leg has accepted by now
  (`settled`) stands before what it could accept by a new offer of its own.
- Nothing in common: as if the other were unknown. The m-line stays alive, and the engine forwards
  nothing that the receiving leg has no payload type for.

Video orientation is accepted only when the other client is known to have it and its leg, if answered,
has it too: a sender that may signal the rotation no longer rotates the picture, and a receiver without
it would show it lying.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from media.engine.api import EXT_ORIENTATION, EXTENSION_URIS, CodecKey
from media.sdp.attributes import Direction
from media.sdp.codecs import AUDIO, ON_REQUEST, VIDEO, Codec, answer_feedback, answer_fmtp, codec_key
from media.sdp.offer import MediaKind, Offer, OfferedMedia
from media.sdp.text import refuse

# Larger messages than browsers take would be refused by them (Chromium's own limit).
MAX_MESSAGE_SIZE = 256 * 1024
# The one-byte form of header extensions (RFC 8285 section 4.2); larger ids would need the two-byte form.
MAX_EXTENSION_ID = 14

_FIRST_ANSWER = {"audio": (frozenset({"opus"}),), "video": (frozenset({"vp8"}), frozenset({"h264"}))}
_FORWARDED = {"audio": AUDIO, "video": VIDEO}
_EXTENSION_NAMES = {uri: name for name, uri in EXTENSION_URIS.items()}
_ORIENTATION = EXTENSION_URIS[EXT_ORIENTATION]
_MIRRORED: dict[Direction, Direction] = {"sendonly": "recvonly", "recvonly": "sendonly"}


@dataclass(frozen=True, slots=True)
class PlannedCodec:
    """A payload type of the answer. `fmtp` and `feedback` as they are written; `rtx_pt` None: no RTX."""

    pt: int
    name: str
    clock: int
    channels: int
    fmtp: str
    feedback: tuple[str, ...]
    rtx_pt: int | None
    key: CodecKey


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """The answer to one m-line. `direction` is the relay's. `accepted` False: it is answered with port 0."""

    mid: str
    kind: MediaKind
    accepted: bool
    direction: Direction = "inactive"
    codecs: tuple[PlannedCodec, ...] = ()
    extensions: Mapping[int, str] = field(default_factory=dict, hash=False)  # id -> URI
    max_message_size: int | None = None  # data m-line only, bytes

    @property
    def sends(self) -> bool:
        """Whether the relay may send here: the m-line is a slot."""
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        """Whether the client may send here: the m-line is a publication."""
        return self.direction in {"sendrecv", "recvonly"}

    @property
    def codec_of(self) -> dict[int, CodecKey]:
        """Payload type -> codec."""
        return {codec.pt: codec.key for codec in self.codecs}

    @property
    def pt_of(self) -> dict[CodecKey, int]:
        """Codec -> payload type; of two with the same identity the preferred one."""
        return {codec.key: codec.pt for codec in reversed(self.codecs)}

    @property
    def rtx_pt_of(self) -> dict[int, int]:
        """Payload type -> its RTX payload type."""
        return {codec.pt: codec.rtx_pt for codec in self.codecs if codec.rtx_pt is not None}

    @property
    def ext_ids(self) -> dict[str, int]:
        """Name of the engine (`media.engine.api.EXTENSION_URIS`) -> id on this leg."""
        return {_EXTENSION_NAMES[uri]: id_ for id_, uri in self.extensions.items()}

    def has_feedback(self, kind: str) -> bool:
        """Whether every codec of the m-line was agreed with this feedback, e.g. `"nack pli"`."""
        return bool(self.codecs) and all(kind in codec.feedback for codec in self.codecs)


def negotiate(
    own: Offer,
    other: Offer | None,
    asked: Collection[str] = (),
    *,
    settled: Sequence[MediaPlan] = (),
) -> tuple[MediaPlan, ...]:
    """What is accepted of `own`, see the rules above.

    `other`: the offer of the person at the other end, None when it has not come yet. `asked`: names of
    `codecs.ON_REQUEST` to use where both have them, preferred to the usual ones once the other leg has
    accepted them. `settled`: the plans by which the other leg was answered last. Raises
    `InvalidPayload` when no m-line of the offer could carry anything.
    """
    plans = tuple(_plan(media, other, frozenset(asked) & ON_REQUEST, settled) for media in own.media)
    if not any(plan.accepted for plan in plans):
        raise refuse("no codec that the relay forwards")
    return plans


def meets(own: Sequence[MediaPlan], other: Sequence[MediaPlan]) -> bool:
    """Whether in each kind of media that both legs have at least one codec passes; if not, a leg must offer again."""
    return all(
        _keys(own, kind) & _keys(other, kind) for kind in ("audio", "video") if _keys(own, kind) and _keys(other, kind)
    )


def _plan(media: OfferedMedia, other: Offer | None, asked: frozenset[str], settled: Sequence[MediaPlan]) -> MediaPlan:
    if media.rejected:
        return MediaPlan(media.mid, media.kind, accepted=False)
    if media.kind == "application":
        return MediaPlan(
            media.mid, media.kind, accepted=True, direction="sendrecv", max_message_size=_message_size(media, other)
        )
    theirs = other.of_kind(media.kind) if other else ()
    alike = [plan for plan in settled if plan.kind == media.kind and plan.accepted]
    codecs = _codecs(media, theirs, asked, _keys(alike, media.kind))
    if not codecs:
        return MediaPlan(media.mid, media.kind, accepted=False)
    return MediaPlan(
        media.mid,
        media.kind,
        accepted=True,
        direction=_MIRRORED.get(media.direction, media.direction),
        codecs=codecs,
        extensions=_extensions(media, [*theirs, *alike]),
    )


def _message_size(media: OfferedMedia, other: Offer | None) -> int:
    """What the client may send: no more than the relay takes and the other side can receive."""
    receivers = other.of_kind("application") if other else ()
    return min(MAX_MESSAGE_SIZE, *(one.max_message_size or MAX_MESSAGE_SIZE for one in (media, *receivers)))


def _keys(plans: Sequence[MediaPlan], kind: str) -> set[CodecKey]:
    return {codec.key for plan in plans if plan.kind == kind for codec in plan.codecs}


def _keyed(media: OfferedMedia) -> list[tuple[CodecKey, Codec]]:
    """What the relay could forward of an m-line, in the order of preference."""
    by_pt = {codec.pt: codec for codec in media.codecs}
    names = _FORWARDED[media.kind] | (ON_REQUEST if media.kind == "video" else frozenset())
    keyed = ((codec_key(codec, by_pt), codec) for codec in media.codecs if codec.name in names)
    return [(key, codec) for key, codec in keyed if key is not None]


def _codecs(
    media: OfferedMedia, theirs: tuple[OfferedMedia, ...], asked: frozenset[str], settled: set[CodecKey]
) -> tuple[PlannedCodec, ...]:
    offered = _keyed(media)
    names = _FORWARDED[media.kind] | asked
    known = {key: codec for one in reversed(theirs) for key, codec in reversed(_keyed(one))}
    chosen = [(key, codec) for key, codec in offered if codec.name in names and key in known]
    for first in _FIRST_ANSWER[media.kind]:
        chosen = chosen or [(key, codec) for key, codec in offered if codec.name in first]
    chosen.sort(key=lambda one: (bool(settled) and one[0] not in settled, one[1].name not in asked))
    rtx = {apt: pt for pt, apt in media.rtx.items()}
    return tuple(_planned(key, codec, known.get(key), rtx.get(codec.pt)) for key, codec in chosen)


def _planned(key: CodecKey, codec: Codec, same: Codec | None, rtx_pt: int | None) -> PlannedCodec:
    return PlannedCodec(
        codec.pt,
        codec.name,
        codec.clock,
        codec.channels,
        answer_fmtp(codec, same),
        answer_feedback(codec),
        rtx_pt,
        key,
    )


def _extensions(media: OfferedMedia, others: Sequence[OfferedMedia | MediaPlan]) -> dict[int, str]:
    """The header extensions that the relay reads or passes on, each URI once, by the client's ids."""
    rotates = bool(others) and all(_ORIENTATION in one.extensions.values() for one in others)
    chosen: dict[str, int] = {}
    for id_, uri in media.extensions.items():
        usable = id_ <= MAX_EXTENSION_ID and media.extension_directions.get(id_) != "inactive"
        if usable and uri in _EXTENSION_NAMES and (rotates or uri != _ORIENTATION):
            chosen.setdefault(uri, id_)
    return {id_: uri for uri, id_ in chosen.items()}
