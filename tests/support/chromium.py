"""A headless Chromium with fake devices, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
# No network but the test's own server, no sandbox because the tests may run as root in a container.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
# Two microphones and, unless a file is its only camera, three cameras; WebRTC can not encode the format of the second.
CAPTURE = [
    "--use-fake-device-for-media-stream=device-count=3",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@asynccontextmanager
async def chromium(speech: Path, film: Path | None = None) -> AsyncIterator[Browser]:
    """Its microphones say `speech` (WAV), its one camera shows `film` (YUV4MPEG2)."""
    files = [f"--use-file-for-fake-audio-capture={speech}"]
    if film is not None:
        files.append(f"--use-file-for-fake-video-capture={film}")
    async with async_playwright() as playwright:
        arguments = [*FLAGS, *CAPTURE, *files]
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


class ChromiumPage:
    """One page. `complaints`: errors of scripts and of the console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    @classmethod
    async def open(cls, browser: Browser, size: ViewportSize = DESK) -> "ChromiumPage":
        """A page with storage of its own."""
        phone = size == PHONE
        context = await browser.new_context(
            viewport=size, locale="en-GB", is_mobile=phone, has_touch=phone, device_scale_factor=2 if phone else 1
        )
        return cls(await context.new_page())

    async def goto(self, url: str) -> None:
        """Load a page."""
        await self.page.goto(url)

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of an expression, awaited if it is a promise."""
        return await self.page.evaluate(expression)

    async def click(self, selector: str) -> None:
        """Press what a CSS selector finds first, once it is there."""
        await self.page.locator(selector).first.click()

    async def fill(self, selector: str, text: str) -> None:
        """Type a text into an empty field."""
        await self.page.locator(selector).first.fill(text)
