"""The released contract can only grow. A change that fails here needs a new protocol version (docs/protocol.md).

`snapshots/v<N>.schema.json` is the schema as it was when version N was released and is not written again; a field
that was added since may be added to it by hand, so that it is held from then on.
"""

import importlib.util
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from protocol.version import OLDEST_ACCEPTED, PROTOCOL_VERSION
from tests.protocol.compatibility import breaks

HERE = Path(__file__).parent
GENERATE = HERE.parent.parent / "scripts" / "generate.py"


def present_schema() -> dict[str, Any]:
    """What `scripts/generate` writes, made anew."""
    spec = importlib.util.spec_from_file_location("generate", GENERATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schema: dict[str, Any] = json.loads(json.dumps(module.event_schema()))
    return schema


def snapshot(version: int) -> dict[str, Any]:
    text = (HERE / "snapshots" / f"v{version}.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    return schema


@pytest.mark.parametrize("version", range(OLDEST_ACCEPTED, PROTOCOL_VERSION + 1))
def test_a_client_of_each_accepted_version_is_served_as_before(version: int) -> None:
    assert breaks(snapshot(version), present_schema()) == []


def test_the_snapshot_is_of_its_version() -> None:
    assert snapshot(PROTOCOL_VERSION)["protocolVersion"] == PROTOCOL_VERSION


Change = Callable[[dict[str, Any]], Any]


def _field(schema: dict[str, Any], path: str) -> dict[str, Any]:
    definition, _, name = path.partition(".")
    found: dict[str, Any] = schema["$defs"][definition]
    return found["properties"][name] if name else found


BREAKS: dict[str, tuple[Change, str]] = {
    "a client event is gone": (lambda s: s["clientEvents"].pop("react"), "react"),
    "a server event is gone": (lambda s: s["serverEvents"].pop("presence"), "presence"),
    "an event has another class": (lambda s: s["clientEvents"].update(react="#/$defs/Empty"), "react"),
    "a definition is gone": (lambda s: s["$defs"].pop("Member"), "Member is gone"),
    "a field is gone": (lambda s: s["$defs"]["NewMessage"]["properties"].pop("clientId"), "NewMessage.clientId"),
    "a field is retyped": (lambda s: _field(s, "NewMessage.seq").update(type="string"), "NewMessage.seq.type"),
    "one of several types is gone": (lambda s: _field(s, "NewMessage.content")["anyOf"].pop(), "NewMessage.content"),
    "the items of a list are retyped": (
        lambda s: _field(s, "MatchCreated.openingLines")["items"].update(type="integer"),
        "MatchCreated.openingLines.items",
    ),
    "a reference leads elsewhere": (
        lambda s: _field(s, "JoinedChat.members")["items"].update({"$ref": "#/$defs/Peer"}),
        "JoinedChat.members",
    ),
    "a value of an enumeration is gone": (
        lambda s: _field(s, "SendMessage.type")["enum"].remove("voice"),
        "SendMessage.type",
    ),
    "a client must newly send a field": (
        lambda s: s["$defs"]["SendMessage"]["required"].append("clientId"),
        "SendMessage newly requires",
    ),
    "the server no longer promises a field": (
        lambda s: s["$defs"]["NewMessage"]["required"].remove("seq"),
        "NewMessage no longer promises",
    ),
    "a client may send less": (lambda s: _field(s, "FetchHistory.limit").update(maximum=100), "FetchHistory.limit"),
    "a client must send more": (lambda s: _field(s, "React.emoji").update(minLength=2), "React.emoji"),
    "a text is narrowed to an enumeration": (
        lambda s: _field(s, "PlayGame.game").update(enum=["icebreaker"]),
        "PlayGame.game",
    ),
    "unknown keys are refused": (
        lambda s: s["$defs"]["SendMessage"].update(additionalProperties=False),
        "SendMessage.additionalProperties",
    ),
}

GROWTH: dict[str, Change] = {
    "an event": lambda s: s["clientEvents"].update(start_call="#/$defs/Empty"),
    "a definition": lambda s: s["$defs"].update(Call={"type": "object"}),
    "an optional field of a client": lambda s: s["$defs"]["SendMessage"]["properties"].update(mood={"type": "string"}),
    "a field of the server": lambda s: (
        s["$defs"]["NewMessage"]["properties"].update(destructAt={"type": "string"}),
        s["$defs"]["NewMessage"]["required"].append("destructAt"),
    ),
    "wider limits": lambda s: _field(s, "FetchHistory.limit").update(maximum=500),
    "a value of an enumeration": lambda s: _field(s, "AiSuggestion.kind")["enum"].append("poem"),
    "other words": lambda s: _field(s, "StoredMessage.version").update(description="counts changes"),
    "another default": lambda s: _field(s, "FetchHistory.limit").update(default=20),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_kind_of_break_is_caught(name: str) -> None:
    change, line = BREAKS[name]
    changed = deepcopy(snapshot(1))
    change(changed)
    found = breaks(snapshot(1), changed)
    assert len(found) >= 1
    assert line in "\n".join(found)


@pytest.mark.parametrize("name", GROWTH)
def test_each_kind_of_growth_is_allowed(name: str) -> None:
    changed = deepcopy(snapshot(1))
    GROWTH[name](changed)
    assert changed != snapshot(1)
    assert breaks(snapshot(1), changed) == []
