"""The server put together in this process over memory stores, as `visavis/wiring.py` does it.

`RecordingServer` stands where the Socket.IO server stands: it takes the handlers that the door registers, so that a
test calls them as the engine would, and writes down what the door asks of it.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refusal

from backends.calls_memory import MemoryCallLog
from backends.claims_memory import MemoryCallClaims
from backends.games_memory import MemoryGameStore
from backends.memory_tables import MemoryTables
from backends.messages_memory import MemoryMessageStore
from backends.presence_memory import MemoryPresenceStore
from backends.prompts_memory import MemoryPromptLog
from backends.relations_memory import MemoryRelationStore
from backends.suggestions_memory import MemorySuggestionLog
from monitoring.metrics import Metrics, RejectKind
from protocol.base import NAMESPACE_CHAT
from tests.support.media import ScriptedMedia
from tests.support.server import SECRET
from visavis.config import Config
from visavis.wiring import Built, Stores, build, make_metrics


class Turned(Exception):
    """A connection was refused; `body` is the `data` of its `connect_error`."""

    def __init__(self, message: str, body: dict[str, Any]) -> None:
        super().__init__(message)
        self.body = body


@dataclass
class RecordingServer:
    """See the module. A connection's Engine.IO id is its Socket.IO id up to a dot, with an `e` before it: 1 and
    1.scene are one page's."""

    handlers: dict[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)
    sent: list[tuple[str, Any, list[str], str | None]] = field(default_factory=list)
    rooms: dict[str, set[str]] = field(default_factory=dict)
    closed: list[tuple[str, str, str]] = field(default_factory=list)
    strikes: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def on(self, event: str, handler: Callable[..., Any], namespace: str) -> None:
        self.handlers[namespace, event] = handler

    def attach(self, app: Any) -> None:
        """There is nothing to listen on."""

    async def emit(self, event: str, data: Any, *, to: list[str], skip_sid: str | None = None, namespace: str) -> None:
        self.sent.append((event, data, to, skip_sid))

    async def enter_room(self, sid: str, room: str, namespace: str) -> None:
        self.rooms.setdefault(room, set()).add(sid)

    async def leave_room(self, sid: str, room: str, namespace: str) -> None:
        self.rooms[room].discard(sid)

    def eio_sid(self, sid: str, namespace: str) -> str | None:
        return None if sid in self.gone else f"e{sid.split('.')[0]}"

    def note_malformed(self, eio_sid: str) -> None:
        self.strikes.append(eio_sid)

    def close_connection(self, eio_sid: str, reason: str, *, reconnect: str) -> None:
        self.closed.append((eio_sid, reason, reconnect))

    async def close_all(self, reason: str, *, reconnect: str) -> None:
        self.closed.append(("all", reason, reconnect))

    # -- the side of the client ------------------------------------------------------------------------------------

    async def connect(
        self,
        sid: str,
        auth: object = None,
        *,
        query: str = "",
        address: str | None = "127.0.0.1",
        namespace: str = NAMESPACE_CHAT,
    ) -> None:
        """A client comes. Raises `Turned` when it is refused."""
        try:
            await self.handlers[namespace, "connect"](sid, {"QUERY_STRING": query, "REMOTE_ADDR": address}, auth)
        except Refusal as error:
            data = error.error_args
            raise Turned(data["message"], data["data"]) from None

    async def ask(self, sid: str, event: str, *arguments: Any, namespace: str = NAMESPACE_CHAT) -> dict[str, Any]:
        """A client sends an event; the answer."""
        answer: dict[str, Any] = await self.handlers[namespace, "*"](event, sid, *arguments)
        return answer

    async def leave(self, sid: str, reason: str = "client_left", *, namespace: str = NAMESPACE_CHAT) -> None:
        """A client's connection has ended."""
        await self.handlers[namespace, "disconnect"](sid, reason)

    def told(self, event: str) -> list[Any]:
        """Payloads of an event so far."""
        return [data for name, data, _, _ in self.sent if name == event]


@dataclass(frozen=True)
class InProcess:
    """The parts that tests use."""

    built: Built
    metrics: Metrics
    server: RecordingServer

    def counted(self) -> dict[str, int]:
        """`rejected_total` by kind, without zeros."""
        return {kind.value: count for kind in RejectKind if (count := self.metrics.rejected(kind))}


async def _checkpoint() -> bool:
    return True


async def _close() -> None:
    """Memory needs no closing."""


def memory_stores() -> Stores:
    """Empty stores that end with the test."""
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


def config(*, dev: bool = True, **sections: dict[str, Any]) -> Config:
    """A configuration with `SECRET` for tokens; `sections` as in the tree."""
    auth = {"secret": SECRET, **sections.pop("auth", {})}
    server = {"dev": dev, **sections.pop("server", {})}
    return Config.model_validate({"server": server, "auth": auth, **sections})


@contextlib.asynccontextmanager
async def in_process(*, dev: bool = True, engine: bool = False, **sections: dict[str, Any]) -> AsyncIterator[InProcess]:
    """The server for the length of a block; with `engine` its Socket.IO server is the real one."""
    given = config(dev=dev, **sections)
    metrics = make_metrics(given, None)
    server = RecordingServer()
    options: dict[str, Any] = {} if engine else {"make_server": lambda *_, **__: server}
    built = build(given, stores=memory_stores(), metrics=metrics, make_media=ScriptedMedia, **options)
    try:
        yield InProcess(built, metrics, server)
    finally:
        await built.timers.aclose()
