import logging
from collections.abc import Callable

import pytest

from backends.bus_memory import MemoryBus
from rooms.ports import Bus, Envelope


@pytest.fixture(params=[MemoryBus])
def bus(request: pytest.FixtureRequest) -> Bus:
    make: Callable[[], Bus] = request.param
    return make()


class Inbox:
    """A subscriber that keeps what it gets."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def deliver(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


async def test_every_subscriber_gets_every_envelope_in_order_before_publish_returns(bus: Bus) -> None:
    one, two = Inbox(), Inbox()
    bus.subscribe(one.deliver)
    bus.subscribe(two.deliver)
    sent = [Envelope(("a", "b"), "new_message", {"n": n}, receipt=("m", n)) for n in range(3)]
    for envelope in sent:
        await bus.publish(envelope)
    assert one.envelopes == two.envelopes == sent


async def test_publishing_to_nobody_is_fine(bus: Bus) -> None:
    await bus.publish(Envelope((), "typing", None))


async def test_a_failing_subscriber_is_logged_and_does_not_stop_the_others(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_envelope: Envelope) -> None:
        raise ZeroDivisionError

    inbox = Inbox()
    bus.subscribe(fail)
    bus.subscribe(inbox.deliver)
    with caplog.at_level(logging.ERROR):
        await bus.publish(Envelope(("a",), "typing", None))
    assert len(inbox.envelopes) == 1
    assert [record.message for record in caplog.records] == ["a subscriber of the bus failed"]
