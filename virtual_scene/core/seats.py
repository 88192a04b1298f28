"""The people of one scene: a slot each, kept for a grace after a lost connection.

Contract: `take`, `drop` and `leave` change the seats and return the one concerned; `tick` returns those whose grace is
over, `deadline()` says when to call it. A person has one seat, held by their newest connection (`device`).
"""

from dataclasses import dataclass
from typing import Final

from protocol.errors import SceneFull

GRACE_S: Final = 15.0  # longer keeps a seat and what it holds from others, shorter loses people in a tunnel


@dataclass(slots=True)
class Seat:
    """Somebody in the scene. `device` is None while they are away; then the seat falls back at `until`."""

    slot: int
    user_id: str
    name: str
    device: str | None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """`new`: they were not here. `replaced`: the connection that has to make way for this one."""

    seat: Seat
    new: bool
    replaced: str | None = None


class Seats:
    """Seats of one scene."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_user: dict[str, Seat] = {}
        self._by_device: dict[str, Seat] = {}

    def take(self, user_id: str, name: str, device: str) -> Taken:
        """Come in, or come back. Raises `SceneFull`."""
        seat = self._by_user.get(user_id)
        if seat is None:
            seat = Seat(self._free_slot(), user_id, name, device)
            self._by_user[user_id] = seat
            self._by_device[device] = seat
            return Taken(seat, new=True)
        replaced = seat.device if seat.device != device else None
        if seat.device is not None:
            del self._by_device[seat.device]
        seat.device, seat.until = device, None
        self._by_device[device] = seat
        return Taken(seat, new=False, replaced=replaced)

    def drop(self, device: str, *, now: float) -> Seat | None:
        """A connection is lost. None when it holds no seat (any more)."""
        seat = self._by_device.pop(device, None)
        if seat is not None:
            seat.device, seat.until = None, now + GRACE_S
        return seat

    def leave(self, user_id: str) -> Seat | None:
        """Somebody gives the seat back."""
        seat = self._by_user.pop(user_id, None)
        if seat is not None and seat.device is not None:
            del self._by_device[seat.device]
        return seat

    def tick(self, *, now: float) -> list[Seat]:
        """Those whose grace is over; their seats are free."""
        over = [seat for seat in self._by_user.values() if seat.until is not None and seat.until <= now]
        for seat in over:
            del self._by_user[seat.user_id]
        return over

    def deadline(self) -> float | None:
        """When the next grace is over."""
        return min((seat.until for seat in self._by_user.values() if seat.until is not None), default=None)

    def of_user(self, user_id: str) -> Seat | None:
        """Somebody's seat."""
        return self._by_user.get(user_id)

    def of_device(self, device: str) -> Seat | None:
        """The seat that a connection holds."""
        return self._by_device.get(device)

    def at(self, slot: int) -> Seat | None:
        """Who sits there."""
        return next((seat for seat in self._by_user.values() if seat.slot == slot), None)

    def all(self) -> list[Seat]:
        """Everybody, also those who are away for the moment, by slot."""
        return sorted(self._by_user.values(), key=lambda seat: seat.slot)

    def _free_slot(self) -> int:
        taken = {seat.slot for seat in self._by_user.values()}
        for slot in range(self._capacity):
            if slot not in taken:
                return slot
        raise SceneFull
