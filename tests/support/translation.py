"""A router with a public address before a server, as a one-to-one NAT with a forwarded port (RFC 4787)."""

import asyncio
from typing import Any, TypeAlias

Address: TypeAlias = tuple[str, int]


class _Inner(asyncio.DatagramProtocol):
    """Towards the server, on behalf of one client."""

    def __init__(self, router: "Translation", client: Address) -> None:
        self._router, self._client = router, client

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._router.outward(data, self._client)


class _Outer(asyncio.DatagramProtocol):
    """Towards the clients."""

    def __init__(self, router: "Translation") -> None:
        self._router = router

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._router.inward(data, (addr[0], addr[1]))


class Translation:
    """Forwards what comes to `public` to `server`, and back. `clients`: datagrams of each, both ways together."""

    def __init__(self, public: Address, server: Address) -> None:
        self.clients: dict[Address, int] = {}
        self._public, self._server = public, server
        self._outer: asyncio.DatagramTransport | None = None
        self._inner: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}

    async def __aenter__(self) -> "Translation":
        loop = asyncio.get_running_loop()
        self._outer, _ = await loop.create_datagram_endpoint(lambda: _Outer(self), self._public)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._outer is not None
        self._outer.close()
        for transport in await asyncio.gather(*self._inner.values()):
            transport.close()
        await asyncio.sleep(0)  # the sockets close in the loop's next round

    def inward(self, datagram: bytes, client: Address) -> None:
        """A client has sent something."""
        if client not in self._inner:
            self._inner[client] = asyncio.ensure_future(self._open(client))
        opened = self._inner[client]
        # What comes before the way is open is lost, and checked again.
        if opened.done():
            self._count(client)
            opened.result().sendto(datagram)

    def outward(self, datagram: bytes, client: Address) -> None:
        """The server has answered."""
        if self._outer is not None and not self._outer.is_closing():
            self._count(client)
            self._outer.sendto(datagram, client)

    async def _open(self, client: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Inner(self, client), remote_addr=self._server)
        return transport

    def _count(self, client: Address) -> None:
        self.clients[client] = self.clients.get(client, 0) + 1
