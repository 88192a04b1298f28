"""What an engine has passed since its start: the sums that outlive legs."""

from typing import Final, Protocol

from media.engine.api import Direction, Kind, Tally

_NONE: Final = Tally(0, 0, 0)


class Counted(Protocol):
    """A stream with its sums."""

    direction: Direction
    counted_as: Kind

    @property
    def tally(self) -> Tally: ...


class Totals:
    """Sums by direction and kind."""

    def __init__(self, before: "Totals | None" = None) -> None:
        """`before`: go on from a copy of these."""
        directions: tuple[Direction, ...] = ("up", "down")
        kinds: tuple[Kind, ...] = ("audio", "video")
        empty = {(direction, kind): _NONE for direction in directions for kind in kinds}
        self.sums: dict[tuple[Direction, Kind], Tally] = dict(before.sums) if before else empty

    def add(self, stream: Counted) -> None:
        """Add what a stream has counted so far."""
        key, more = (stream.direction, stream.counted_as), stream.tally
        sums = self.sums[key]
        self.sums[key] = Tally(
            sums.packets + more.packets, sums.octets + more.octets, sums.retransmitted + more.retransmitted
        )
