"""What two Chromium pages show of an understood call: quality, notices, topics, the summary.

The events come over each page's own connection, from a tap in it, so that every case is there when it is looked at.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FloatRect, Locator, Page, expect

from tests.e2e.browser_calls import BrowserCall, Person
from tests.support.chromium import DESK, PHONE, ChromiumPage, chromium
from tests.support.footage import ANA, BEN, film, speak
from tests.support.server import Server
from tests.support.wire_tap import WireTap

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(180)]

TOLD_HERE = frozenset({"call_quality", "call_notice", "topic_prompt", "call_summary"})
TEXT = "Which journey would you make once more, and with whom?"


class Side:
    """One person, their page, and the tap in its connection."""

    def __init__(self, name: str, page: ChromiumPage) -> None:
        self.person = Person(name, page)
        self.page: Page = page.page
        self.tap = WireTap(page.page, instead_of=TOLD_HERE)

    def see(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    async def user_id(self) -> str:
        found: str = await self.page.evaluate("JSON.parse(sessionStorage.getItem('visavis.session')).userId")
        return found

    async def box(self, test_id: str) -> FloatRect:
        found = await self.see(test_id).bounding_box()
        assert found is not None, test_id
        return found

    async def sends(self, name: str, payload: dict[str, Any], within_s: float = 5.0) -> None:
        """The page sends this event with at least these values."""
        try:
            async with asyncio.timeout(within_s):
                while not any(sent.items() >= payload.items() for sent in self.tap.payloads(name)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"no {name} with {payload} among {self.tap.payloads(name)}") from None


class Understood:
    """A call of Ana at a desk and Ben with a phone, and what both are told of it."""

    def __init__(self, call: BrowserCall, ana: Side, ben: Side, folder: Path) -> None:
        self.call, self.ana, self.ben = call, ana, ben
        self._folder = folder

    async def begin(self) -> None:
        """Both in the call."""
        await self.call.ring_and_accept()
        self.call_id = self.ana.tap.payloads("call_media")[0]["callId"]
        self.ana_id, self.ben_id = await self.ana.user_id(), await self.ben.user_id()

    def tell(self, name: str, **payload: Any) -> None:
        """Both pages an event of this call."""
        for side in (self.ana, self.ben):
            side.tap.tell(name, {"callId": self.call_id, **payload})

    def report(self, *, uplink_of_ben: str, **blame: Any) -> None:
        """A second of the call."""
        legs = [(self.ana_id, "up"), (self.ben_id, "down"), (self.ben_id, "up"), (self.ana_id, "down")]
        rest = {"mos": 4.3, "level": "good", "loss": 0, "jitterMs": 4, "rttMs": 38, "bitrate": 1_240_000, "fps": 30}
        his = {"mos": 2.1, "loss": 0.083, "rttMs": 212, "bitrate": 186_000, "level": uplink_of_ben}
        told = [{"userId": user, "direction": way, **rest} for user, way in legs]
        told[2] |= his if uplink_of_ben != "good" else {}
        self.tell("call_quality", legs=told, **blame)

    @asynccontextmanager
    async def reporting(self, **report: Any) -> AsyncIterator[None]:
        """The same second over and over: figures that are not renewed leave the page."""

        async def repeat() -> None:
            while True:
                self.report(**report)
                await asyncio.sleep(0.5)

        task = asyncio.create_task(repeat())
        try:
            yield
        finally:
            task.cancel()

    def offer(self, prompt_id: str) -> None:
        """A topic."""
        topic = {"promptId": prompt_id, "text": TEXT, "topic": "travel", "why": "dead_air", "silenceMs": 7_200}
        self.tell("topic_prompt", **topic, provider="builtin", lang="en")

    async def photograph(self, name: str) -> None:
        """Both pages for a look; none scrolls sideways."""
        for side, size in ((self.ana, "desktop"), (self.ben, "phone")):
            file = f"call-{name}-{size}.png"
            await side.page.screenshot(path=self._folder / file)
            assert await side.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), file


@pytest.fixture
async def understood(server: Server, tmp_path: Path) -> AsyncIterator[Understood]:
    """The call, with media."""
    for name, person in (("ana", ANA), ("ben", BEN)):
        film(person, tmp_path / f"{name}.y4m")
        speak(person, tmp_path / f"{name}.wav")
    async with AsyncExitStack() as stack:
        sides = []
        for name, size in (("Ana", DESK), ("Ben", PHONE)):
            files = (tmp_path / f"{name.lower()}.{ending}" for ending in ("wav", "y4m"))
            side = Side(name, await ChromiumPage.open(await stack.enter_async_context(chromium(*files)), size))
            await side.tap.attach()
            sides.append(side)
        ana, ben = sides
        both = Understood(BrowserCall(server, ana.person, ben.person), ana, ben, tmp_path)
        await both.begin()
        yield both
        assert [side.person.page.complaints for side in sides] == [[], []]
        assert "Traceback" not in server.log


async def quality_is_shown(both: Understood) -> None:
    """Level and cause in words on both pages; figures on demand; the cause leaves when it is over."""
    cause = {"userId": both.ben_id, "direction": "up", "kind": "loss", "text": "Ben's uplink loses 8 %"}
    advice = "move closer to the Wi-Fi or change the network"
    async with both.reporting(uplink_of_ben="poor", cause=cause, advice=advice):
        await expect(both.ana.see("quality-receiving")).to_have_text("Receiving: poor")
        await expect(both.ana.see("quality-sending")).to_have_text("Sending: good")
        await expect(both.ben.see("quality-sending")).to_have_text("Sending: poor")
        for side in (both.ana, both.ben):
            await expect(side.see("call-cause")).to_contain_text(cause["text"] + advice)
        await both.photograph("cause")
        for side in (both.ana, both.ben):
            await side.see("quality-line").click()
            his = side.page.locator(f"[data-testid='leg-up'][data-user='{both.ben_id}']")
            await expect(his.locator("td")).to_have_text(["2.1", "8.3 %", "212 ms", "186 kbit/s"])
        await both.photograph("figures")
        for side in (both.ana, both.ben):
            await side.see("quality-figures").press("Escape")
            await expect(side.see("quality-figures")).to_have_count(0)
            await expect(side.see("quality-line")).to_be_focused()
    async with both.reporting(uplink_of_ben="good"):
        for side in (both.ana, both.ben):
            await expect(side.see("call-cause")).to_have_count(0)
        await expect(both.ana.see("quality-receiving")).to_have_text("Receiving: good")


async def notices_name_a_side(both: Understood) -> None:
    """A line on both pages, which one of them puts away."""
    both.tell("call_notice", kind="poor_uplink", userId=both.ben_id, text="Ben is hard to hear: the uplink is bad")
    for side, named in ((both.ana, "Ben"), (both.ben, "You")):
        await expect(side.see("call-notice")).to_contain_text(named)
        await expect(side.see("call-notice")).to_contain_text("Ben is hard to hear")
    await both.ana.see("notice-dismiss").click()
    await expect(both.ana.see("call-notice")).to_have_count(0)
    await expect(both.ben.see("call-notice")).to_have_count(1)


async def speech_into_a_muted_microphone_is_told(both: Understood) -> None:
    """Ben speaks all the time: muted, his page says so to the server, and the notice that follows unmutes him."""
    heard = {"callId": both.call_id, "audio": False, "video": True, "screen": False}
    await both.ben.see("mute-button").click()
    await both.ben.sends("call_media", {**heard, "speaking": True})
    both.tell("call_notice", kind="muted_while_speaking", userId=both.ben_id, text="Ben speaks, but is muted")
    notice = both.ben.page.locator("[data-testid='call-notice'][data-kind='muted_while_speaking']")
    await expect(notice).to_contain_text("your microphone is muted")
    await both.photograph("notices")
    await both.ben.see("notice-unmute").click()
    await expect(notice).to_have_count(0)
    await both.ben.sends("call_media", {**heard, "audio": True, "speaking": False})
    await expect(both.ana.page.locator("[data-kind='muted_while_speaking']")).to_have_count(0)


async def topics_are_used_or_waved_away(both: Understood) -> None:
    """Ana takes it by keyboard and keeps it small; Ben waves it away, and sees no further one. No face is covered."""
    both.report(uplink_of_ben="good")
    both.offer("topic-1")
    for side in (both.ana, both.ben):
        await expect(side.see("topic-text")).to_have_text(TEXT)
        await expect(side.see("topic-prompt")).to_have_css("opacity", "1")
    await both.photograph("topic")
    card, own = await both.ana.box("topic-prompt"), await both.ana.box("local-video")
    assert card["x"] + card["width"] <= own["x"] or card["y"] + card["height"] <= own["y"]
    card, face = await both.ben.box("topic-prompt"), await both.ben.box("remote-video")
    assert card["y"] >= face["y"] + face["height"]
    await both.ana.see("minimise-call").focus()
    for _ in range(8):
        await both.ana.page.keyboard.press("Tab")
        if await both.ana.page.evaluate("document.activeElement.dataset.testid") == "topic-use":
            break
    await both.ana.page.keyboard.press("Enter")
    await both.ana.sends("rate_suggestion", {"promptId": "topic-1", "used": True})
    await expect(both.ana.page.locator("[data-testid='topic-prompt'][data-size='small']")).to_contain_text(TEXT)
    await both.ben.see("topic-wave").click()
    await both.ben.sends("rate_suggestion", {"promptId": "topic-1", "used": False})
    await expect(both.ben.see("topic-prompt")).to_have_count(0)
    both.offer("topic-2")
    await expect(both.ana.page.locator("[data-testid='topic-prompt'][data-size='open']")).to_have_count(1)
    await expect(both.ben.see("topic-prompt")).to_have_count(0)


async def a_topic_leaves_when_the_talk_goes_on(both: Understood) -> None:
    """Both speak nearly all the time, so Ana's leaves after 20 s of talk, long before the 60 s of a silence."""
    await expect(both.ana.see("topic-prompt")).to_have_count(1)
    await expect(both.ana.see("topic-prompt")).to_have_count(0, timeout=45_000)


