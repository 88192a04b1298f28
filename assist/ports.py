"""What talk help needs from outside, as Protocols.

* `SuggestionLog` (kept in `backends/suggestions_*.py`): what was offered to whom, so that nothing comes twice.
* `IcebreakerProvider`, `TopicProvider` (`assist/providers/`): where suggestions come from, a capability each.
* `PromptLog` (kept in `backends/prompts_*.py`): topics shown in calls, and what became of them.
* `CallAudience`: the people in a call, to be shown a topic; `media.calls.CallService` fits.
* `CountPrompt`: told of every topic that was due in a call, feeds `talk_prompts_total`.
* `People`, `Talk`: what it reads of rooms; the stores of `rooms.ports` fit.
* `Observe`: called once per provider call, feeds the metric `ai_processing_latency_seconds`.

Suggestions are offered, never sent in a person's name; the log is written before anything is emitted.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, Protocol

from assist.core.language import Lang
from monitoring.metrics import PromptOutcome, PromptTrigger
from protocol.base import ServerEvent
from rooms.model import Match, Message, User

Capability = Literal["icebreaker", "topics"]
"""What a provider can be asked for; also the value of the metric label `capability`."""

SuggestionKind = Literal["icebreaker", "topic", "shared_interest"]
"""The kinds of `ai_suggestion` that are made today (a part of the wire's list)."""

PromptWhy = Literal["dead_air"]
"""Why a topic is shown in a call today (a part of the wire's list)."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One `ai_suggestion` as recorded.

    `user_id` is empty for a topic shown to everybody in a call. `topic_id` is the never-twice key (bank id, or template
    id and interest such as "en-shared-03:jazz"); `topic` is what the wire shows as `topic` (a tag or the shared
    interest). `at_ms` is milliseconds since 1970. `used` and `rating` (1 to 5) are None until rated.
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


@dataclass(frozen=True, slots=True)
class Prompt:
    """One `topic_prompt` as recorded; its topic is in the suggestion log, too, under the same id.

    `silence_ms` is how long nobody had spoken. `at_ms` is milliseconds since 1970. `resumed_after_ms`, from its being
    shown to the next word, is None until somebody speaks in time, and for good when nobody does.
    """

    prompt_id: str
    call_id: str
    match_id: str
    topic_id: str
    text: str
    topic: str | None
    lang: str
    provider: str
    why: PromptWhy
    silence_ms: int
    at_ms: int
    resumed_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PromptRating:
    """What one person says of a topic: used or waved away, and 1 to 5 if they rated it."""

    used: bool
    rating: int | None


class PromptLog(Protocol):
    """Durable record of the topics shown in calls. An awaited call that returned is on disk in a durable
    implementation."""

    async def add(self, prompt: Prompt) -> None:
        """Record a prompt that is about to be shown. Raises `Conflict` when its id is taken."""
        ...

    async def withdraw(self, prompt_id: str) -> None:
        """Forget a prompt that was not shown after all, with its ratings; an unknown id is ignored."""
        ...

    async def get(self, prompt_id: str) -> Prompt | None:
        """The prompt as it stands; None when there is none."""
        ...

    async def of_call(self, call_id: str) -> list[Prompt]:
        """The prompts of a call, oldest first."""
        ...

    async def resumed(self, prompt_id: str, *, after_ms: int) -> None:
        """The talk went on; an unknown id is ignored."""
        ...

    async def rate(self, prompt_id: str, user_id: str, *, used: bool, rating: int | None) -> None:
        """Set what a person says of it; that person's last call wins, an unknown prompt is ignored."""
        ...

    async def ratings(self, prompt_id: str) -> Mapping[str, PromptRating]:
        """What people say of it, by user id; empty when nobody has, or the prompt is unknown."""
        ...


class CallAudience(Protocol):
    """The people in a call."""

    def tell(self, call_id: str, events: Sequence[ServerEvent]) -> bool:
        """Put events into the call's outbox for all who are in it, on their devices in it. False: there is no such
        call, or it is over, and nothing was done."""
        ...

    def wave_away(self, call_id: str, user_id: str) -> None:
        """This person wants no more topics in the call. Ignored when it is over or they are not in it."""
        ...


class CountPrompt(Protocol):
    """Told what became of a topic that was due."""

    def __call__(self, trigger: PromptTrigger, outcome: PromptOutcome, resumed_s: float | None = None) -> None:
        """Count one outcome; `resumed_s`, seconds from its being shown to the next word, comes with `resumed`."""
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
    `talked_about` are tags of the topic bank that the newest messages touch (never those of a sealed room).
    """

    lang: Lang
    interests: tuple[str, ...]
    peer_interests: tuple[str, ...]
    used: AbstractSet[str]
    message_count: int
    seed: int
    limit: int
    talked_about: AbstractSet[str] = frozenset()


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
