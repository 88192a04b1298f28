"""`stores` is every back end in turn."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.stores import BACKENDS, Stores, open_stores


@pytest.fixture(params=BACKENDS)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """The stores of one back end, empty."""
    async with open_stores(request.param, tmp_path) as opened:
        yield opened
