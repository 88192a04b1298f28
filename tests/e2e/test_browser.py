"""Two people at the page, each in a headless Chromium of its own profile: one at a desk, one with a phone."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

from tests.support.chromium import DESK, FLAGS, PHONE
from tests.support.server import Server, StartServer

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PRESENCE_MS = 15_000


@dataclass
class Person:
    """Somebody at the page. `complaints`: errors of scripts and of the console, which must stay empty."""

    name: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def part(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def message(self, number: int) -> Locator:
        return self.part(f"message-{number}").locator(".text")

    async def come_in(self, url: str, interests: str) -> None:
        await self.page.goto(url)
        await self.part("name-input").fill(self.name)
        await self.part("interests-input").fill(interests)
        await self.part("login-button").click()
        await expect(self.part("me")).to_have_text(self.name)

    def other(self, name: str) -> Locator:
        return self.page.get_by_test_id(re.compile("^person-")).filter(has_text=name)

    async def say(self, text: str) -> None:
        await self.part("composer").fill(text)
        await self.part("send").click()
        await expect(self.part("composer")).to_have_value("")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        await chromium.close()


async def someone(browser: Browser, name: str, size: ViewportSize) -> Person:
    phone = size == PHONE
    context = await browser.new_context(
        viewport=size, locale="en-US", is_mobile=phone, has_touch=phone, device_scale_factor=2 if phone else 1
    )
    person = Person(name, await context.new_page())
    person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
    person.page.on(
        "console", lambda line: person.complaints.append(line.text) if line.type in {"error", "warning"} else None
    )
    return person


async def matched(browser: Browser, server: Server) -> tuple[Person, Person]:
    """Ana at a desk and Ben with a phone, who have logged in, seen and matched each other; the room is open."""
    ana, ben = await someone(browser, "Ana", DESK), await someone(browser, "Ben", PHONE)
    await ana.come_in(server.url, "hiking, jazz")
    await ben.come_in(server.url, "cooking, hiking")
    await expect(ana.other("Ben")).to_contain_text("hiking", timeout=PRESENCE_MS)
    await expect(ben.other("Ana")).to_be_visible(timeout=PRESENCE_MS)
    await ana.other("Ben").get_by_role("button", name="Match").click()
    await expect(ana.part("peer-status")).to_have_text("online")
    await expect(ben.page.get_by_text("You and Ana are matched.")).to_be_visible()
    await ben.page.get_by_test_id(re.compile("^room-")).first.click()
    await expect(ben.part("peer-status")).to_have_text("online")
    return ana, ben


async def take_a_suggestion(person: Person) -> str:
    """A chip goes into the composer, and is sent by the person's own hand; the text."""
    chip = person.part("chip-0")
    await expect(chip).to_be_visible()
    text = (await chip.inner_text()).strip()
    await chip.click()
    await expect(person.part("composer")).to_have_value(text)
    await person.part("send").click()
    return text


async def test_two_people_match_talk_and_play(browser: Browser, server: Server, tmp_path: Path) -> None:
    ana, ben = await matched(browser, server)

    opening = await take_a_suggestion(ana)
    await expect(ben.message(1)).to_have_text(opening)
    await expect(ana.part("ticks-1")).to_have_attribute("data-state", "read")

    await ben.part("composer").press_sequentially("Good question! Ask me again on the ridge above the lake, ", delay=5)
    await expect(ana.part("typing")).to_contain_text("Ben")
    await ben.part("composer").press_sequentially("at sunrise.", delay=5)
    await ben.part("send").click()
    await expect(ana.message(2)).to_have_text("Good question! Ask me again on the ridge above the lake, at sunrise.")
    await expect(ana.part("typing")).to_have_count(0)
    await expect(ben.part("ticks-2")).to_have_attribute("data-state", "read")

    await ana.say("I was there in May! Did you take the night train?")
    await ben.say("Yes. And I forgot the coffee 😀")
    await expect(ana.message(4)).to_have_text("Yes. And I forgot the coffee 😀")

    for person in (ana, ben):
        await ask_for_help(person)
    await photograph(ana, ben, tmp_path)
    await play(ana, ben)
    await talk_chinese(ben)

    before = [await ana.message(number).inner_text() for number in range(1, 5)]
    await ana.page.reload()
    await expect(ana.message(4)).to_be_visible()
    assert [await ana.message(number).inner_text() for number in range(1, 5)] == before
    await ana.part("game-button").click()
    await expect(ana.part("game")).to_contain_text("The first cherries")

    await ben.page.close()
    await expect(ana.part("peer-status")).not_to_have_text("online", timeout=PRESENCE_MS)
    assert (ana.complaints, ben.complaints) == ([], [])


