"""Virtual date scenes: who stands where, who holds what, what is said (namespace `/virtual-date`).

Positions are metres from the scene's origin, y up; rotations are unit quaternions. A list of three numbers is
read as a position, `{yaw}` in degrees as a rotation about the vertical.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from protocol.base import (
    CLIENT_TO_SERVER,
    NAMESPACE_SCENE,
    SERVER_TO_CLIENT,
    Event,
    Outgoing,
    Payload,
    ServerEvent,
    event,
)
from protocol.chat import MAX_CONTENT
from protocol.errors import Conflict, NotAMember, NotFound, RateLimited, SceneFull, TooLarge
from protocol.ids import IdString

MAX_OBJECT_ID = 65_535
_FAR = 1e6  # metres; only so that sums of what a client sends stay finite. Each scene has bounds of its own
_POSITION_NUMBERS = 3


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable")
    return value


Number = Annotated[float, Field(ge=-_FAR, le=_FAR, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_printable)]
ObjectId = Annotated[int, Field(ge=0, le=MAX_OBJECT_ID)]
Argument = Annotated[str, StringConstraints(max_length=128), AfterValidator(_printable)] | Number | bool

SceneEventType = Literal["avatar_action", "object_interaction", "environment_change"]
ObjectStateName = Literal["free", "held", "offered", "locked", "shared", "consent", "asked", "agreed"]

Owner = Annotated[
    int | None,
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "slot of the holder, null for nobody"}
    ),
]


class Position(Payload):
    """A place in metres."""

    model_config = ConfigDict(strict=True)

    x: Number
    y: Number
    z: Number

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) == _POSITION_NUMBERS:
            return dict(zip("xyz", value, strict=True))
        return value


class Rotation(Payload):
    """A quaternion `{x, y, z, w}` of any length but zero, or `{yaw}` in degrees."""

    model_config = ConfigDict(strict=True)

    x: Number | None = None
    y: Number | None = None
    z: Number | None = None
    w: Number | None = None
    yaw: Number | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        quaternion = (self.x, self.y, self.z, self.w)
        if self.yaw is None:
            if None in quaternion or not any(quaternion):
                raise ValueError("needs x, y, z and w, not all zero, or yaw")
        elif any(part is not None for part in quaternion):
            raise ValueError("has either yaw or x, y, z and w")
        return self


class Place(Outgoing):
    """A place in metres, with millimetres."""

    x: float
    y: float
    z: float


class Quaternion(Outgoing):
    """A rotation of length 1."""

    x: float
    y: float
    z: float
    w: float


class AvatarState(Outgoing):
    """Somebody in a scene, also while they are away for the grace of a reconnect."""

    slot: int = Field(description="the seat, kept for the stay")
    user_id: str
    name: str
    position: Place
    rotation: Quaternion
    animation: str
    emotion: str
    version: int


class ObjectState(Outgoing):
    """An object of a scene. `version`: one more per change of state, owner or value; moves do not count."""

    id: int
    kind: str
    state: ObjectStateName
    owner: Owner
    version: int
    position: Place
    offered_to: int | None = Field(default=None, description="slot of the person who may accept")
    value: str | None = Field(default=None, description="of objects with values, as a lantern: on")


class SceneSnapshot(Outgoing):
    """The exact state of a scene: what follows as events is all that is missing later."""

    tick: int = Field(description="batches of poses so far")
    my_slot: int
    avatars: list[AvatarState]
    objects: list[ObjectState]
    environment: dict[str, Any]


class JoinedScene(Outgoing):
    """Answer to `join_scene`."""

    scene_id: str
    slot: int
    scene_ws: str | None = Field(default=None, description="address of the binary channel; absent: there is none")
    ticket: str | None = Field(default=None, description="first frame of the binary channel; absent as `sceneWs`")
    definition: dict[str, Any] = Field(description="the scene as its file describes it, with `hash`")
    snapshot: SceneSnapshot

    def wire(self) -> dict[str, Any]:
        """As everywhere, but the `owner` of an object is always there."""
        wire = super().wire()
        for record in wire["snapshot"]["objects"]:
            record.setdefault("owner", None)
        return wire


@event(
    "join_scene",
    CLIENT_TO_SERVER,
    namespace=NAMESPACE_SCENE,
    ack=JoinedScene,
    errors=(NotFound, NotAMember, SceneFull, RateLimited),
)
class JoinScene(Event):
    """Enter a scene by its template's name. With `matchId`, or a current match, it is the match's own and for its
    members only; without it is open to everybody. The seat is kept for 15 s after a lost connection; whoever joins a
    second time goes on from their newest connection. A connection is in one scene at a time."""

    scene_id: IdString
    user_id: IdString | None = Field(default=None, description="names the user in development mode, else ignored")
    match_id: IdString | None = None


_HERE = (NotFound, Conflict, RateLimited)
_SceneId = Annotated[IdString | None, Field(description="as in `join_scene`; absent: the scene this connection is in")]


@event("leave_scene", CLIENT_TO_SERVER, namespace=NAMESPACE_SCENE, errors=(NotFound,))
class LeaveScene(Event):
    """Give the seat back at once; what one held goes to its place."""

    scene_id: _SceneId = None


@event("scene_message", CLIENT_TO_SERVER, namespace=NAMESPACE_SCENE, errors=(NotFound, TooLarge, RateLimited))
class SendSceneMessage(Event):
    """Say something to all in the scene. It is not stored. `position` defaults to that of one's avatar."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT)]
    scene_id: _SceneId = None
    position: Position | None = None
    emotion: Name | None = None


