"""From the sender's clock to ours: the least transit of one stream.

Contract: `add` for each packet that came by itself (no retransmission), with its media time (RTP timestamp in seconds,
any origin) and its arrival. `least` is then what turns a media time into the earliest arrival one could hope for,
which is capture time but for the shortest one-way delay. `went_on` takes packets that are known not to change it.
"""

import math
from collections import deque
from typing import Final

# How far back the least is looked for. Longer holds a standing queue against the path for longer and lets clocks
# drift (100 ppm are 3 ms in it); shorter takes a queue of some seconds for the normal state of the path.
WINDOW_S: Final = 30.0
# A step of the timestamp that the arrivals do not share: another source under the same SSRC (a changed device, a
# track put back). Smaller would take a stall of the path for it.
JUMP_S: Final = 5.0


class LeastTransit:
    """See the module. `least` is meaningless before the first packet."""

    __slots__ = ("_arrival", "_media", "_seconds", "least")

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque()  # second of arrival, least transit in it
        self._media = 0.0
        self._arrival = 0.0
        self.least = 0.0

    def add(self, media: float, arrival: float) -> bool:
        """Take a packet. True: it begins the count anew, being the first one or because the timestamps have jumped."""
        transit = arrival - media
        fresh = not self._seconds or self.jumped(media, arrival)
        self._media, self._arrival = media, arrival
        second = int(arrival)
        seconds = self._seconds
        if fresh:
            seconds.clear()
            seconds.append((second, transit))
            self.least = transit
        elif second != seconds[-1][0]:
            seconds.append((second, transit))
            while seconds[0][0] < second - WINDOW_S:
                seconds.popleft()
            self.least = min(least for _, least in seconds)
        elif transit < seconds[-1][1]:
            seconds[-1] = (second, transit)
            self.least = min(self.least, transit)
        return fresh

    @property
    def holds_until(self) -> float:
        """Before this time no packet changes `least` but by a shorter transit or a jump."""
        # Below zero the second that begins with a whole number is another one.
        return int(self._arrival) + 1.0 if self._seconds and self._arrival > -1.0 else -math.inf

    def went_on(self, media: float, arrival: float, fastest: float) -> None:
        """Take some packets at once, the last of which this one is: before `holds_until`, without a jump, and none of
        a shorter transit than `fastest`, which is not under `least`."""
        self._media, self._arrival = media, arrival
        second, least = self._seconds[-1]
        if fastest < least:
            self._seconds[-1] = (second, fastest)

    def jumped(self, media: float, arrival: float) -> bool:
        """Whether a packet would begin the count anew."""
        step = media - self._media
        return abs(step) > JUMP_S and abs(step - (arrival - self._arrival)) > JUMP_S
