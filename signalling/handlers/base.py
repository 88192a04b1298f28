"""The registry of handlers: one function per client event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from protocol.base import Event, Outgoing
from signalling.services import Context

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers an event. `anonymous`: also for a connection that nobody is known to be behind.
    `limited`: counts towards the limit of all other events (messages have a limit of their own)."""

    event: type[Event]
    call: Callable[[Context, Any], Awaitable[Outgoing | None]]
    anonymous: bool
    limited: bool


HANDLERS: dict[tuple[str, str], Handler] = {}


def handles(
    event: type[E], *, anonymous: bool = False, limited: bool = True
) -> Callable[[Callable[[Context, E], Awaitable[Outgoing | None]]], Callable[[Context, E], Awaitable[Outgoing | None]]]:
    """Register a function as the handler of `event`. Raises `TypeError` for a second one."""

    def register(
        call: Callable[[Context, E], Awaitable[Outgoing | None]],
    ) -> Callable[[Context, E], Awaitable[Outgoing | None]]:
        key = (event.spec.namespace, event.spec.name)
        if key in HANDLERS:
            raise TypeError(f"event {event.spec.name} has two handlers")
        HANDLERS[key] = Handler(event=event, call=call, anonymous=anonymous, limited=limited)
        return call

    return register
