"""What the memory stores share: rows that join each other, in dictionaries of one process."""

from dataclasses import dataclass, field, replace

from rooms.model import Cursor, Game, Match, Message, User


@dataclass(slots=True)
class MemoryTables:
    """One set of rows. Give the same object to all memory stores of a server.

    `messages` holds a list by match in which the message with `seq` n stands at n - 1.
    """

    users: dict[str, User] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    match_by_key: dict[str, str] = field(default_factory=dict)
    active_ms: dict[str, int] = field(default_factory=dict)
    cursors: dict[str, dict[str, Cursor]] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    place: dict[str, tuple[str, int]] = field(default_factory=dict)
    message_by_client_id: dict[tuple[str, str, str], str] = field(default_factory=dict)
    games: dict[str, Game] = field(default_factory=dict)

    def message(self, message_id: str) -> Message | None:
        """The message as it stands, by its id."""
        place = self.place.get(message_id)
        if place is None:
            return None
        match_id, seq = place
        return self.messages[match_id][seq - 1]

    def keep(self, message: Message) -> Message:
        """Put a changed message back into its place, one version on."""
        changed = replace(message, version=message.version + 1)
        self.messages[message.match_id][message.seq - 1] = changed
        return changed


__all__ = ["MemoryTables"]
