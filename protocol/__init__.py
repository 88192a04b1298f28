"""The wire: every event, answer and error a client may rely on, declared once.

JSON Schema, TypeScript types and the reference are generated from these classes
(`scripts/generate`). Imports nothing of ours.
"""

from protocol import calls, chat, games, presence, prompts, quality, rooms, session
from protocol.base import REGISTRY, Direction, Event, EventSpec, Payload, ServerEvent, event
from protocol.errors import ProtocolError

__all__ = [
    "REGISTRY",
    "Direction",
    "Event",
    "EventSpec",
    "Payload",
    "ProtocolError",
    "ServerEvent",
    "calls",
    "chat",
    "event",
    "games",
    "presence",
    "prompts",
    "quality",
    "rooms",
    "session",
]
