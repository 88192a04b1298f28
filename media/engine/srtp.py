"""SRTP and SRTCP of one leg, by libsrtp (RFC 3711, RFC 7714)."""

from collections.abc import Callable
from typing import Final

from pylibsrtp import Error, Policy, Session

from media.engine.api import LegKeys, Refusal, SrtpProfile

# Packets that may overtake each other, in both directions. libsrtp's default of 128 is less than what a video
# sender puts out in 60 ms of jitter at 4 Mbit/s; the price is 128 octets a stream.
REPLAY_WINDOW: Final = 1024

_PROFILES: Final[dict[SrtpProfile, int]] = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}

# What the four methods of a transform raise: libsrtp's verdict, or a packet that does not fit its buffer.
SRTP_ERRORS: Final = (Error, ValueError)


class SrtpTransform:
    """The four operations, bound once, since they are looked up for each packet.

    ``protect`` refuses a sequence number that it has protected before (``allow_repeat_tx`` stays off): with GCM
    a second packet under the same number would give the authentication key away (RFC 7714 8.1).
    """

    __slots__ = ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp")

    protect: Callable[[bytes], bytes]
    protect_rtcp: Callable[[bytes], bytes]
    unprotect: Callable[[bytes], bytes]
    unprotect_rtcp: Callable[[bytes], bytes]

    def __init__(self, keys: LegKeys) -> None:
        tx = _session(keys.profile, keys.tx_key + keys.tx_salt, Policy.SSRC_ANY_OUTBOUND)
        rx = _session(keys.profile, keys.rx_key + keys.rx_salt, Policy.SSRC_ANY_INBOUND)
        self.protect = tx.protect
        self.protect_rtcp = tx.protect_rtcp
        self.unprotect = rx.unprotect
        self.unprotect_rtcp = rx.unprotect_rtcp


def _session(profile: SrtpProfile, key_and_salt: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key_and_salt, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile])
    policy.window_size = REPLAY_WINDOW
    return Session(policy)


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
