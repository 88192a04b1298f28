"""Suggestions: offered to one person, never sent in anybody's name."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, ServerEvent, event
from protocol.errors import NotAMember, NotFound, RateLimited, Unavailable
from protocol.ids import IdString

SuggestionKind = Literal[
    "reply", "rewrite", "coach", "topic", "icebreaker", "deeper", "positive", "shared_interest", "follow_up"
]
HelpText = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class HelpRequested(Outgoing):
    """Answer to `request_ai_help`; the suggestions follow as `ai_suggestion` with this `requestId`."""

    request_id: str


@event(
    "request_ai_help",
    CLIENT_TO_SERVER,
    ack=HelpRequested,
    errors=(NotFound, NotAMember, RateLimited, Unavailable),
)
class RequestAiHelp(Event):
    """Ask for something to say. The payload may be absent."""

    match_id: IdString | None = None
    draft: HelpText | None = None
    question: HelpText | None = None
    thread: IdString | None = None


@event("rate_suggestion", CLIENT_TO_SERVER, errors=(NotFound,))
class RateSuggestion(Event):
    """Tell what became of a suggestion, or of a topic shown in a call: used or waved away, and how good it was.

    One of the two ids is needed. A topic waved away (`used: false`) is the last one of its call."""

    suggestion_id: IdString | None = None
    prompt_id: IdString | None = None
    used: bool
    rating: Annotated[int, Field(ge=1, le=5, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        if self.suggestion_id is None and self.prompt_id is None:
            raise ValueError("suggestionId or promptId is needed")
        return self


@event("ai_suggestion", SERVER_TO_CLIENT)
class AiSuggestion(ServerEvent):
    """A suggestion for the receiver alone. Clients that ask for it (`suggestionText`) get the bare text."""

    suggestion_id: str
    match_id: str
    kind: SuggestionKind
    text: str
    topic: str | None = None
    thread: str | None = None
    provider: str
    request_id: str | None = None
    lang: str


@event("topic_prompt", SERVER_TO_CLIENT)
class TopicPrompt(ServerEvent):
    """Something to talk about, when a conversation has died down; the same for both, to the devices in the call."""

    call_id: str
    prompt_id: str
    text: str
    topic: str | None = None
    why: Literal["dead_air", "shallow", "low_mood", "scene", "start"]
    silence_ms: int
    provider: str
    lang: str
