"""`house`: all services, nobody in it. `dev_house`: the same in development mode."""

from collections.abc import Iterator

import pytest

from tests.rooms.house import House


@pytest.fixture
def house() -> Iterator[House]:
    """No task and no timer may have failed unless the test looked at it and emptied the list."""
    made = House()
    yield made
    assert made.timers.failures == []


@pytest.fixture
def dev_house() -> Iterator[House]:
    """As `house`."""
    made = House(dev=True)
    yield made
    assert made.timers.failures == []
