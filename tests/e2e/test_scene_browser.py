"""Two Chromium pages in one scene, beside a call: they see each other walk and hand over a cup."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Position, async_playwright, expect

from tests.e2e.test_browser import PRESENCE_MS, Person, someone
from tests.support.chromium import CAPTURE, DESK, FLAGS
from tests.support.server import Server

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(150)]

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
CUP = 1


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*FLAGS, *CAPTURE])
        yield chromium
        await chromium.close()


async def in_one_room(browser: Browser, server: Server) -> tuple[Person, Person]:
    """Ana and Ben at desks, matched, each with the room open."""
    ana, ben = await someone(browser, "Ana", DESK), await someone(browser, "Ben", DESK)
    await ana.come_in(server.url, "hiking")
    await ben.come_in(server.url, "hiking")
    await expect(ana.other("Ben")).to_be_visible(timeout=PRESENCE_MS)
    await ana.other("Ben").get_by_role("button", name="Match").click()
    await ben.page.get_by_test_id(re.compile("^room-")).first.click()
    for person in (ana, ben):
        await expect(person.part("peer-status")).to_have_text("online")
    return ana, ben


def thing(person: Person, object_id: int) -> Locator:
    return person.part(f"thing-{object_id}")


async def where(page: Page, slot: int) -> tuple[float, float]:
    """Where this page believes somebody to stand."""
    person = page.get_by_test_id(f"scene-person-{slot}")
    x, z = await person.get_attribute("data-x"), await person.get_attribute("data-z")
    assert x is not None
    assert z is not None
    return float(x), float(z)


async def click_on_the_map(person: Person, x: float, z: float) -> None:
    """At a place in metres: the rooftop of 12 by 10 m is in the middle, with a margin of 0.6 m."""
    box = await person.part("scene-map").bounding_box()
    assert box is not None
    scale = min(box["width"] / 13.2, box["height"] / 11.2)
    place = Position(x=box["width"] / 2 + x * scale, y=box["height"] / 2 + z * scale)
    await person.part("scene-map").click(position=place)


async def both_believe(ana: Person, ben: Person, slot: int, x: re.Pattern[str]) -> None:
    """Both pages come to the same place of somebody, whose x fits."""
    for person in (ana, ben):
        await expect(person.part(f"scene-person-{slot}")).to_have_attribute("data-x", x, timeout=10_000)
    assert await where(ana.page, slot) == await where(ben.page, slot)


async def test_two_people_walk_and_hand_over_a_cup_beside_their_call(browser: Browser, server: Server) -> None:
    ana, ben = await in_one_room(browser, server)
    await ana.part("call-video").click()
    await ben.part("accept-video").click()
    for person in (ana, ben):
        await expect(person.part("call-view")).to_have_attribute("data-phase", "active", timeout=15_000)

    await ana.part("scene-button").click()
    await expect(ana.part("scene")).to_have_attribute("data-people", "1")
    await ben.part("scene-button").click()
    for person in (ana, ben):
        await expect(person.part("scene")).to_have_attribute("data-people", "2")
        await expect(person.part("call-view")).to_be_visible()

    # By keys: Ana goes left until the wall of the rooftop stops her, and Ben sees her there.
    await ana.part("scene-map").focus()
    await ana.page.keyboard.down("ArrowLeft")
    await both_believe(ana, ben, 0, re.compile(r"^-6$"))
    await ana.page.keyboard.up("ArrowLeft")
    # By a click: Ben goes to the right.
    await click_on_the_map(ben, 3, 1)
    await both_believe(ana, ben, 1, re.compile(r"^(2\.9|3)"))

    # The cup, by keyboard alone on the one side.
    await ana.part(f"grab-{CUP}").press("Enter")
    await expect(thing(ben, CUP)).to_contain_text("in Ana's hand")
    await expect(thing(ben, CUP).get_by_role("button")).to_have_count(0)
    await ana.part(f"give-1-{CUP}").press("Enter")
    await expect(thing(ben, CUP)).to_contain_text("Ana offers it to you")
    await ben.part(f"accept-{CUP}").click()
    await expect(thing(ben, CUP)).to_contain_text("in your hand")
    await expect(thing(ana, CUP)).to_contain_text("in Ben's hand")

    await ben.part("scene-say").fill("看，星星！ Look, the stars")
    await ben.part("scene-send").click()
    await expect(ana.part("bubble-1")).to_have_text("看，星星！ Look, the stars")
    await expect(ana.part("scene-log")).to_contain_text("Ben: 看，星星！ Look, the stars")
    await ana.part("scene-time").select_option("night")
    await expect(ben.part("scene-time")).to_have_value("night")
    await ana.part("use-on-5").click()
    await expect(thing(ben, 5)).to_contain_text("on")
    await ana.part("gesture-wave").click()
    await photograph(ana)

    await ben.part(f"putDown-{CUP}").click()
    await expect(thing(ana, CUP)).to_have_attribute("data-state", "free")
    await come_back_in_time(ana, ben)
    assert (ana.complaints, ben.complaints) == ([], [])
    assert "Traceback" not in server.log


async def come_back_in_time(ana: Person, ben: Person) -> None:
    """A reload keeps the seat and what is held; leaving gives both back."""
    await ben.part(f"grab-{CUP}").click()
    before = await where(ana.page, 1)
    await ben.page.reload()
    await ben.part("scene-button").click()
    await expect(thing(ben, CUP)).to_contain_text("in your hand")
    assert await where(ben.page, 1) == before
    await expect(ana.part("scene")).to_have_attribute("data-people", "2")
    await ben.part("scene-leave").click()
    await expect(ana.part("scene")).to_have_attribute("data-people", "1")
    await expect(thing(ana, CUP)).to_have_attribute("data-state", "free")
    await expect(ben.part("composer")).to_be_visible()


async def photograph(person: Person) -> None:
    """For the documentation, when it is asked for."""
    if os.environ.get("VISAVIS_UPDATE_IMAGES") == "1":
        await person.page.wait_for_timeout(700)
        await person.page.screenshot(path=IMAGES / "scene-desktop.png")
