"""How personal a topic may be, by the length of the talk so far."""

from typing import Final

from assist.core.topics import ALL_DEPTHS, Wish

FIRST_MESSAGES: Final = 4
"""A room with fewer messages has not begun to talk: only lines that fit as a first one."""

WARM_MESSAGES: Final = 20
"""From here on personal questions are allowed. Lower: they come before people know each other's tone."""

LONG_MESSAGES: Final = 60
"""From here on personal questions are what is wanted."""


def wishes(message_count: int) -> list[Wish]:
    """What to ask the bank for, best first; a later wish counts when the earlier ones give too little."""
    if message_count < FIRST_MESSAGES:
        return [
            Wish(range(1, 3), target_depth=1, opener_only=True),
            Wish(range(1, 3), target_depth=1),
            Wish(ALL_DEPTHS, target_depth=1),
        ]
    if message_count < WARM_MESSAGES:
        return [Wish(range(1, 3), target_depth=2), Wish(ALL_DEPTHS, target_depth=2)]
    return [Wish(ALL_DEPTHS, target_depth=2 if message_count < LONG_MESSAGES else 3)]
