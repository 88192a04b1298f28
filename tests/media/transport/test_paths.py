"""Binding, and which addresses media listens on."""

import ipaddress
import socket

import pytest

from media.transport import paths
from media.transport.paths import bind_all, default_route_addresses, media_hosts, shown_addresses


def close(sockets: list[paths.LocalSocket]) -> None:
    for local in sockets:
        local.sock.close()


def test_all_addresses_get_the_same_free_port() -> None:
    sockets = bind_all(["127.0.0.1", "::1"], 0)
    try:
        assert [local.address for local in sockets] == ["127.0.0.1", "::1"]
        assert sockets[0].port == sockets[1].port > 0
        assert not sockets[0].sock.getblocking()
    finally:
        close(sockets)


def test_a_port_that_is_taken_is_an_error_and_nothing_stays_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="in use"):
            bind_all(["127.0.0.1"], taken.getsockname()[1])


def test_another_port_is_tried_when_one_address_does_not_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[tuple[str, int]] = []
    bind = paths._bind

    def busy_once(host: str, port: int) -> socket.socket:
        tries.append((host, port))
        if len(tries) == 2:
            raise OSError("in use")
        return bind(host, port)

    monkeypatch.setattr(paths, "_bind", busy_once)
    sockets = bind_all(["127.0.0.1", "127.0.0.2"], 0)
    close(sockets)
    assert [host for host, _ in tries] == ["127.0.0.1", "127.0.0.2"] * 2
    assert [local.address for local in sockets] == ["127.0.0.1", "127.0.0.2"]


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="assign"):
        bind_all(["203.0.113.7"], 0)


def test_no_host_is_an_error() -> None:
    with pytest.raises(ValueError, match="no address"):
        bind_all([], 0)


def test_default_route_addresses_are_addresses_of_this_host() -> None:
    for address in default_route_addresses():
        assert not ipaddress.ip_address(address).is_unspecified
        close(bind_all([address], 0))


ROUTED = ["198.51.100.4", "2001:db8::4"]


@pytest.mark.parametrize(
    ("media_host", "http_host", "expected"),
    [
        ("auto", "127.0.0.1", ["127.0.0.1", *ROUTED]),
        ("auto", "localhost", ["127.0.0.1", *ROUTED]),
        ("auto", "0.0.0.0", ["127.0.0.1", *ROUTED]),
        ("auto", "198.51.100.4", ROUTED),
        ("127.0.0.1", "0.0.0.0", ["127.0.0.1"]),
        ("0.0.0.0", "127.0.0.1", ROUTED),
        ("2001:DB8::4", "127.0.0.1", ["2001:db8::4"]),
    ],
)
def test_media_listens_where_the_contract_says(
    media_host: str, http_host: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "default_route_addresses", lambda: list(ROUTED))
    assert media_hosts(media_host, http_host) == expected


def test_a_host_without_a_route_has_no_default_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError("unreachable")

    monkeypatch.setattr(socket, "socket", Unreachable)
    assert default_route_addresses() == []


BOUND = [("127.0.0.1", 5000), ("192.0.2.2", 5000), ("2001:db8::2", 5000)]


def test_each_bound_address_is_shown_and_loopback_last() -> None:
    assert [host for host, _ in shown_addresses(BOUND)] == ["2001:db8::2", "192.0.2.2", "127.0.0.1"]


def test_announced_addresses_replace_the_bound_ones() -> None:
    announced = [("203.0.113.9", None), ("203.0.113.10", 6000)]
    assert shown_addresses(BOUND, announced) == [("203.0.113.9", 5000), ("203.0.113.10", 6000)]


def test_an_announced_name_is_shown_as_it_is() -> None:
    assert shown_addresses(BOUND, [("media.example.org", 6000)]) == [("media.example.org", 6000)]
    assert shown_addresses(BOUND, [("127.0.0.1", None), ("media.example.org", None)])[0][0] == "media.example.org"
