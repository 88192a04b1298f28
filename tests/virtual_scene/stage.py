"""A small scene for tests, and people by the first letters of their devices: ann has a1 and a2, bob b1, cat c1."""

import json
from typing import Any

from protocol.errors import ProtocolError
from tests.virtual_scene.replica import Replica, state_of
from virtual_scene.core.definition import Definition, parse
from virtual_scene.core.events import snapshot, tells
from virtual_scene.core.geometry import Quat, Vec, vec
from virtual_scene.core.objects import ObjectRecord
from virtual_scene.core.output import Happened, Output, Refused
from virtual_scene.core.world import Deed, Pose, World

PEOPLE = {"a": "ann", "b": "bob", "c": "cat", "d": "dan"}
CUP, SAUCER, LANTERN, JUKEBOX, DANCE = 1, 2, 5, 6, 7
SCENE: dict[str, Any] = {
    "id": "room",
    "v": 1,
    "bounds": [-6, 0, -5, 6, 4, 5],
    "capacity": 4,
    "spawn": [
        {"pos": [-1, 0, 0], "yaw": 90},
        {"pos": [1, 0, 0], "yaw": 270},
        {"pos": [0, 0, 2]},
        {"pos": [0, 0, -2]},
    ],
    "rests": {"table": [[0, 0.75, 0], [0.5, 0.75, 0], [0, 0.75, 0.5]]},
    "environment": {
        "time": {"type": "enum", "of": ["dusk", "night"]},
        "stars": {"type": "float", "min": 0, "max": 1, "initial": 0.5},
        "music": {"type": "bool"},
        "weather": {"type": "enum", "of": ["dry"], "who": "scene"},
    },
    "objects": [
        {"id": 1, "kind": "cup", "pos": [0, 0.75, 0], "rest": "table", "actions": {"sip": {"cooldown": 2}}},
        {"id": 2, "kind": "saucer", "pos": [2, 0, 2]},
        {"id": 5, "kind": "lantern", "pos": [2, 1, 0], "grab": "shared", "actions": {"use": {"values": ["off", "on"]}}},
        {"id": 6, "kind": "jukebox", "pos": [4, 0, 4], "grab": "locked",
         "actions": {"play": {"values": ["silence", "jazz"], "cooldown": 5}, "kick": {}}},
        {"id": 7, "kind": "dance", "pos": [-4, 0, 0], "grab": "consent", "space": 0.2},
    ],
    "topics": [{"on": "gesture:wave", "prompt": "greetings"}, {"on": "hand_over:cup", "prompt": "toast"}],
}  # fmt: skip


def scene(**changes: Any) -> Definition:
    """The scene, with some keys changed."""
    return parse(json.dumps({**SCENE, **changes}))


class Stage:
    """A world at a time that moves only by `wait`. `replicas` are by device; what is refused is raised."""

    def __init__(self, definition: Definition | None = None) -> None:
        self.now = 100.0
        self.world = World(definition or scene(), now=self.now)
        self.replicas: dict[str, Replica] = {}
        self.happened: list[str] = []
        self.told: list[tuple[str, dict[str, Any]]] = []

    def join(self, *devices: str) -> None:
        """Come in, in this order."""
        for device in devices:
            self._tell(self.world.join(PEOPLE[device[0]], device[0].upper(), device, now=self.now))
            self.replicas[device] = Replica(self.state())

    def leave(self, device: str) -> None:
        self.replicas.pop(device)
        self._tell(self.world.leave(PEOPLE[device[0]]))

    def drop(self, device: str) -> None:
        self.replicas.pop(device, None)
        self.world.drop(device, now=self.now)

    def go(self, device: str, x: float, z: float, **more: Any) -> None:
        self.pose(device, position=vec(x, 0, z), **more)

    def pose(
        self,
        device: str,
        *,
        position: Vec | None = None,
        rotation: Quat | None = None,
        animation: str | None = None,
        emotion: str | None = None,
        action: str | None = None,
    ) -> None:
        self._do(lambda: self.world.pose(device, Pose(position, rotation, animation, emotion, action), now=self.now))

    def act(
        self, device: str, object_id: int, action: str, *, arg: object = None, position: Vec | None = None
    ) -> ObjectRecord:
        record: list[ObjectRecord] = []

        def interact() -> list[Output]:
            after, outputs = self.world.interact(device, Deed(object_id, action, position, arg), now=self.now)
            record.append(after)
            return outputs

        self._do(interact)
        return record[0]

    def set(self, device: str, key: str, value: str | float | bool) -> int:
        change, outputs = self.world.change(device, key, value, now=self.now)
        self._tell(outputs)
        return change.record.version

    def say(self, device: str, message: str, position: Vec | None = None, emotion: str | None = None) -> None:
        self._tell(self.world.say(device, message, position, emotion))

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick at each deadline on the way."""
        until = self.now + seconds
        while (due := self.world.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._tell(self.world.tick(now=self.now))
        self.now = until

    def state(self) -> dict[str, Any]:
        """The server's state as on the wire."""
        return state_of(wire_snapshot(self.world))

    def agree(self) -> bool:
        """Whether everybody who is here believes what the server knows."""
        return all(replica.state == self.state() for replica in self.replicas.values())

    def heard(self, device: str) -> list[dict[str, Any]]:
        """Payloads that this device was told, oldest first."""
        return [payload for to, payload in self.told if to == device]

    def _do(self, act: Any) -> None:
        try:
            self._tell(act())
        except Refused as refused:
            self._tell(refused.outputs)
            raise

    def _tell(self, outputs: Any) -> None:
        self.happened += [output.name for output in outputs if isinstance(output, Happened)]
        for tell in tells(outputs, scene_id="room", at="now"):
            for _, device in self.world.devices if tell.only is None else [("", tell.only)]:
                payload = tell.event.wire()
                self.told.append((device, payload))
                if device in self.replicas and "type" in payload:
                    self.replicas[device].apply(payload)


def wire_snapshot(world: World) -> dict[str, Any]:
    """As `join_scene` answers."""
    wire = snapshot(world.snapshot(), slot=0).wire()
    for one in wire["objects"]:
        one.setdefault("owner", None)
    return wire


def refusal(act: Any) -> ProtocolError:
    """What an action is refused with."""
    try:
        act()
    except ProtocolError as error:
        return error
    raise AssertionError("it was not refused")
