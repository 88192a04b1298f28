"""The provider that needs no network: topics written for each language, shipped with the package."""

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Final

from assist.core.bank import TopicBank
from assist.core.depth import wishes
from assist.core.topics import Pick, rank
from assist.ports import Ask, Offer

NAME: Final = "builtin"


@cache
def load_bank() -> TopicBank:
    """The shipped bank, read and checked at the first call; `ValueError` if the data is wrong."""
    folder = resources.files("assist") / "data"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.startswith("topics.") and entry.name.endswith(".json")),
        key=lambda entry: entry.name,
    )
    return TopicBank.parse(json.loads(entry.read_text(encoding="utf-8")) for entry in files)


class BuiltinProvider:
    """Icebreakers and topics from the bank. Never waits and never fails."""

    name = NAME

    def __init__(self, bank: TopicBank | None = None) -> None:
        self._bank = bank or load_bank()

    async def icebreakers(self, ask: Ask) -> list[Offer]:
        """First lines; at most `ask.limit`, best first."""
        return self._offers(ask)

    async def topics(self, ask: Ask) -> list[Offer]:
        """Topics for a talk that goes on; more personal ones the longer it is."""
        return self._offers(ask)

    def _offers(self, ask: Ask) -> list[Offer]:
        """What the bank has for the length of the talk; when that is too little, what fits less well."""
        picks: list[Pick] = []
        for wish in wishes(ask.message_count):
            picks += rank(
                self._bank,
                lang=ask.lang,
                interests_a=ask.interests,
                interests_b=ask.peer_interests,
                used=ask.used | {pick.topic_id for pick in picks},
                seed=ask.seed,
                limit=ask.limit - len(picks),
                wish=replace(wish, near=ask.talked_about),
            )
            if len(picks) >= ask.limit:
                break
        return [Offer(pick.topic_id, pick.text, pick.topic, pick.shared) for pick in picks]
