"""A house small enough for topics in calls: two people of the room "m" in the call "c", a clock that a test moves."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from assist.ports import Ask, Offer, TopicProvider
from assist.prompts import PromptService
from assist.providers.builtin import BuiltinProvider, load_bank
from assist.service import AssistStores
from assist.topic_choice import TopicChooser, TopicProviders
from backends.prompts_memory import MemoryPromptLog
from media.facts import CallEnded, SilenceEnded, TopicDue
from monitoring.metrics import PromptOutcome, PromptTrigger
from protocol.base import ServerEvent
from protocol.prompts import TopicPrompt
from rooms.announcer import Announcer
from rooms.facts import FactBus
from rooms.kit import Kit
from tests.assist.fakes import OpenLog, RecordingBus, Rooms
from tests.support.clock import FakeClock, FakeIds, FakeTimers
from tests.support.fakes import Line, through

PEOPLE = ("anna", "bo")


class SlowProvider:
    """Does not answer while anybody waits."""

    name = "dify"

    async def topics(self, ask: Ask) -> list[Offer]:
        await asyncio.sleep(3600)
        return []


class ScriptedProvider:
    """Offers the same at each call, and keeps what it was asked."""

    name = "coze"

    def __init__(self, *offers: Offer) -> None:
        self.offers = list(offers)
        self.asked: list[Ask] = []

    async def topics(self, ask: Ask) -> list[Offer]:
        self.asked.append(ask)
        return self.offers


class Audience:
    """`assist.ports.CallAudience` of calls that a test begins and ends."""

    def __init__(self) -> None:
        self.running = {"c"}
        self.told: list[TopicPrompt] = []
        self.waved_away: list[tuple[str, str]] = []

    def tell(self, call_id: str, events: Sequence[ServerEvent]) -> bool:
        if call_id not in self.running:
            return False
        for event in events:
            assert isinstance(event, TopicPrompt)
            self.told.append(event)
        return True

    def wave_away(self, call_id: str, user_id: str) -> None:
        self.waved_away.append((call_id, user_id))


@dataclass
class CallHouse:
    """Everything that a test touches. `suggestions_line` and `prompts_line` lead to the logs."""

    clock: FakeClock = field(default_factory=FakeClock)
    rooms: Rooms = field(default_factory=Rooms)
    suggestions: OpenLog = field(default_factory=OpenLog)
    suggestions_line: Line = field(default_factory=Line)
    prompts: MemoryPromptLog = field(default_factory=MemoryPromptLog)
    prompts_line: Line = field(default_factory=Line)
    audience: Audience = field(default_factory=Audience)
    facts: FactBus = field(default_factory=FactBus)
    observed: list[tuple[str, str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    resumed_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timers = FakeTimers(self.clock)
        self.kit = Kit(self.clock, FakeIds(self.clock), self.timers, self.facts, Announcer(RecordingBus()))

    def chooser(self, provider: TopicProvider | None = None) -> TopicChooser:
        builtin = BuiltinProvider()
        return TopicChooser(
            self.kit,
            AssistStores(through(self.suggestions_line, self.suggestions), self.rooms, self.rooms),
            TopicProviders(provider or builtin, builtin, self._observe, load_bank()),
        )

    def service(self, provider: TopicProvider | None = None) -> PromptService:
        service = PromptService(
            self.kit,
            self.chooser(provider),
            prompts=through(self.prompts_line, self.prompts),
            people=self.rooms,
            audience=self.audience,
            count=self._count,
        )
        service.subscribe(self.facts)
        return service

    def due(self, call_id: str = "c", match_id: str = "m") -> None:
        """Nobody has spoken for 7 s."""
        self.facts.publish(TopicDue(call_id, match_id, PEOPLE, 7_000))

    async def show(self) -> TopicPrompt:
        """A topic is due; the one that was shown."""
        before = len(self.audience.told)
        self.due()
        await self.timers.settle()
        (told,) = self.audience.told[before:]
        return told

    def speak(self, call_id: str = "c") -> None:
        """Somebody speaks."""
        self.facts.publish(SilenceEnded(call_id, True, 9.0))

    def end(self, call_id: str = "c") -> None:
        """The call is over, as `media.calls` tells it."""
        self.audience.running.discard(call_id)
        self.facts.publish(CallEnded(call_id, "m", PEOPLE, "completed", 60.0))

    def _observe(self, provider: str, capability: str, seconds: float) -> None:
        self.observed.append((provider, capability))

    def _count(self, trigger: PromptTrigger, outcome: PromptOutcome, resumed_s: float | None = None) -> None:
        assert trigger is PromptTrigger.DEAD_AIR
        assert (resumed_s is not None) == (outcome is PromptOutcome.RESUMED)
        self.counted[outcome.value] += 1
        if resumed_s is not None:
            self.resumed_s.append(resumed_s)
