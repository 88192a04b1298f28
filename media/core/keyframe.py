"""Whether an RTP payload begins a key frame. Only looked at while somebody waits for one.

The payload comes from a stranger and may be end-to-end encrypted, so the answer is a hint: callers bound
the time they wait. None means that this codec cannot be looked into.
"""

from collections.abc import Callable

_H264_IDR, _H264_SPS, _H264_STAP_A, _H264_FU_A = 5, 7, 24, 28


def _vp8(payload: bytes) -> bool:
    """RFC 7741 4.2 and 4.3: S bit, partition 0, then P bit 0 in the first octet of the frame."""
    first = payload[0]
    if not first & 0x10 or first & 0x07:
        return False
    at = 1
    if first & 0x80:
        extension = payload[at]
        at += 1
        if extension & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        if extension & 0x40:
            at += 1
        if extension & 0x30:
            at += 1
    return not payload[at] & 0x01


def _h264(payload: bytes) -> bool:
    """RFC 6184 5.4: an IDR slice or parameter set, alone, aggregated (5.7.1) or as first fragment (5.8)."""
    kind = payload[0] & 0x1F
    if kind == _H264_FU_A:
        return bool(payload[1] & 0x80) and payload[1] & 0x1F in (_H264_IDR, _H264_SPS)
    if kind != _H264_STAP_A:
        return kind in (_H264_IDR, _H264_SPS)
    at = 1
    while at + 2 < len(payload):
        if payload[at + 2] & 0x1F in (_H264_IDR, _H264_SPS):
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False


def _vp9(payload: bytes) -> bool:
    """RFC 9628 4.2: beginning of a frame (B) that is not inter-picture predicted (P)."""
    return not payload[0] & 0x40 and bool(payload[0] & 0x08)


def _av1(payload: bytes) -> bool:
    """AV1 RTP 1.0, 4.4: N bit, first packet of a coded video sequence."""
    return bool(payload[0] & 0x08)


_LOOK: dict[str, Callable[[bytes], bool]] = {"vp8": _vp8, "h264": _h264, "vp9": _vp9, "av1": _av1}


def begins_key_frame(codec: str, payload: bytes) -> bool | None:
    """Return whether the payload begins a key frame of the codec (lower-case name); None if it cannot be known."""
    look = _LOOK.get(codec)
    if look is None:
        return None
    try:
        return look(payload)
    except IndexError:  # shorter than its own descriptor says
        return False
