"""The only place that names concrete classes: the embedded server, put together."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from assist.ports import PromptLog, SuggestionLog
from assist.prompts import PromptService
from assist.providers.builtin import BuiltinProvider, load_bank
from assist.service import AssistService, AssistStores, Providers
from assist.summaries import SummaryService
from assist.topic_choice import TopicChooser, TopicProviders
from backends.bus_memory import MemoryBus
from backends.calls_sqlite import SqliteCallLog
from backends.claims_memory import MemoryCallClaims
from backends.clock_system import SystemClock, UlidIds
from backends.database_sqlite import SqliteDatabase
from backends.games_sqlite import SqliteGameStore
from backends.messages_sqlite import SqliteMessageStore
from backends.presence_memory import MemoryPresenceStore
from backends.prompts_sqlite import SqlitePromptLog
from backends.relations_sqlite import SqliteRelationStore
from backends.suggestions_sqlite import SqliteSuggestionLog
from backends.timers_asyncio import AsyncioTimers
from media.calls import RING_WINDOW_S, CallService
from media.core.call import CallTimes
from media.core.silence import AirTimes
from media.meter import CallMeters
from media.ports import CallClaims, CallLog, MediaPlane
from media.records import CallRecorder
from media.service import MediaService
from monitoring.health import HealthBoard
from monitoring.metrics import Metrics, RejectKind
from protocol.base import REGISTRY, Direction
from protocol.errors import TooLarge
from rooms.announcer import Announcer
from rooms.chat import ChatService
from rooms.core.limits import TokenBuckets
from rooms.facts import FactBus, MessageStored
from rooms.kit import Kit
from rooms.play import GameService
from rooms.ports import GameStore, MessageStore, PresenceStore, RelationStore
from rooms.presence import PresenceService
from rooms.receipts import ReceiptService
from rooms.service import RoomService
from rooms.typing import TypingService
from signalling.auth import Authenticator, KeySet, KeySource, SharedSecret
from signalling.engine import EngineOptions, Refusal, create_server
from signalling.server import Door, DoorLimits
from signalling.services import Services
from virtual_scene.service import SceneService
from virtual_scene.templates import load as load_scenes
from visavis.call_metrics import count_calls
from visavis.config import Config, ConfigError, host_and_port
from visavis.erasure import Erasure
from visavis.http import make_app
from visavis.routes import House
from visavis.tokens import mint_of
from visavis.version import VERSION

_ENGINE_KINDS = {Refusal.BAD_REQUEST: RejectKind.HTTP_INVALID}


@dataclass(frozen=True, slots=True)
class Stores:
    """The back ends of one server."""

    messages: MessageStore
    relations: RelationStore
    games: GameStore
    suggestions: SuggestionLog
    prompts: PromptLog
    presence: PresenceStore
    claims: CallClaims
    calls: CallLog
    checkpoint: Callable[[], Awaitable[bool]]
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Built:
    """A server that is put together and not yet listening."""

    app: web.Application
    door: Door
    services: Services
    timers: AsyncioTimers
    health: HealthBoard
    stores: Stores
    erasure: Erasure
    media: MediaPlane


class Hooks:
    """What the engine reports, counted."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def rejected(self, kind: str, *, eio_sid: str | None) -> None:
        """One input was refused."""
        refusal = Refusal(kind)
        self._metrics.reject(_ENGINE_KINDS.get(refusal) or RejectKind(refusal.value))

    def closed(self, sid: str, reason: str) -> None:
        """`disconnect` handlers count; a connection that never joined a namespace counts nowhere."""

    def too_large_ack(self, namespace: str, ack_id: int) -> Sequence[Any]:
        """The answer to an event over the size of a payload."""
        return [{"ok": False, "error": TooLarge().body()}]


