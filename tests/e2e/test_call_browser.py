"""Two Chromium pages of the product call each other through the relay."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.browser_calls import BrowserCall, Person
from tests.support.chromium import DESK, PHONE, ChromiumPage, chromium
from tests.support.footage import ANA, BEN, film, speak
from tests.support.server import Server

pytestmark = [pytest.mark.needs("chromium", "espeak-ng", "ffmpeg"), pytest.mark.timeout(120)]


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


async def test_two_people_see_and_hear_each_other(server: Server, footage: Path) -> None:
    async with call_of(server, footage) as call:
        await call.goes_through_the_relay()
        await each_sees_the_other(call)
        await call.mute_and_camera()
        await call.restart_ice()
        await call.hang_up()


async def test_another_microphone_and_camera_are_sent_once_chosen(server: Server, footage: Path) -> None:
    async with call_of(server, footage, filmed=False) as call:
        await call.change_devices()
        await call.hang_up()
