"""The peer of the bench: the product's services and handlers on an untouched python-socketio server.

Stock means: `socketio.AsyncServer` with its defaults (engine, JSON, a task per event and recipient) on the
default asyncio loop. Everything behind the door (validation, limits, membership, store, receipts) is the same.

    python -m benches.load.stock_server --data DIR --store sqlite|memory
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import socketio
from aiohttp import web

from benches.load.our_server import bench_config
from benches.load.stores import open_memory
from visavis.config import Config
from visavis.lifecycle import open_embedded
from visavis.wiring import build, make_metrics


class StockServer(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """The few methods that the door calls besides the library's own."""

    def eio_sid(self, sid: str, namespace: str = "/") -> str | None:
        """The Engine.IO connection under a Socket.IO one."""
        found: str | None = self.manager.eio_sid_from_sid(sid, namespace)
        return found

    def note_malformed(self, eio_sid: str) -> None:
        """Stock counts nothing."""

    def close_connection(self, eio_sid: str, reason: str, *, reconnect: str) -> None:
        """Not used by the load."""

    async def close_all(self, reason: str, *, reconnect: str) -> None:
        """The process ends anyway."""


def make_stock(options: Any, hooks: Any, **kwargs: Any) -> StockServer:
    """In the place of `signalling.engine.create_server`."""
    return StockServer(async_mode="aiohttp", cors_allowed_origins="*")


async def run(config: Config, store: str) -> None:
    """Serve until SIGTERM."""
    metrics = make_metrics(config, None)
    stores = await open_embedded(config, metrics) if store == "sqlite" else open_memory()
    built = build(config, stores=stores, metrics=metrics, make_server=make_stock)
    runner = web.AppRunner(built.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"stock is ready: http://127.0.0.1:{runner.addresses[0][1]}/\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await built.timers.aclose()
    await stores.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", choices=("sqlite", "memory"), required=True)
    given = parser.parse_args(arguments)
    asyncio.run(run(bench_config(given.data), given.store))
    return 0


if __name__ == "__main__":
    sys.exit(main())
