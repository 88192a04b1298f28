"""Pytest's own wiring: which loop a test gets, which category it is in, what it needs of the system."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from tests.support.virtual_time import VirtualTimeLoop

# Machines are shared and noisy: no property fails by the clock. In continuous integration hypothesis does so by itself.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if not os.environ.get("CI"):
    settings.load_profile("house")

HERE = Path(__file__).parent
# A folder is its category, so that nobody has to remember the marker.
CATEGORIES = ("contract", "e2e")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The product runs on uvloop, so its tests do; timers of hours run on the jumping clock."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        folder = item.path.relative_to(HERE).parts[0]
        if folder in CATEGORIES:
            item.add_marker(getattr(pytest.mark, folder))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test names the programs it starts: `@pytest.mark.needs("chromium")`."""
    wanted = {program for mark in item.iter_markers("needs") for program in mark.args}
    missing = sorted(program for program in wanted if shutil.which(program) is None)
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (scripts/install-test-deps installs what tests need)"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
