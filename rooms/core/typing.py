"""Who is typing where. Ephemeral: never stored, lapses by itself.

Contract: `set` and `tick` return the changes to tell; `deadline()` says when to call
`tick` next. A repeated `typing: true` only moves the lapse, nobody is told again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypingChange:
    """Somebody began or stopped; `origin` is the connection that said so, None for a lapse."""

    match_id: str
    user_id: str
    typing: bool
    origin: str | None


class TypingTable:
    """All who type at the moment. `lapse_s`: seconds until a silent typist counts as stopped."""

    def __init__(self, *, lapse_s: float) -> None:
        self._lapse_s = lapse_s
        self._until: dict[tuple[str, str], float] = {}  # insertion order = order of lapse

    def set(self, match_id: str, user_id: str, *, typing: bool, origin: str | None, now: float) -> list[TypingChange]:
        """Somebody says that they type, or that they do not any more."""
        key = (match_id, user_id)
        was = self._until.pop(key, None) is not None
        if typing:
            self._until[key] = now + self._lapse_s
        if was == typing:
            return []
        return [TypingChange(match_id, user_id, typing, origin)]

    def gone(self, user_id: str) -> list[TypingChange]:
        """The user's last device is gone: they type nowhere."""
        keys = [key for key in self._until if key[1] == user_id]
        for key in keys:
            del self._until[key]
        return [TypingChange(match_id, user, typing=False, origin=None) for match_id, user in keys]

    def tick(self, *, now: float) -> list[TypingChange]:
        """Those who have lapsed."""
        lapsed = []
        for key, until in self._until.items():
            if until > now:
                break
            lapsed.append(key)
        for key in lapsed:
            del self._until[key]
        return [TypingChange(match_id, user, typing=False, origin=None) for match_id, user in lapsed]

    def deadline(self) -> float | None:
        """When the next one lapses (monotonic seconds), None when nobody types."""
        return next(iter(self._until.values()), None)
