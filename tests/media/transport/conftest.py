"""A running endpoint on loopback, with an engine that records."""

from collections.abc import AsyncIterator

import pytest

from media.transport import Endpoint

from .peers import RecordingEngine, allow_loopback


@pytest.fixture
async def engine() -> RecordingEngine:
    return RecordingEngine()


@pytest.fixture
async def endpoint(engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    allow_loopback(monkeypatch)
    endpoint = Endpoint(engine)
    await endpoint.start(["127.0.0.1"])
    yield endpoint
    await endpoint.close()


class HandClock:
    """Monotonic seconds that go on only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def timed(engine: RecordingEngine, endpoint: Endpoint, clock: HandClock) -> AsyncIterator[Endpoint]:
    """An endpoint whose time is ours."""
    timed = Endpoint(engine, clock=clock)
    await timed.start(["127.0.0.1"])
    yield timed
    await timed.close()
