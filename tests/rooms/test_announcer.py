"""One envelope for all devices of all who are told."""

import pytest

from backends.bus_memory import MemoryBus
from protocol.errors import Unavailable
from protocol.presence import TypingChanged
from rooms.announcer import Announcer
from rooms.ports import Envelope
from tests.support.fakes import Ears, Line, through


async def test_an_event_becomes_one_envelope_with_its_wire_form() -> None:
    ears, bus = Ears(), MemoryBus()
    bus.subscribe(ears.deliver)
    event = TypingChanged(match_id="m", user_id="ann", typing=True)
    await Announcer(bus).tell(iter(["ann", "bob"]), event, skip="c1", receipt=("m", 3), only=("c2",))
    assert ears.envelopes == [
        Envelope(
            user_ids=("ann", "bob"),
            event="typing",
            payload={"matchId": "m", "userId": "ann", "typing": True},
            namespace="/",
            skip="c1",
            receipt=("m", 3),
            only=("c2",),
        )
    ]


async def test_a_dead_bus_is_the_callers_to_know() -> None:
    line = Line()
    line.cut("publish")
    with pytest.raises(Unavailable):
        await Announcer(through(line, MemoryBus())).tell(
            ["ann"], TypingChanged(match_id="m", user_id="ann", typing=True)
        )
