"""Two Chromium pages of the product call each other through the relay."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.browser_calls import BrowserCall, Person, both_have_media, values
from tests.e2e.call_devices import choose_device, chromium_of
from tests.support.call_peer import candidate_of, through_path
from tests.support.chromium import DESK, PHONE, ChromiumPage, chromium
from tests.support.footage import ANA, BEN, film, speak
from tests.support.impair import ImpairedPath
from tests.support.server import Server
from tests.support.wire_tap import WireTap

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(120)]

CUT_S, BACK_S = 10.0, 3.0
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
async def call_of(
    server: Server, footage: Path, *, filmed: bool = True, path: ImpairedPath | None = None
) -> AsyncIterator[BrowserCall]:
    """Ana at a desk and Ben with a phone in a call, media flows. Not `filmed`, Ana has several cameras. With a `path`
    hers leads through it."""
    async with AsyncExitStack() as stack:
        film_of_ana = footage / "ana.y4m" if filmed else None
        hers = await stack.enter_async_context(chromium(footage / "ana.wav", film_of_ana))
        his = await stack.enter_async_context(chromium(footage / "ben.wav", footage / "ben.y4m"))
        ana = Person("Ana", await ChromiumPage.open(hers, DESK))
        ben = Person("Ben", await ChromiumPage.open(his, PHONE))
        if path is not None:
            await WireTap(chromium_of(ana), answer=partial(led_through, path)).attach()
        call = BrowserCall(server, ana, ben)
        await call.ring_and_accept()
        yield call
        assert [person.page.complaints for person in call.people] == [[], []]
        assert "Traceback" not in server.log


def led_through(path: ImpairedPath, answer: str) -> str:
    """The relay's answer with this path to it in the place of its candidates."""
    path.server = candidate_of(answer)
    return through_path(answer, path.port)


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
        await call.pictures_move()
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


async def test_a_page_whose_network_is_gone_for_ten_seconds_restarts_ice_by_itself(
    server: Server, footage: Path
) -> None:
    async with ImpairedPath(("127.0.0.1", 0), seed=1) as path, call_of(server, footage, path=path) as call:
        before = await call.ana.descriptions()
        cut_at, path.is_cut = time.monotonic(), True
        for person in call.people:
            await person.sees("call-view", within_s=CUT_S, phase="reconnecting")
        await asyncio.sleep(cut_at + CUT_S - time.monotonic())
        path.is_cut = False
        await both_have_media(*call.people, BACK_S)
        for person in call.people:
            await person.sees("call-view", phase="active")
        after = await call.ana.descriptions()
        for was, now in zip(before, after, strict=True):
            assert values(now, "ice-ufrag").isdisjoint(values(was, "ice-ufrag"))
            assert values(now, "fingerprint") == values(was, "fingerprint")
        await call.hang_up()