async def the_end_is_summed_up(both: Understood) -> None:
    """Beside the reason, with what became of quality, talk and topics."""
    await both.call.hang_up()
    both.tell(
        "call_summary",
        duration=754.2,
        quality=[
            {"userId": both.ana_id, "direction": "up", "level": "good", "mos": 4.2, "loss": 0.001},
            {"userId": both.ben_id, "direction": "up", "level": "fair", "mos": 3.3, "loss": 0.031},
        ],
        talk={
            "shares": [{"userId": both.ana_id, "share": 0.62}, {"userId": both.ben_id, "share": 0.38}],
            "overlaps": 4,
            "longestSilenceMs": 9_400,
            "turns": 41,
        },
        prompts=[
            {"promptId": "topic-1", "text": TEXT, "topic": "travel", "resumed": True},
            {"promptId": "topic-2", "text": "What do you cook when nobody watches?", "resumed": False},
        ],
        followUps=["Ask how the walk on the ridge went.", "Tell about the tea that you bring."],
    )
    await expect(both.ana.see("summary-duration")).to_have_text("12 min 34 s")
    await expect(both.ana.see("summary-silence")).to_have_text("9 s")
    await expect(both.ana.see("summary-sending")).to_have_text("You to Ben: good")
    await expect(both.ben.see("summary-sending")).to_have_text("You to Ana: fair")
    await expect(both.ben.see("summary-shares")).to_contain_text("You 38 %Ana 62 %")
    await expect(both.ana.see("summary-prompt")).to_contain_text(["the talk went on", "it stayed quiet"])
    await expect(both.ana.see("follow-up")).to_have_count(2)
    await both.photograph("summary")
    await both.ana.see("end-close").click()
    await expect(both.ana.see("call-summary")).to_have_count(0)


async def test_two_pages_show_how_their_call_is_and_was(understood: Understood) -> None:
    await quality_is_shown(understood)
    await notices_name_a_side(understood)
    await speech_into_a_muted_microphone_is_told(understood)
    await topics_are_used_or_waved_away(understood)
    await a_topic_leaves_when_the_talk_goes_on(understood)
    await the_end_is_summed_up(understood)
