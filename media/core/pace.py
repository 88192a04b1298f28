"""When a socket is read: at once while little comes, once in a pause while much comes.

To fall asleep and be woken costs a process more than a packet does. From some thousand packets a second on it pays to
leave them in the socket for a moment and to take several in one turn; the kernel stamps each as it comes, so nothing
that is measured changes. Contract: ``after`` when a turn of reading is over; what it returns says when the next is due.
Times in seconds of one monotonic clock. No I/O.
"""

from typing import Final

# How long a packet may be left where it is. Larger saves more wake-ups and is later; smaller is less than the timers of
# event loops can tell, which count in milliseconds. A steady beat of as much (timerfd) was tried: with ten calls its
# median delay was a quarter of a millisecond less, and a packet cost a sixth more.
PAUSE_S: Final = 0.001
# Packets a second. From PACED_FROM on a pause brings two packets and more; below, it would cost delay and save nothing.
# Between the two nothing changes, so that a rate near one of them does not switch all the time.
PACED_FROM: Final = 2_000
PACED_UNTIL: Final = 1_200
# The rate is that of so long: shorter takes the burst of one picture for a load, longer is late to help.
WINDOW_S: Final = 0.1
# A turn with so many has paid for itself: what came meanwhile is read at once. Fewer would give up the saving under
# load, more would add the pause to a delay that the load itself makes.
PLENTY: Final = 8


class Pace:
    """Of one socket."""

    __slots__ = ("_begin", "_count", "paced")

    def __init__(self) -> None:
        self.paced = False
        self._begin: float | None = None  # of the present window
        self._count = 0

    def after(self, count: int, now: float) -> float | None:
        """Take how many packets the turn that is over has read. Returns seconds until the next; None: as one comes."""
        if self._begin is None:
            self._begin = now
        self._count += count
        passed = now - self._begin
        if passed >= WINDOW_S:
            self.paced = self._count >= passed * (PACED_UNTIL if self.paced else PACED_FROM)
            self._begin, self._count = now, 0
        if not self.paced:
            return None
        return 0.0 if count >= PLENTY else PAUSE_S
