"""One topic for all who are in a call, by who they are and what they have talked about; in the log before it is told.

The configured provider has `PROVIDER_DEADLINE_S`; when it fails, is late, or has nothing new, the one that needs no
network is asked. Texts of a sealed room are not read. A topic never comes twice in a room: the suggestion log decides.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from assist.core import language
from assist.core.bank import TopicBank, match_tags
from assist.core.depth import FIRST_MESSAGES
from assist.core.language import Lang
from assist.ports import Ask, Observe, Offer, Suggestion, TopicProvider
from assist.service import RECENT_MESSAGES, AssistStores
from protocol.errors import NotFound
from rooms.kit import Kit
from rooms.model import Match, Message, User

log = logging.getLogger(__name__)

PROVIDER_DEADLINE_S: Final = 0.1
"""A topic is on its way within 0.3 s of being due; the rest is for reading and for two commits, on a busy machine.
Longer: the silence goes on; shorter: no service on the network is ever in time."""

OFFERS: Final = 3
"""Asked for at a time: should a request for help take the first one meanwhile, the next one is at hand."""


@dataclass(frozen=True, slots=True)
class TopicProviders:
    """Who is asked first, who when that fails (it may be the same one), who is told how long it took, and the bank
    whose tags say what a talk is about."""

    topics: TopicProvider
    fallback: TopicProvider
    observe: Observe
    bank: TopicBank


@dataclass(frozen=True, slots=True)
class _Talk:
    """What is known of a room whose people are silent; the first of `interests` is who called."""

    match: Match
    lang: Lang
    interests: tuple[tuple[str, ...], ...]
    talked_about: frozenset[str]
    message_count: int


class TopicChooser:
    """See the module. `default_lang` is for people of whom nothing is known."""

    def __init__(self, kit: Kit, stores: AssistStores, providers: TopicProviders, *, default_lang: Lang = "en") -> None:
        self._clock = kit.clock
        self._ids = kit.ids
        self._log = stores.suggestions
        self._people = stores.people
        self._read = stores.talk
        self._providers = providers
        self._default_lang = default_lang

    async def choose(self, match_id: str, user_ids: Sequence[str], *, suggestion_id: str) -> Suggestion | None:
        """A topic for these people (who called comes first), recorded under `suggestion_id`; None when nothing is left.

        Raises `NotFound` (no such match), and `Unavailable` when a store does not answer."""
        talk = await self._talk(match_id, user_ids)
        first, fallback = self._providers.topics, self._providers.fallback
        for provider in [first] if first is fallback else [first, fallback]:
            used = await self._log.used_topics(match_id)
            for offer in await self._offers(provider, self._ask(talk, used)):
                made = self._made(talk, offer, provider.name, suggestion_id)
                if await self._log.add([made]):
                    return made
        return None

    async def _talk(self, match_id: str, user_ids: Sequence[str]) -> _Talk:
        match = await self._people.match(match_id)
        if match is None:
            raise NotFound("no such match", field="matchId")
        users = await self._people.users(user_ids)
        newest = [] if match.sealed else await self._read.page(match_id, limit=RECENT_MESSAGES)
        said = [(message.sender_id, text) for message in newest if (text := _text(message)) is not None]
        each = [_language(user_id, users, said) for user_id in user_ids]
        texts = [text for _, text in said]
        return _Talk(
            match=match,
            lang=language.in_common(each, texts) or self._default_lang,
            interests=tuple(users[user_id].interests if user_id in users else () for user_id in user_ids),
            talked_about=match_tags(self._providers.bank, texts),
            message_count=await self._read.last_seq(match_id),
        )

    def _ask(self, talk: _Talk, used: frozenset[str]) -> Ask:
        return Ask(
            lang=talk.lang,
            interests=talk.interests[0],
            peer_interests=tuple(interest for interests in talk.interests[1:] for interest in interests),
            used=used,
            # They have spoken to each other: first lines would come too late, however little they have written.
            message_count=max(FIRST_MESSAGES, talk.message_count),
            seed=self._ids.seed(),
            limit=OFFERS,
            talked_about=talk.talked_about,
        )

    async def _offers(self, provider: TopicProvider, ask: Ask) -> list[Offer]:
        """What the provider has; nothing when it fails or is late, which its latency shows and the log tells."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(PROVIDER_DEADLINE_S):
                return await provider.topics(ask)
        except Exception as error:
            # Whatever it is that somebody else's service does: the silence in the call does not wait for it.
            log.warning(
                "a provider had no topic for a call",
                extra={"provider": provider.name, "reason": type(error).__name__},
            )
            return []
        finally:
            self._providers.observe(provider.name, "topics", self._clock.monotonic() - began)

    def _made(self, talk: _Talk, offer: Offer, provider: str, suggestion_id: str) -> Suggestion:
        return Suggestion(
            suggestion_id=suggestion_id,
            match_id=talk.match.match_id,
            user_id="",
            kind="shared_interest" if offer.shared else "topic",
            text=offer.text,
            topic_id=offer.topic_id,
            topic=offer.topic,
            provider=provider,
            lang=talk.lang,
            request_id=None,
            at_ms=self._clock.wall_ms(),
        )


def _text(message: Message) -> str | None:
    """What a person has written, if it is that."""
    return message.content if message.type == "text" and isinstance(message.content, str) else None


def _language(user_id: str, users: Mapping[str, User], said: Sequence[tuple[str, str]]) -> Lang | None:
    """By the profile's language, else by what the person has written here, else by the rest of the profile."""
    written = [text for sender_id, text in said if sender_id == user_id]
    user = users.get(user_id)
    if user is None:
        return language.of_person(None, written)
    return language.of_person(user.lang, written, (user.bio or "", *user.interests))


__all__ = ["OFFERS", "PROVIDER_DEADLINE_S", "TopicChooser", "TopicProviders"]
