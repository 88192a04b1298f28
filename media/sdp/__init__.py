"""Offers of clients and answers of the relay, as pure functions: text in, text out, no socket, no clock.

offer = parse_offer(text)                              checked and read; a refusal otherwise
plans = negotiate(offer, other_offer, asked)           what is accepted of each m-line
legs = [LocalMedia(plan, ssrc=..., ...) for plan in plans]
text = answer(offer, LocalParameters(...), legs)
publication_of(...), slot_of(...)                      the same for the engine
"""

from media.sdp.answer import SCTP_PORT, LocalCandidate, LocalMedia, LocalParameters, answer
from media.sdp.attributes import Direction
from media.sdp.codecs import Codec
from media.sdp.legs import Succession, publication_of, slot_of, succession
from media.sdp.offer import MediaKind, Offer, OfferedMedia, parse_offer
from media.sdp.plan import MediaPlan, PlannedCodec, meets, negotiate
from media.sdp.text import check_text

__all__ = [
    "SCTP_PORT",
    "Codec",
    "Direction",
    "LocalCandidate",
    "LocalMedia",
    "LocalParameters",
    "MediaKind",
    "MediaPlan",
    "Offer",
    "OfferedMedia",
    "PlannedCodec",
    "Succession",
    "answer",
    "check_text",
    "meets",
    "negotiate",
    "parse_offer",
    "publication_of",
    "slot_of",
    "succession",
]
