"""Scenes, in their own namespace."""

from protocol.scene import (
    AvatarAction,
    ChangeEnvironment,
    EnvironmentChanged,
    JoinedScene,
    JoinScene,
    LeaveScene,
    ObjectInteraction,
    ObjectTouched,
    SendSceneMessage,
)
from signalling.handlers.base import handles
from signalling.services import Context


@handles(JoinScene, anonymous=True)
async def join_scene(context: Context, event: JoinScene) -> JoinedScene:
    """Enter a scene, of the named match or of the room that this page is in."""
    await context.claim(event.user_id)
    connection = context.connection
    match_id = event.match_id or context.binder.current_match(connection)
    return await context.services.scenes.join(context.user_id, connection.connection_id, event, match_id=match_id)


@handles(LeaveScene)
async def leave_scene(context: Context, event: LeaveScene) -> None:
    """Give the seat back."""
    context.services.scenes.leave(context.user_id, context.connection.connection_id, event.scene_id)


@handles(SendSceneMessage)
async def scene_message(context: Context, event: SendSceneMessage) -> None:
    """Say something in the scene."""
    context.services.scenes.say(context.user_id, context.connection.connection_id, event)


@handles(AvatarAction)
async def avatar_action(context: Context, event: AvatarAction) -> None:
    """Walk, turn, gesture."""
    context.services.scenes.pose(context.connection.connection_id, event)


@handles(ObjectInteraction)
async def object_interaction(context: Context, event: ObjectInteraction) -> ObjectTouched:
    """Grab, hand over, use."""
    return context.services.scenes.interact(context.connection.connection_id, event)


@handles(ChangeEnvironment)
async def environment_change(context: Context, event: ChangeEnvironment) -> EnvironmentChanged:
    """Change the scene as a whole."""
    return context.services.scenes.change(context.connection.connection_id, event)
