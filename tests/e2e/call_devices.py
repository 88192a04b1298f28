"""The menu of devices in a call, on the product's page in Chromium and in Firefox."""

import asyncio

from playwright.async_api import Page, expect

from tests.e2e.browser_calls import Person
from tests.support.chromium import ChromiumPage


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


async def shows_its_only_devices(person: Person) -> None:
    """The open menu of a browser that has one of each: it names them as those that are sent."""
    sending = await person.probe("sending")
    for kind in ("microphone", "camera"):
        box = f"document.querySelector(\"[data-testid='device-{kind}']\")"
        async with asyncio.timeout(5):
            while (listed := await person.page.evaluate(f"Array.from({box}.options, (one) => one.value)")) == [""]:
                await asyncio.sleep(0.05)
        assert listed == [sending[kind]]
        assert await person.page.evaluate(f"{box}.value") == sending[kind]