async def ask_for_help(person: Person) -> None:
    chips = person.page.get_by_test_id(re.compile(r"^chip-\d+$"))
    for _ in range(await chips.count()):
        await person.part("chip-dismiss-0").click()
    await expect(chips).to_have_count(0)
    await person.part("help-button").click()
    await expect(chips).to_have_count(3)
    assert all(not CHINESE.search(text) for text in await chips.all_inner_texts())


async def play(ana: Person, ben: Person) -> None:
    await ana.part("game-button").click()
    await expect(ben.part("game-question")).to_be_visible()
    question = await ana.part("game-question").inner_text()
    await ana.part("game-answer").fill("A letter from my aunt")
    await ana.part("game-send").click()
    await expect(ana.part("game-waiting")).to_contain_text("Ben")
    await expect(ben.part("game")).not_to_contain_text("my aunt")
    await ben.part("game-answer").fill("The first cherries")
    await ben.part("game-send").click()
    for person in (ana, ben):
        await expect(person.part("game")).to_contain_text("A letter from my aunt")
        await expect(person.part("game")).to_contain_text("The first cherries")
        await expect(person.part("game")).to_contain_text(question)
        await expect(person.part("game-question")).not_to_have_text(question)


async def talk_chinese(person: Person) -> None:
    """The phone shows one pane at a time; the language is chosen beside the list."""
    await person.part("back").click()
    await person.part("lang-select").select_option("zh")
    await person.page.get_by_test_id(re.compile("^room-")).first.click()
    await expect(person.part("help-button")).to_contain_text(CHINESE)
    await expect(person.part("game-question")).to_contain_text(CHINESE)
    await person.part("help-button").click()
    newest = person.page.get_by_test_id(re.compile(r"^chip-\d+$")).last
    await expect(newest).to_contain_text(CHINESE)
    assert await person.page.evaluate("document.documentElement.lang") in {"zh", "zh-CN"}


async def photograph(ana: Person, ben: Person, folder: Path) -> None:
    """Pictures of both for a look, and for the documents when VISAVIS_UPDATE_IMAGES is set."""
    folder = IMAGES if os.environ.get("VISAVIS_UPDATE_IMAGES") else folder
    folder.mkdir(parents=True, exist_ok=True)
    for person, name in ((ana, "chat-desktop.png"), (ben, "chat-phone.png")):
        await person.page.screenshot(path=folder / name, animations="disabled")
        assert await person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


async def test_the_page_lives_through_a_restart_of_the_server(browser: Browser, start_server: StartServer) -> None:
    server = start_server()
    ana, ben = await matched(browser, server)
    await ana.say("before")
    await expect(ben.message(1)).to_have_text("before")
    server.stop()
    await expect(ana.part("connection")).not_to_have_attribute("data-status", "online")
    await ana.say("written meanwhile")
    start_server(port=server.port)
    await expect(ben.message(2)).to_have_text("written meanwhile", timeout=20_000)
    await expect(ana.part("ticks-2")).to_have_attribute("data-state", "read")
    await ben.say("after")
    await expect(ana.message(3)).to_have_text("after")


async def test_a_message_is_changed_and_deleted_for_both(browser: Browser, server: Server) -> None:
    ana, ben = await matched(browser, server)
    await ana.say("see you at nine")
    await ana.say("oops")
    await expect(ben.message(2)).to_have_text("oops")
    await ana.part("menu-1").click()
    await ana.page.get_by_role("button", name="Edit", exact=True).click()
    await ana.part("composer").fill("see you at ten")
    await ana.part("send").click()
    await expect(ben.message(1)).to_have_text("see you at ten")
    await ana.part("menu-2").click()
    await ana.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(ben.message(2)).to_have_text("This message was deleted.")
    await ben.part("menu-1").click()
    await ben.page.get_by_role("button", name=re.compile("^React with")).first.click()
    await expect(ana.part("message-1").locator(".reaction")).to_be_visible()
    assert (ana.complaints, ben.complaints) == ([], [])
