"""Scenes over the memory back ends: ann has the devices a1 and a2, bob b1, cat c1, in matches of their own."""

from typing import Any

from backends.bus_memory import MemoryBus
from protocol.scene import (
    AvatarAction,
    ChangeEnvironment,
    JoinedScene,
    JoinScene,
    ObjectInteraction,
    ObjectTouched,
    SendSceneMessage,
)
from rooms.announcer import Announcer
from rooms.core.limits import TokenBuckets
from rooms.kit import Kit
from tests.rooms.house import House
from tests.support.clock import FakeIds
from tests.support.fakes import through
from tests.virtual_scene.stage import PEOPLE, scene
from virtual_scene import facts as kinds
from virtual_scene.service import SceneService

MAX_CHARS = 50
SCENE_IDS = ("room", "rooftop-cafe")


class SceneHouse:
    """A house with two scenes, `room` and the default one. In development mode when `dev`."""

    def __init__(self, *, dev: bool = False) -> None:
        self.house = House(dev=dev)
        self.clock, self.timers, self.ears = self.house.clock, self.house.timers, self.house.ears
        bus = MemoryBus()
        bus.subscribe(self.ears.deliver)
        announcer = Announcer(through(self.house.bus_line, bus))
        kit = Kit(self.clock, FakeIds(self.clock), self.timers, self.house.facts, announcer)
        self.ears.listen(self.house.facts, kinds.SceneEntered, kinds.SceneLeft, kinds.SceneHappened)
        self.scenes = SceneService(
            kit,
            rooms=self.house.rooms,
            relations=self.house.relations,
            templates={name: scene(id=name) for name in SCENE_IDS},
            limits=TokenBuckets(rate=10, burst=3),
            max_chars=MAX_CHARS,
            dev=dev,
        )
        self.match_id = ""

    async def open(self) -> "SceneHouse":
        """The match of ann and bob exists."""
        await self.house.person("ann", "Ann")
        self.match_id = (await self.house.match("ann", "bob")).match_id
        return self

    async def join(self, *devices: str, scene_id: str = "room", match_id: str | None = None) -> JoinedScene:
        """They come in, in this order; the answer to the last."""
        for device in devices:
            event = JoinScene.from_wire({"sceneId": scene_id})
            joined = await self.scenes.join(
                PEOPLE[device[0]], device, event, match_id=match_id or self.match_id or None
            )
            await self.timers.settle()
        return joined

    async def leave(self, device: str, scene_id: str | None = None) -> None:
        self.scenes.leave(PEOPLE[device[0]], device, scene_id)
        await self.timers.settle()

    async def drop(self, device: str) -> None:
        self.scenes.disconnected(device)
        await self.timers.settle()

    async def pose(self, device: str, **fields: Any) -> None:
        await self._settled(lambda: self.scenes.pose(device, AvatarAction.from_wire(fields)))

    async def act(self, device: str, object_id: int, action: str, **fields: Any) -> ObjectTouched:
        event = ObjectInteraction.from_wire({"objectId": object_id, "action": action, **fields})
        touched: ObjectTouched = await self._settled(lambda: self.scenes.interact(device, event))
        return touched

    async def change(self, device: str, key: str, value: object) -> Any:
        event = ChangeEnvironment.from_wire({"key": key, "value": value})
        return await self._settled(lambda: self.scenes.change(device, event))

    async def say(self, device: str, message: str, **fields: Any) -> None:
        event = SendSceneMessage.from_wire({"message": message, **fields})
        await self._settled(lambda: self.scenes.say(PEOPLE[device[0]], device, event))

    def heard(self, device: str, *actions: str) -> list[dict[str, Any]]:
        """Payloads that this device was told, oldest first; all, or those of some actions."""
        return [
            envelope.payload
            for envelope in self.ears.envelopes
            if envelope.namespace == "/virtual-date"
            and device in (envelope.only or ())
            and (not actions or envelope.payload.get("action") in actions)
        ]

    async def _settled(self, act: Any) -> Any:
        """What follows from it, also from a refusal, has been told."""
        try:
            return act()
        finally:
            await self.timers.settle()
