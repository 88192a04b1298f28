"""Malformed input by the thousand, each with what the server must make of it.

`payloads(seed)` yields Socket.IO packets that break the contract of a declared event or of the protocol. Each knows
the `rejected_total` kind it must be counted as and, when its sender asked for an answer, the `error.code` it must get.
What is malformed is decided by the events' published JSON Schema, not by the server's own validation.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from jsonschema import Draft202012Validator

import signalling.handlers  # noqa: F401  # declares every event
from protocol.base import CLIENT_TO_SERVER, NAMESPACE_CHAT, NAMESPACE_SCENE, events

PER_CONNECTION = 20  # malformed inputs in 10 s that end a connection (wire contract, section 1)
MAX_PAYLOAD = 64 * 1024
_BARE = frozenset({"authenticate", "play_game"})
_ID_KEYS = frozenset({"matchId", "messageId", "userId", "suggestionId", "gameId", "replyTo", "to", "thread", "sceneId"})
NAMESPACES = (NAMESPACE_CHAT, NAMESPACE_SCENE)


@dataclass(frozen=True)
class Malformed:
    """One input: what is sent (text and attachments, without the Engine.IO type), how it counts, how it is answered.

    `text` has `{id}` where the number of the ack belongs, when it asks for one; `code` is None when it can not be
    answered because nothing tells what to answer.
    """

    label: str
    text: str
    kind: str
    code: str | None = None
    attachments: tuple[bytes, ...] = ()

    def numbered(self, ack_id: int) -> str:
        """The packet that asks for an ack of this number."""
        return self.text.replace("{id}", str(ack_id), 1)


Schemas = dict[str, dict[str, Any]]
Maker = Callable[[Random, Schemas], Malformed | None]


def namespaces() -> dict[str, str]:
    """Where each event that a client may send belongs, by its name."""
    return {name: namespace for namespace in NAMESPACES for name in events(CLIENT_TO_SERVER, namespace)}


def schemas() -> Schemas:
    """The JSON Schema of every event that a client may send, by its name."""
    known = namespaces()
    return {
        name: events(CLIENT_TO_SERVER, namespace)[name].model_json_schema(by_alias=True)
        for name, namespace in known.items()
    }


def payloads(seed: int) -> Iterator[Malformed]:
    """Malformed Socket.IO packets without end; the same for the same seed, all families in turn."""
    random, known = Random(seed), schemas()
    while True:
        for make in _FAMILIES:
            found = None
            while found is None:
                found = make(random, known)
            yield found


def _event(label: str, arguments: list[Any], kind: str, code: str) -> Malformed:
    text = f"2{_place(arguments[0])}{{id}}" + json.dumps(arguments, ensure_ascii=False)
    return Malformed(label, text, kind, code)


def _unanswerable(label: str, text: str, kind: str = "malformed_packet") -> Malformed:
    return Malformed(label, text, kind)


def _place(name: str) -> str:
    """How a packet says in which namespace its event is; `/` is not named."""
    namespace = namespaces().get(name, NAMESPACE_CHAT)
    return "" if namespace == NAMESPACE_CHAT else f"{namespace},"


def _name(random: Random, known: Schemas) -> str:
    return random.choice(sorted(known))


def _valid(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A payload that fits, with all fields that are needed."""
    samples = {"string": "x", "number": 1.5, "integer": 1, "boolean": True, "object": {}}
    needed = schema.get("required") or (["userId"] if name == "authenticate" else [])
    return {key: "hello" if key == "content" else samples[_types(schema, key)[0]] for key in needed}


