"""The topic bank: topics, templates for shared interests, and the table from interests as typed to tags.

One JSON document per language: `{lang, tags: {tag: {label, aliases}}, templates: [...], topics: [...]}`; every
document has the same tags. `TopicBank.parse` takes the documents already loaded and raises `ValueError` that names
the entry at fault. Interests match in both languages whatever the person's own: longest alias first, case, width
and hyphens folded; aliases of Latin letters only as whole words.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from assist.core.language import Lang, is_han

Mood = Literal["light", "curious", "warm", "thoughtful", "playful"]

MAX_DEPTH: Final = 3
_MOODS: Final = frozenset(get_args(Mood))
_LANGS: Final = frozenset(get_args(Lang))
_ID: Final = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")
_TEXT_LENGTHS: Final = {"en": range(10, 201), "zh": range(6, 81)}
"""Characters of a text: below it says nothing, above it does not fit a chip on a phone."""

_SLOT: Final = "{interest}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A line to send. `depth` 1 is easy, 3 personal; an `opener` fits as the first line of a talk."""

    topic_id: str
    text: str
    tags: tuple[str, ...]
    depth: int
    mood: Mood
    opener: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A line with one `{interest}` in it, for an interest that both people share."""

    template_id: str
    text: str
    depth: int
    mood: Mood
    opener: bool

    def fill(self, interest: str) -> str:
        """The text with the interest in its place."""
        return self.text.replace(_SLOT, interest)


@dataclass(frozen=True, slots=True)
class LanguageBank:
    """What there is in one language. `labels`: tag -> how to say it inside a sentence."""

    topics: tuple[Topic, ...]
    templates: tuple[Template, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicBank:
    """The banks of all languages, and `aliases`: first character -> (alias, tag), longest alias first."""

    languages: Mapping[str, LanguageBank]
    tags: frozenset[str]
    aliases: Mapping[str, tuple[tuple[str, str], ...]]

    @classmethod
    def parse(cls, documents: Iterable[object]) -> "TopicBank":
        """Check and take over loaded documents; `ValueError` names the entry that is wrong."""
        languages: dict[str, LanguageBank] = {}
        aliases: dict[str, str] = {}
        ids: set[str] = set()
        for document in documents:
            lang, bank = _language(document, aliases, ids)
            if lang in languages:
                raise ValueError(f"language {lang!r} is there twice")
            languages[lang] = bank
        if set(languages) != _LANGS:
            raise ValueError(f"languages must be {sorted(_LANGS)}, not {sorted(languages)}")
        vocabularies = {frozenset(bank.labels) for bank in languages.values()}
        if len(vocabularies) > 1:
            differing = sorted(frozenset.union(*vocabularies) - frozenset.intersection(*vocabularies))
            raise ValueError(f"tags {differing} are not in every language")
        return cls(languages, vocabularies.pop(), _by_first_character(aliases))


def normalise(interest: str) -> str:
    """An interest as it is compared: width, case, hyphens and runs of spaces folded."""
    folded = unicodedata.normalize("NFKC", interest).casefold()
    return " ".join(re.sub(r"[-_/\s]+", " ", folded).split())


def match_tags(bank: TopicBank, interests: Iterable[str]) -> frozenset[str]:
    """The tags that interests as typed are about; those that are about none add nothing."""
    found: set[str] = set()
    for interest in interests:
        text = normalise(interest)
        at = 0
        while at < len(text):
            hit = _alias_at(bank, text, at)
            if hit is None:
                at += 1
            else:
                found.add(hit[1])
                at += len(hit[0])
    return frozenset(found)


def _alias_at(bank: TopicBank, text: str, at: int) -> tuple[str, str] | None:
    """The longest alias that begins at this place of a normalised text."""
    for alias, tag in bank.aliases.get(text[at], ()):
        end = at + len(alias)
        if text.startswith(alias, at) and not _inside_word(text, at) and not _inside_word(text, end):
            return alias, tag
    return None


def _inside_word(text: str, at: int) -> bool:
    """Whether the place is between two letters or digits of one word. Han characters are words by themselves."""
    return 0 < at < len(text) and all(char.isalnum() and not is_han(char) for char in text[at - 1 : at + 1])


def _by_first_character(aliases: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    grouped: dict[str, list[tuple[str, str]]] = {}
    for alias, tag in aliases.items():
        grouped.setdefault(alias[0], []).append((alias, tag))
    return {first: tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0]))) for first, pairs in grouped.items()}


def _language(document: object, aliases: dict[str, str], ids: set[str]) -> tuple[str, LanguageBank]:
    root = _mapping(document, "document")
    lang = str(root.get("lang"))
    if lang not in _LANGS:
        raise ValueError(f"document: lang {lang!r} is not one of {sorted(_LANGS)}")
    labels: dict[str, str] = {}
    for tag, raw in _mapping(root.get("tags"), f"{lang}: tags").items():
        entry = _mapping(raw, f"tag {tag!r}")
        labels[tag] = _text(entry.get("label"), f"tag {tag!r}: label")
        for alias in (tag, labels[tag], *_rows(entry.get("aliases"), f"tag {tag!r}: aliases")):
            _add_alias(aliases, _text(alias, f"tag {tag!r}: alias"), tag)
    templates = tuple(_template(lang, raw, ids) for raw in _rows(root.get("templates"), f"{lang}: templates"))
    topics = tuple(_topic(lang, raw, labels, ids) for raw in _rows(root.get("topics"), f"{lang}: topics"))
    return lang, LanguageBank(topics, templates, labels)


def _add_alias(aliases: dict[str, str], alias: str, tag: str) -> None:
    known = aliases.setdefault(normalise(alias), tag)
    if known != tag:
        raise ValueError(f"alias {alias!r} stands for both {known!r} and {tag!r}")


def _topic(lang: str, raw: object, labels: Mapping[str, str], ids: set[str]) -> Topic:
    topic_id, text, depth, mood, opener = _line(lang, raw, ids)
    tags = tuple(_rows(_mapping(raw, topic_id).get("tags"), f"{topic_id}: tags"))
    if not tags or len(set(tags)) < len(tags) or not labels.keys() >= set(tags):
        raise ValueError(f"{topic_id}: tags {tags!r} must be known, and each there once")
    return Topic(topic_id, text, tags, depth, mood, opener)


def _template(lang: str, raw: object, ids: set[str]) -> Template:
    template_id, text, depth, mood, opener = _line(lang, raw, ids)
    if text.count(_SLOT) != 1:
        raise ValueError(f"{template_id}: must hold {_SLOT} once")
    return Template(template_id, text, depth, mood, opener)


def _line(lang: str, raw: object, ids: set[str]) -> tuple[str, str, int, Mood, bool]:
    """What topics and templates have in common."""
    entry = _mapping(raw, f"{lang}: entry")
    key = entry.get("id")
    if not isinstance(key, str) or not _ID.fullmatch(key) or not key.startswith(f"{lang}-") or key in ids:
        raise ValueError(f"{lang}: id {key!r} is malformed or there twice")
    ids.add(key)
    text = _text(entry.get("text"), f"{key}: text")
    if len(text) not in _TEXT_LENGTHS[lang]:
        raise ValueError(f"{key}: text of {len(text)} characters")
    depth, mood, opener = entry.get("depth"), entry.get("mood"), entry.get("opener")
    if type(depth) is not int or not 1 <= depth <= MAX_DEPTH:
        raise ValueError(f"{key}: depth {depth!r} is not 1 to {MAX_DEPTH}")
    if mood not in _MOODS:
        raise ValueError(f"{key}: mood {mood!r} is not one of {sorted(_MOODS)}")
    if not isinstance(opener, bool):
        raise ValueError(f"{key}: opener must be true or false")
    return key, text, depth, cast(Mood, mood), opener


def _mapping(raw: object, name: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{name}: an object is expected")
    return raw


def _rows(raw: object, name: str) -> list[Any]:
    if not isinstance(raw, list):
        raise ValueError(f"{name}: a list is expected")
    return raw


def _text(raw: object, name: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or raw != raw.strip():
        raise ValueError(f"{name}: a text without spaces at its ends is expected")
    return raw
