"""Two people with two devices each, for the tests of this folder."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tests.support.client import ChatClient, connected
from tests.support.server import Server

_numbers = itertools.count()


@dataclass
class Pair:
    """Two people of one match, two devices each. All devices are connected, none has joined the room."""

    match_id: str
    ana_id: str
    ben_id: str
    ana: ChatClient
    ana_too: ChatClient
    ben: ChatClient
    ben_too: ChatClient

    @property
    def devices(self) -> tuple[ChatClient, ...]:
        """All four."""
        return (self.ana, self.ana_too, self.ben, self.ben_too)


def two_ids() -> tuple[str, str]:
    """User ids that no other test of this run has."""
    number = next(_numbers)
    return f"ana-{number}", f"ben-{number}"


def make_match(server: Server, ana: str, ben: str) -> str:
    """The id of a new match of the two."""
    _, match = server.post("/api/v1/matches", {"userA": ana, "userB": ben}, token=server.dev_token(ana))
    return str(match["matchId"])


@contextlib.asynccontextmanager
async def a_pair(server: Server) -> AsyncIterator[Pair]:
    """A new pair for the length of a block. All devices have heard of the match."""
    ana, ben = two_ids()
    tokens = [server.dev_token(user) for user in (ana, ana, ben, ben)]
    async with contextlib.AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(connected(server.url, token=token)) for token in tokens]
        match_id = make_match(server, ana, ben)
        for device in devices:
            await device.wait_for("match_created")
        yield Pair(match_id, ana, ben, *devices)


async def send(client: ChatClient, match_id: str, content: str, **more: object) -> dict[str, Any]:
    """Send a text that must be accepted; the acknowledgement."""
    return await client.ok("send_message", {"matchId": match_id, "content": content, **more})