async def open_sqlite(config: Config, metrics: Metrics) -> Stores:
    """The embedded database; its schema must be up to date."""
    database = await SqliteDatabase.open(
        config.database_url(),
        group_commit_max=config.database.group_commit_max,
        observe=lambda size, seconds: metrics.observe_commit(seconds, size),
    )
    return Stores(
        messages=SqliteMessageStore(database),
        relations=SqliteRelationStore(database),
        games=SqliteGameStore(database),
        suggestions=SqliteSuggestionLog(database),
        prompts=SqlitePromptLog(database),
        presence=MemoryPresenceStore(),
        claims=MemoryCallClaims(),
        calls=SqliteCallLog(database),
        checkpoint=database.checkpoint,
        close=database.close,
    )


def make_metrics(config: Config, on_reject: Callable[[RejectKind, int], None] | None) -> Metrics:
    """The metrics of one server; their `event` labels are the declared client events."""
    names = sorted({name for direction, _, name in REGISTRY if direction is Direction.CLIENT_TO_SERVER})
    return Metrics(
        version=VERSION, signalling=config.signalling.engine, media="python", events=names, on_reject=on_reject
    )


def build(
    config: Config,
    *,
    stores: Stores,
    metrics: Metrics,
    make_media: Callable[[Kit], MediaPlane] | None = None,
    make_server: Callable[..., Any] = create_server,
) -> Built:
    """Put the server together around opened stores. Needs a running event loop.

    `make_media` makes another relay than this process's own; it tells of its legs through the kit's facts.
    `make_server` is another one only in the bench, which compares engines."""
    clock = SystemClock()
    timers = AsyncioTimers(clock)
    bus = MemoryBus()
    facts = FactBus()
    kit = Kit(clock=clock, ids=UlidIds(clock), timers=timers, facts=facts, announcer=Announcer(bus))
    media = MediaService(kit, announced=_announced(config)) if make_media is None else make_media(kit)
    services = _services(config, kit, stores, metrics, media)
    CallMeters(
        kit,
        media=media,
        calls=services.calls,
        people=stores.relations,
        times=AirTimes(dead_air_s=config.assist.dead_air_s),
        default_lang=config.assist.default_lang,
    )
    facts.subscribe(MessageStored, lambda fact: metrics.messages_total.inc())
    CallRecorder(kit, stores.calls)
    count_calls(facts, metrics)
    metrics.watch_calls(lambda: services.calls.running, media.counts)
    server = make_server(_engine_options(config), Hooks(metrics), cors_allowed_origins="*")
    limits = config.limits
    door = Door(
        server=server,
        services=services,
        relations=stores.relations,
        kit=kit,
        metrics=metrics,
        limits=DoorLimits(
            connections_per_user=limits.connections_per_user,
            connects_per_second=limits.connects_per_second,
            events_per_second=limits.events_per_second,
        ),
    )
    bus.subscribe(door.fanout.deliver)
    health = HealthBoard(["database", "signalling"])
    house = House(
        config=config,
        services=services,
        relations=stores.relations,
        calls=stores.calls,
        clock=clock,
        metrics=metrics,
        health=health,
        version=VERSION,
        mint=mint_of(config) if config.server.dev and config.auth.secret is not None else None,
        open_rooms=door.connections.open_rooms,
    )
    app = make_app(house)
    server.attach(app)
    return Built(app, door, services, timers, health, stores, Erasure(facts, stores.checkpoint), media)


