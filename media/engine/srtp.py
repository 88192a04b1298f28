"""SRTP and SRTCP of one leg, by libsrtp (RFC 3711, RFC 7714).

pylibsrtp makes the sessions; the packets go to libsrtp by its cffi binding, in one buffer per leg: the wrapper's own
four methods allocate and check again what is checked here, which is a third of what they cost. The binding is private:
its names are used in this file only, and a test fails with another version than the one they were read in.
"""

from collections.abc import Callable
from typing import Any, Final

from pylibsrtp import ERRORS, Error, Policy, Session
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled, without a stub

from media.engine.api import LegKeys, Refusal, SrtpProfile

PINNED_VERSION: Final = "1.0.0"
# Packets that may overtake each other, in both directions. libsrtp's default of 128 is less than what a video
# sender puts out in 60 ms of jitter at 4 Mbit/s; the price is 128 octets a stream.
REPLAY_WINDOW: Final = 1024
# Octets of a packet with its trailer. Larger would admit what no Ethernet carries in one piece.
PACKET_SIZE: Final = 1500
# What libsrtp may append: tag and MKI (SRTP_MAX_TAG_LEN, SRTP_MAX_MKI_LEN), to RTCP its index as well. It is told no
# size, so this much stays free.
TRAILER, RTCP_TRAILER = 16 + 128, 4 + 16 + 128

_PROFILES: Final[dict[SrtpProfile, int]] = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}

# What the four methods of a transform raise: libsrtp's verdict, or a packet that does not fit its buffer.
SRTP_ERRORS: Final = (Error, ValueError)

Operation = Callable[[bytes], bytes]


class SrtpTransform:
    """The four operations, bound once, since they are looked up for each packet. Belongs to one thread.

    ``protect`` refuses a sequence number that it has protected before (``allow_repeat_tx`` stays off): with GCM
    a second packet under the same number would give the authentication key away (RFC 7714 8.1).
    """

    __slots__ = ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp")

    protect: Operation
    protect_rtcp: Operation
    unprotect: Operation
    unprotect_rtcp: Operation

    def __init__(self, keys: LegKeys) -> None:
        tx = _session(keys.profile, keys.tx_key + keys.tx_salt, Policy.SSRC_ANY_OUTBOUND)
        rx = _session(keys.profile, keys.rx_key + keys.rx_salt, Policy.SSRC_ANY_INBOUND)
        buffer = ffi.new("char[]", PACKET_SIZE)
        self.protect = _operation(lib.srtp_protect, tx, buffer, PACKET_SIZE - TRAILER)
        self.protect_rtcp = _operation(lib.srtp_protect_rtcp, tx, buffer, PACKET_SIZE - RTCP_TRAILER)
        self.unprotect = _operation(lib.srtp_unprotect, rx, buffer, PACKET_SIZE)
        self.unprotect_rtcp = _operation(lib.srtp_unprotect_rtcp, rx, buffer, PACKET_SIZE)


def _session(profile: SrtpProfile, key_and_salt: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key_and_salt, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile])
    policy.window_size = REPLAY_WINDOW
    return Session(policy)


def _operation(function: Callable[[Any, Any, Any], int], session: Session, buffer: Any, room: int) -> Operation:
    """One of libsrtp's functions on packets of up to ``room`` octets."""
    handle, octets, length = session._srtp, ffi.buffer(buffer), ffi.new("int *")

    def operate(packet: bytes) -> bytes:
        size = len(packet)
        if size > room:
            raise ValueError("packet is too long")
        octets[0:size] = packet
        length[0] = size
        # The handle frees the context when it goes: it is held here, not what it points to.
        status = function(handle[0], buffer, length)
        if status:
            raise Error(ERRORS[status])
        return octets[0 : length[0]]  # type: ignore[no-any-return]  # cffi has no types

    return operate


def rtp_refusal(error: Exception) -> Refusal:
    """Tell why ``unprotect`` failed; libsrtp's codes reach us as text only."""
    text = str(error)
    if "replay" in text or "too old" in text:
        return Refusal.SRTP_REPLAY
    return Refusal.SRTP_AUTH if "authentication" in text else Refusal.RTP_MALFORMED


def rtcp_refusal(error: Exception) -> Refusal:
    """Tell why ``unprotect_rtcp`` failed."""
    text = str(error)
    if "replay" in text or "too old" in text:
        return Refusal.SRTCP_REPLAY
    return Refusal.SRTCP_AUTH if "authentication" in text else Refusal.RTCP_MALFORMED
