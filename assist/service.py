"""Talk help for a room: lines to open with, icebreakers at a new match, and help when a person asks for it.

Every suggestion is in the log before it is sent, goes to the devices of one person only, and its topic never comes a
second time in the room as a suggestion, to whomever (a line shown in `match_created` may come once more). Implements
`rooms.ports.OpeningLines`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from assist.core import language
from assist.core.depth import FIRST_MESSAGES
from assist.core.language import Lang
from assist.ports import (
    Ask,
    Capability,
    IcebreakerProvider,
    Observe,
    Offer,
    OpeningLine,
    People,
    Suggestion,
    SuggestionKind,
    SuggestionLog,
    Talk,
    TopicProvider,
)
from protocol.errors import NotAMember, NotFound, ProtocolError, Unavailable
from protocol.prompts import AiSuggestion
from rooms.facts import FactBus, MatchMade
from rooms.kit import Kit
from rooms.model import Match, User

log = logging.getLogger(__name__)

OPENING_LINES: Final = 3
"""Lines in `match_created`; the page shows them as three chips."""

GENEROUS_UNTIL: Final = 60
"""Suggestions of a room after which a request gets one instead of several, so that the bank lasts. Lower: less
choice early; higher: a room that asks often comes to "nothing left" sooner."""

RECENT_MESSAGES: Final = 10
"""Messages of the room looked at for a language when a person has named none."""

_NOTHING: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class AssistStores:
    """What the service reads and writes."""

    suggestions: SuggestionLog
    people: People
    talk: Talk


@dataclass(frozen=True, slots=True)
class Providers:
    """Who is asked for what, and who is told how long it took."""

    icebreakers: IcebreakerProvider
    topics: TopicProvider
    observe: Observe


@dataclass(frozen=True, slots=True)
class _Asker:
    """The person to help, with what is known of the talk."""

    match: Match
    user_id: str
    lang: Lang
    interests: tuple[str, ...]
    peer_interests: tuple[str, ...]
    message_count: int

    @property
    def begins(self) -> bool:
        """Whether the talk has yet to begin, so that first lines are wanted."""
        return self.message_count < FIRST_MESSAGES


class AssistService:
    """See the module. `suggestions_per_request` is the most that one request is answered with; `default_lang` is
    for people of whom neither a language tag nor a line of text is known."""

    def __init__(
        self,
        kit: Kit,
        stores: AssistStores,
        providers: Providers,
        *,
        suggestions_per_request: int = 3,
        default_lang: Lang = "en",
    ) -> None:
        self._announcer = kit.announcer
        self._clock = kit.clock
        self._ids = kit.ids
        self._timers = kit.timers
        self._log = stores.suggestions
        self._people = stores.people
        self._talk = stores.talk
        self._providers = providers
        self._per_request = suggestions_per_request
        self._default_lang = default_lang

    def subscribe(self, facts: FactBus) -> None:
        """From now on offer icebreakers to the people of a new match."""
        facts.subscribe(MatchMade, self._on_match_made)

    async def request_help(
        self,
        user_id: str,
        match_id: str,
        *,
        lang: str | None = None,
        draft: str | None = None,
        question: str | None = None,
    ) -> str:
        """Record suggestions for the asker, send them right after the return, and return their request id.

        `lang` is a BCP 47 tag; without one the profile decides, then what the person writes. Raises `NotFound`,
        `NotAMember`, and `Unavailable` when there is nothing left for this room and language.
        """
        match = await self._people.match(match_id)
        if match is None:
            raise NotFound("no such match", field="matchId")
        if user_id not in match.members:
            raise NotAMember(field="matchId")
        users = await self._people.users(match.members)
        texts = [text for text in (draft, question) if text]
        asker = await self._asker(match, user_id, users, lang=lang, texts=texts)
        request_id = self._ids.new()
        suggestions = await self._suggest(asker, request_id)
        if not suggestions:
            raise Unavailable("there are no more topics for this room")
        self._timers.spawn(self._send(suggestions), "suggestions")
        return request_id

    async def opening_lines(self, match: Match, users: Mapping[str, User]) -> dict[str, list[str]]:
        """Lines for `match_created` by user id, each in that person's language, recorded as shown.

        When a store does not answer there are none: a match must not wait for talk help.
        """
        try:
            return await self._show_lines(match, users)
        except ProtocolError:
            log.warning("no opening lines for a new match", extra={"match_id": match.match_id}, exc_info=True)
            return {user_id: [] for user_id in match.members}

    async def shown_lines(self, match_id: str, user_id: str) -> list[str]:
        """The opening lines that the person was shown, for a page that comes later than the match."""
        return [line.text for line in await self._log.openings(match_id) if line.user_id == user_id]

    async def rate(self, user_id: str, suggestion_id: str, *, used: bool, rating: int | None = None) -> None:
        """Keep what became of a suggestion; `NotFound` for anybody but the person whom it was for."""
        suggestion = await self._log.get(suggestion_id)
        if suggestion is None or suggestion.user_id != user_id:
            raise NotFound("no such suggestion", field="suggestionId")
        await self._log.rate(suggestion_id, used=used, rating=rating)

    async def _show_lines(self, match: Match, users: Mapping[str, User]) -> dict[str, list[str]]:
        """Different lines for each person, as long as the bank has some."""
        lines: list[OpeningLine] = []
        for user_id in match.members:
            asker = await self._asker(match, user_id, users)
            taken = frozenset(line.topic_id for line in lines)
            offers = await self._icebreakers(asker, taken, OPENING_LINES)
            now_ms = self._clock.wall_ms()
            provider = self._providers.icebreakers.name
            lines += [
                OpeningLine(
                    match.match_id,
                    user_id,
                    offer.topic_id,
                    offer.text,
                    offer.topic,
                    provider,
                    asker.lang,
                    now_ms,
                )
                for offer in offers
            ]
        await self._log.add_openings(lines)
        return {user_id: [line.text for line in lines if line.user_id == user_id] for user_id in match.members}

    def _on_match_made(self, fact: MatchMade) -> None:
        self._timers.spawn(self._break_the_ice(fact.match), "icebreakers")

    async def _break_the_ice(self, match: Match) -> None:
        """Offer each person the lines that `match_created` showed (in a group one, or the bank would be used up)."""
        lines = await self._log.openings(match.match_id)
        for user_id in match.members:
            own = [line for line in lines if line.user_id == user_id]
            suggestions = [
                Suggestion(
                    suggestion_id=self._ids.new(),
                    match_id=match.match_id,
                    user_id=user_id,
                    kind="icebreaker",
                    text=line.text,
                    topic_id=line.topic_id,
                    topic=line.topic,
                    provider=line.provider,
                    lang=line.lang,
                    request_id=None,
                    at_ms=self._clock.wall_ms(),
                )
                for line in own[: OPENING_LINES if match.kind == "pair" else 1]
            ]
            await self._send(await self._log.add(suggestions))

    async def _asker(
        self,
        match: Match,
        user_id: str,
        users: Mapping[str, User],
        *,
        lang: str | None = None,
        texts: Sequence[str] = (),
    ) -> _Asker:
        """Who is asked for: language, interests of both sides, length of the talk."""
        user = users.get(user_id)
        tag = lang or (user.lang if user else None)
        chosen = language.from_tag(tag) if tag else await self._guess_language(match, user, user_id, texts)
        peers = [users[other] for other in match.others(user_id) if other in users]
        return _Asker(
            match=match,
            user_id=user_id,
            lang=chosen,
            interests=user.interests if user else (),
            peer_interests=tuple(interest for peer in peers for interest in peer.interests),
            message_count=await self._talk.last_seq(match.match_id),
        )

    async def _guess_language(self, match: Match, user: User | None, user_id: str, texts: Sequence[str]) -> Lang:
        """By the script of what the person has just written, has lately written here (never in a sealed room), or
        has put in the profile."""
        found = language.from_texts(texts)
        if found is None and not match.sealed:
            recent = await self._talk.page(match.match_id, limit=RECENT_MESSAGES)
            found = language.from_texts(
                message.content
                for message in recent
                if message.sender_id == user_id and message.type == "text" and isinstance(message.content, str)
            )
        if found is None and user is not None:
            found = language.from_texts((user.bio or "", *user.interests))
        return found or self._default_lang

    async def _suggest(self, asker: _Asker, request_id: str) -> list[Suggestion]:
        """Suggestions as recorded; empty when nothing is left.

        Two requests at once may choose alike; the log lets one of them have a topic, and who gets none asks again.
        That ends, because each round leaves fewer topics.
        """
        while True:
            used = await self._log.used_topics(asker.match.match_id)
            limit = self._per_request if len(used) < GENEROUS_UNTIL else 1
            source = self._icebreakers if asker.begins else self._topics
            offers = await source(asker, used, limit)
            if not offers:
                return []
            provider = (self._providers.icebreakers if asker.begins else self._providers.topics).name
            made = self._made(asker, offers, provider, request_id)
            recorded = await self._log.add(made)
            if recorded:
                return recorded

    def _made(self, asker: _Asker, offers: Sequence[Offer], provider: str, request_id: str) -> list[Suggestion]:
        """Offers as suggestions. What comes from a shared interest says so, whatever the length of the talk."""
        kind: SuggestionKind = "icebreaker" if asker.begins else "topic"
        return [
            Suggestion(
                suggestion_id=self._ids.new(),
                match_id=asker.match.match_id,
                user_id=asker.user_id,
                kind="shared_interest" if offer.shared else kind,
                text=offer.text,
                topic_id=offer.topic_id,
                topic=offer.topic,
                provider=provider,
                lang=asker.lang,
                request_id=request_id,
                at_ms=self._clock.wall_ms(),
            )
            for offer in offers
        ]

    async def _icebreakers(self, asker: _Asker, used: AbstractSet[str], limit: int) -> list[Offer]:
        provider = self._providers.icebreakers
        return await self._timed(provider.icebreakers, provider.name, "icebreaker", self._ask(asker, used, limit))

    async def _topics(self, asker: _Asker, used: AbstractSet[str], limit: int) -> list[Offer]:
        provider = self._providers.topics
        return await self._timed(provider.topics, provider.name, "topics", self._ask(asker, used, limit))

    async def _timed(
        self, call: Callable[[Ask], Awaitable[list[Offer]]], provider: str, capability: Capability, ask: Ask
    ) -> list[Offer]:
        """Ask, and tell the observer how long it took, also when it failed."""
        began = self._clock.monotonic()
        try:
            return await call(ask)
        finally:
            self._providers.observe(provider, capability, self._clock.monotonic() - began)

    def _ask(self, asker: _Asker, used: AbstractSet[str], limit: int) -> Ask:
        return Ask(
            lang=asker.lang,
            interests=asker.interests,
            peer_interests=asker.peer_interests,
            used=used,
            message_count=asker.message_count,
            seed=self._ids.seed(),
            limit=limit,
        )

    async def _send(self, suggestions: Sequence[Suggestion]) -> None:
        """One event per suggestion, to all devices of the person whom it is for."""
        for suggestion in suggestions:
            event = AiSuggestion(
                suggestion_id=suggestion.suggestion_id,
                match_id=suggestion.match_id,
                kind=suggestion.kind,
                text=suggestion.text,
                topic=suggestion.topic,
                provider=suggestion.provider,
                request_id=suggestion.request_id,
                lang=suggestion.lang,
            )
            await self._announcer.tell([suggestion.user_id], event)
