"""What every service of the house is given."""

from dataclasses import dataclass

from rooms.announcer import Announcer
from rooms.facts import FactBus
from rooms.ports import Clock, Ids, Timers


@dataclass(frozen=True, slots=True)
class Kit:
    """Clocks, ids, timers, and the two ways to tell: events to clients, facts to the house."""

    clock: Clock
    ids: Ids
    timers: Timers
    facts: FactBus
    announcer: Announcer
