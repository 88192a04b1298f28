"""Start, run until a signal, stop: within 5 seconds, losing nothing that was answered."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import uvloop
from aiohttp import web

from backends.migrate import upgrade
from media.ports import MediaPlane
from media.transport import media_hosts
from monitoring import logs
from monitoring.looplag import watch_loop_lag
from monitoring.metrics import Metrics
from monitoring.rejections import RejectionLog
from protocol.errors import ProtocolError
from visavis.config import Config, ConfigError
from visavis.http import access_counter
from visavis.version import VERSION
from visavis.wiring import Built, Stores, build, make_metrics, open_sqlite

log = logging.getLogger(__name__)

# The parts of the 5 s that a stop may take; each part is cut off when its time is over. Longer saves more of what
# waits when a disk is slow; all of them, with the connections' twice, must stay below 5 s.
_TELL_S = 1.0
_FLUSH_S = 0.5
_HTTP_S = 0.5
_TIMERS_S = 0.3
_STORE_S = 1.2
# How often the database is asked whether it answers; shorter finds a dead one sooner.
_CHECK_S = 3.0
_IPV4 = 4

OpenStores = Callable[[Config, Metrics], Awaitable[Stores]]


async def open_embedded(config: Config, metrics: Metrics) -> Stores:
    """The SQLite stores, brought to the present schema first."""
    await asyncio.to_thread(upgrade, config.database_url())
    return await open_sqlite(config, metrics)


def serve(config: Config, *, open_stores: OpenStores = open_embedded) -> int:
    """Run the server until SIGTERM or SIGINT; the exit code. Raises `ConfigError` when the port can not be had."""
    gate = logs.configure(config.monitoring.log_level, config.monitoring.log_format)
    rejections = RejectionLog(gate)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(config, rejections, open_stores))


async def _serve(config: Config, rejections: RejectionLog, open_stores: OpenStores) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    metrics = make_metrics(config, rejections.add)
    stores = await open_stores(config, metrics)
    try:
        built = build(config, stores=stores, metrics=metrics)
        runner = web.AppRunner(
            built.app,
            access_log_class=access_counter(metrics),
            handle_signals=False,
            shutdown_timeout=_HTTP_S,
            keepalive_timeout=75,
        )
        await runner.setup()
        address = await _listen(runner, config)
        await _listen_for_media(built.media, config)
    except (OSError, ConfigError) as error:
        await stores.close()
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"server.port: can not listen on {config.server.host}: {error.strerror}") from None
    built.timers.spawn(watch_loop_lag(metrics.event_loop_lag_seconds.observe), "loop lag")
    built.timers.spawn(rejections.run(), "rejections")
    built.timers.spawn(built.erasure.run(), "erasure")
    built.timers.spawn(_watch_database(built), "database check")
    built.health.set("database", ok=True)
    built.health.set("signalling", ok=True)
    # What lives now lives for good: not scanning it again saves a pause per collection.
    gc.collect()
    gc.freeze()
    _announce(config, address)
    await stopped.wait()
    await _stop(built, runner)
    return 0


async def _listen_for_media(media: MediaPlane, config: Config) -> None:
    """Bind the media port. A port that nobody asked for by name may be another one when it is taken."""
    hosts = media_hosts(config.media.host, config.server.host)
    try:
        await media.start(hosts, config.media.port)
    except OSError as error:
        if "port" in config.media.model_fields_set:
            reason = f"media.port: can not listen on {config.media.port}: {error.strerror}"
            raise ConfigError(reason) from None
        log.warning("the usual media port is taken; another one is used")
        await media.start(hosts, 0)


async def _watch_database(built: Built) -> None:
    """Not ready while the database does not answer."""
    while True:
        await asyncio.sleep(_CHECK_S)
        try:
            await asyncio.wait_for(built.services.presence.counts(), _CHECK_S)
        except (ProtocolError, TimeoutError):
            built.health.set("database", ok=False, detail="does not answer")
        else:
            built.health.set("database", ok=True)


async def _listen(runner: web.AppRunner, config: Config) -> str:
    """Begin to accept connections; the address for a browser."""
    site = web.TCPSite(runner, config.server.host, config.server.port, backlog=1024)
    await site.start()
    host = config.server.host
    port = runner.addresses[0][1]
    with contextlib.suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            # A listener on all of IPv6 takes no connections by IPv4.
            host = "127.0.0.1" if address.version == _IPV4 else "::1"
        host = host if address.version == _IPV4 else f"[{host}]"
    return f"http://{host}:{port}/"


def _announce(config: Config, address: str) -> None:
    if config.server.dev:
        sys.stderr.write("DEVELOPMENT MODE: anybody may be anybody. Never use it on a server that others can reach.\n")
    sys.stdout.write(f"Visavis {VERSION} is ready: {address}\n")
    sys.stdout.flush()


async def _stop(built: Built, runner: web.AppRunner) -> None:
    """Refuse new, tell clients, write what waits, close."""
    log.info("stopping")
    built.health.set("signalling", ok=False, detail="stopping")
    for site in list(runner.sites):
        await site.stop()
    await _within(_FLUSH_S, "calls", built.services.calls.close())
    await _within(_TELL_S, "telling clients", built.door.close_all())
    await _within(_TIMERS_S, "media", built.media.stop())
    await _within(_FLUSH_S, "receipts", built.services.receipts.flush())
    await _within(_FLUSH_S, "presence", built.services.presence.close())
    await _within(_HTTP_S * 2, "connections", runner.cleanup())
    await _within(_TIMERS_S, "timers", built.timers.aclose())
    await _within(_STORE_S, "stores", built.stores.close())


async def _within(seconds: float, what: str, work: Awaitable[None]) -> None:
    """Do `work`, but not for longer than that: a stop must end."""
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        log.warning("stopping took too long and was cut off", extra={"part": what})
    except Exception:
        log.exception("a part failed while stopping", extra={"part": what})
