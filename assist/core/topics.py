"""Which topics to offer: shared interests first, then those of either person or of the talk, then general ones.

`rank` is deterministic by its seed, never returns an id in `used`, and takes two picks of the same tag only when
there is no other choice. A shared interest gets lines made from templates (ids such as "en-shared-03:jazz", so that
they too come once) in turn with bank topics of its tag; interests that no tag stands for get templates alone.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from assist.core.bank import MAX_DEPTH, LanguageBank, Template, Topic, TopicBank, match_tags, normalise
from assist.core.language import Lang, has_han

ALL_DEPTHS: Final = range(1, MAX_DEPTH + 1)

MAX_INTERESTS: Final = 50
"""Interests of a profile that are looked at. More cost time and help nobody."""

MAX_INTEREST_CHARS: Final = 40
"""Longest interest that is put into a sentence; longer ones still give their tags."""

_DEPTH_WEIGHT: Final = 0.4
"""How much a level of depth away from the wanted one counts against chance (0 to 1). Higher: always that depth and
the same few topics; lower: depth does not matter."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A topic to offer. `topic` names it for a reader (a tag, or the shared interest); `shared`: of both people."""

    topic_id: str
    text: str
    topic: str
    tags: frozenset[str]
    depth: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of line is wanted: allowed depths, the one that fits best, and whether it must fit as a first line.

    `near`: tags that the talk has touched. They count like an interest of one of the two, not like a shared one."""

    depths: range = ALL_DEPTHS
    target_depth: int = 1
    opener_only: bool = False
    near: AbstractSet[str] = frozenset()

    def allows(self, line: Topic | Template) -> bool:
        """Whether a line may be offered at all."""
        return line.depth in self.depths and (line.opener or not self.opener_only)


@dataclass(frozen=True, slots=True)
class _Shared:
    """An interest of both people: its key in template ids, how to say it (None: can not be said), and its tags."""

    key: str
    wording: str | None
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A pick and its place in the order: smaller first. `blocks`: what a later pick should not have in common."""

    pick: Pick
    order: tuple[int, float, int, float]
    blocks: frozenset[str]


def rank(
    bank: TopicBank,
    *,
    lang: Lang,
    interests_a: Sequence[str],
    interests_b: Sequence[str],
    used: AbstractSet[str],
    seed: int,
    limit: int,
    wish: Wish | None = None,
) -> list[Pick]:
    """At most `limit` picks for the person with `interests_a`, best first; fewer when the bank has no more."""
    wish = wish or Wish()
    mine, theirs = interests_a[:MAX_INTERESTS], interests_b[:MAX_INTERESTS]
    words = bank.languages[lang]
    tags_mine, tags_theirs = match_tags(bank, mine), match_tags(bank, theirs)
    shared = _shared_interests(bank, lang, mine, theirs, tags_mine & tags_theirs)
    either = tags_mine | tags_theirs | wish.near
    candidates = [
        *_from_templates(words, shared, used, seed, wish),
        *_from_topics(words, shared, either, used, seed, wish),
    ]
    return _diverse(sorted(candidates, key=lambda candidate: candidate.order), limit)


def _diverse(ordered: list[_Candidate], limit: int) -> list[Pick]:
    """The first of each kind; then, if that is not enough, the best of what is left."""
    picks: list[Pick] = []
    blocked: frozenset[str] = frozenset()
    rest = ordered
    while rest and len(picks) < limit:
        chosen = next((candidate for candidate in rest if not candidate.blocks & blocked), rest[0])
        rest = [candidate for candidate in rest if candidate is not chosen]
        picks.append(chosen.pick)
        blocked |= chosen.blocks
    return picks


