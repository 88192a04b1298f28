"""The last packets of a stream, kept for retransmission."""

from typing import Final

# 512 packets are 4 Mbit/s of video for a second at 1000 octets each; a power of two.
RING_PACKETS: Final = 512
# After a second no jitter buffer of a call wants the packet any more, and memory counts.
RING_SECONDS: Final = 1.0


class Ring:
    """Packets by extended sequence number, at most ``RING_PACKETS`` and ``RING_SECONDS`` old."""

    __slots__ = ("_arrivals", "_newest", "_oldest", "_packets", "_sequences")

    def __init__(self) -> None:
        self._packets: list[bytes | None] = [None] * RING_PACKETS
        self._sequences = [0] * RING_PACKETS
        self._arrivals = [0.0] * RING_PACKETS
        self._oldest = self._newest = 0  # nothing below _oldest is kept
        self.clear()

    def clear(self) -> None:
        """Forget everything; the next packet may have any number."""
        self._packets[:] = [None] * RING_PACKETS
        self._oldest = -1 << 62
        self._newest = self._oldest

    def put(self, sequence: int, packet: bytes, arrival: float) -> None:
        """Keep a packet, unless it is older than what the ring reaches back to."""
        if sequence > self._newest:
            self._newest = sequence
            if sequence - self._oldest >= RING_PACKETS:
                self._oldest = sequence - RING_PACKETS + 1
        elif sequence < self._oldest:
            return
        index = sequence & (RING_PACKETS - 1)
        self._packets[index] = packet
        self._sequences[index] = sequence
        self._arrivals[index] = arrival

    def get(self, sequence: int) -> bytes | None:
        """Return the packet if it is still here."""
        index = sequence & (RING_PACKETS - 1)
        return self._packets[index] if self._sequences[index] == sequence else None

    def arrival(self, sequence: int) -> float:
        """When the packet that ``get`` returned came."""
        return self._arrivals[sequence & (RING_PACKETS - 1)]

    def expire(self, now: float) -> None:
        """Let go of what is too old; amortised one step per packet."""
        horizon = now - RING_SECONDS
        while self._oldest <= self._newest:
            index = self._oldest & (RING_PACKETS - 1)
            if self._packets[index] is not None:
                if self._sequences[index] == self._oldest and self._arrivals[index] > horizon:
                    return
                self._packets[index] = None
            self._oldest += 1
