"""One leg: its link, its publications and slots, and which SSRC belongs to what."""

from typing import Final

from media.engine.api import EXT_MID
from media.engine.down import DownStream
from media.engine.headers import find_extension
from media.engine.link import Link
from media.engine.up import UpStream

# libsrtp keeps a state per SSRC and searches it in a row; more than this no browser needs (32 m-lines with RTX).
SSRC_LIMIT: Final = 96
# How long the SSRC of a publication must be silent before another takes its place, lest two that both claim it
# alternate: longer where the payload type alone says so, longer than a packet in both cases.
SSRC_SILENT_S: Final = 0.5
SSRC_SILENT_MID_S: Final = 0.1
# An RTCP sender that sends no media uses this number, as libwebrtc does.
RECEIVER_SSRC: Final = 1


class Leg:
    """State of a leg; reached from the engine by leg id."""

    __slots__ = (
        "bitrate_cap", "clock_offset", "downs", "id", "key", "link", "media", "mid_id", "remb", "remb_arrival",
        "remb_due", "remb_sent", "remb_sent_at", "report_at", "retired", "rtx", "seen", "ups",
    )  # fmt: skip

    def __init__(self, leg_id: int, link: Link) -> None:
        self.id = leg_id
        self.link = link
        self.ups: dict[str, UpStream] = {}  # by MID
        self.downs: dict[str, DownStream] = {}
        self.retired: dict[int, DownStream] = {}  # closed slots by SSRC: their numbers must go on if they come back
        self.media: dict[bytes, UpStream] = {}  # by the four octets of the SSRC, as they stand in the header
        self.rtx: dict[bytes, UpStream] = {}
        self.seen: set[bytes] = set()  # SSRCs of authentic packets that belong to nothing above
        self.mid_id = 0
        self.bitrate_cap: int | None = None
        self.remb: int | None = None  # from this leg
        self.remb_arrival = 0.0
        self.remb_due = False
        self.remb_sent: int | None = None  # to this leg
        self.remb_sent_at = float("-inf")
        self.report_at: float | None = None  # None: nothing to report on yet
        self.clock_offset: float | None = None  # our wall clock minus the sender's, least seen

    @property
    def sender_ssrc(self) -> int:
        """Under which SSRC our feedback to this leg goes."""
        return next((down.slot.ssrc for down in self.downs.values()), RECEIVER_SSRC)

    def admits(self, ssrc: bytes) -> bool:
        """Whether a packet of an SSRC outside the tables may be handed to libsrtp, which remembers each."""
        return ssrc in self.seen or len(self.seen) < SSRC_LIMIT

    def index(self) -> None:
        """Make the SSRC tables anew after a change of publications."""
        self.media = {up.ssrc: up for up in self.ups.values() if up.ssrc is not None}
        self.rtx = {up.rtx: up for up in self.ups.values() if up.rtx is not None}
        self.mid_id = next((up.publication.ext_ids.get(EXT_MID, 0) for up in self.ups.values()), 0)

    def down_of(self, ssrc: int) -> DownStream | None:
        return next((down for down in self.downs.values() if down.slot.ssrc == ssrc), None)

    def learn(self, packet: bytes, payload_at: int, arrival: float) -> UpStream | None:
        """Find the publication of an authentic packet with an unknown SSRC and give it that SSRC.

        By the MID extension (RFC 8843 9.2), else by the payload type when one publication alone has it. None: it
        belongs to nothing, or to a publication whose present SSRC is still heard.
        """
        ssrc, payload_type = packet[8:12], packet[1] & 0x7F
        found = find_extension(packet, self.mid_id, payload_at) if self.mid_id else None
        if found is not None:
            up = self.ups.get(packet[found[0] : found[0] + found[1]].decode("ascii", "replace"))
            candidates = [up] if up is not None and _has(up, payload_type) else []
        else:
            candidates = [up for up in self.ups.values() if _has(up, payload_type)]
        if len(candidates) != 1:
            return None
        up = candidates[0]
        if payload_type in up.publication.codecs:
            patience = SSRC_SILENT_S if found is None else SSRC_SILENT_MID_S
            if not (up.ssrc is None or _announced(up, ssrc) or arrival - up.arrival >= patience):
                return None
            up.change_ssrc(ssrc)
        elif found is None and up.rtx is not None:
            return None
        else:
            up.rtx = ssrc
        self.index()
        return up


def _announced(up: UpStream, ssrc: bytes) -> bool:
    """Whether SDP named this SSRC: it takes its place back from whoever was taken for it."""
    return up.publication.ssrc == int.from_bytes(ssrc, "big")


def _has(up: UpStream, payload_type: int) -> bool:
    return payload_type in up.publication.codecs or payload_type in up.publication.rtx_pts
