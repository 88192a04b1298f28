"""Why a datagram that reached the media port was not used."""

from enum import StrEnum


class TransportRefusal(StrEnum):
    """The closed set of counter labels of the transport; the engine has its own for RTP and RTCP."""

    STUN_MALFORMED = "stun_malformed"
    STUN_UNEXPECTED = "stun_unexpected"  # well formed, but no Binding request
    STUN_UNKNOWN_UFRAG = "stun_unknown_ufrag"
    STUN_UNAUTHENTICATED = "stun_unauthenticated"  # MESSAGE-INTEGRITY missing or wrong
    STUN_ADDRESS_TAKEN = "stun_address_taken"  # another live transport is heard from this address
    DTLS_UNCHECKED_ADDRESS = "dtls_unchecked_address"
    DTLS_MALFORMED = "dtls_malformed"
    DTLS_PLAIN_ALERT = "dtls_plain_alert"  # anybody could have written it
    DTLS_LIMIT = "dtls_limit"  # more handshake bytes or attempts than a client needs
    RTP_UNCHECKED_ADDRESS = "rtp_unchecked_address"
    RTP_TOO_EARLY = "rtp_too_early"  # from a checked address before there are keys
    SCTP_UNEXPECTED = "sctp_unexpected"  # there is no association that it could belong to
    SCTP_MALFORMED = "sctp_malformed"
    SCTP_LIMIT = "sctp_limit"  # outside the windows that the relay gives
    UNKNOWN = "unknown"  # no protocol of RFC 7983
    SEND_FAILED = "send_failed"  # the socket was full or the path is gone
    INTERNAL = "internal"  # a mistake of ours; logged


__all__ = ["TransportRefusal"]
