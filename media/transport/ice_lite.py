"""The server's half of ICE: it only answers checks and picks the path they name (RFC 8445, lite).

Contract: `check` takes one parsed request with the path it came by and `now` (monotonic seconds),
and returns the datagram to send back on that path and whether the selected path has moved; a request
that is not authentic returns None. `expire(now)` returns paths that are no longer checked.
No clock, no sockets, no randomness: credentials come in as arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from .stun import BindingRequest, error_response, success_response

# Without USE-CANDIDATE a check moves the session only when the old path was silent for so long
# (wire contract 9.6). Lower flaps between two living paths, higher prolongs the gap after a change.
SILENT_PATH_S: Final = 0.5
# A path that was not checked for so long is forgotten (consent, RFC 7675 5.1).
PATH_LIFETIME_S: Final = 30.0
# Paths one client may hold at a time: addresses of a phone, before and after a change, IPv4 and IPv6.
MAX_PATHS: Final = 8
UNKNOWN_ATTRIBUTE: Final = 420
ROLE_CONFLICT: Final = 487


class AnyPath(Protocol):
    """A hashable pair of a local socket and a remote address."""

    @property
    def remote(self) -> tuple[Any, ...]:
        """(host, port, ...) as the socket gave it."""


P = TypeVar("P", bound=AnyPath)


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """What the answer's `a=ice-ufrag` and `a=ice-pwd` hold (RFC 8445 5.3: at least 24 and 128 bits)."""

    ufrag: str
    pwd: str = field(repr=False)

    @property
    def key(self) -> bytes:
        """The key of MESSAGE-INTEGRITY (RFC 8489 9.1)."""
        return self.pwd.encode()


class CheckResult(NamedTuple):
    """`response` goes back by the path the check came; `moved`: the selected path is now that one."""

    response: bytes
    moved: bool


class IceLite(Generic[P]):
    """Checks of one transport. `selected` is where the server sends, None before the first good check."""

    __slots__ = ("_on_retired", "_paths", "current", "pending", "selected")

    def __init__(self, credentials: IceCredentials, on_retired: Callable[[IceCredentials], None]) -> None:
        """`on_retired` is told of credentials that are not valid any more."""
        self.current = credentials
        self.pending: IceCredentials | None = None
        self.selected: P | None = None
        self._paths: dict[P, float] = {}  # in the order of their last check
        self._on_retired = on_retired

    @property
    def paths(self) -> tuple[P, ...]:
        """Every checked path, the one checked last at the end."""
        return tuple(self._paths)

    def restart(self, credentials: IceCredentials) -> None:
        """ICE restart (RFC 8445 9): the old ones hold until the first check with the new ones."""
        if self.pending is not None:
            self._on_retired(self.pending)
        self.pending = credentials

    def check(self, request: BindingRequest, path: P, now: float, heard: float) -> CheckResult | None:
        """Answer one request.

        `heard` is when the selected path last brought something authentic other than a check.
        None: MESSAGE-INTEGRITY is missing or wrong, nothing is answered.
        """
        credentials = self._credentials_of(request)
        key = credentials.key
        if not request.authentic(key):
            return None
        if request.unknown:
            return CheckResult(error_response(request, UNKNOWN_ATTRIBUTE, key), moved=False)
        if request.controlled:
            # A lite agent is always controlled, so the other side has to switch (RFC 8445 7.3.1.1).
            return CheckResult(error_response(request, ROLE_CONFLICT, key), moved=False)
        if credentials is self.pending:
            self._on_retired(self.current)
            self.current, self.pending = credentials, None
        moved = self._moves(request, path, now, heard)
        if moved:
            self.selected = path
        self._paths.pop(path, None)
        self._paths[path] = now
        return CheckResult(success_response(request, path.remote, key), moved=moved)

    def expire(self, now: float) -> list[P]:
        """Forget paths without a recent check, and the oldest ones above `MAX_PATHS`; never the selected."""
        others = [path for path in self._paths if path != self.selected]
        surplus = len(self._paths) - MAX_PATHS
        gone = [
            path for index, path in enumerate(others) if index < surplus or now - self._paths[path] > PATH_LIFETIME_S
        ]
        for path in gone:
            del self._paths[path]
        return gone

    def _credentials_of(self, request: BindingRequest) -> IceCredentials:
        if self.pending is not None and request.ufrag == self.pending.ufrag.encode():
            return self.pending
        return self.current

    def _moves(self, request: BindingRequest, path: P, now: float, heard: float) -> bool:
        if self.selected is None:
            return True
        if path == self.selected:
            return False
        if request.use_candidate:
            return True
        return now - max(heard, self._paths[self.selected]) >= SILENT_PATH_S


__all__ = ["MAX_PATHS", "PATH_LIFETIME_S", "SILENT_PATH_S", "AnyPath", "CheckResult", "IceCredentials", "IceLite"]
