"""Two Chromium pages in a call that falls silent, and then loses one of them: what the real server makes them show."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser_calls import BrowserCall, Person
from tests.support.call_peer import candidate_of, through_path
from tests.support.chromium import DESK, PHONE, ChromiumPage, chromium
from tests.support.footage import ANA, BEN, fall_silent, film, speak
from tests.support.impair import ImpairedPath
from tests.support.server import Server
from tests.support.wire_tap import WireTap

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(150)]

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
SEED = 29
SPEECH_S = 10.0  # from the opening of the microphone on: some of it is said before the call is up
QUIET_S = 120.0
# The rest of the speech, 7 s of silence, and what a busy machine takes.
TOPIC_WITHIN_S = 40.0
# A path is gone after 7 s without a packet.
AWAY_WITHIN_S = 20.0
JUDGED_WITHIN_S = 40.0  # after 20 s


class Side:
    """One person and their page. The page reaches the relay through `path` only, if there is one."""

    def __init__(self, name: str, page: ChromiumPage, path: ImpairedPath | None) -> None:
        self.person, self.page = Person(name, page), page.page
        self._path = path
        self.tap = WireTap(page.page, answer=self._lead)

    def _lead(self, answer: str) -> str:
        if self._path is None:
            return answer
        self._path.server = candidate_of(answer)
        return through_path(answer, self._path.port)

    def see(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def notice(self, kind: str) -> Locator:
        return self.page.locator(f"[data-testid='call-notice'][data-kind='{kind}']")


class FallsSilent:
    """A call of Ana at a desk and Ben with a phone, whose path may be cut."""

    def __init__(self, call: BrowserCall, ana: Side, ben: Side, path: ImpairedPath, folder: Path) -> None:
        self.call, self.ana, self.ben, self.path = call, ana, ben, path
        self._folder = folder

    @property
    def sides(self) -> tuple[Side, Side]:
        return (self.ana, self.ben)

    async def photograph(self, name: str) -> None:
        """Both pages for a look, and for the documents if VISAVIS_UPDATE_IMAGES is set; none scrolls sideways."""
        folder = IMAGES if os.environ.get("VISAVIS_UPDATE_IMAGES") else self._folder
        for side, size in ((self.ana, "desktop"), (self.ben, "phone")):
            await side.page.screenshot(path=folder / f"call-{name}-{size}.png")
            assert await side.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name

    def topics(self, outcome: str) -> float:
        """How many came to this, as an operator sees it."""
        return self.call.server.metrics()[f'talk_prompts_total{{outcome="{outcome}",trigger="dead_air"}}']

    async def until_counted(self, outcome: str) -> None:
        async with asyncio.timeout(JUDGED_WITHIN_S):
            while self.topics(outcome) < 1:
                await asyncio.sleep(0.2)


@pytest.fixture
async def falls_silent(server: Server, tmp_path: Path) -> AsyncIterator[FallsSilent]:
    """The call, with media."""
    for number, (name, person) in enumerate((("ana", ANA), ("ben", BEN))):
        film(person, tmp_path / f"{name}.y4m")
        speak(person, tmp_path / f"{name}.wav")
        fall_silent(tmp_path / f"{name}.wav", after_s=SPEECH_S, for_s=QUIET_S, seed=SEED + number)
    async with AsyncExitStack() as stack:
        path = await stack.enter_async_context(ImpairedPath(("127.0.0.1", 0), SEED))
        sides = []
        for name, size, its_path in (("Ana", DESK, None), ("Ben", PHONE, path)):
            files = (tmp_path / f"{name.lower()}.{ending}" for ending in ("wav", "y4m"))
            side = Side(
                name, await ChromiumPage.open(await stack.enter_async_context(chromium(*files)), size), its_path
            )
            await side.tap.attach()
            sides.append(side)
        ana, ben = sides
        both = FallsSilent(BrowserCall(server, ana.person, ben.person), ana, ben, path, tmp_path)
        await both.call.ring_and_accept()
        yield both
        assert [side.person.page.complaints for side in sides] == [[], []]
        assert "Traceback" not in server.log


async def a_topic_comes_and_is_used(both: FallsSilent) -> None:
    """The same on both pages; Ana takes it up."""
    for side in both.sides:
        assert await side.see("topic-prompt").count() == 0
    for side in both.sides:
        await expect(side.see("topic-text")).to_have_text(re.compile(r"\w"), timeout=1000 * TOPIC_WITHIN_S)
    await both.photograph("topic")
    text = await both.ana.see("topic-text").inner_text()
    await expect(both.ben.see("topic-text")).to_have_text(text)
    assert both.topics("shown") == 1
    for side in both.sides:
        assert await side.see("call-notice").count() == 0
    await both.ana.see("topic-use").click()
    await expect(both.ana.page.locator("[data-testid='topic-prompt'][data-size='small']")).to_contain_text(text)
    await expect(both.ana.see("error")).to_have_count(0)
    (rated,) = both.ana.tap.payloads("rate_suggestion")
    assert rated["used"] is True


async def a_lost_side_is_named(both: FallsSilent) -> None:
    """Ben's path is cut: Ana's page says that it is Ben, and his own that it is himself; then it comes back."""
    both.path.is_cut = True
    await expect(both.ana.notice("one_way_audio")).to_contain_text("Ben", timeout=1000 * AWAY_WITHIN_S)
    await expect(both.ana.notice("peer_reconnecting")).to_contain_text("Ben", timeout=1000 * AWAY_WITHIN_S)
    await both.photograph("notice")
    await expect(both.ana.notice("peer_reconnecting")).to_have_attribute("data-whose", "other")
    await expect(both.ben.notice("peer_reconnecting")).to_have_attribute("data-whose", "own")
    both.path.is_cut = False
    for side in both.sides:
        await expect(side.notice("peer_reconnecting")).to_have_count(0, timeout=1000 * AWAY_WITHIN_S)
        await side.person.sees("call-view", within_s=AWAY_WITHIN_S, phase="active")
    assert both.topics("shown") == 1


async def test_a_silent_call_gets_a_topic_and_a_lost_side_is_named_on_the_others_page(
    falls_silent: FallsSilent,
) -> None:
    await a_topic_comes_and_is_used(falls_silent)
    await a_lost_side_is_named(falls_silent)
    # Nobody speaks any more, so nobody takes it up, whatever they pressed.
    await falls_silent.until_counted("not_resumed")
    assert falls_silent.call.server.metrics()['events_total{event="rate_suggestion",outcome="ok"}'] == 1
    await falls_silent.call.hang_up()