@event("avatar_action", CLIENT_TO_SERVER, namespace=NAMESPACE_SCENE, errors=_HERE)
class AvatarAction(Event):
    """Move or gesture. A pose that the scene does not allow (bounds, speed, personal space) is refused as `conflict`,
    and a `scene_event` with `teleport` tells this connection where its avatar still stands."""

    scene_id: _SceneId = None
    action: Name | None = Field(default=None, description="a gesture, as wave; told at once")
    position: Position | None = None
    rotation: Rotation | None = None
    animation: Name | None = None
    emotion: Name | None = None


class ObjectTouched(ObjectState):
    """Answer to `object_interaction`: the object after it."""

    def wire(self) -> dict[str, Any]:
        """As everywhere, but `owner` is always there."""
        return {"owner": None, **super().wire()}


@event("object_interaction", CLIENT_TO_SERVER, namespace=NAMESPACE_SCENE, ack=ObjectTouched, errors=_HERE)
class ObjectInteraction(Event):
    """Act on an object. `grab`, `release`, `move {position}` and actions of the object's definition; `offer {arg}` to a
    slot or user id, then `accept`, `decline` or `withdraw`.

    A grab is granted only if the object is free: else `conflict`, and a `scene_event` with `action: "refused"` tells
    this connection the present owner and version. What is held falls back after 10 s without a sign of its holder."""

    object_id: ObjectId
    action: Name
    scene_id: _SceneId = None
    position: Position | None = None
    arg: Argument | None = None


class EnvironmentChanged(Outgoing):
    """Answer to `environment_change`."""

    key: str
    value: str | float | bool
    version: int


@event("environment_change", CLIENT_TO_SERVER, namespace=NAMESPACE_SCENE, ack=EnvironmentChanged, errors=_HERE)
class ChangeEnvironment(Event):
    """Change what the scene's definition lets visitors change."""

    key: Name
    value: Argument
    scene_id: _SceneId = None


@event("scene_message", SERVER_TO_CLIENT, namespace=NAMESPACE_SCENE)
class SceneMessage(ServerEvent):
    """Somebody says something; to all in the scene, the sender included."""

    scene_id: str
    user_id: str
    slot: int
    message: str
    position: Place
    emotion: str
    at: str


@event("scene_event", SERVER_TO_CLIENT, namespace=NAMESPACE_SCENE)
class SceneEvent(ServerEvent):
    """Something changed; to all in the scene, whoever did it included.

    `avatar_action`: the whole pose, moves gathered over 100 ms, `action` at once; also `enter` and `leave`.
    `object_interaction`: the object after it; `action` may also be `drop` (its holder is gone) or `expire`.
    `environment_change`: `key` and `value`.
    `version` is that of the avatar, object or key; what comes with a smaller one than the last is old."""

    type: SceneEventType
    scene_id: str
    user_id: str
    slot: int
    at: str
    version: int
    action: str | None = None
    name: str | None = None
    position: Place | None = None
    rotation: Quaternion | None = None
    animation: str | None = None
    emotion: str | None = None
    teleport: bool | None = Field(default=None, description="true: stand there at once; the move before was refused")
    reason: str | None = Field(default=None, description="of a `leave`: left, gone, replaced")
    object_id: int | None = None
    kind: str | None = None
    state: ObjectStateName | None = None
    owner: Owner = None
    offered_to: int | None = None
    value: str | float | bool | None = None
    key: str | None = None

    def wire(self) -> dict[str, Any]:
        """As everywhere, but the `owner` of an object is always there."""
        wire = super().wire()
        return wire if self.object_id is None else {"owner": None, **wire}
