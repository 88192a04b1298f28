"""How far, how fast, how near, how often."""

from typing import Final

from protocol.errors import RateLimited

PERSONAL_SPACE_M: Final = 0.6  # larger keeps people from looking at the same thing, smaller from feeling safe
SPEED_M_S: Final = 12.0  # twice a sprint; smaller refuses honest people after a hitch of their network
# How much of a walk may come at once after silence. A client without the binary channel speaks 10 times a second
# or less; longer lets somebody jump through half the scene, shorter refuses the walk that a hitch has gathered.
GATHERED_S: Final = 0.5
GESTURES_PER_SECOND: Final = 4.0  # more is flicker
GESTURES_BURST: Final = 8


class Pace:
    """How far somebody may go now: `SPEED_M_S` on the long run, what gathers in `GATHERED_S` at once."""

    __slots__ = ("_at", "_metres")

    def __init__(self, *, now: float) -> None:
        self._metres = SPEED_M_S * GATHERED_S
        self._at = now

    def allows(self, metres: float, *, now: float) -> bool:
        """Whether this step is no faster than allowed. Costs nothing; `took` says that it was made."""
        self._metres = min(SPEED_M_S * GATHERED_S, self._metres + max(0.0, now - self._at) * SPEED_M_S)
        self._at = now
        return metres <= self._metres

    def took(self, metres: float) -> None:
        """The step was made."""
        self._metres -= metres


class Cooldowns:
    """When each thing may be done again."""

    def __init__(self) -> None:
        self._until: dict[tuple[int, str], float] = {}

    def take(self, object_id: int, action: str, *, cooldown_s: float, now: float) -> None:
        """Do it now. Raises `RateLimited` while it cools down."""
        left_s = self._until.get((object_id, action), now) - now
        if left_s > 0:
            raise RateLimited("it was done a moment ago", retry_after_ms=int(left_s * 1000) + 1)
        if cooldown_s:
            self._until[object_id, action] = now + cooldown_s


def limited(wait_s: float) -> None:
    """Raises `RateLimited` when there is something to wait for."""
    if wait_s:
        raise RateLimited(retry_after_ms=int(wait_s * 1000) + 1)
