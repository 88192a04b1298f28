"""The scenes that are shipped: one JSON document each, named as its scene."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

from virtual_scene.core.definition import Definition, DefinitionError, parse

DEFAULT: Final = "rooftop-cafe"  # what a name that nobody knows opens in development mode


def load() -> Mapping[str, Definition]:
    """All shipped scenes by name. Raises `DefinitionError` naming the file."""
    return {definition.id: definition for definition in _definitions()}


def _definitions() -> Iterator[Definition]:
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield read(file.name, file.read_bytes())


def read(name: str, text: bytes) -> Definition:
    """One document; `name` is its file's, which must be its id with `.json`. Raises `DefinitionError`."""
    try:
        definition = parse(text)
    except DefinitionError as error:
        raise DefinitionError(f"{name}: {error}") from None
    if name != f"{definition.id}.json":
        raise DefinitionError(f"{name}: the id is {definition.id}")
    return definition
