"""Notices about trouble that callers should know of: each told once, when it has lasted, and again only after an end.

Contract: `observe` once a second with all that is the case now; it returns what is to be told, in order.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from protocol.quality import NoticeKind

# How long a trouble lasts before it is told. What is known for sure, or was asked for, is told at once.
AFTER_S: Final[dict[NoticeKind, float]] = {
    "muted_while_speaking": 0.0,
    "one_way_audio": 3.0,
    "poor_uplink": 3.0,
    "poor_downlink": 3.0,
    "camera_frozen": 3.0,
    "peer_reconnecting": 0.0,
    "video_paused": 0.0,
    "video_resumed": 0.0,
}
# A trouble that comes back within this time is the same one. Shorter tells of a bad minute over and over.
OVER_S: Final = 10.0


class Notice(NamedTuple):
    """What is to be told, and of whom."""

    kind: NoticeKind
    user_id: str


class NoticeBoard:
    """See the module."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[Notice, float] = {}  # when it was last the case

    def observe(self, present: Mapping[Notice, float], *, now: float) -> list[Notice]:
        """These troubles there are now, each since the time it is given with."""
        for notice, seen in list(self._told.items()):
            if notice in present:
                self._told[notice] = now
            elif now - seen >= OVER_S:
                del self._told[notice]
        due = [
            notice
            for notice, since in present.items()
            if notice not in self._told and now - since >= AFTER_S[notice.kind]
        ]
        self._told.update(dict.fromkeys(due, now))
        return due
