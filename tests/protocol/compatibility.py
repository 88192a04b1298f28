"""What a released client would notice in a later schema of the same protocol version.

Allowed: new events, new optional fields, wider limits, more values of an enumeration, other words in descriptions.
A break: something removed, retyped, narrowed for what clients send, newly required of a client, no longer promised
by the server.
"""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
LOWER = ("minimum", "minLength", "exclusiveMinimum", "minItems")
UPPER = ("maximum", "maxLength", "exclusiveMaximum", "maxItems")
# These say nothing about the shape of a value.
WORDS = ("description", "title", "default", "examples")


def breaks(old: Node, new: Node) -> list[str]:
    """One line for each break, empty when an old client is served as before."""
    found = [
        f"{side}: {name} is gone or another class"
        for side in ("clientEvents", "serverEvents")
        for name, ref in old[side].items()
        if new[side].get(name) != ref
    ]
    from_clients = set(reachable(old, old["clientEvents"].values()))
    for name, definition in old["$defs"].items():
        if name not in new["$defs"]:
            found.append(f"{name} is gone")
        else:
            found += _shape(name, definition, new["$defs"][name], inwards=name in from_clients)
    return found


def reachable(schema: Node, refs: Any) -> Iterator[str]:
    """Names of the definitions behind these references."""
    for ref in refs:
        name = ref.rsplit("/", 1)[1]
        yield name
        yield from reachable(schema, list(_refs(schema["$defs"][name])))


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _refs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _refs(item)


def _shape(at: str, old: Node, new: Node, *, inwards: bool) -> Iterator[str]:
    """Breaks between two schemas of one value. `inwards`: clients send it."""
    for key in sorted((old.keys() | new.keys()) - set(WORDS) - {"properties", "required", "enum", *LOWER, *UPPER}):
        yield from _part(f"{at}.{key}", old.get(key), new.get(key), inwards=inwards)
    if gone := [value for value in old.get("enum", ()) if value not in new.get("enum", ())]:
        yield f"{at} has no value {gone} any more"
    if "enum" in new and "enum" not in old:
        yield f"{at} is narrowed to an enumeration"
    yield from _limits(at, old, new) if inwards else ()
    yield from _fields(at, old, new, inwards=inwards)


def _part(at: str, old: Any, new: Any, *, inwards: bool) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _shape(at, old, new, inwards=inwards)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _part(f"{at}[{number}]", one, two, inwards=inwards)
    elif old != new:
        yield f"{at} is {new}, was {old}"


def _limits(at: str, old: Node, new: Node) -> Iterator[str]:
    for key in LOWER:
        if new.get(key, float("-inf")) > old.get(key, float("-inf")):
            yield f"{at}.{key} is higher"
    for key in UPPER:
        if new.get(key, float("inf")) < old.get(key, float("inf")):
            yield f"{at}.{key} is lower"


def _fields(at: str, old: Node, new: Node, *, inwards: bool) -> Iterator[str]:
    after = new.get("properties", {})
    for name, field in old.get("properties", {}).items():
        if name not in after:
            yield f"{at}.{name} is gone"
        else:
            yield from _shape(f"{at}.{name}", field, after[name], inwards=inwards)
    had, has = set(old.get("required", ())), set(new.get("required", ()))
    if inwards and has - had:
        yield f"{at} newly requires {sorted(has - had)}"
    if not inwards and had - has:
        yield f"{at} no longer promises {sorted(had - has)}"
