"""From negotiated m-lines to what the engine and the call need: tracks, slots, and how one offer follows another."""

from enum import Enum

from media.engine.api import Publication, Slot
from media.sdp.answer import LocalMedia
from media.sdp.offer import Offer, OfferedMedia
from media.sdp.plan import MediaPlan
from media.sdp.text import refuse


class Succession(Enum):
    """What a further offer of the same person means."""

    NEW_LEG = "new_leg"  # another certificate: another peer connection, which replaces the present one
    ICE_RESTART = "ice_restart"  # new credentials, the same DTLS and media (RFC 8445 section 9)
    UPDATE = "update"  # tracks came or went


def succession(previous: Offer, offer: Offer) -> Succession:
    """How `offer` follows `previous`. `InvalidPayload` when it is neither: m-lines gone or of another kind.

    RFC 8829 5.2.2: m-lines keep their place; one that was stopped may be used again for something else.
    """
    if set(previous.fingerprints).isdisjoint(offer.fingerprints):
        return Succession.NEW_LEG
    if len(offer.media) < len(previous.media):
        raise refuse("an m-line of the last offer is missing")
    for before, now in zip(previous.media, offer.media, strict=False):
        if not before.rejected and not now.rejected and (before.mid, before.kind) != (now.mid, now.kind):
            raise refuse("an m-line is not what it was in the last offer")
    if (previous.ice_ufrag, previous.ice_pwd) != (offer.ice_ufrag, offer.ice_pwd):
        return Succession.ICE_RESTART
    return Succession.UPDATE


def publication_of(leg_id: int, offered: OfferedMedia, plan: MediaPlan) -> Publication | None:
    """The track a client sends on this m-line; None where it sends none.

    With no SSRC in the offer, or several (layers), the engine learns it from the packets.
    """
    if offered.kind == "application" or not plan.accepted or not plan.receives:
        return None
    primary = offered.primary_ssrcs
    ssrc = primary[0] if len(primary) == 1 else None
    rtx_ssrc = next((rtx for rtx, of in offered.rtx_of.items() if of == ssrc), None)
    return Publication(
        leg_id=leg_id,
        mid=offered.mid,
        kind=offered.kind,
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc,
        clock_rate=plan.codecs[0].clock,
        codecs=plan.codec_of,
        rtx_pts={rtx: pt for pt, rtx in plan.rtx_pt_of.items()},
        ext_ids=plan.ext_ids,
        nack=plan.has_feedback("nack"),
        pli=plan.has_feedback("nack pli"),
        fir=plan.has_feedback("ccm fir"),
    )


def slot_of(leg_id: int, local: LocalMedia) -> Slot | None:
    """The m-line on which the relay sends to a client; None where it may not."""
    plan = local.plan
    if plan.kind == "application" or not plan.accepted or not plan.sends or local.ssrc is None:
        return None
    return Slot(
        leg_id=leg_id,
        mid=plan.mid,
        kind=plan.kind,
        ssrc=local.ssrc,
        rtx_ssrc=local.rtx_ssrc if plan.rtx_pt_of else None,
        cname=local.cname,
        pts=plan.pt_of,
        rtx_pts=plan.rtx_pt_of,
        ext_ids=plan.ext_ids,
        nack=plan.has_feedback("nack"),
    )
