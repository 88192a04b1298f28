"""The number of the wire contract and who may connect with which."""

from typing import Literal

PROTOCOL_VERSION = 1
OLDEST_ACCEPTED = 1


def refusal(version: int) -> Literal["client_too_old", "server_too_old"] | None:
    """Why a client of `version` can not be served, or None when it can (N and N-1 are)."""
    if version < OLDEST_ACCEPTED:
        return "client_too_old"
    if version > PROTOCOL_VERSION:
        return "server_too_old"
    return None
