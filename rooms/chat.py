"""Messages: checked, stored, then told. An answer means that the commit is done."""

from typing import Any, Literal

from pydantic import ValidationError

from protocol.chat import FetchHistory, History, LocationContent, MessageSent, SendMessage, ShareLocation
from protocol.errors import Gone, InvalidPayload, NotFound, RateLimited, Unavailable
from protocol.ids import iso_time
from rooms.core.limits import TokenBuckets
from rooms.core.timeline import (
    MessageEvent,
    check_change,
    check_text,
    fit,
    message_updated,
    new_message,
    stored_message,
)
from rooms.facts import MessageChanged, MessageStored
from rooms.kit import Kit
from rooms.model import Appended, Content, Match, Message, NewMessage
from rooms.ports import MessageStore, PresenceStore
from rooms.service import ANSWER_BYTES, RoomService

_LATER_TYPES = frozenset({"image", "voice", "file", "game"})


class ChatService:
    """Send, change and read messages of the matches that one is in."""

    def __init__(
        self,
        kit: Kit,
        *,
        rooms: RoomService,
        messages: MessageStore,
        presence: PresenceStore,
        limits: TokenBuckets[str],
        max_chars: int,
    ) -> None:
        self._rooms = rooms
        self._messages = messages
        self._presence = presence
        self._announcer = kit.announcer
        self._facts = kit.facts
        self._clock = kit.clock
        self._ids = kit.ids
        self._limits = limits
        self._max_chars = max_chars

    async def send(self, user_id: str, event: SendMessage, *, current: str | None) -> MessageSent:
        """Store a message and tell every device of the match. `current`: the room joined last.

        Raises `RateLimited`, `NotFound`, `NotAMember`, `TooLarge`, `InvalidPayload`, `Unavailable`."""
        content = self._checked(event)
        self._limit(user_id)
        match = await self.target(user_id, event.match_id, event.to, current)
        if event.reply_to is not None:
            await self._check_reply(match, event.reply_to)
        appended = await self._store(user_id, match, event.type, content, event.client_id, event.reply_to)
        message = appended.message
        return MessageSent(
            message_id=message.message_id,
            seq=message.seq,
            timestamp=iso_time(message.created_ms),
            status=await self._status(match.others(user_id)),
        )

    async def share_location(self, user_id: str, event: ShareLocation, *, current: str | None) -> Message:
        """A place as a message of type `location`. Raises as `send` does."""
        if event.live_for is not None:
            raise Unavailable("live location is not part of this server", field="liveFor")
        self._limit(user_id)
        match = await self.target(user_id, event.match_id, event.to, current)
        content = LocationContent(lat=event.lat, lon=event.lon, accuracy=event.accuracy).wire()
        return (await self._store(user_id, match, "location", content, None, None)).message

    async def record(self, user_id: str, match: Match, kind: str, content: dict[str, Any]) -> Message:
        """Store and tell what the house says in a user's name, as a call that ended: no limit, no question."""
        return (await self._store(user_id, match, kind, content, None, None)).message

    async def target(self, user_id: str, match_id: str | None, to: str | None, current: str | None) -> Match:
        """The match that is meant: the named one, else the current one if `to` fits it, else that of the two.

        Raises `NotFound`, `NotAMember`, `InvalidPayload` when nothing is named."""
        if match_id is not None:
            return await self._rooms.membership(user_id, match_id)
        if current is not None:
            match = await self._rooms.membership(user_id, current)
            if to is None or to in match.others(user_id) or len(match.members) < match.seats:
                return match
        if to is None:
            raise InvalidPayload("matchId or to is needed", field="matchId")
        return await self._rooms.pair(user_id, to)

    async def edit(self, user_id: str, message_id: str, content: str) -> int:
        """New text for one's own message; returns the version."""
        text = check_text(content, max_chars=self._max_chars)
        await self._changeable(user_id, message_id, MessageEvent.EDIT)
        return await self._changed(await self._messages.edit(message_id, text, now_ms=self._clock.wall_ms()))

    async def delete(self, user_id: str, message_id: str) -> int:
        """One's own message becomes a tombstone; returns the version. Again: the same answer."""
        before = await self._changeable(user_id, message_id, MessageEvent.DELETE)
        if before.deleted:
            return before.version
        return await self._changed(await self._messages.delete(message_id, now_ms=self._clock.wall_ms()))

    async def react(self, user_id: str, message_id: str, emoji: str, *, on: bool) -> int:
        """Put or take back a reaction; returns the version, unchanged when it was so already."""
        before = await self._changeable(user_id, message_id, MessageEvent.REACT)
        after = await self._messages.react(message_id, user_id, emoji, on=on, now_ms=self._clock.wall_ms())
        if after is not None and after.version == before.version:
            return after.version
        return await self._changed(after)

    async def history(self, user_id: str, match_id: str, event: FetchHistory) -> History:
        """Messages before or after a seq, ascending, cut to one answer's size."""
        await self._rooms.membership(user_id, match_id)
        forward = event.after is not None
        found = await self._messages.page(match_id, after=event.after, before=event.before, limit=event.limit + 1)
        more = len(found) > event.limit
        wanted = found[: event.limit] if forward else found[-event.limit :]
        keep = fit(
            [stored_message(message) for message in wanted],
            max_bytes=ANSWER_BYTES,
            keep="oldest" if forward else "newest",
        )
        return History(messages=keep, more=more or len(keep) < len(wanted))

    def _checked(self, event: SendMessage) -> Content:
        """The content as it will be stored, by type."""
        if event.destruct_after is not None:
            raise Unavailable("self-destruct is not part of this server", field="destructAfter")
        if event.type in _LATER_TYPES:
            raise Unavailable(f"messages of type {event.type} are not part of this server", field="type")
        if event.type == "location":
            try:
                return LocationContent.from_wire(event.content).wire()
            except ValidationError:
                raise InvalidPayload("a location needs lat and lon", field="content") from None
        if not isinstance(event.content, str):
            raise InvalidPayload("must be text", field="content")
        return check_text(event.content, max_chars=self._max_chars)

    def _limit(self, user_id: str) -> None:
        wait_s = self._limits.take(user_id, now=self._clock.monotonic())
        if wait_s:
            raise RateLimited("too many messages", retry_after_ms=int(wait_s * 1000) + 1)

    async def _status(self, others: tuple[str, ...]) -> Literal["stored", "delivered"]:
        """What to say of a message that is stored. Not knowing who is online makes no refusal of that."""
        try:
            return "delivered" if await self._presence.online(others) else "stored"
        except Unavailable:
            return "stored"

    async def _check_reply(self, match: Match, message_id: str) -> None:
        message = await self._messages.get(message_id)
        if message is None or message.match_id != match.match_id:
            raise NotFound("no such message in this match", field="replyTo")

    async def _store(
        self,
        user_id: str,
        match: Match,
        kind: str,
        content: Content,
        client_id: str | None,
        reply_to: str | None,
    ) -> Appended:
        appended = await self._messages.append(
            NewMessage(
                message_id=self._ids.new(),
                match_id=match.match_id,
                sender_id=user_id,
                type=kind,
                content=content,
                created_ms=self._clock.wall_ms(),
                client_id=client_id,
                reply_to=reply_to,
            )
        )
        if not appended.duplicate:
            message = appended.message
            self._facts.publish(MessageStored(message))
            await self._announcer.tell(match.members, new_message(message), receipt=(message.match_id, message.seq))
        return appended

    async def _changeable(self, user_id: str, message_id: str, event: MessageEvent) -> Message:
        message = await self._messages.get(message_id)
        if message is None:
            raise NotFound("no such message", field="messageId")
        await self._rooms.membership(user_id, message.match_id)
        check_change(message, user_id, event)
        return message

    async def _changed(self, message: Message | None) -> int:
        if message is None:
            raise Gone("the message was deleted", field="messageId")
        self._facts.publish(MessageChanged(message))
        match = await self._rooms.find(message.match_id)
        if match is not None:
            await self._announcer.tell(match.members, message_updated(message))
        return message.version
