"""Arithmetic on numbers that wrap: RTP sequence numbers (16 bit) and timestamps (32 bit), RFC 3550 5.1.

An *extended* sequence number is a plain int that does not wrap; it starts at the first 16-bit number seen
and may become negative when the very first packets arrive out of order.
"""


def unwrap(sequence: int, near: int) -> int:
    """Return the extended number with these 16 low bits that is nearest to ``near`` (a tie goes backwards)."""
    return near + ((sequence - near + 0x8000) & 0xFFFF) - 0x8000


def distance(later: int, earlier: int) -> int:
    """Signed way from one 16-bit number to another, -32768..32767."""
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


def newer(sequence: int, than: int) -> bool:
    """Whether a 16-bit number lies ahead of another by less than half the circle."""
    return distance(sequence, than) > 0


def timestamp_distance(later: int, earlier: int) -> int:
    """Signed way from one 32-bit timestamp to another in clock ticks."""
    return ((later - earlier + 0x80000000) & 0xFFFFFFFF) - 0x80000000
