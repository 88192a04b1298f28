"""Connections and who is behind each of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from protocol.base import NAMESPACE_CHAT
from signalling.auth import Scope

BoundBy = Literal["nobody", "name", "token"]


@dataclass(slots=True)
class Connection:
    """One Socket.IO connection, in one namespace; those of one page share an Engine.IO connection (`engine_id`).
    `bound_by` says how far its user is known: `name` only in development mode.

    `entering` is there while the room of an old client's query is being entered: its events wait for that, or
    the first message would not know its match."""

    connection_id: str
    namespace: str = NAMESPACE_CHAT
    engine_id: str | None = None
    user_id: str | None = None
    name: str | None = None
    scope: Scope = "user"
    bound_by: BoundBy = "nobody"
    current_match: str | None = None
    welcomed: bool = False  # the client has its `connected`, so other events may follow
    bare_suggestions: bool = False
    lang: str | None = None
    entering: asyncio.Event | None = None
    expires_at: float = 0.0  # of its token, seconds since 1970
    cancel_expiry: Callable[[], None] | None = field(default=None, repr=False)

    def forget_expiry(self) -> None:
        """The token's timer no longer matters."""
        if self.cancel_expiry is not None:
            self.cancel_expiry()
            self.cancel_expiry = None


class ConnectionTable:
    """All connections of this process, by id and by user."""

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        self._by_user: dict[str, dict[str, Connection]] = {}
        self._by_engine: dict[str, list[Connection]] = {}

    def add(self, connection: Connection) -> None:
        """A connection was accepted."""
        self._by_id[connection.connection_id] = connection
        self._by_engine.setdefault(_engine(connection), []).append(connection)

    def get(self, connection_id: str) -> Connection | None:
        """The connection, None when it is gone."""
        return self._by_id.get(connection_id)

    def bind(self, connection: Connection, user_id: str) -> None:
        """The connection is now the user's."""
        self.unbind(connection)
        connection.user_id = user_id
        self._by_user.setdefault(user_id, {})[connection.connection_id] = connection

    def unbind(self, connection: Connection) -> None:
        """The connection is nobody's."""
        if connection.user_id is None:
            return
        devices = self._by_user.get(connection.user_id, {})
        devices.pop(connection.connection_id, None)
        if not devices:
            self._by_user.pop(connection.user_id, None)
        connection.user_id = None

    def remove(self, connection_id: str) -> Connection | None:
        """The connection is gone. Its `user_id` stays readable."""
        connection = self._by_id.pop(connection_id, None)
        if connection is not None:
            user_id = connection.user_id
            self.unbind(connection)
            connection.user_id = user_id
            self._forget_engine(connection)
        return connection

    def of_user(self, user_id: str, namespace: str = NAMESPACE_CHAT) -> list[Connection]:
        """The user's connections here in one namespace."""
        devices = self._by_user.get(user_id, {}).values()
        return [connection for connection in devices if connection.namespace == namespace]

    def siblings(self, connection: Connection) -> list[Connection]:
        """The same user's connections in other namespaces of the same Engine.IO connection."""
        shared = self._by_engine.get(_engine(connection), [])
        return [one for one in shared if one is not connection and one.user_id == connection.user_id]

    def open_rooms(self) -> int:
        """Rooms that are the current one of at least one connection."""
        return len({connection.current_match for connection in self._by_id.values()} - {None})

    def _forget_engine(self, connection: Connection) -> None:
        shared = self._by_engine[_engine(connection)]
        shared.remove(connection)
        if not shared:
            del self._by_engine[_engine(connection)]

    def __len__(self) -> int:
        """How many clients are connected, whatever namespaces they are in."""
        return len(self._by_engine)


def _engine(connection: Connection) -> str:
    return connection.engine_id or connection.connection_id
