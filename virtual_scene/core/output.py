"""What a scene tells. Each channel says it in its own way: as JSON events, later as binary frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.errors import Conflict
from virtual_scene.core.environment import EnvironmentRecord
from virtual_scene.core.geometry import Quat, Vec
from virtual_scene.core.objects import ObjectRecord

LeaveReason = Literal["left", "gone", "replaced"]


@dataclass(frozen=True, slots=True)
class AvatarRecord:
    """Somebody at one moment. `version` grows by one with each pose that is told."""

    slot: int
    user_id: str
    name: str
    position: Vec
    rotation: Quat
    animation: str
    emotion: str
    version: int


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody has come in."""

    avatar: AvatarRecord


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody has left; with `only` no more than that this connection is out of the scene."""

    avatar: AvatarRecord
    reason: LeaveReason
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Posed:
    """Where somebody stands. `teleport`: without walking there; `only`: told to this connection alone."""

    avatar: AvatarRecord
    action: str | None = None
    teleport: bool = False
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """An object changed or moved through `slot`; with `only` nothing changed and this connection is told how it is."""

    record: ObjectRecord
    action: str
    slot: int
    user_id: str
    only: str | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentSet:
    """A setting changed."""

    record: EnvironmentRecord
    slot: int
    user_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody has said something."""

    slot: int
    user_id: str
    message: str
    position: Vec
    emotion: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a talk prompt may take up, by name: `hand_over:cup`."""

    name: str
    user_ids: tuple[str, ...]


Output = Entered | Left | Posed | Touched | EnvironmentSet | Said | Happened


class Refused(Conflict):
    """A refusal of which the client has to be told more than its answer says: `outputs`."""

    def __init__(self, message: str, *, field: str, outputs: Sequence[Output]) -> None:
        super().__init__(message, field=field)
        self.outputs = tuple(outputs)
