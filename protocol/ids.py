"""Opaque ids and the types that keep them apart.

Ids made by the server are `<48-bit milliseconds><80 random bits>` in Crockford's
base 32 with the property of ULIDs: as strings they sort by the time they were
made (https://github.com/ulid/spec). Time and randomness are arguments.
"""

from datetime import UTC, datetime
from typing import Annotated, NewType

from pydantic import AfterValidator, StringConstraints

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARS = 10
_RANDOM_CHARS = 16


def encode_id(time_ms: int, randomness: int) -> str:
    """26 characters: `time_ms` (milliseconds since 1970, 48 bits) and 80 bits of `randomness`."""
    number = ((time_ms & 0xFFFF_FFFF_FFFF) << 80) | (randomness & ((1 << 80) - 1))
    chars = []
    for _ in range(_TIME_CHARS + _RANDOM_CHARS):
        chars.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(chars))


def iso_time(time_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as all times on the wire: `2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _clean(value: str) -> str:
    """Ids come from clients in dev mode: nothing invisible or unstorable may enter."""
    if not value.isprintable() or value != value.strip():
        raise ValueError("must be printable and without spaces at its ends")
    return value


IdString = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_clean)]

UserId = NewType("UserId", str)
MatchId = NewType("MatchId", str)
MessageId = NewType("MessageId", str)
GameId = NewType("GameId", str)
SuggestionId = NewType("SuggestionId", str)
ConnectionId = NewType("ConnectionId", str)
