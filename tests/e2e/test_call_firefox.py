"""The product's page in Firefox ESR on one side of a call, in Chromium on the other.

Firefox starts no ICE with a candidate on loopback, so all of it runs in a network of the test's own that has routable
addresses. The page itself comes from loopback, which is a secure context for devices.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.browser_calls import BrowserCall, BrowserPage, Person, both_have_media
from tests.e2e.call_devices import choose_device, shows_its_only_devices
from tests.support.chromium import ChromiumPage, chromium
from tests.support.firefox import PROGRAM, firefox
from tests.support.footage import BEN, film, speak
from tests.support.netns import ADDRESSES, own_network
from tests.support.server import Server, serving

pytestmark = [pytest.mark.needs("chromium", PROGRAM, "espeak-ng", "ffmpeg", "ip"), pytest.mark.timeout(150)]

PEOPLE, RELAY = ADDRESSES  # Firefox offers the address of the default route and no other


async def nobody_learns_an_address(call: BrowserCall) -> None:
    """The address of the people is in what each browser offers, only the relay's in what the relay answers."""
    for person in call.people:
        offered, told = await person.descriptions()
        assert PEOPLE in offered
        assert RELAY in told
        assert PEOPLE not in told


@asynccontextmanager
async def call_of(
    server: Server, folder: Path, *, firefox_rings: bool, filmed: bool = True
) -> AsyncIterator[BrowserCall]:
    """A call in which media flows, between a page in Firefox and one in Chromium. Not `filmed`, that has several
    cameras."""
    film(BEN, folder / "film.y4m")
    speak(BEN, folder / "speech.wav")
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(
            chromium(folder / "speech.wav", folder / "film.y4m" if filmed else None)
        )
        pages: list[BrowserPage] = [await stack.enter_async_context(firefox()), await ChromiumPage.open(browser)]
        if not firefox_rings:
            pages.reverse()
        call = BrowserCall(server, Person("Ana", pages[0]), Person("Ben", pages[1]))
        await call.ring_and_accept()
        yield call
        assert [page.complaints for page in pages] == [[], []]
    assert "Traceback" not in server.log


async def everything_else(call: BrowserCall) -> None:
    await call.goes_through_the_relay()
    await call.pictures_move()
    await call.mute_and_camera()
    await call.restart_ice()
    await call.is_counted()
    await call.hang_up()


async def other_devices(call: BrowserCall) -> None:
    """Ana, in Chromium, takes another microphone and another camera, and Ben has both in Firefox.

    Firefox itself makes up one microphone and one camera only: its menu shows these as what is sent.
    """
    await call.ana.press("device-select")
    for kind, label in (("microphone", "Fake Audio Input 2"), ("camera", "fake_device_2")):
        await choose_device(call.ana, kind, label)
        await both_have_media(*call.people, 5)
        await call.ben.sees_movement()
    for person in call.people:
        await person.press("device-select")
    await shows_its_only_devices(call.ben)
    await call.ben.press("device-select")


async def test_a_call_from_firefox_to_chromium(tmp_path: Path) -> None:
    with own_network(), serving(tmp_path / "server", "--media-host", RELAY) as server:
        async with call_of(server, tmp_path, firefox_rings=True) as call:
            await nobody_learns_an_address(call)
            await everything_else(call)


async def test_a_call_from_chromium_to_firefox_where_the_server_finds_its_addresses_itself(tmp_path: Path) -> None:
    with own_network(), serving(tmp_path / "server") as server:
        async with call_of(server, tmp_path, firefox_rings=False, filmed=False) as call:
            await other_devices(call)
            await everything_else(call)
