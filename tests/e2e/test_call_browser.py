"""Two Chromium pages of the product call each other through the relay."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.server import Server, StartServer

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(120)]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
IMAGES = Path(__file__).resolve().parents[2] / "docs/images"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Speech by espeak-ng and a moving picture, as Chromium's fake devices read them."""
    folder = tmp_path_factory.mktemp("material")
    speech, picture = folder / "speech.wav", folder / "picture.y4m"
    text = "Hello there. I was on the ridge above the lake at sunrise, and it was cold, and very beautiful. " * 3
    subprocess.run(["espeak-ng", "-w", str(folder / "raw.wav"), text], check=True)
    quiet = ["ffmpeg", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, "-i", str(folder / "raw.wav"), "-ar", "48000", "-ac", "1", str(speech)], check=True)
    source = "testsrc2=size=640x480:rate=20:duration=5"
    subprocess.run([*quiet, "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", str(picture)], check=True)
    return speech, picture


@asynccontextmanager
async def chromium(material: tuple[Path, Path]) -> AsyncIterator[Browser]:
    speech, picture = material
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={speech}", f"--use-file-for-fake-video-capture={picture}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        try:
            yield browser
        finally:
            await browser.close()


async def logged_in(browser: Browser, server: Server, name: str, size: tuple[int, int] = (1280, 800)) -> Page:
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    page = await context.new_page()
    await page.goto(server.url + "/")
    await page.get_by_test_id("name-input").fill(name)
    await page.get_by_test_id("login-button").click()
    await page.get_by_test_id("me").wait_for()
    return page


async def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate("window.__visavisCall.stats()")
    return found


async def flows(page: Page, *, video: bool = True, within_s: float = 3.0) -> None:
    """Frames are decoded and sound is heard, more and more of both."""
    async with asyncio.timeout(within_s):
        first = await stats(page)
        while True:
            await asyncio.sleep(0.2)
            now = await stats(page)
            seen = not video or now["framesDecoded"] > first["framesDecoded"]
            if seen and now["totalAudioEnergy"] > first["totalAudioEnergy"]:
                return


async def test_two_people_see_and_hear_each_other(start_server: StartServer, material: tuple[Path, Path]) -> None:
    server = start_server()
    async with chromium(material) as browser:
        ana = await logged_in(browser, server, "Ana")
        ben = await logged_in(browser, server, "Ben")
        await ana.get_by_text("Ben").first.wait_for()
        await ana.locator("[data-testid^='match-']").first.click()
        await ana.get_by_test_id("call-video").click()
        await ben.get_by_test_id("accept-video").click()
        for page in (ana, ben):
            await expect(page.get_by_test_id("call-view")).to_have_attribute("data-phase", "active", timeout=5000)
        await asyncio.gather(flows(ana), flows(ben))

        # Through the relay, and nothing of the other side is in what a page was told.
        for page, other in ((ana, ben), (ben, ana)):
            told = await page.evaluate("window.__visavisCall.remoteDescription")
            theirs = await other.evaluate("window.__visavisCall.localDescription")
            ufrag = next(line for line in theirs.splitlines() if line.startswith("a=ice-ufrag:"))
            assert "a=ice-lite" in told
            assert ufrag not in told
            assert ".local" not in told
        if os.environ.get("VISAVIS_UPDATE_IMAGES") == "1":
            await asyncio.sleep(1)
            await ana.screenshot(path=IMAGES / "call-desktop.png")

        await ana.get_by_test_id("mute-button").click()
        await ana.get_by_test_id("camera-button").click()
        await asyncio.sleep(1)
        before = await stats(ben)
        await asyncio.sleep(1)
        after = await stats(ben)
        assert after["framesDecoded"] - before["framesDecoded"] <= 1
        assert after["totalAudioEnergy"] - before["totalAudioEnergy"] < 1e-6
        await ana.get_by_test_id("camera-button").click()
        await ana.get_by_test_id("mute-button").click()
        await flows(ben, within_s=5)

        await ana.evaluate("window.dispatchEvent(new Event('online'))")
        await asyncio.sleep(1)
        await asyncio.gather(flows(ana, within_s=5), flows(ben, within_s=5))

        await ben.get_by_test_id("hangup-button").click()
        await expect(ana.get_by_test_id("call-ended")).to_have_attribute("data-reason", "completed")
        await expect(ana.get_by_test_id("call-entry")).to_have_attribute("data-reason", "completed")
    assert "Traceback" not in server.log
