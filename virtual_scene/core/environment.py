"""What may be changed about a scene as a whole: the time of day, the lights."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.errors import Conflict, InvalidPayload, NotFound
from rooms.core.limits import TokenBuckets
from virtual_scene.core.definition import Setting
from virtual_scene.core.rules import limited

Value = str | float | bool


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """A setting at one moment."""

    key: str
    value: Value
    version: int


class Environment:
    """The settings of one scene. Each has a version of its own, which grows by one per change."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self._settings = settings
        self._values: dict[str, Value] = {key: setting.first for key, setting in settings.items()}
        self._versions = dict.fromkeys(settings, 1)
        self._limits = {
            key: TokenBuckets[str](rate=setting.rate, burst=max(1.0, setting.rate)) for key, setting in settings.items()
        }

    @property
    def values(self) -> dict[str, Value]:
        """All of them as they are."""
        return dict(self._values)

    def change(self, key: str, value: Value, *, now: float) -> EnvironmentRecord:
        """Set one. The value it has already changes nothing, not even the version.

        Raises `NotFound`, `Conflict` (the scene's own), `InvalidPayload`, `RateLimited`."""
        setting = self._settings.get(key)
        if setting is None:
            raise NotFound("this scene has no such setting", field="key")
        if setting.who == "scene":
            raise Conflict("only the scene itself changes this", field="key")
        if not setting.allows(value):
            raise InvalidPayload("not a value of this setting", field="value")
        if value != self._values[key]:
            limited(self._limits[key].take(key, now=now))
            self._values[key] = value
            self._versions[key] += 1
        return EnvironmentRecord(key, self._values[key], self._versions[key])
