"""What a scene tells, as JSON events of `protocol.scene`. Pure; the binary channel will have its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from protocol.base import ServerEvent
from protocol.scene import AvatarState, ObjectState, Place, Position, Quaternion, Rotation, SceneMessage, SceneSnapshot
from protocol.scene import SceneEvent as Told
from virtual_scene.core.geometry import Quat, Vec, quat, vec, yaw
from virtual_scene.core.objects import ObjectRecord
from virtual_scene.core.output import AvatarRecord, Entered, EnvironmentSet, Left, Output, Posed, Said, Touched
from virtual_scene.core.world import Snapshot


@dataclass(frozen=True, slots=True)
class Tell:
    """An event for everybody in the scene, or for the connection `only`, which is that of `user_id`."""

    event: ServerEvent
    user_id: str
    only: str | None = None


def tells(outputs: Iterable[Output], *, scene_id: str, at: str) -> Iterator[Tell]:
    """The events in order; `at` is the time as it stands on the wire. Facts are not for clients and left out."""
    for output in outputs:
        where: dict[str, Any] = {"scene_id": scene_id, "at": at}
        match output:
            case Entered(avatar):
                yield Tell(_avatar(avatar, where, action="enter"), avatar.user_id)
            case Left(avatar, reason, only):
                yield Tell(_avatar(avatar, where, action="leave", reason=reason), avatar.user_id, only)
            case Posed(avatar, action, teleport, only):
                event = _avatar(avatar, where, action=action, teleport=True if teleport else None)
                yield Tell(event, avatar.user_id, only)
            case Touched():
                yield Tell(_object(output, where), output.user_id, output.only)
            case EnvironmentSet(record, slot, user_id):
                event = Told(
                    type="environment_change",
                    user_id=user_id,
                    slot=slot,
                    key=record.key,
                    value=record.value,
                    version=record.version,
                    **where,
                )
                yield Tell(event, user_id)
            case Said():
                yield Tell(_message(output, where), output.user_id)


def snapshot(state: Snapshot, *, slot: int) -> SceneSnapshot:
    """The state for who sits at `slot`."""
    return SceneSnapshot(
        tick=state.tick,
        my_slot=slot,
        avatars=[
            AvatarState(
                slot=avatar.slot,
                user_id=avatar.user_id,
                name=avatar.name,
                position=_place(avatar.position),
                rotation=_rotation(avatar.rotation),
                animation=avatar.animation,
                emotion=avatar.emotion,
                version=avatar.version,
            )
            for avatar in state.avatars
        ],
        objects=[object_state(record) for record in state.objects],
        environment=dict(state.environment),
    )


def object_state(record: ObjectRecord) -> ObjectState:
    """An object as it travels."""
    return ObjectState(
        id=record.id,
        kind=record.kind,
        state=record.state.value,
        owner=record.owner,
        version=record.version,
        position=_place(record.position),
        offered_to=record.offered_to,
        value=record.value,
    )


def vec_of(position: Position | None) -> Vec | None:
    """What a client sent as a place."""
    return None if position is None else vec(position.x, position.y, position.z)


def quat_of(rotation: Rotation | None) -> Quat | None:
    """What a client sent as a rotation, in either form."""
    if rotation is None:
        return None
    if rotation.yaw is not None:
        return yaw(rotation.yaw)
    return quat(rotation.x or 0.0, rotation.y or 0.0, rotation.z or 0.0, rotation.w or 0.0)


def _place(place: Vec) -> Place:
    return Place(x=place.x, y=place.y, z=place.z)


def _rotation(rotation: Quat) -> Quaternion:
    return Quaternion(x=rotation.x, y=rotation.y, z=rotation.z, w=rotation.w)


def _avatar(avatar: AvatarRecord, where: dict[str, Any], **more: Any) -> Told:
    return Told(
        type="avatar_action",
        user_id=avatar.user_id,
        slot=avatar.slot,
        version=avatar.version,
        name=avatar.name,
        position=_place(avatar.position),
        rotation=_rotation(avatar.rotation),
        animation=avatar.animation,
        emotion=avatar.emotion,
        **where,
        **more,
    )


def _object(touched: Touched, where: dict[str, Any]) -> Told:
    record = touched.record
    return Told(
        type="object_interaction",
        user_id=touched.user_id,
        slot=touched.slot,
        version=record.version,
        action=touched.action,
        object_id=record.id,
        kind=record.kind,
        state=record.state.value,
        owner=record.owner,
        offered_to=record.offered_to,
        position=_place(record.position),
        value=record.value,
        **where,
    )


def _message(said: Said, where: dict[str, Any]) -> SceneMessage:
    return SceneMessage(
        user_id=said.user_id,
        slot=said.slot,
        message=said.message,
        position=_place(said.position),
        emotion=said.emotion,
        **where,
    )
