"""Two Chromium pages of the product call each other through the relay."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser_calls import BrowserCall, Person, both_have_media
from tests.support.chromium import DESK, PHONE, ChromiumPage, chromium
from tests.support.footage import ANA, BEN, film, speak
from tests.support.server import Server

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(120)]

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what both people say and how they look."""
    folder = tmp_path_factory.mktemp("footage")
    for name, person in (("ana", ANA), ("ben", BEN)):
        film(person, folder / f"{name}.y4m")
        speak(person, folder / f"{name}.wav")
    return folder


@asynccontextmanager
async def call_of(server: Server, footage: Path, *, filmed: bool = True) -> AsyncIterator[BrowserCall]:
    """Ana at a desk and Ben with a phone in a call, media flows. Not `filmed`, Ana has several cameras."""
    async with AsyncExitStack() as stack:
        film_of_ana = footage / "ana.y4m" if filmed else None
        hers = await stack.enter_async_context(chromium(footage / "ana.wav", film_of_ana))
        his = await stack.enter_async_context(chromium(footage / "ben.wav", footage / "ben.y4m"))
        ana = Person("Ana", await ChromiumPage.open(hers, DESK))
        ben = Person("Ben", await ChromiumPage.open(his, PHONE))
        call = BrowserCall(server, ana, ben)
        await call.ring_and_accept()
        yield call
        assert [person.page.complaints for person in call.people] == [[], []]
        assert "Traceback" not in server.log


async def each_sees_the_other(call: BrowserCall) -> None:
    """Ben sits before a brown wall and Ana before a blue one."""
    red, _, blue = await call.ana.mean_colour()
    assert red > blue + 20
    red, _, blue = await call.ben.mean_colour()
    assert blue > red + 20


async def the_chat_goes_on(call: BrowserCall) -> None:
    """Ana writes beside the picture; Ben has it in his chat behind his."""
    await call.ana.page.fill("[data-testid='composer']", "Sunrise on the ridge, next Sunday? I bring the tea.")
    await call.ana.press("send")
    await call.ben.sees("message-1")


async def photograph(call: BrowserCall, folder: Path) -> None:
    """Pictures of both pages for a look, and for the documents when VISAVIS_UPDATE_IMAGES is set."""
    folder = IMAGES if os.environ.get("VISAVIS_UPDATE_IMAGES") else folder
    for person, name in ((call.ana, "call-desktop.png"), (call.ben, "call-phone.png")):
        await chromium_of(person).screenshot(path=folder / name)
        assert await person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


def chromium_of(person: Person) -> Page:
    """What Playwright can do with a person's page."""
    assert isinstance(person.page, ChromiumPage)
    return person.page.page


async def choose_device(person: Person, kind: str, label: str) -> None:
    """From the open menu, which shows the device that is sent, before and after."""
    box = chromium_of(person).get_by_test_id(f"device-{kind}")
    before = (await person.probe("sending"))[kind]
    await expect(box).to_have_value(before)
    await box.select_option(label=label)
    async with asyncio.timeout(5):
        while (sent := (await person.probe("sending"))[kind]) in {before, None}:
            await asyncio.sleep(0.05)
    await expect(box).to_have_value(sent)


async def the_menu_closes(person: Person) -> None:
    """By the Escape key, which gives the focus back, and by a press elsewhere."""
    page = chromium_of(person)
    menu, button = page.get_by_test_id("device-menu"), page.get_by_test_id("device-select")
    await page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(button).to_be_focused()
    await button.click()
    await expect(menu).to_be_visible()
    await page.get_by_test_id("call-timer").click()
    await expect(menu).to_have_count(0)


async def test_two_people_see_and_hear_each_other(server: Server, footage: Path, tmp_path: Path) -> None:
    async with call_of(server, footage) as call:
        await call.goes_through_the_relay()
        await each_sees_the_other(call)
        await call.mute_and_camera()
        await call.restart_ice()
        await call.is_counted()
        await the_chat_goes_on(call)
        await photograph(call, tmp_path)
        await call.hang_up()


async def test_another_microphone_and_camera_are_sent_once_chosen(server: Server, footage: Path) -> None:
    async with call_of(server, footage, filmed=False) as call:
        await call.ana.press("device-select")
        for kind, label in (("microphone", "Fake Audio Input 2"), ("camera", "fake_device_2")):
            await choose_device(call.ana, kind, label)
            await both_have_media(*call.people, 5)
        await the_menu_closes(call.ana)
        await call.hang_up()
