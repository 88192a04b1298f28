"""In which of the two languages people get help: from a language tag, else from what the person writes."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

Lang = Literal["zh", "en"]

_CHINESE: Final = frozenset({"zh", "cmn", "yue", "wuu", "nan", "hak"})
"""Primary subtags of ISO 639 for Chinese and the languages written like it."""

_WITHIN_WORDS: Final = frozenset("'’-")


def is_han(char: str) -> bool:
    """A Han ideograph (Unicode blocks CJK Unified, Extension A, Compatibility, and the planes 2 and 3)."""
    return (
        "\u4e00" <= char <= "\u9fff"
        or "\u3400" <= char <= "\u4dbf"
        or "\uf900" <= char <= "\ufaff"
        or "\U00020000" <= char <= "\U0003ffff"
    )


def has_han(text: str) -> bool:
    """Whether any character is a Han ideograph."""
    return any(is_han(char) for char in text)


def from_tag(tag: str) -> Lang:
    """The language for a BCP 47 tag (`zh-CN`, `en_GB`); all that is not Chinese gets English."""
    return "zh" if tag.strip().replace("_", "-").split("-", 1)[0].casefold() in _CHINESE else "en"


def from_texts(texts: Iterable[str]) -> Lang | None:
    """The language by script share; None when there is no letter to judge by.

    A Han character counts like a word of other letters, so that a name or a brand in the other script does not turn
    a sentence. Kana or Hangul mean: not Chinese.
    """
    han = words = 0
    in_word = False
    for char in " ".join(texts):
        if "\u3040" <= char <= "\u30ff" or "\uac00" <= char <= "\ud7af":
            return "en"
        ideograph = is_han(char)
        letter = char.isalpha() and not ideograph
        han += ideograph
        words += letter and not in_word
        in_word = letter or (in_word and char in _WITHIN_WORDS)
    if not han and not words:
        return None
    return "zh" if han > words else "en"


def choose(tag: str | None, *texts: str) -> Lang:
    """By `tag` when there is one, else by the script of `texts`, else English."""
    if tag and tag.strip():
        return from_tag(tag)
    return from_texts(texts) or "en"


def of_person(tag: str | None, *sources: Iterable[str]) -> Lang | None:
    """By `tag` when there is one, else by the first of the sources (texts each) with a letter in it; None: unknown."""
    if tag and tag.strip():
        return from_tag(tag)
    return next((found for source in sources if (found := from_texts(source)) is not None), None)


def in_common(people: Sequence[Lang | None], talk: Iterable[str]) -> Lang | None:
    """The language for a line that all of these people read, the one who called first.

    Their own when it is the same one; else that of the newest texts of their talk; else the first that is known.
    """
    first = people[0]
    if first is not None and all(lang == first for lang in people):
        return first
    return from_texts(talk) or next((lang for lang in people if lang is not None), None)
