"""Settings of a scene."""

import pytest

from protocol.errors import Conflict, InvalidPayload, NotFound, RateLimited
from tests.virtual_scene.stage import scene
from virtual_scene.core.environment import Environment, EnvironmentRecord


@pytest.fixture
def environment() -> Environment:
    return Environment(scene().environment)


def test_a_change_is_counted_and_the_same_value_again_is_none(environment: Environment) -> None:
    assert environment.change("time", "night", now=0) == EnvironmentRecord("time", "night", 2)
    assert environment.change("time", "night", now=0) == EnvironmentRecord("time", "night", 2)
    assert environment.change("time", "dusk", now=10) == EnvironmentRecord("time", "dusk", 3)
    assert environment.change("stars", 1, now=10).version == 2
    assert environment.values == {"time": "dusk", "stars": 1, "music": False, "weather": "dry"}


def test_what_may_not_be_is_refused_and_changes_nothing(environment: Environment) -> None:
    before = environment.values
    for key, value, error in (
        ("time", "noon", InvalidPayload),
        ("moon", "full", NotFound),
        ("weather", "dry", Conflict),
        ("music", 1.0, InvalidPayload),
    ):
        with pytest.raises(error):
            environment.change(key, value, now=0)
    assert environment.values == before


def test_each_setting_changes_only_so_often(environment: Environment) -> None:
    environment.change("time", "night", now=0)
    environment.change("time", "dusk", now=0)
    with pytest.raises(RateLimited) as caught:
        environment.change("time", "night", now=0)
    assert caught.value.retry_after_ms == 501
    environment.change("music", True, now=0)
    environment.change("time", "night", now=0.51)
