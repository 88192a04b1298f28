"""Local UDP sockets and what they know of remote addresses."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .transport import Transport

# Holds a burst of some 3,000 packets while the loop is busy; the kernel may grant less.
SOCKET_BUFFER: Final = 4 << 20
# Tries to find one port number that is free on all addresses.
_PORT_TRIES: Final = 32
# Linux, not in the socket module of Python 3.11: kernel arrival time, count of dropped datagrams.
SO_TIMESTAMPNS: Final = 35
SO_RXQ_OVFL: Final = 40

Address = tuple[Any, ...]


class Flow:
    """A remote address that has passed a check, and the transport it passed it for."""

    __slots__ = ("last", "leg_id", "transport")

    def __init__(self, transport: "Transport", now: float) -> None:
        self.transport = transport
        self.leg_id: int | None = None  # set when the engine knows the leg
        self.last = now  # when the last check or media datagram came, monotonic seconds


class LocalSocket:
    """One bound UDP socket. `flows` holds the checked remote addresses."""

    __slots__ = ("address", "dropped", "flows", "port", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        name = sock.getsockname()
        self.address: str = name[0]
        self.port: int = name[1]
        self.flows: dict[Address, Flow] = {}
        self.dropped = 0  # datagrams that the kernel threw away because the buffer was full


@dataclass(frozen=True, slots=True)
class Path:
    """Where a transport's datagrams come from and go to."""

    local: LocalSocket
    remote: Address


def bind_all(hosts: Sequence[str], port: int) -> list[LocalSocket]:
    """Bind one UDP socket per address, all on one port number; port 0 = any that is free on all.

    Raises `OSError` if an address can not be bound, `ValueError` without addresses.
    """
    if not hosts:
        raise ValueError("no address to bind")
    tries = _PORT_TRIES if port == 0 else 1
    while True:
        tries -= 1
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                sockets.append(_bind(host, sockets[0].getsockname()[1] if sockets else port))
            return [LocalSocket(sock) for sock in sockets]
        except OSError:
            for sock in sockets:
                sock.close()
            # The first address failing on any port fails for good.
            if not tries or not sockets:
                raise


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004  # IPv6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def default_route_addresses() -> list[str]:
    """The addresses from which this host reaches the rest of the world, IPv4 and IPv6, if it does."""
    found = []
    # Documentation addresses (RFC 5737, RFC 3849): connecting a UDP socket sends nothing.
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
            except OSError:
                continue
            found.append(probe.getsockname()[0])
    return found


def media_hosts(media_host: str, http_host: str) -> list[str]:
    """The addresses media listens on (wire contract 8.8).

    `media_host` is an address, or "auto": the default-route addresses, and loopback first if the
    HTTP host is a loopback or wildcard address. Firefox does not pair loopback candidates.
    """
    if media_host != "auto":
        address = ip_address(media_host)
        return default_route_addresses() if address.is_unspecified else [str(address)]
    host = ip_address("127.0.0.1" if http_host == "localhost" else http_host)
    hosts = ["127.0.0.1"] if host.is_loopback or host.is_unspecified else []
    return hosts + [address for address in default_route_addresses() if address not in hosts]


def shown_addresses(
    bound: Sequence[tuple[str, int]], announced: Iterable[tuple[str, int | None]] = ()
) -> list[tuple[str, int]]:
    """The addresses of the host candidates, best first (RFC 8445 5.1.2.2).

    `announced` (address or name, port or None for the bound one), when given, replaces `bound`: what the
    world sees of a server behind a one-to-one NAT.
    """
    port = bound[0][1]
    shown = [(host, given or port) for host, given in announced] or list(bound)
    return sorted(shown, key=lambda pair: _rank(pair[0]))


def _rank(host: str) -> tuple[bool, bool]:
    """Routable before loopback, IPv6 before IPv4 (RFC 8421 4). A name that the operator announced may be anything."""
    try:
        address = ip_address(host)
    except ValueError:
        return False, True
    return address.is_loopback, address.version != 6  # noqa: PLR2004  # IPv6


__all__ = [
    "Address",
    "Flow",
    "LocalSocket",
    "Path",
    "bind_all",
    "default_route_addresses",
    "media_hosts",
    "shown_addresses",
]
