"""Presence: who is connected, told to the people one is matched with."""

from collections.abc import Collection

from protocol.errors import Unavailable
from protocol.ids import iso_time
from protocol.presence import Presence
from rooms.alarm import Alarm
from rooms.core.presence import PresenceChange, PresenceTable
from rooms.facts import UserCameOnline, UserWentOffline
from rooms.kit import Kit
from rooms.ports import PresenceStore, RelationStore

_DAY_MS = 86_400_000


class PresenceService:
    """Devices come and go; users are online or not."""

    def __init__(
        self,
        kit: Kit,
        *,
        store: PresenceStore,
        relations: RelationStore,
        grace_s: float,
    ) -> None:
        self._store = store
        self._relations = relations
        self._announcer = kit.announcer
        self._facts = kit.facts
        self._clock = kit.clock
        self._timers = kit.timers
        self._table = PresenceTable(grace_s=grace_s)
        self._alarm = Alarm(deadline=self._table.deadline, ring=self._ring, timers=kit.timers, clock=kit.clock)

    async def connected(self, user_id: str, connection_id: str) -> None:
        """A device of the user has connected and said who it is. Raises `Unavailable`; it is then not counted."""
        for change in self._table.connect(user_id, connection_id):
            try:
                await self._store.set_online(user_id)
            except Unavailable:
                self._table.withdraw(user_id, connection_id)
                raise
            self._timers.spawn(self._tell(change), f"presence of {user_id}")
        self._alarm.arm()

    def disconnected(self, user_id: str, connection_id: str) -> None:
        """A device is gone; the user goes offline when none comes back within the grace time."""
        self._table.disconnect(user_id, connection_id, now=self._clock.monotonic())
        self._alarm.arm()

    def devices(self, user_id: str) -> int:
        """Connections of the user on this node."""
        return self._table.devices(user_id)

    async def all_online(self, *, limit: int) -> list[str]:
        """At most `limit` users who are online now."""
        return await self._store.all_online(limit=limit)

    async def online(self, user_ids: Collection[str]) -> frozenset[str]:
        """Those who are connected anywhere."""
        return await self._store.online(user_ids)

    async def counts(self) -> tuple[int, int]:
        """(users online now, users seen in the last 24 hours, those online included)."""
        online = await self._store.count()
        seen = await self._relations.seen_since(self._clock.wall_ms() - _DAY_MS)
        return online, max(online, seen)

    async def close(self) -> None:
        """The server stops: last seen is now for everybody who is here."""
        users = self._table.online_users()
        if users:
            await self._relations.touch(users, now_ms=self._clock.wall_ms())

    def _ring(self) -> None:
        for change in self._table.tick(now=self._clock.monotonic()):
            self._timers.spawn(self._gone(change), f"absence of {change.user_id}")

    async def _gone(self, change: PresenceChange) -> None:
        if self._table.devices(change.user_id):
            return
        await self._store.set_offline(change.user_id)
        if self._table.devices(change.user_id):
            # Back while that was written; the store may have taken the two calls in either order.
            await self._store.set_online(change.user_id)
            return
        await self._tell(change)

    async def _tell(self, change: PresenceChange) -> None:
        now_ms = self._clock.wall_ms()
        await self._relations.touch([change.user_id], now_ms=now_ms)
        if change.online:
            self._facts.publish(UserCameOnline(change.user_id))
        else:
            self._facts.publish(UserWentOffline(change.user_id, now_ms))
        peers = await self._relations.peers_of(change.user_id)
        online_peers = await self._store.online(peers)
        event = Presence(user_id=change.user_id, online=change.online, last_seen=iso_time(now_ms))
        await self._announcer.tell(sorted(online_peers), event)
