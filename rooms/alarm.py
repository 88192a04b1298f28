"""One timer for a core that has a `deadline()`."""

from collections.abc import Callable

from rooms.ports import Clock, Timers


class Alarm:
    """Calls `ring` when the deadline of a core is reached.

    Call `arm` after every input to the core: it sets the timer to the present deadline.
    """

    def __init__(
        self, *, deadline: Callable[[], float | None], ring: Callable[[], None], timers: Timers, clock: Clock
    ) -> None:
        self._deadline = deadline
        self._ring = ring
        self._timers = timers
        self._clock = clock
        self._at: float | None = None
        self._cancel: Callable[[], None] | None = None

    def arm(self) -> None:
        """Set the timer to the core's deadline, unless it is set to it already."""
        at = self._deadline()
        if at == self._at:
            return
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        self._at = at
        if at is not None:
            self._cancel = self._timers.call_at(at, self._fired)

    def _fired(self) -> None:
        self._at = None
        self._cancel = None
        self._ring()
        self.arm()
