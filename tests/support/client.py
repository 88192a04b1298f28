"""A chat client for tests over the official python-socketio client.

`connected(url, ...)` is a context manager; `ask` sends an event and returns its acknowledgement, every event from the
server is kept in `events` in the order of arrival, and `wait_for` returns the first that fits, earlier ones included.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import socketio
from socketio.exceptions import ConnectionError as SocketIOConnectionError
from socketio.exceptions import SocketIOError

Payload = dict[str, Any]

WAIT_S = 5.0  # how long anything may take unless a test says otherwise
_NOTHING = object()


class Refused(Exception):
    """The server did not accept the connection; `data` is the body of its `connect_error`, None without one."""

    def __init__(self, data: Any) -> None:
        super().__init__(str(data))
        self.data = data


class Disconnected(Exception):
    """The connection ended before the answer came."""


class ChatClient:
    """One device. Make it with `connected` or `ChatClient.open`."""

    def __init__(self, namespace: str = "/") -> None:
        self.events: list[tuple[str, Any]] = []
        self._namespace = namespace
        self.gone = asyncio.Event()
        self._changed = asyncio.Event()
        self._refusal: Any = None
        self._socket = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._socket.on("*", self._note, namespace=namespace)
        self._socket.on("connect_error", self._refused, namespace=namespace)
        self._socket.on("disconnect", self._ended, namespace=namespace)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        token: str | None = None,
        query: Mapping[str, str] | None = None,
        auth: Mapping[str, Any] | None = None,
        transports: Sequence[str] = ("websocket",),
        headers: Mapping[str, str] | None = None,
        namespace: str = "/",
    ) -> "ChatClient":
        """A connected client. `query` names the user in development mode. Raises `Refused`."""
        client = cls(namespace)
        credentials = {**({} if token is None else {"token": token}), **(auth or {})}
        address = f"{url}?{urlencode(query)}" if query else url
        try:
            await client._socket.connect(
                address,
                auth=credentials or None,
                transports=list(transports),
                headers=dict(headers or {}),
                namespaces=[namespace],
                wait_timeout=WAIT_S,
            )
        except SocketIOConnectionError as error:
            await client.close()
            raise Refused(client._refusal) from error
        return client

    async def close(self) -> None:
        """An orderly end."""
        await self._socket.disconnect()

    async def drop(self) -> None:
        """An end without a word, as a lost network: the connection is closed below Socket.IO."""
        await self._socket.eio.disconnect(abort=True)

    @property
    def is_connected(self) -> bool:
        """Whether the Socket.IO connection stands."""
        return bool(self._socket.connected)

    async def emit(self, event: str, payload: Any = _NOTHING) -> None:
        """Send without asking for an answer."""
        await self._socket.emit(event, None if payload is _NOTHING else payload, namespace=self._namespace)

    async def ask(self, event: str, payload: Any = _NOTHING, *, within_s: float = WAIT_S) -> Payload:
        """Send and return the acknowledgement. Raises `TimeoutError` or `Disconnected`."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(*values: Any) -> None:
            if not answer.done():
                answer.set_result(values[0])

        try:
            given = None if payload is _NOTHING else payload
            await self._socket.emit(event, given, callback=answered, namespace=self._namespace)
        except SocketIOError as error:
            raise Disconnected from error
        ended: asyncio.Future[Any] = asyncio.ensure_future(self.gone.wait())
        try:
            done, _ = await asyncio.wait({answer, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        if answer in done:
            result: Payload = answer.result()
            return result
        if ended in done:
            raise Disconnected
        raise TimeoutError(f"no answer to {event} within {within_s} s")

    async def ok(self, event: str, payload: Any = _NOTHING) -> Payload:
        """As `ask`, for an event that must be accepted."""
        answer = await self.ask(event, payload)
        assert answer["ok"] is True, (event, answer)
        return answer

    async def refused(self, event: str, payload: Any = _NOTHING) -> Payload:
        """As `ask`, for an event that must be refused; returns the error."""
        answer = await self.ask(event, payload)
        assert answer["ok"] is False, (event, answer)
        error: Payload = answer["error"]
        return error

    def seen(self, name: str) -> list[Any]:
        """The payloads of this event so far."""
        return [data for event, data in self.events if event == name]

    async def wait_for(
        self, name: str, fits: Callable[[Any], bool] = lambda data: True, *, within_s: float = WAIT_S
    ) -> Any:
        """The first event of this name that fits, also when it has come before."""
        return (await self.wait_for_count(name, 1, fits, within_s=within_s))[0]

    async def wait_for_count(
        self, name: str, count: int, fits: Callable[[Any], bool] = lambda data: True, *, within_s: float = WAIT_S
    ) -> list[Any]:
        """All fitting events of this name, once there are at least `count`."""
        try:
            async with asyncio.timeout(within_s):
                while len(found := [data for data in self.seen(name) if fits(data)]) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {within_s} s for {count} {name}; seen: {self.events}") from None
        return found

    async def wait_until_gone(self, *, within_s: float = WAIT_S) -> None:
        """Until the connection has ended."""
        await asyncio.wait_for(self.gone.wait(), within_s)

    def _note(self, event: str, data: Any = None) -> None:
        self.events.append((event, data))
        self._changed.set()

    def _refused(self, data: Any = None) -> None:
        self._refusal = data

    def _ended(self, reason: Any = None) -> None:
        self.gone.set()


@contextlib.asynccontextmanager
async def connected(url: str, **how: Any) -> AsyncIterator[ChatClient]:
    """A client for the length of a block; arguments as for `ChatClient.open`."""
    client = await ChatClient.open(url, **how)
    try:
        yield client
    finally:
        await client.close()
