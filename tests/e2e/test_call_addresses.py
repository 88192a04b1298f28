"""Calls where the relay is reached over IPv6 only, or behind a router by an announced address."""

import re
import time
from pathlib import Path

import pytest

from tests.support.call_peer import CallPeer, two_in_a_call
from tests.support.netns import ADDRESSES, ADDRESSES_6, own_network
from tests.support.server import serving
from tests.support.translation import Translation

pytestmark = [pytest.mark.needs("ip"), pytest.mark.timeout(90)]

FLOWING_WITHIN_S = 5.0
INSIDE, PUBLIC = ADDRESSES
MEDIA_PORT, PUBLIC_PORT = 40_000, 50_000  # nobody else is in this network


def told(peer: CallPeer) -> set[tuple[str, int]]:
    """The addresses in the relay's answer."""
    return {(host, int(port)) for host, port in re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) ", peer.answer)}


async def both_have_media(*peers: CallPeer) -> None:
    began = time.monotonic()
    for peer in peers:
        await peer.until_media(began, FLOWING_WITHIN_S)


@pytest.mark.parametrize("media_host", ["::1", ADDRESSES_6[0]])
async def test_a_call_over_ipv6(tmp_path: Path, media_host: str) -> None:
    with own_network(), serving(tmp_path, "--host", "::1", "--media-host", media_host) as server:
        assert server.url == f"http://[::1]:{server.port}"
        async with two_in_a_call(server) as (ana, ben):
            for peer in (ana, ben):
                assert {host for host, _ in told(peer)} == {media_host}
            await both_have_media(ana, ben)


@pytest.mark.parametrize("announced", [f"{PUBLIC}:{PUBLIC_PORT}", PUBLIC], ids=["address and port", "address"])
async def test_a_call_to_an_announced_address_behind_a_router(tmp_path: Path, announced: str) -> None:
    options = ("--media-host", INSIDE, "--media-port", str(MEDIA_PORT), "--announce", announced)
    public = (PUBLIC, PUBLIC_PORT if ":" in announced else MEDIA_PORT)
    with own_network(), serving(tmp_path, *options) as server:
        async with Translation(public, (INSIDE, MEDIA_PORT)) as router, two_in_a_call(server) as (ana, ben):
            for peer in (ana, ben):
                assert told(peer) == {public}
                assert INSIDE not in peer.answer
            await both_have_media(ana, ben)
            # Pictures and sound of at least two clients went this way.
            assert sum(count > 50 for count in router.clients.values()) == 2