def _options(schema: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entry = schema["properties"][key]
    return [option for option in entry.get("anyOf", [entry]) if option.get("type") != "null"]


def _types(schema: dict[str, Any], key: str) -> list[str]:
    return [option["type"] for option in _options(schema, key)]


def _wrong_values(random: Random) -> list[Any]:
    return [
        [],
        ["x"],
        {},
        {"x": {"y": "z"}},
        [[["x"]]],
        {"__proto__": {"admin": True}},
        {"constructor": {"prototype": {"ok": True}}},
        True,
        False,
        0,
        -1,
        1.5,
        -(2**63),
        2**53,
        2**64 - 1,
        10**30,
        1e308,
        -1e-320,
        "",
        "yes",
        "1",
        "-0",
        "NaN",
        "null",
        "x" * random.choice([129, 5000, 9000, 40_000]),
        random.random() * 10 ** random.randint(3, 300),
        {f"k{number}": number for number in range(random.randint(1, 200))},
    ]


def _wrong_value(random: Random, known: Schemas) -> Malformed | None:
    """One field that breaks the schema."""
    name = _name(random, known)
    schema = known[name]
    key = random.choice(sorted(schema["properties"]))
    value = random.choice(_wrong_values(random))
    if Draft202012Validator({**schema["properties"][key], "$defs": schema.get("$defs", {})}).is_valid(value):
        return None
    limits = [option["maxLength"] for option in _options(schema, key) if "maxLength" in option]
    too_long = isinstance(value, str) and bool(limits) and len(value) > max(limits)
    kind = "too_large" if too_long else "invalid"
    payload = {**_valid(name, schema), key: value}
    return _event(f"{name}.{key} = {type(value).__name__}", [name, payload], kind, kind)


def _missing(random: Random, known: Schemas) -> Malformed:
    """A field left out, often with something like it in its place, or one level too deep."""
    name = random.choice([name for name in sorted(known) if known[name].get("required")])
    schema = known[name]
    payload = _valid(name, schema)
    key = random.choice(schema["required"])
    value = payload.pop(key)
    decoys = {
        "snake": {key + "_": value},
        "upper": {key.upper(): value},
        "proto": {"__proto__": {key: value}},
        "constructor": {"constructor": {"prototype": {key: value}}},
        "deeper": {"data": {key: value}},
        "null": {key: None},
        "nothing": {},
    }
    decoy = random.choice(sorted(decoys))
    return _event(f"{name} without {key}: {decoy}", [name, {**payload, **decoys[decoy]}], "invalid", "invalid")


def _no_object(random: Random, known: Schemas) -> Malformed:
    """The payload itself is of another type."""
    name = _name(random, known)
    payloads: list[Any] = [7, -0.0, True, [], [_valid(name, known[name])], [[]]]
    if name not in _BARE:
        payloads += ["x", "", json.dumps(_valid(name, known[name]))]
    return _event(f"{name} with no object", [name, random.choice(payloads)], "invalid", "invalid")


def _many_arguments(random: Random, known: Schemas) -> Malformed:
    name = _name(random, known)
    valid = _valid(name, known[name])
    more: list[Any] = [random.choice([None, {}, "x", valid, 1])] * random.randint(1, 50)
    return _event(f"{name} with {len(more) + 1} arguments", [name, valid, *more], "invalid", "invalid")


def _unknown_event(random: Random, known: Schemas) -> Malformed:
    names = [
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "toString",
        "prototype",
        "__class__",
        "__init__",
        "*",
        "",
        " send_message",
        "send_message ",
        "SEND_MESSAGE",
        "send_message\x00",
        "new_message",
        "connection_closing",
        "\u202esend_message",
        "ﬆart",
        "🦆" * 20,
        "x" * random.randint(100, 20_000),
        "../../etc/passwd",
        "'; DROP TABLE messages; --",
        "${jndi:ldap://x}",
        "%s%n",
    ]
    name = random.choice(names)
    place = random.choice(["", f"{NAMESPACE_SCENE},"])
    if random.random() < 0.1:  # one of the other namespace
        name, place = random.choice([("join_scene", ""), ("send_message", f"{NAMESPACE_SCENE},")])
    text = f"2{place}{{id}}" + json.dumps([name, {"matchId": "x"}], ensure_ascii=False)
    return Malformed("unknown event", text, "unknown_event", "invalid")


def _bad_id(random: Random, known: Schemas) -> Malformed:
    """Ids that nobody can see, type or store."""
    choices = [(name, key) for name in sorted(known) for key in sorted(known[name]["properties"]) if key in _ID_KEYS]
    name, key = random.choice(choices)
    ids = [
        " x",
        "x ",
        "\tx",
        "a\nb",
        "a\x00b",
        "\x00",
        "a\u202eb",
        "\u2066a\u2069",
        "\u200b",
        "\ufeffx",
        "a\x7fb",
        "\u2028",
    ]
    payload = {**_valid(name, known[name]), key: random.choice(ids)}
    return _event(f"{name}.{key} unprintable", [name, payload], "invalid", "invalid")


def _bad_text(random: Random, known: Schemas) -> Malformed:
    """Message texts over the limit, empty, or with a NUL."""
    name = random.choice(["send_message", "private_message", "edit_message"])
    size = random.randint(4001, 60_000)
    text, kind = random.choice([("x" * size, "too_large"), ("好" * 4001, "too_large"), ("a\x00b", "invalid")])
    payload = {**_valid(name, known[name]), "content": text}
    return _event(f"{name} with a text of {len(text)}", [name, payload], kind, kind)


def _oversized(random: Random, known: Schemas) -> Malformed:
    """Packets of more than 64 KiB, also such that are nothing but brackets."""
    name = _name(random, known)
    size = MAX_PAYLOAD + random.randint(1, 200_000)
    filler = random.choice(
        ["x" * size, "[" * size, '{"a":' * (size // 5 + 1), "好" * (size // 3 + 1), "\\ud800" * (size // 6 + 1)]
    )
    text = f'2{_place(name)}{{id}}["{name}",{{"content":"{filler}"}}]'
    return Malformed("over 64 KiB", text, "too_large", "too_large")


def _no_json(random: Random, known: Schemas) -> Malformed:
    """Text behind the header that is no JSON, or JSON that no event is."""
    name = _name(random, known)
    bodies = [
        f'["{name}",{{"seq":NaN}}]',
        f'["{name}",{{"seq":-Infinity}}]',
        f'["{name}",{{"seq":1e999}}]',
        f'["{name}",{{"seq":{"9" * 400}}}]',
        f'["{name}",{{"content":"\\ud800"}}]',
        f'["{name}",{{"content":"\\udfff\\ud83d"}}]',
        f'["{name}",{{"content":"\x01"}}]',
        f'["{name}",{{"content":"x"}}',
        f'["{name}",{{content:"x"}}]',
        f"['{name}']",
        f'["{name}",]',
        f'["{name}"]]',
        f'["{name}"]\x00',
        f'\ufeff["{name}"]',
        f'["{name}",{{"seq":01}}]',
        f'["{name}",{{"a":{"[" * 200}{"]" * 200}}}]',
        f'["{name}",{"[" * 20_000}',
        f'["{name}",' + '{"a":' * 70 + "1" + "}" * 70 + "]",
        "[]",
        "[1]",
        "[null]",
        "[[]]",
        f'{{"0":"{name}"}}',
        f'"{name}"',
        "null",
        "undefined",
        "",
        '["connect"]',
        '["disconnect",{}]',
        '["newListener",{}]',
    ]
    return _unanswerable("no event", f"2{_place(name)}" + random.choice(["", "{id}"]) + random.choice(bodies))


def _bad_packet(random: Random, known: Schemas) -> Malformed:
    """Packet types and headers that a connected client may not send."""
    packets = [
        "0",
        '0{"token":"x"}',
        "3{id}[]",
        "30[]",
        "3[1]",
        "399999999999999999999[1]",
        "31",
        '4{"message":"x"}',
        "1[]",
        "7[]",
        "x",
        "-1",
        "",
        "２[]",
        "51-",
        '5["send_message",{}]',
        '50-["send_message",{}]',
        '599999-["send_message",{}]',
        '51-["send_message",{"_placeholder":true,"num":1}]',
        '51-["send_message",{"_placeholder":true,"num":-1}]',
        '51-["send_message",{"_placeholder":true,"num":"0"}]',
        '21-["send_message",{}]',
        "61-1[]",
        "2" + "9" * 17 + '["typing"]',
    ]
    text = random.choice(packets)
    # Without its attachment it would be refused only when something else comes.
    return Malformed("bad packet", text, "malformed_packet", attachments=(b"x",) if text.startswith("61-") else ())


def _bad_namespace(random: Random, known: Schemas) -> Malformed:
    names = ["/admin", "/ops", "/__proto__", "/%00", "/" + "x" * 300, "/..", "/好", "/ "]
    packets = ['2{ns},{id}["send_message",{}]', "1{ns},", "3{ns},1[]", "0{ns},", '0{ns},{"token":"x"}']
    text = random.choice(packets).replace("{ns}", random.choice(names))
    return _unanswerable("unknown namespace", text, "unknown_namespace")


def _binary(random: Random, known: Schemas) -> Malformed:
    """Bytes where text, a number or an object belongs; readable as UTF-8 or not."""
    name = _name(random, known)
    schema = known[name]
    key = random.choice(sorted(schema["properties"]))
    part = random.choice([b"x", b"hello", b"", b"\xff\xfe", b"\x00" * 100, random.randbytes(2000)])
    place = {"_placeholder": True, "num": 0}
    payload: Any = {**_valid(name, schema), key: place}
    if random.random() < 0.2:
        payload = place
    text = f"51-{_place(name)}{{id}}" + json.dumps([name, payload])
    return Malformed(f"{name}.{key} binary", text, "invalid", "invalid", (part,))


def _oversized_binary(random: Random, known: Schemas) -> Malformed:
    count = random.randint(1, 3)
    places = [{"_placeholder": True, "num": number} for number in range(count)]
    parts = tuple(bytes(MAX_PAYLOAD // count + 1) for _ in range(count))
    text = f"5{count}-{{id}}" + json.dumps(["send_message", {"content": "x", "files": places}])
    return Malformed("attachments over 64 KiB", text, "too_large", "too_large", parts)


_FAMILIES: tuple[Maker, ...] = (
    _wrong_value,
    _missing,
    _wrong_value,
    _no_object,
    _many_arguments,
    _wrong_value,
    _unknown_event,
    _bad_id,
    _bad_text,
    _no_json,
    _bad_packet,
    _binary,
    _oversized,
    _bad_namespace,
    _wrong_value,
    _oversized_binary,
    _no_json,
)
