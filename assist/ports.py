"""What talk help needs from outside, as Protocols.

* `SuggestionLog` (kept in `backends/suggestions_*.py`): what was offered to whom, so that nothing comes twice.
* `IcebreakerProvider`, `TopicProvider` (`assist/providers/`): where suggestions come from, a capability each.
* `People`, `Talk`: what it reads of rooms; the stores of `rooms.ports` fit.
* `Observe`: called once per provider call, feeds the metric `ai_processing_latency_seconds`.

Suggestions are offered, never sent in a person's name; the log is written before anything is emitted.
"""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, Protocol

from assist.core.language import Lang
from rooms.model import Match, Message, User

Capability = Literal["icebreaker", "topics"]
"""What a provider can be asked for; also the value of the metric label `capability`."""

SuggestionKind = Literal["icebreaker", "topic", "shared_interest"]
"""The kinds of `ai_suggestion` that are made today (a part of the wire's list)."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One `ai_suggestion` as recorded.

    `topic_id` is the never-twice key (bank id, or template id and interest such as "en-shared-03:jazz"); `topic` is
    what the wire shows as `topic` (a tag or the shared interest). `at_ms` is milliseconds since 1970. `used` and
    `rating` (1 to 5) are None until rated.
    """

    suggestion_id: str
    match_id: str
    user_id: str
    kind: SuggestionKind
    text: str
    topic_id: str
    topic: str | None
    provider: str
    lang: str
    request_id: str | None
    at_ms: int
    used: bool | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """A line of `match_created.openingLines` as recorded; `at_ms` is milliseconds since 1970."""

    match_id: str
    user_id: str
    topic_id: str
    text: str
    topic: str | None
    provider: str
    lang: str
    at_ms: int


class SuggestionLog(Protocol):
    """Durable record of what was offered. An awaited call that returned is on disk in a durable implementation."""

    async def add(self, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
        """Record suggestions in one transaction; returns those recorded, in order.

        (match_id, topic_id) is unique: a suggestion whose pair is in the log, or earlier in the same call, is left
        out and not an error. This is what holds "never twice in a room" when two requests run at once.
        """
        ...

    async def used_topics(self, match_id: str) -> frozenset[str]:
        """The topic ids of all suggestions of the room, whoever got them. Opening lines do not count."""
        ...

    async def add_openings(self, lines: Sequence[OpeningLine]) -> None:
        """Record opening lines in one transaction; a (match_id, user_id, topic_id) already there stays as it is."""
        ...

    async def openings(self, match_id: str) -> list[OpeningLine]:
        """The opening lines of the room, for both people, in the order recorded."""
        ...

    async def get(self, suggestion_id: str) -> Suggestion | None:
        """The suggestion as it stands, with its rating; None when there is none."""
        ...

    async def rate(self, suggestion_id: str, *, used: bool, rating: int | None) -> None:
        """Set what became of a suggestion; the last call wins, an unknown id is ignored."""
        ...


class People(Protocol):
    """Who is in a room: the part of `rooms.ports.RelationStore` that talk help reads."""

    async def match(self, match_id: str) -> Match | None:
        """One match with its members in joining order."""
        ...

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """Those that exist, by id."""
        ...


class Talk(Protocol):
    """What was said in a room: the part of `rooms.ports.MessageStore` that talk help reads."""

    async def page(
        self, match_id: str, *, after: int | None = None, before: int | None = None, limit: int
    ) -> list[Message]:
        """At most `limit` messages, ascending by seq; without bounds the newest ones."""
        ...

    async def last_seq(self, match_id: str) -> int:
        """The highest seq of the match, 0 when empty or unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """What a provider is asked: texts in `lang` for one person of a room.

    `interests` are the asker's as typed, `peer_interests` those of the other people of the room. `used` are topic ids
    that must not come back. `message_count` is the length of the conversation so far. `seed` decides ties.
    """

    lang: Lang
    interests: tuple[str, ...]
    peer_interests: tuple[str, ...]
    used: AbstractSet[str]
    message_count: int
    seed: int
    limit: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer of a provider. `shared` is true when it comes from an interest of both people."""

    topic_id: str
    text: str
    topic: str | None
    shared: bool


class IcebreakerProvider(Protocol):
    """Offers first lines for a talk that has not begun."""

    @property
    def name(self) -> str:
        """The provider's name on the wire: builtin, dify, coze, n8n, openai."""
        ...

    async def icebreakers(self, ask: Ask) -> list[Offer]:
        """At most `ask.limit` offers, best first; an empty list when nothing is left."""
        ...


class TopicProvider(Protocol):
    """Offers topics for a talk that goes on."""

    @property
    def name(self) -> str:
        """The provider's name on the wire: builtin, dify, coze, n8n, openai."""
        ...

    async def topics(self, ask: Ask) -> list[Offer]:
        """At most `ask.limit` offers, best first; an empty list when nothing is left."""
        ...


class Observe(Protocol):
    """Told how long one provider call took, whether it worked or not."""

    def __call__(self, provider: str, capability: str, seconds: float) -> None:
        """Count one call; `seconds` is wall time."""
        ...
