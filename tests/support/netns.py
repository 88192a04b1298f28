"""A network of the test's own: a Linux network namespace with two routable addresses of each family and no way out.

`own_network()` takes the calling thread into a new namespace for the length of a block. Sockets and processes that the
thread makes meanwhile are in it, the thread itself is back outside at the end. The namespace has no name and is gone
with the last process in it, so nothing is left behind even when the tests are killed.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ADDRESSES = ("198.18.0.1", "198.18.1.1")  # of RFC 2544's range for benchmarks: nobody's
ADDRESSES_6 = ("2001:2::1", "2001:2:0:1::1")  # likewise, RFC 5180
_CLONE_NEWNET = 0x40000000  # <linux/sched.h>
_LIBC = ctypes.CDLL(None, use_errno=True)
# Both ends of the cable are inside, each with an address: of one interface browsers take one address for ICE. The route
# makes the first what they hold for their way to the world.
_SET_UP = (
    "link set lo up",
    "link add wire0 type veth peer name wire1",
    *(f"address add {address}/24 dev wire{number}" for number, address in enumerate(ADDRESSES)),
    # Without a search for duplicates, during which an address can not be bound.
    *(f"address add {address}/64 dev wire{number} nodad" for number, address in enumerate(ADDRESSES_6)),
    "link set wire0 up",
    "link set wire1 up",
    "route add default dev wire0",
    "-6 route add default dev wire0",
)


class NamespaceRefused(AssertionError):
    """This machine or container does not let us make a network namespace."""


def _call(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*arguments) != 0:
        error = os.strerror(ctypes.get_errno())
        raise NamespaceRefused(
            f"{name}: {error}. This test makes a network namespace of its own: run it as root, in a container with the "
            "capability SYS_ADMIN and without a seccomp profile that forbids unshare."
        )


def _ip(command: str) -> None:
    try:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise NamespaceRefused("ip of iproute2 is not installed; scripts/install-test-deps does it") from None
    except subprocess.CalledProcessError as error:
        raise NamespaceRefused(f"ip {command}: {error.stderr.strip()}") from error


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """A network with `ADDRESSES` and `ADDRESSES_6` besides loopback. Raises `NamespaceRefused`."""
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        _call("unshare", _CLONE_NEWNET)
        try:
            for command in _SET_UP:
                _ip(command)
            yield
        finally:
            _call("setns", outside.fileno(), _CLONE_NEWNET)
