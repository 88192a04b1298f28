"""Which pictures of a video stream could be shown, and when, without decoding any.

Contract: `packet` for each packet of one stream that was not here before, in the order of arrival, with extended
numbers; it returns the octets of each picture that this packet lets the receiver show. `advance` does the same for time
that passes. `packets` takes many at once.

A decoder shows a picture when all its packets and those of all pictures before it are there (RFC 6386 5, RFC 7741 4.3).
After a loss it waits for the retransmission or for a key frame; headers do not say which picture is one, so one that is
several times as large as its neighbours is taken for it. That counts too much as frozen where a lost picture was
not needed by others (temporal layers).
"""

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from media.core.arrival import Arrival, Arrivals

# A key frame is 4 to 10 times as large as what comes between. Lower takes a cut in the scene for one, higher misses
# those of a sender that holds its bit rate down.
KEY_FRAME_RATIO: Final = 3.0
_SIZES: Final = 60  # pictures whose median is the usual size
# By then a key frame has come that was not told from the rest: an encoder that holds its bit rate down makes some of
# hardly twice the usual size. Relays ask for one at most every 0.5 s, and it takes a round trip. Longer counts too much
# as frozen where there is such a relay, shorter too little where there is none.
GIVE_UP_S: Final = 1.0
# Packets kept behind a hole: some seconds of a good picture. Bounds memory.
WAITING_MAX: Final = 4000


class Shown(NamedTuple):
    """Pictures that a packet, or the time it came at, lets the receiver show."""

    packet: int  # its index among those that were given
    pictures: int


_Packet: TypeAlias = tuple[int, int, int, float]  # timestamp, octets, marker, arrival


@dataclass(slots=True)
class _Picture:
    """Packets of one timestamp, so far."""

    first: int
    last: int
    count: int = 0
    octets: int = 0
    marked: bool = False  # the packet with the marker bit, the last one, is there