def _shared_interests(
    bank: TopicBank, lang: Lang, mine: Sequence[str], theirs: Sequence[str], common_tags: frozenset[str]
) -> list[_Shared]:
    """Interests typed alike by both, then tags in common that none of those covers."""
    typed = {normalise(interest): interest for interest in reversed(mine)}
    shared: list[_Shared] = []
    covered: set[str] = set()
    for key in sorted(typed.keys() & {normalise(interest) for interest in theirs} - {""}):
        tags = match_tags(bank, [key])
        shared.append(_Shared(key, _wording(bank, lang, typed[key], tags), tags))
        covered |= tags
    labels = bank.languages[lang].labels
    shared.extend(_Shared(tag, labels[tag], frozenset({tag})) for tag in sorted(common_tags - covered))
    return shared


def _wording(bank: TopicBank, lang: Lang, typed: str, tags: frozenset[str]) -> str | None:
    """How to say an interest in a sentence: as typed, or by its tag's label when it is in the other language."""
    other = bank.languages["en" if lang == "zh" else "zh"].labels
    foreign = [tag for tag in sorted(tags) if normalise(typed) in (tag, normalise(other[tag]))]
    if lang == "en" and has_han(typed):
        foreign = sorted(tags)
    if foreign:
        return bank.languages[lang].labels[foreign[0]]
    text = " ".join(typed.split())
    # The folded form can be longer than what was typed (one ligature, many letters); it becomes a part of an id.
    sayable = max(len(text), len(normalise(text))) <= MAX_INTEREST_CHARS and text.isprintable()
    return text if sayable else None


def _from_templates(
    words: LanguageBank, shared: Sequence[_Shared], used: AbstractSet[str], seed: int, wish: Wish
) -> Iterator[_Candidate]:
    times = _times_used(words, used)
    for interest in shared:
        so_far = sum(f"{template.template_id}:{interest.key}" in used for template in words.templates)
        for template in words.templates:
            topic_id = f"{template.template_id}:{interest.key}"
            if interest.wording is None or topic_id in used or not wish.allows(template):
                continue
            text = template.fill(interest.wording)
            topic = min(interest.tags, default=interest.wording)
            pick = Pick(topic_id, text, topic, interest.tags or frozenset({topic}), template.depth, True)
            # The same phrase with another word in it reads like a machine: the least used phrase first.
            order = (
                0,
                float(so_far),
                times[template.template_id],
                _chance(seed, topic_id, template.depth, wish),
            )
            yield _Candidate(pick, order, pick.tags | {template.template_id})


def _times_used(words: LanguageBank, used: AbstractSet[str]) -> Mapping[str, int]:
    """How often each template was used, with whatever interest."""
    times = {template.template_id: 0 for template in words.templates}
    for topic_id in used:
        template_id = topic_id.partition(":")[0]
        if template_id in times:
            times[template_id] += 1
    return times


def _from_topics(
    words: LanguageBank,
    shared: Sequence[_Shared],
    either: frozenset[str],
    used: AbstractSet[str],
    seed: int,
    wish: Wish,
) -> Iterator[_Candidate]:
    common = frozenset[str]().union(*(interest.tags for interest in shared))
    so_far = dict.fromkeys(common, 0)
    for topic in words.topics:
        if topic.topic_id in used:
            for tag in common.intersection(topic.tags):
                so_far[tag] += 1
    for topic in words.topics:
        if topic.topic_id in used or not wish.allows(topic):
            continue
        tags = frozenset(topic.tags)
        both = [tag for tag in topic.tags if tag in common]
        chance = _chance(seed, topic.topic_id, topic.depth, wish)
        if both:
            # Half a turn behind the templates, which say openly what the two have in common.
            order = (0, min(so_far[tag] for tag in both) + 0.5, 0, chance)
        else:
            order = (1 if tags & either else 2, 0.0, 0, chance)
        label = (both or topic.tags)[0]
        yield _Candidate(Pick(topic.topic_id, topic.text, label, tags, topic.depth, bool(both)), order, tags)


def _chance(seed: int, topic_id: str, depth: int, wish: Wish) -> float:
    """A number from the seed, 0 to 1, plus what the depth is away from the wanted one."""
    digest = hashlib.blake2b(f"{seed}:{topic_id}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48 + _DEPTH_WEIGHT * abs(depth - wish.target_depth)
