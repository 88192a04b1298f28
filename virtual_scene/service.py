"""Scenes: who may come in, and the shell around `core/world.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.errors import Gone, NotFound, RateLimited, TooLarge
from protocol.ids import iso_time
from protocol.scene import (
    AvatarAction,
    ChangeEnvironment,
    EnvironmentChanged,
    JoinedScene,
    JoinScene,
    ObjectInteraction,
    ObjectTouched,
    SendSceneMessage,
)
from rooms.alarm import Alarm
from rooms.core.limits import TokenBuckets
from rooms.kit import Kit
from rooms.letters import Letter, Letters
from rooms.ports import RelationStore
from rooms.service import RoomService
from virtual_scene import facts
from virtual_scene.core.definition import Definition
from virtual_scene.core.events import Tell, object_state, quat_of, snapshot, tells, vec_of
from virtual_scene.core.output import Entered, Happened, Left, Output, Refused
from virtual_scene.core.world import Deed, Pose, World
from virtual_scene.templates import DEFAULT

_Key = tuple[str | None, str]  # match and name: each match has scenes of its own


@dataclass(eq=False, slots=True)
class _Scene:
    """A scene that somebody is in, with what the shell keeps for it. `scene_id` is the name it was joined by."""

    scene_id: str
    match_id: str | None
    world: World
    letters: Letters
    alarm: Alarm

    @property
    def key(self) -> _Key:
        return self.match_id, self.scene_id


class SceneService:
    """Scenes of this process. `device` is the connection that an event came by; it is in one scene at a time.

    A scene of a match is open to its members, one without a match to everybody. It begins when the first person comes
    in and is forgotten when the last seat is given back. Methods raise the errors of `core/world.py`, and `NotFound`
    for a scene that the connection is not in."""

    def __init__(
        self,
        kit: Kit,
        *,
        rooms: RoomService,
        relations: RelationStore,
        templates: Mapping[str, Definition],
        limits: TokenBuckets[str],
        max_chars: int,
        dev: bool,
    ) -> None:
        """`limits`: what one person may say in scenes. `dev`: names that nobody knows open the default scene."""
        self._kit = kit
        self._clock = kit.clock
        self._facts = kit.facts
        self._rooms = rooms
        self._relations = relations
        self._templates = templates
        self._limits = limits
        self._max_chars = max_chars
        self._dev = dev
        self._scenes: dict[_Key, _Scene] = {}
        self._of_device: dict[str, _Scene] = {}
        self._joining: set[str] = set()

    @property
    def templates(self) -> Mapping[str, Definition]:
        """All scenes that can be joined, by name."""
        return self._templates

    @property
    def open(self) -> int:
        """Scenes that somebody is in, or may still come back to."""
        return len(self._scenes)

    @property
    def people(self) -> int:
        """Seats that are taken."""
        return sum(len(scene.world.seats) for scene in self._scenes.values())

    async def join(self, user_id: str, device: str, event: JoinScene, *, match_id: str | None) -> JoinedScene:
        """Come in. Raises `NotFound` (scene, match), `NotAMember`, `SceneFull`, `Gone` (disconnected meanwhile)."""
        definition = self._definition(event.scene_id)
        self._joining.add(device)
        try:
            if match_id is not None:
                await self._rooms.enter(user_id, match_id)
            user = (await self._relations.users([user_id])).get(user_id)
            # A seat of a connection that is no more would never be given back.
            if device not in self._joining:
                raise Gone("the connection is closed")
        finally:
            self._joining.discard(device)
        return self._enter(user_id, user.name if user else user_id, device, (match_id, event.scene_id), definition)

    def leave(self, user_id: str, device: str, scene_id: str | None) -> None:
        """Give the seat back at once."""
        scene = self._at(device, scene_id)
        del self._of_device[device]
        self._post(scene, scene.world.leave(user_id))

    def disconnected(self, device: str) -> None:
        """A connection is lost or is another user's now: its seat is kept for the grace."""
        self._joining.discard(device)
        scene = self._of_device.pop(device, None)
        if scene is not None:
            scene.world.drop(device, now=self._clock.monotonic())
            self._post(scene, [])

    def pose(self, device: str, event: AvatarAction) -> None:
        """Walk, turn, gesture."""
        scene = self._at(device, event.scene_id)
        pose = Pose(
            vec_of(event.position), quat_of(event.rotation), event.animation, event.emotion, action=event.action
        )
        try:
            outputs = scene.world.pose(device, pose, now=self._clock.monotonic())
        except Refused as refused:
            self._post(scene, refused.outputs)
            raise
        self._post(scene, outputs)

    def interact(self, device: str, event: ObjectInteraction) -> ObjectTouched:
        """Grab, hand over, use."""
        scene = self._at(device, event.scene_id)
        deed = Deed(event.object_id, event.action, vec_of(event.position), event.arg)
        try:
            record, outputs = scene.world.interact(device, deed, now=self._clock.monotonic())
        except Refused as refused:
            self._post(scene, refused.outputs)
            raise
        self._post(scene, outputs)
        return ObjectTouched.model_validate(object_state(record).model_dump())

    def change(self, device: str, event: ChangeEnvironment) -> EnvironmentChanged:
        """Change the environment."""
        scene = self._at(device, event.scene_id)
        change, outputs = scene.world.change(device, event.key, event.value, now=self._clock.monotonic())
        self._post(scene, outputs)
        return EnvironmentChanged(key=change.record.key, value=change.record.value, version=change.record.version)

    def say(self, user_id: str, device: str, event: SendSceneMessage) -> None:
        """Say something to all in the scene. Raises `TooLarge`, `RateLimited`."""
        scene = self._at(device, event.scene_id)
        if len(event.message) > self._max_chars:
            raise TooLarge(f"at most {self._max_chars} characters", field="message")
        wait_s = self._limits.take(user_id, now=self._clock.monotonic())
        if wait_s:
            raise RateLimited(retry_after_ms=int(wait_s * 1000) + 1)
        self._post(scene, scene.world.say(device, event.message, vec_of(event.position), event.emotion))

    def _definition(self, scene_id: str) -> Definition:
        definition = self._templates.get(scene_id)
        if definition is None and self._dev:
            definition = self._templates.get(DEFAULT)
        if definition is None:
            raise NotFound("no such scene", field="sceneId")
        return definition

    def _enter(self, user_id: str, name: str, device: str, key: _Key, definition: Definition) -> JoinedScene:
        scene = self._scenes.get(key) or self._open(key, definition)
        outputs = scene.world.join(user_id, name, device, now=self._clock.monotonic())
        before = self._of_device.pop(device, None)
        if before is not None and before is not scene:
            self._post(before, before.world.leave(user_id))
        for output in outputs:
            if isinstance(output, Left) and output.only is not None:
                self._of_device.pop(output.only, None)
        self._of_device[device] = scene
        slot = scene.world.seat_of(device).slot
        self._post(scene, outputs, newcomer=device)
        return JoinedScene(
            scene_id=scene.scene_id,
            slot=slot,
            definition=scene.world.definition.public(),
            snapshot=snapshot(scene.world.snapshot(), slot=slot),
        )

    def _open(self, key: _Key, definition: Definition) -> _Scene:
        match_id, scene_id = key
        world = World(definition, now=self._clock.monotonic())
        alarm = Alarm(
            deadline=world.deadline,
            ring=lambda: self._post(scene, world.tick(now=self._clock.monotonic())),
            timers=self._kit.timers,
            clock=self._clock,
        )
        scene = _Scene(scene_id, match_id, world, Letters(self._kit, f"scene {scene_id}"), alarm)
        self._scenes[key] = scene
        return scene

    def _at(self, device: str, scene_id: str | None) -> _Scene:
        scene = self._of_device.get(device)
        if scene is None or scene_id not in {None, scene.scene_id}:
            raise NotFound("join the scene first", field="sceneId")
        return scene

    def _post(self, scene: _Scene, outputs: list[Output] | tuple[Output, ...], *, newcomer: str | None = None) -> None:
        """What every input to a scene ends with: tell people and house, forget an empty scene, set the alarm.

        The `newcomer` has all of it in the snapshot."""
        here = [(user_id, device) for user_id, device in scene.world.devices if device != newcomer]
        at = iso_time(self._clock.wall_ms())
        scene.letters.put([_letter(tell, here) for tell in tells(outputs, scene_id=scene.scene_id, at=at)])
        for output in outputs:
            self._publish(scene, output)
        if not scene.world.seats:
            self._scenes.pop(scene.key, None)
        scene.alarm.arm()

    def _publish(self, scene: _Scene, output: Output) -> None:
        where = (scene.scene_id, scene.match_id)
        if isinstance(output, Entered):
            self._facts.publish(facts.SceneEntered(*where, output.avatar.user_id))
        elif isinstance(output, Left) and output.only is None:
            self._facts.publish(facts.SceneLeft(*where, output.avatar.user_id))
        elif isinstance(output, Happened):
            prompts = scene.world.definition.prompts(output.name)
            self._facts.publish(facts.SceneHappened(*where, output.name, prompts, output.user_ids))


def _letter(tell: Tell, here: list[tuple[str, str]]) -> Letter:
    """To those who are there now, or to the one connection that it is for."""
    if tell.only is not None:
        return Letter((tell.user_id,), tell.event, only=(tell.only,))
    return Letter(tuple(user_id for user_id, _ in here), tell.event, only=tuple(device for _, device in here))
