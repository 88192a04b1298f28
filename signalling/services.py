"""The services that handlers call, and the context that they are called with."""

from dataclasses import dataclass
from typing import Protocol

from assist.prompts import PromptService
from assist.service import AssistService
from media.calls import CallService
from protocol.errors import InvalidPayload, Unauthenticated
from rooms.chat import ChatService
from rooms.core.limits import TokenBuckets
from rooms.play import GameService
from rooms.ports import Clock
from rooms.presence import PresenceService
from rooms.receipts import ReceiptService
from rooms.service import RoomService
from rooms.typing import TypingService
from signalling.auth import Authenticator, Identity
from signalling.session import Connection
from virtual_scene.service import SceneService


@dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the door."""

    rooms: RoomService
    chat: ChatService
    presence: PresenceService
    typing: TypingService
    receipts: ReceiptService
    games: GameService
    calls: CallService
    scenes: SceneService
    assist: AssistService
    prompts: PromptService
    authenticator: Authenticator
    suggestion_limit: TokenBuckets[str]
    clock: Clock
    dev: bool


class Binder(Protocol):
    """Ties a connection to a user."""

    async def bind_name(self, connection: Connection, user_id: str) -> None:
        """In development mode: without proof."""
        ...

    async def bind_token(self, connection: Connection, identity: Identity) -> None:
        """By a verified token; also replaces the token of the same user."""
        ...

    def current_match(self, connection: Connection) -> str | None:
        """The room that this connection, or another one of the same page, is in."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One event of one connection."""

    connection: Connection
    services: Services
    binder: Binder

    @property
    def user_id(self) -> str:
        """Who is behind the connection. Raises `Unauthenticated` when nobody is."""
        if self.connection.user_id is None:
            raise Unauthenticated
        return self.connection.user_id

    async def claim(self, named: str | None) -> None:
        """An event says who its sender is: believed in development mode, ignored otherwise and beside a token."""
        connection = self.connection
        if self.services.dev and named is not None and connection.bound_by != "token" and named != connection.user_id:
            await self.binder.bind_name(connection, named)

    def match_id(self, named: str | None) -> str:
        """The match that an event means: the named one, else the one joined last."""
        match_id = named or self.connection.current_match
        if match_id is None:
            raise InvalidPayload("matchId is needed before a join_chat", field="matchId")
        return match_id
