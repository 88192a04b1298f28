"""The network of a test's own is apart from the machine's, usable, and gone afterwards."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.netns import ADDRESSES, ADDRESSES_6, own_network

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.needs("ip")


def here() -> str:
    return os.readlink("/proc/thread-self/ns/net")


def udp(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(5)
    made.bind((address, 0))
    return made


@pytest.mark.parametrize("pair", [ADDRESSES, ADDRESSES_6, ("127.0.0.1", "127.0.0.1"), ("::1", "::1")])
def test_its_addresses_reach_each_other(pair: tuple[str, str]) -> None:
    with own_network(), udp(pair[0]) as one, udp(pair[1]) as other:
        one.sendto(b"hello", other.getsockname())
        assert other.recvfrom(10) == (b"hello", one.getsockname())


@pytest.mark.parametrize("address", ADDRESSES)
def test_its_addresses_are_unknown_outside(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made, pytest.raises(OSError, match="requested address"):
        made.bind((address, 0))


def test_what_the_machine_listens_on_is_not_there_inside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        with own_network(), pytest.raises(ConnectionRefusedError):
            socket.create_connection(outside.getsockname(), timeout=5)
        socket.create_connection(outside.getsockname(), timeout=5).close()


def test_child_processes_are_inside_and_the_thread_is_back_after_an_error() -> None:
    before = here()

    def fail_inside() -> None:
        with own_network():
            child = subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, text=True, check=True)
            assert child.stdout.strip() == here() != before
            raise LookupError

    with pytest.raises(LookupError):
        fail_inside()
    assert here() == before


def test_where_it_is_not_allowed_the_refusal_says_what_is_missing() -> None:
    code = (
        "import os; from tests.support.netns import own_network\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "with own_network(): pass"
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "NamespaceRefused: unshare: Operation not permitted. This test makes a network namespace" in child.stderr
