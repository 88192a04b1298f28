"""`calls`: ann and bob, who are matched, and nobody calling."""

from collections.abc import AsyncIterator

import pytest

from tests.media.house import CallHouse


@pytest.fixture
async def calls() -> AsyncIterator[CallHouse]:
    """No task and no timer may have failed unless the test looked at it and emptied the list."""
    made = await CallHouse().open()
    yield made
    assert made.timers.failures == []
