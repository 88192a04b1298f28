"""What is missing from an incoming stream, and when to ask for it again (RFC 4585 6.2.1).

Contract: ``gap`` when a packet jumps ahead, ``arrived`` for each packet that is not ahead, ``due`` when
``deadline`` has passed. Extended sequence numbers, seconds of the engine's clock. No I/O.
"""

from typing import Final

# A packet overtaken on its way usually comes within this time; asking sooner wastes road, later wastes time.
REORDER_MIN_S: Final = 0.010
REORDER_MAX_S: Final = 0.060
TRIES: Final = 4
# Round trip until one was seen. Too short: requests in vain; too long: a repaired picture comes late.
RTT_UNKNOWN_S: Final = 0.100
RETRY_MIN_S: Final = 0.020
# The tolerance rises fast with packets that come late by themselves and falls slowly, so that it is near the latest of
# them and not near the mean.
_RISE: Final = 0.5
_FALL: Final = 1 / 64
# What is older than this is of no use to a jitter buffer; equals the depth of the ring.
GIVE_UP_S: Final = 1.0
# A longer hole is not repaired packet by packet: the key frame that the receiver asks for is cheaper.
GAP_LIMIT: Final = 256


class _Missing:
    __slots__ = ("asked", "due", "since", "tries")

    def __init__(self, since: float, due: float) -> None:
        self.since = since
        self.due = due
        self.asked = 0.0  # the first time
        self.tries = 0


class NackGenerator:
    """Missing packets of one SSRC."""

    __slots__ = ("_missing", "_reorder", "_rtt", "deadline")

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._reorder = REORDER_MIN_S
        self._rtt = RTT_UNKNOWN_S  # from requests and their answers; for senders that send no reports
        self.deadline: float | None = None  # None: nothing is missing

    def __len__(self) -> int:
        return len(self._missing)

    def gap(self, first: int, after: int, now: float) -> bool:
        """Numbers first..after-1 have been jumped over. False: too many, all are given up."""
        if after - first + len(self._missing) > GAP_LIMIT:
            self.clear()
            return False
        due = now + self._reorder
        for sequence in range(first, after):
            self._missing[sequence] = _Missing(now, due)
        if self.deadline is None or due < self.deadline:
            self.deadline = due
        return True

    def arrived(self, sequence: int, now: float, *, recovered: bool) -> int:
        """Take a number off. Returns how often it was asked for, or -1: it was not missing."""
        entry = self._missing.pop(sequence, None)
        if entry is None:
            return -1
        lateness = REORDER_MIN_S
        if not recovered:
            lateness = max(REORDER_MIN_S, min(now - entry.since, REORDER_MAX_S))
        elif entry.tries:
            self._rtt += (now - entry.asked - self._rtt) / 8
        self._reorder += (lateness - self._reorder) * (_RISE if lateness > self._reorder else _FALL)
        if not self._missing:
            self.deadline = None
        return entry.tries

    def due(self, now: float, rtt: float | None) -> list[int]:
        """Return the numbers to ask for now, ascending, and plan the next try for each a round trip later.

        What was asked for often enough is waited for until it is too old.
        """
        asked: list[int] = []
        given_up: list[int] = []
        retry = max(RETRY_MIN_S, (self._rtt if rtt is None else rtt) + self._reorder)
        for sequence, entry in self._missing.items():
            expiry = entry.since + GIVE_UP_S
            if now >= expiry:
                given_up.append(sequence)
            elif entry.due <= now:
                entry.asked = entry.asked or now
                entry.tries += 1
                entry.due = min(now + retry, expiry) if entry.tries < TRIES else expiry
                asked.append(sequence)
        for sequence in given_up:
            del self._missing[sequence]
        self.deadline = min((entry.due for entry in self._missing.values()), default=None)
        return sorted(asked)

    def clear(self) -> None:
        """Want nothing any more (another source, or a hole too long)."""
        self._missing.clear()
        self.deadline = None