class PictureAssembler:
    """See the module."""

    __slots__ = ("_behind", "_hole_since", "_key_octets", "_next", "_open", "_sizes", "_timestamp", "_waiting")

    def __init__(self) -> None:
        self._next: int | None = None  # sequence number without which nothing goes on
        self._timestamp = 0
        self._open = 0  # octets of the picture being received; 0: none
        self._waiting: dict[int, _Packet] = {}  # behind a hole
        self._behind: dict[int, _Picture] = {}  # the same, by timestamp
        self._hole_since = 0.0
        self._sizes: deque[int] = deque(maxlen=_SIZES)
        self._key_octets: float | None = 0.0  # from which on a picture is taken for a key frame; None: to be found anew

    def packets(self, packets: Arrivals, places: Sequence[int | None]) -> list[Shown]:
        """Take packets, each after `advance` to its time. `places` are the sequence numbers that they stand for; one
        with None is left out."""
        shown: list[Shown] = []
        at = 0
        for end in packets.stretches:
            while at < end:
                if not self._waiting and _in_a_row(places[at:end], self._next):
                    self._went_on(packets, at, end, shown)
                    at = end
                else:
                    self._one(packets, at, places[at], shown)
                    at += 1
        return shown

    def packet(self, packet: Arrival) -> list[int]:
        """Take a packet and return the sizes in octets of the pictures that can be shown now."""
        shown = self.advance(packet.arrival)
        return shown + self._take(packet.sequence, (packet.timestamp, packet.size, packet.marker, packet.arrival))

    def advance(self, now: float) -> list[int]:
        """Time has come this far."""
        if not self._gives_up(now):
            return []
        whole = [picture for picture in self._behind.values() if self._is_whole(picture)]
        # The newest: what lay behind other holes before it was not shown either.
        return self._skip_to(max(whole, key=lambda picture: picture.first) if whole else None)

    def _gives_up(self, now: float) -> bool:
        waiting = self._waiting
        return bool(waiting) and (now - self._hole_since >= GIVE_UP_S or len(waiting) >= WAITING_MAX)

    def _one(self, packets: Arrivals, at: int, place: int | None, shown: list[Shown]) -> None:
        now = packets.times[at]
        octets = self.advance(now)
        if octets:
            shown.append(Shown(at, len(octets)))
        if place is None:
            return
        octets = self.advance(now) if octets else []
        octets += self._take(place, (packets.timestamps[at], packets.sizes[at], packets.markers[at], now))
        if octets:
            shown.append(Shown(at, len(octets)))

    def _went_on(self, packets: Arrivals, at: int, end: int, shown: list[Shown]) -> None:
        """Take what comes in order while nothing is missing: as `_drain` does."""
        timestamp = self._timestamp
        octets = self._open
        columns = zip(packets.timestamps[at:end], packets.sizes[at:end], packets.markers[at:end], strict=True)
        for index, (now, size, marker) in enumerate(columns, at):
            pictures = 0
            if now != timestamp:
                if octets:
                    self._finish(octets)
                    octets, pictures = 0, 1
                timestamp = now
            octets += size
            if marker:
                self._finish(octets)
                octets = 0
                pictures += 1
            if pictures:
                shown.append(Shown(index, pictures))
        self._timestamp, self._open = timestamp, octets
        self._next = (self._next or 0) + end - at

    def _take(self, sequence: int, packet: _Packet) -> list[int]:
        if self._next is None:
            self._next = sequence
        if sequence < self._next:
            return []
        if sequence == self._next:
            self._waiting[sequence] = packet
            return self._drain()
        if not self._waiting:
            self._hole_since = packet[3]
        self._keep(sequence, packet)
        return self._try_key_frame(sequence, packet)

    def _keep(self, sequence: int, packet: _Packet) -> None:
        self._waiting[sequence] = packet
        timestamp, octets, marker, _ = packet
        picture = self._behind.get(timestamp)
        if picture is None:
            picture = self._behind[timestamp] = _Picture(sequence, sequence)
        elif sequence > picture.last:
            picture.last = sequence
        elif sequence < picture.first:
            picture.first = sequence
        picture.count += 1
        picture.octets += octets
        if marker:
            picture.marked = True

    def _drain(self) -> list[int]:
        shown: list[int] = []
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            timestamp, octets, marker, _ = packet
            if self._open and timestamp != self._timestamp:
                shown.append(self._finish(self._open))  # its marker is not told in the log, or it has none
            self._timestamp = timestamp
            self._open += octets
            self._behind.pop(timestamp, None)
            if marker:
                shown.append(self._finish(self._open))
        return shown

    def _finish(self, octets: int) -> int:
        self._open = 0
        self._sizes.append(octets)
        self._key_octets = None
        return octets

    def _is_whole(self, picture: _Picture) -> bool:
        """All packets are there, from after one of another picture to the marker or one of the next."""
        before = self._waiting.get(picture.first - 1)
        if before is None or picture.count <= picture.last - picture.first:
            return False
        return picture.marked or picture.last + 1 in self._waiting

    def _try_key_frame(self, sequence: int, packet: _Packet) -> list[int]:
        """The packet may complete a picture from which all can go on: its own or the one before."""
        if self._key_octets is None:
            self._key_octets = KEY_FRAME_RATIO * statistics.median(self._sizes)
        for one in (packet, self._waiting.get(sequence - 1)):
            picture = self._behind.get(one[0]) if one is not None else None
            if picture is not None and picture.octets >= self._key_octets and self._is_whole(picture):
                return self._skip_to(picture)
        return []

    def _skip_to(self, picture: _Picture | None) -> list[int]:
        """Give up what is missing and go on with this picture; None: with whatever comes next."""
        self._open = 0
        if picture is None:
            self._waiting.clear()
            self._behind.clear()
            self._next = None
            return []
        for sequence in [sequence for sequence in self._waiting if sequence < picture.first]:
            self._behind.pop(self._waiting.pop(sequence)[0], None)
        self._next = picture.first
        self._hole_since = min(arrival for _, _, _, arrival in self._waiting.values())
        return self._drain()


def _in_a_row(places: Sequence[int | None], first: int | None) -> bool:
    return first is not None and places[0] == first and places == list(range(first, first + len(places)))
