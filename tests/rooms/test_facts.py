"""Facts reach who asked for them, in order, whatever one of them does."""

import logging

import pytest

from rooms.facts import FactBus, UserCameOnline, UserJoined


def test_a_fact_reaches_every_subscriber_of_its_class_in_order() -> None:
    bus, heard = FactBus(), list[tuple[int, object]]()
    bus.subscribe(UserCameOnline, lambda fact: heard.append((1, fact)))
    bus.subscribe(UserJoined, lambda fact: heard.append((2, fact)))
    bus.subscribe(UserCameOnline, lambda fact: heard.append((3, fact)))
    fact = UserCameOnline("ann")
    bus.publish(fact)
    assert heard == [(1, fact), (3, fact)]


def test_a_fact_nobody_asked_for_is_nothing() -> None:
    FactBus().publish(UserCameOnline("ann"))


def test_a_subscriber_that_fails_is_logged_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = FactBus(), list[UserCameOnline]()

    def fails(fact: UserCameOnline) -> None:
        raise ValueError("no")

    bus.subscribe(UserCameOnline, fails)
    bus.subscribe(UserCameOnline, heard.append)
    with caplog.at_level(logging.ERROR, logger="rooms.facts"):
        bus.publish(UserCameOnline("ann"))
    assert heard == [UserCameOnline("ann")]
    (record,) = caplog.records
    assert record.__dict__["fact"] == "UserCameOnline"
    assert "ann" not in record.getMessage()
