"""Facts of calls travel over the bus of the house."""

from media.core.silence import HeldBack
from media.facts import (
    CallConnected,
    CallEnded,
    CallStarted,
    LegConnected,
    LegLost,
    LegReturned,
    SilenceEnded,
    TopicDue,
    TopicHeldBack,
    TopicsWavedAway,
)
from rooms.facts import Fact, FactBus


def test_each_fact_reaches_who_asked_for_its_kind_only() -> None:
    facts: list[Fact] = [
        CallStarted("c", "m", "ann", ("bob",), video=True, mode="relay"),
        CallConnected("c", "m", 0.3),
        CallEnded("c", "m", ("ann", "bob"), "completed", 1.0),
        LegConnected("c", "ann"),
        LegLost("c", "ann"),
        LegReturned("c", "ann"),
        TopicDue("c", "m", ("ann", "bob"), 7_000),
        TopicHeldBack("c", HeldBack.RECENT),
        TopicsWavedAway("c", "ann"),
        SilenceEnded("c", True, 9.0),
    ]
    bus, heard = FactBus(), list[Fact]()
    for fact in facts:
        bus.subscribe(type(fact), heard.append)
    for fact in facts:
        bus.publish(fact)
    assert heard == facts