def _services(config: Config, kit: Kit, stores: Stores, metrics: Metrics, media: MediaPlane) -> Services:
    limits = config.limits
    builtin = BuiltinProvider()
    assist = AssistService(
        kit,
        AssistStores(stores.suggestions, stores.relations, stores.messages),
        Providers(icebreakers=builtin, topics=builtin, observe=metrics.observe_ai),
        suggestions_per_request=config.assist.suggestions_per_request,
        default_lang=config.assist.default_lang,
    )
    assist.subscribe(kit.facts)
    rooms = RoomService(
        kit,
        relations=stores.relations,
        messages=stores.messages,
        presence=stores.presence,
        opening=assist,
        dev=config.server.dev,
    )
    chat = ChatService(
        kit,
        rooms=rooms,
        messages=stores.messages,
        presence=stores.presence,
        limits=TokenBuckets(rate=limits.messages_per_second, burst=limits.messages_burst),
        max_chars=limits.message_chars,
    )
    calls = _calls(config, kit, chat, stores.claims, media)
    per_minute = limits.suggestions_per_minute
    return Services(
        rooms=rooms,
        chat=chat,
        presence=PresenceService(
            kit, store=stores.presence, relations=stores.relations, grace_s=config.signalling.presence_grace_s
        ),
        typing=TypingService(kit, rooms=rooms, lapse_s=config.rooms.typing_lapse_s),
        receipts=ReceiptService(
            kit, rooms=rooms, messages=stores.messages, flush_s=config.rooms.receipts_flush_ms / 1000
        ),
        games=GameService(kit, rooms=rooms, games=stores.games),
        calls=calls,
        scenes=SceneService(
            kit,
            rooms=rooms,
            relations=stores.relations,
            templates=load_scenes(),
            limits=TokenBuckets(rate=limits.messages_per_second, burst=limits.messages_burst),
            max_chars=limits.message_chars,
            dev=config.server.dev,
        ),
        assist=assist,
        prompts=_prompts(config, kit, stores, metrics, calls),
        authenticator=_authenticator(config),
        suggestion_limit=TokenBuckets(rate=per_minute / 60, burst=per_minute),
        clock=kit.clock,
        dev=config.server.dev,
    )


def _calls(config: Config, kit: Kit, chat: ChatService, claims: CallClaims, media: MediaPlane) -> CallService:
    section, attempts = config.calls, config.limits.ring_attempts
    return CallService(
        kit,
        chat=chat,
        claims=claims,
        media=media,
        times=CallTimes(
            ring_s=section.ring_s,
            setup_s=section.setup_s,
            signalling_grace_s=section.signalling_grace_s,
            max_duration_s=section.max_duration_s,
        ),
        limits=TokenBuckets(rate=attempts / RING_WINDOW_S, burst=attempts),
    )


def _prompts(config: Config, kit: Kit, stores: Stores, metrics: Metrics, calls: CallService) -> PromptService:
    builtin = BuiltinProvider()
    chooser = TopicChooser(
        kit,
        AssistStores(stores.suggestions, stores.relations, stores.messages),
        TopicProviders(topics=builtin, fallback=builtin, observe=metrics.observe_ai, bank=load_bank()),
        default_lang=config.assist.default_lang,
    )
    prompts = PromptService(
        kit,
        chooser,
        prompts=stores.prompts,
        people=stores.relations,
        audience=calls,
        count=metrics.talk_prompt,
    )
    prompts.subscribe(kit.facts)
    SummaryService(kit, prompts, chooser).subscribe(kit.facts)
    return prompts


def _announced(config: Config) -> list[tuple[str, int | None]]:
    """HOST or HOST:PORT of `media.announce`."""
    given = config.media.announce
    return [] if given is None else [host_and_port(given)]


def _authenticator(config: Config) -> Authenticator:
    auth = config.auth
    keys: KeySource
    if auth.secret is not None:
        keys = SharedSecret(auth.secret.get_secret_value())
    else:
        try:
            keys = KeySet(url=auth.jwks_url, path=auth.jwks_file)
        except (OSError, ValueError):
            raise ConfigError("auth.jwks_file: holds no key that can be used; allowed: RSA and Ed25519 keys") from None
    return Authenticator(keys, issuer=auth.issuer, audience=auth.audience, leeway_s=auth.leeway_s)


def _engine_options(config: Config) -> EngineOptions:
    section = config.signalling
    return EngineOptions(
        ping_interval_s=section.ping_interval_s,
        ping_timeout_s=section.ping_timeout_s,
        max_payload_bytes=section.max_payload_bytes,
        max_frame_bytes=section.max_frame_bytes,
        max_packets_per_poll=section.max_packets_per_poll,
        send_buffer_bytes=section.send_buffer_bytes,
        malformed_per_10s=section.malformed_per_10s,
    )
