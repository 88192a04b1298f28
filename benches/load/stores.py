"""The memory stores of `backends`, opened as one set: the message path without a disk."""

from backends.calls_memory import MemoryCallLog
from backends.claims_memory import MemoryCallClaims
from backends.games_memory import MemoryGameStore
from backends.memory_tables import MemoryTables
from backends.messages_memory import MemoryMessageStore
from backends.presence_memory import MemoryPresenceStore
from backends.prompts_memory import MemoryPromptLog
from backends.relations_memory import MemoryRelationStore
from backends.suggestions_memory import MemorySuggestionLog
from visavis.wiring import Stores


async def _close() -> None:
    """Memory needs no closing."""


async def _checkpoint() -> bool:
    """Nothing is on a disk."""
    return True


def open_memory() -> Stores:
    """Empty stores."""
    tables = MemoryTables()
    return Stores(
        messages=MemoryMessageStore(tables),
        relations=MemoryRelationStore(tables),
        games=MemoryGameStore(tables),
        suggestions=MemorySuggestionLog(),
        prompts=MemoryPromptLog(),
        presence=MemoryPresenceStore(),
        claims=MemoryCallClaims(),
        calls=MemoryCallLog(),
        checkpoint=_checkpoint,
        close=_close,
    )
