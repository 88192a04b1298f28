"""Matches and their rooms: who may enter, what one finds there."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from protocol.chat import HISTORY_DEFAULT
from protocol.errors import NotAMember, NotFound
from protocol.ids import iso_time
from protocol.rooms import JoinedChat, MatchCreated, Member, Peer
from rooms.core.cache import RecentMap
from rooms.core.timeline import fit, stored_message
from rooms.facts import MatchMade, UserJoined
from rooms.kit import Kit
from rooms.model import Cursor, Match, RoomSummary, User
from rooms.ports import MessageStore, OpeningLines, PresenceStore, RelationStore

PAIR = 2
SINCE_MAX = 500
ANSWER_BYTES = 480 * 1024  # of the 512 KiB that an answer may have; the rest is for its other fields
ROOMS_LISTED = 200
OPENING_S = 2.0  # larger holds up the news of a match for its opening lines, smaller loses lines of a slow provider
_CACHED = 100_000  # matches; each costs about 500 bytes, fewer means more reads of the store

log = logging.getLogger(__name__)


class RoomService:
    """Rooms by their match. In development mode naming an unknown match opens it."""

    def __init__(
        self,
        kit: Kit,
        *,
        relations: RelationStore,
        messages: MessageStore,
        presence: PresenceStore,
        opening: OpeningLines,
        dev: bool,
    ) -> None:
        self._relations = relations
        self._messages = messages
        self._presence = presence
        self._announcer = kit.announcer
        self._facts = kit.facts
        self._clock = kit.clock
        self._ids = kit.ids
        self._timers = kit.timers
        self._opening = opening
        self._dev = dev
        self._matches: RecentMap[str, Match] = RecentMap(_CACHED)
        self._pairing = asyncio.Lock()

    async def find(self, match_id: str) -> Match | None:
        """The match, from memory when it was used lately."""
        match = self._matches.get(match_id)
        if match is None:
            match = await self._relations.match(match_id)
            if match is not None:
                match = self._keep(match)
        return match

    async def membership(self, user_id: str, match_id: str) -> Match:
        """The match, if the user is in it. Raises `NotFound` or `NotAMember`."""
        match = await self.find(match_id)
        if match is None:
            raise NotFound("no such match", field="matchId")
        if user_id not in match.members:
            raise NotAMember(field="matchId")
        return match

    async def enter(self, user_id: str, match_id: str) -> Match:
        """As `membership`, but in development mode an unknown match is opened and a free seat is taken."""
        if not self._dev:
            return await self.membership(user_id, match_id)
        match = await self.find(match_id)
        now_ms = self._clock.wall_ms()
        if match is None:
            opened = Match(match_id, "pair", (user_id,), now_ms)
            match, _ = await self._relations.create_match(opened)
            match = self._keep(match)
        if user_id not in match.members:
            match = await self._seat(user_id, match_id, now_ms)
        return match

    async def _seat(self, user_id: str, match_id: str, now_ms: int) -> Match:
        """The match with the user in it; told to its people when this fills the last seat."""
        match = await self._relations.add_member(match_id, user_id, now_ms=now_ms)
        if match is None or user_id not in match.members:
            raise NotAMember(field="matchId")
        known = self._matches.get(match_id)
        # Another device of the user may have come at the same time; one of the two calls tells.
        first = known is None or user_id not in known.members
        match = self._keep(match)
        if first and len(match.members) == match.seats:
            self._timers.spawn(self._made(match), "new match")
        return match

    def _keep(self, match: Match) -> Match:
        """Remember what a call to the store has answered, unless a later answer, with more members, came first."""
        known = self._matches.get(match.match_id)
        if known is not None and len(known.members) > len(match.members):
            return known
        self._matches.put(match.match_id, match)
        return match

    async def pair(self, user_id: str, other_id: str) -> Match:
        """The newest match of the two. Made when there is none in development mode, else `NotFound`."""
        match = await self._relations.pair(user_id, other_id)
        if match is not None:
            return match
        if not self._dev or user_id == other_id:
            raise NotFound("no match with this user", field="to")
        # Two who write to each other at the same moment get one match.
        async with self._pairing:
            match = await self._relations.pair(user_id, other_id)
            return match or (await self.create((user_id, other_id)))[0]

    async def create(
        self,
        members: tuple[str, ...],
        *,
        score: float | None = None,
        context: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Match, bool]:
        """Bring people together; tells all of them. Returns (match, created): False for a repeated key."""
        match = Match(
            match_id=self._ids.new(),
            kind="pair" if len(members) == PAIR else "group",
            members=members,
            created_ms=self._clock.wall_ms(),
            seats=len(members),
            score=score,
            context=context,
        )
        for user_id in members:
            await self._relations.ensure_user(user_id, None, now_ms=match.created_ms)
        match, created = await self._relations.create_match(match, idempotency_key=idempotency_key)
        match = self._keep(match)
        if created:
            self._timers.spawn(self._made(match), "new match")
        return match, created

    async def join(self, user_id: str, match_id: str, since: int | None) -> JoinedChat:
        """What one finds on entering: members, the messages after `since` or the newest, cursors."""
        match = await self.enter(user_id, match_id)
        if since is None:
            found = await self._messages.page(match_id, limit=HISTORY_DEFAULT)
        else:
            found = await self._messages.page(match_id, after=since, limit=SINCE_MAX)
        last_seq = await self._messages.last_seq(match_id)
        keep = fit(
            [stored_message(message) for message in found],
            max_bytes=ANSWER_BYTES,
            keep="newest" if since is None else "oldest",
        )
        gap = since is not None and bool(keep) and keep[-1].seq < last_seq
        cursors = await self._messages.cursors(match_id)
        cursor = cursors.get(user_id)
        self._facts.publish(UserJoined(match_id, user_id))
        return JoinedChat(
            match_id=match_id,
            members=await self._members(match, cursors),
            messages=keep,
            last_seq=last_seq,
            read_seq=cursor.read_seq if cursor else 0,
            sealed=match.sealed,
            gap=True if gap else None,
        )

    async def rooms_of(self, user_id: str) -> list[tuple[RoomSummary, list[Member]]]:
        """The user's matches with their members, the most recently active first."""
        rooms = await self._relations.rooms_of(user_id, limit=ROOMS_LISTED)
        return [(room, await self._members(room.match, {})) for room in rooms]

    async def _members(self, match: Match, cursors: Mapping[str, Cursor]) -> list[Member]:
        users = await self._relations.users(match.members)
        online = await self._presence.online(match.members)
        return [
            _member(user_id, users.get(user_id), cursors.get(user_id), online=user_id in online)
            for user_id in match.members
        ]

    async def _made(self, match: Match) -> None:
        """Tell the people of a complete match, each with lines to open the talk."""
        users = await self._relations.users(match.members)
        lines = await self._lines(match, users)
        for user_id in match.members:
            peers = [_peer(other, users.get(other)) for other in match.others(user_id)]
            event = MatchCreated(
                match_id=match.match_id,
                peer=peers[0] if match.kind == "pair" else None,
                members=None if match.kind == "pair" else peers,
                score=match.score,
                opening_lines=lines.get(user_id, []),
            )
            await self._announcer.tell([user_id], event)
        self._facts.publish(MatchMade(match))

    async def _lines(self, match: Match, users: Mapping[str, User]) -> dict[str, list[str]]:
        """Lines to open the talk; none when their provider fails or dawdles, for the news of the match goes out."""
        try:
            async with asyncio.timeout(OPENING_S):
                return await self._opening.opening_lines(match, users)
        except Exception as error:
            log.warning("no opening lines for a new match", extra={"reason": type(error).__name__})
            return {}


def _member(user_id: str, user: User | None, cursor: Cursor | None, *, online: bool) -> Member:
    seen = user.last_seen_ms if user else None
    return Member(
        user_id=user_id,
        name=user.name if user else user_id,
        online=online,
        last_seen=None if seen is None else iso_time(seen),
        delivered_seq=cursor.delivered_seq if cursor else None,
        read_seq=cursor.read_seq if cursor else None,
    )


def _peer(user_id: str, user: User | None) -> Peer:
    return Peer(
        user_id=user_id,
        name=user.name if user else user_id,
        interests=list(user.interests) if user else [],
    )
