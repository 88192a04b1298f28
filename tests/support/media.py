"""A media plane that moves no media: it answers offers as told and says of legs what the test says."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from media.core.leg_meter import LegCounters
from media.facts import LegConnected, LegLost, LegReturned, TopicsWavedAway
from monitoring.metrics import MediaCounts
from protocol.calls import IceServer
from protocol.errors import ProtocolError
from rooms.facts import Fact
from rooms.kit import Kit

TURN = IceServer(urls=["turn:turn.example.org"], username="u", credential="c")


class ScriptedMedia:
    """`media.ports.MediaPlane`. `offers` and `closed` are what was asked of it, in order.

    `counted` is what it says it has passed, `count` makes what it has measured;
    `waved_away`: who wants no topics."""

    def __init__(self, kit: Kit) -> None:
        self._facts = kit.facts
        self.offers: list[tuple[str, str, str]] = []
        self.closed: list[str] = []
        self.counted = MediaCounts()
        self.count: Callable[[], Mapping[str, Sequence[LegCounters]]] = dict
        self.error: ProtocolError | None = None
        self.gate: asyncio.Event | None = None
        self.waved_away: list[TopicsWavedAway] = []
        self._facts.subscribe(TopicsWavedAway, self.waved_away.append)

    async def start(self, hosts: Sequence[str], port: int) -> None:
        """There is nothing to bind."""

    async def stop(self) -> None:
        """There is nothing to close."""

    async def offer(self, call_id: str, user_id: str, sdp: str) -> str:
        self.offers.append((call_id, user_id, sdp))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return f"answer to {sdp}"

    async def close(self, call_id: str) -> None:
        self.closed.append(call_id)

    def measured(self, call_id: str) -> Sequence[LegCounters]:
        return self.count().get(call_id, ())

    def ice_servers(self, user_id: str) -> Sequence[IceServer]:
        return [TURN]

    def counts(self) -> MediaCounts:
        return self.counted

    def up(self, call_id: str, *user_ids: str) -> None:
        """The first packets of these people are here."""
        for user_id in user_ids:
            self._facts.publish(LegConnected(call_id, user_id))

    def lost(self, call_id: str, user_id: str) -> None:
        """Silence for too long."""
        self._facts.publish(LegLost(call_id, user_id))

    def back(self, call_id: str, user_id: str) -> None:
        """Packets again."""
        self._facts.publish(LegReturned(call_id, user_id))

    def hears(self, fact: Fact) -> None:
        """What it makes of the sound that passes."""
        self._facts.publish(fact)
