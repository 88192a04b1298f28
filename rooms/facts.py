"""What happened, told in process and in the past tense.

`FactBus.publish` calls every subscriber of the fact's class at once, in the order of
subscription. A subscriber must not block; one that wants to wait spawns a task. An
exception in one is logged and does not reach the others or the publisher.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rooms.model import Match, Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class UserCameOnline(Fact):
    """The first device of a user connected."""

    user_id: str


@dataclass(frozen=True, slots=True)
class UserWentOffline(Fact):
    """The last device of a user has been gone for the grace time."""

    user_id: str
    last_seen_ms: int


@dataclass(frozen=True, slots=True)
class DeviceCame(Fact):
    """A connection of the user is open and can be told things."""

    user_id: str
    connection_id: str


@dataclass(frozen=True, slots=True)
class DeviceLeft(Fact):
    """A connection of the user has ended, or is another user's now."""

    user_id: str
    connection_id: str


@dataclass(frozen=True, slots=True)
class MatchMade(Fact):
    """Two or more people were brought together and all of them are known."""

    match: Match


@dataclass(frozen=True, slots=True)
class UserJoined(Fact):
    """A connection of a member entered the room."""

    match_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MessageStored(Fact):
    """A message was committed."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageChanged(Fact):
    """A message was edited, deleted or reacted to."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageReachedDevice(Fact):
    """A message was written to a device of the user."""

    match_id: str
    user_id: str
    seq: int


F = TypeVar("F", bound=Fact)


class FactBus:
    """Facts to their subscribers, synchronously."""

    def __init__(self) -> None:
        self._subscribers: dict[type[Fact], list[Callable[[Any], None]]] = {}

    def subscribe(self, kind: type[F], handler: Callable[[F], None]) -> None:
        """Call `handler` for every fact of exactly this class."""
        self._subscribers.setdefault(kind, []).append(handler)

    def publish(self, fact: Fact) -> None:
        """Tell everybody who asked."""
        for handler in self._subscribers.get(type(fact), ()):
            try:
                handler(fact)
            except Exception:
                log.exception("a subscriber of a fact failed", extra={"fact": type(fact).__name__})
