"""What a client of the JSON channel believes about a scene: a snapshot, and every event since, applied."""

from typing import Any

Payload = dict[str, Any]


class Replica:
    """`state` is what `join_scene` would answer now as `snapshot`, without tick and slot, if nothing went wrong."""

    def __init__(self, snapshot: Payload) -> None:
        self.avatars: dict[int, Payload] = {avatar["slot"]: dict(avatar) for avatar in snapshot["avatars"]}
        self.objects: dict[int, Payload] = {one["id"]: dict(one) for one in snapshot["objects"]}
        self.environment: Payload = dict(snapshot["environment"])
        self.versions: dict[tuple[str, Any], int] = {}
        self.nearest = 1e9

    @property
    def state(self) -> Payload:
        return state_of({
            "avatars": list(self.avatars.values()),
            "objects": list(self.objects.values()),
            "environment": self.environment,
        })  # fmt: skip

    def apply(self, event: Payload) -> None:
        """One `scene_event`. Versions of one thing must not go back."""
        if event.get("action") == "refused":
            return
        key, apply = {
            "avatar_action": (event["slot"], self._avatar),
            "object_interaction": (event.get("objectId"), self._object),
            "environment_change": (event.get("key"), self._environment),
        }[event["type"]]
        before = self.versions.get((event["type"], key), 0)
        assert event["version"] >= before, (event, before)
        self.versions[event["type"], key] = event["version"]
        apply(event)

    def _avatar(self, event: Payload) -> None:
        slot = event["slot"]
        if event.get("action") == "leave":
            del self.avatars[slot]
            del self.versions["avatar_action", slot]
            return
        if event.get("action") == "enter":
            assert slot not in self.avatars
        keys = ("slot", "userId", "name", "position", "rotation", "animation", "emotion", "version")
        self.avatars[slot] = {key: event[key] for key in keys}
        for other in self.avatars.values():
            if other["slot"] != slot:
                self.nearest = min(self.nearest, plane_distance(other["position"], event["position"]))

    def _object(self, event: Payload) -> None:
        keys = ("kind", "state", "owner", "version", "position", "offeredTo", "value")
        self.objects[event["objectId"]] = {"id": event["objectId"], **{key: event[key] for key in keys if key in event}}

    def _environment(self, event: Payload) -> None:
        self.environment[event["key"]] = event["value"]


def state_of(snapshot: Payload) -> Payload:
    """A snapshot without what is its receiver's own."""
    return {
        "avatars": sorted(snapshot["avatars"], key=lambda avatar: avatar["slot"]),
        "objects": sorted(snapshot["objects"], key=lambda one: one["id"]),
        "environment": snapshot["environment"],
    }


def plane_distance(a: Payload, b: Payload) -> float:
    return float(((a["x"] - b["x"]) ** 2 + (a["z"] - b["z"]) ** 2) ** 0.5)
