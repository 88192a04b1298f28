"""Who may connect with which version of the contract."""

import pytest

from protocol.version import OLDEST_ACCEPTED, PROTOCOL_VERSION, refusal


@pytest.mark.parametrize("version", [PROTOCOL_VERSION, OLDEST_ACCEPTED])
def test_this_version_and_the_oldest_accepted_are_served(version: int) -> None:
    assert refusal(version) is None


def test_an_older_client_is_too_old() -> None:
    assert refusal(OLDEST_ACCEPTED - 1) == "client_too_old"


def test_a_newer_client_finds_the_server_too_old() -> None:
    assert refusal(PROTOCOL_VERSION + 1) == "server_too_old"


def test_the_version_before_this_one_is_accepted_when_there_was_one() -> None:
    assert max(1, PROTOCOL_VERSION - 1) == OLDEST_ACCEPTED
