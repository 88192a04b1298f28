"""The secured path of one leg: keys, checked address, what was refused."""

from collections import defaultdict
from typing import Final

from media.engine.api import Address, LegKeys, Refusal, Send
from media.engine.srtp import SrtpTransform

RTT_WEIGHT: Final = 0.25  # of the newest sample: reports come once a second, a stale mean would mislead the retries


class Link:
    """Where the packets of a leg go and how they are protected. All fields are read in the packet path."""

    __slots__ = ("address", "heard", "leg_id", "protect", "refused", "rtt", "rtt_newest", "send", "srtp", "unprotect")

    def __init__(self, leg_id: int, keys: LegKeys, address: Address, send: Send) -> None:
        self.leg_id = leg_id
        self.srtp = SrtpTransform(keys)
        self.protect = self.srtp.protect
        self.unprotect = self.srtp.unprotect
        self.address = address
        self.send = send
        self.refused: defaultdict[Refusal, int] = defaultdict(int)
        self.heard: float | None = None  # arrival of the last authentic packet
        self.rtt: float | None = None  # seconds, smoothed
        self.rtt_newest: float | None = None  # seconds

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send a packet whose number is new."""
        self.transmit(self.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        self.transmit(self.srtp.protect_rtcp(packet))

    def transmit(self, protected: bytes) -> None:
        """Send octets that are protected already. A full socket is a lost packet, as on any other hop."""
        try:
            self.send(protected, self.address)
        except OSError:
            self.refused[Refusal.SEND_FAILED] += 1

    def measured_rtt(self, sample: float) -> None:
        self.rtt_newest = sample
        self.rtt = sample if self.rtt is None else self.rtt + (sample - self.rtt) * RTT_WEIGHT
