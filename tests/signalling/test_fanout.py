"""Envelopes to the devices that are connected here."""

from dataclasses import replace
from typing import Any

import pytest

from rooms.facts import FactBus, MessageReachedDevice
from rooms.ports import Envelope
from signalling.fanout import LocalFanout, user_room
from signalling.session import Connection, ConnectionTable
from tests.support.in_process import RecordingServer


class Room:
    """A fan-out over connections: ann has two devices, the second wants bare suggestions; bob has one."""

    def __init__(self) -> None:
        self.server = RecordingServer()
        self.facts = FactBus()
        self.reached: list[MessageReachedDevice] = []
        self.facts.subscribe(MessageReachedDevice, self.reached.append)
        self.table = ConnectionTable()
        self.fanout = LocalFanout(emitter=self.server, connections=self.table, facts=self.facts)
        for connection_id, user_id in (("a1", "ann"), ("a2", "ann"), ("b1", "bob")):
            connection = Connection(connection_id, bare_suggestions=connection_id == "a2")
            self.table.add(connection)
            self.table.bind(connection, user_id)


@pytest.fixture
def room() -> Room:
    return Room()


def envelope(*user_ids: str, event: str = "new_message", **more: Any) -> Envelope:
    return Envelope(user_ids, event, {"from": "ann", "text": "hello"}, "/", **more)


async def test_one_emit_reaches_everybody_who_is_here(room: Room) -> None:
    await room.fanout.deliver(envelope("ann", "carol", "bob", skip="a1"))
    ((event, data, to, skip),) = room.server.sent
    assert (event, data["text"], skip) == ("new_message", "hello", "a1")
    assert to == [user_room("ann"), user_room("bob")]


async def test_some_devices_alone_get_it_while_they_are_the_named_users(room: Room) -> None:
    await room.fanout.deliver(envelope("ann", only=("a2", "b1", "gone")))
    await room.fanout.deliver(envelope("bob", only=("a1", "gone")))
    ((event, _, to, _),) = room.server.sent
    assert (event, to) == ("new_message", ["a2"])


async def test_an_event_of_a_namespace_goes_to_connections_in_it(room: Room) -> None:
    seat = Connection("b2", "/virtual-date")
    room.table.add(seat)
    room.table.bind(seat, "bob")
    event = Envelope(("ann", "bob"), "scene_event", {}, "/virtual-date")
    await room.fanout.deliver(event)
    await room.fanout.deliver(replace(event, only=("b1", "b2", "a1")))
    assert [to for _, _, to, _ in room.server.sent] == [[user_room("bob")], ["b2"]]


async def test_nothing_is_sent_when_nobody_is_here(room: Room) -> None:
    await room.fanout.deliver(envelope("carol", "dave", receipt=("m", 1)))
    assert room.server.sent == []
    assert room.reached == []


async def test_a_receipt_is_noted_for_everybody_here_but_the_sender(room: Room) -> None:
    await room.fanout.deliver(envelope("ann", "bob", "carol", receipt=("m", 7)))
    assert room.reached == [MessageReachedDevice("m", "bob", 7)]


async def test_events_without_a_receipt_note_nothing(room: Room) -> None:
    await room.fanout.deliver(envelope("ann", "bob"))
    assert room.reached == []


async def test_suggestions_are_text_for_old_clients_and_objects_for_others(room: Room) -> None:
    await room.fanout.deliver(envelope("ann", "carol", event="ai_suggestion"))
    assert room.server.sent == [
        ("ai_suggestion", {"from": "ann", "text": "hello"}, ["a1"], None),
        ("ai_suggestion", "hello", ["a2"], None),
    ]


async def test_a_device_can_be_skipped_by_suggestions_too(room: Room) -> None:
    await room.fanout.deliver(envelope("bob", event="ai_suggestion", skip="b1"))
    assert room.server.sent == [("ai_suggestion", {"from": "ann", "text": "hello"}, ["b1"], "b1")]
