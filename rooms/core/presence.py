"""Devices of users on this node, with a grace time before somebody counts as gone.

Contract: `connect`, `disconnect` and `tick` return what changed for the users;
`deadline()` says when to call `tick` next. A user is online from the first connection
until `grace_s` after the last one has ended, so that a reload of a page is no absence.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """The user came online (first device) or went offline (none left for the grace time)."""

    user_id: str
    online: bool


class PresenceTable:
    """Connections by user. `grace_s`: larger hides longer absences, smaller flickers on reloads."""

    def __init__(self, *, grace_s: float) -> None:
        self._grace_s = grace_s
        self._connections: dict[str, set[str]] = {}
        self._leaving: dict[str, float] = {}  # insertion order = order of deadline

    def connect(self, user_id: str, connection_id: str) -> list[PresenceChange]:
        """A device of the user is here."""
        returned = self._leaving.pop(user_id, None) is not None
        devices = self._connections.setdefault(user_id, set())
        first = not devices and not returned
        devices.add(connection_id)
        return [PresenceChange(user_id, online=True)] if first else []

    def disconnect(self, user_id: str, connection_id: str, *, now: float) -> None:
        """A device is gone. Unknown ones change nothing."""
        devices = self._connections.get(user_id)
        if devices is None or connection_id not in devices:
            return
        devices.remove(connection_id)
        if not devices:
            del self._connections[user_id]
            self._leaving[user_id] = now + self._grace_s

    def withdraw(self, user_id: str, connection_id: str) -> None:
        """A device that was just connected could not be let in: as if it had never come."""
        devices = self._connections.get(user_id, set())
        devices.discard(connection_id)
        if not devices:
            self._connections.pop(user_id, None)

    def tick(self, *, now: float) -> list[PresenceChange]:
        """Those whose grace is over."""
        over = []
        for user_id, at in self._leaving.items():
            if at > now:
                break
            over.append(user_id)
        for user_id in over:
            del self._leaving[user_id]
        return [PresenceChange(user_id, online=False) for user_id in over]

    def deadline(self) -> float | None:
        """When the next grace ends (monotonic seconds)."""
        return next(iter(self._leaving.values()), None)

    def devices(self, user_id: str) -> int:
        """How many connections the user has on this node."""
        return len(self._connections.get(user_id, ()))

    def online_users(self) -> list[str]:
        """All users that count as online on this node."""
        return [*self._connections, *self._leaving]
