"""Two people in a call, each at the product's page in a browser of any make: what they do and what must hold then."""

import asyncio
import json
import re
import time
from typing import Any, Protocol

from tests.support.server import Server

MEDIA_WITHIN_S = 3.0  # from the yes to picture and sound on both sides
SOUND = 1e-4  # of `totalAudioEnergy` (W3C webrtc-stats): a tenth of a second of quiet speech
SILENCE = 1e-6
STILL_S = 1.0
DARK, MOVED = 60, 12  # of 255: the brightest colour of a picture, and a change that no codec makes of itself
_LOOK_S = 0.05


class BrowserPage(Protocol):
    """One page of a browser."""

    complaints: list[str]

    async def goto(self, url: str) -> None: ...

    async def evaluate(self, expression: str) -> Any: ...

    async def click(self, selector: str) -> None: ...

    async def fill(self, selector: str, text: str) -> None: ...


class Person:
    """Somebody at the page."""

    def __init__(self, name: str, page: BrowserPage) -> None:
        self.name, self.page = name, page

    async def log_in(self, url: str) -> None:
        await self.page.goto(url + "/")
        await self.page.fill("[data-testid='name-input']", self.name)
        await self.press("login-button")
        await self.sees("me")

    async def press(self, test_id: str) -> None:
        await self.page.click(f"[data-testid='{test_id}']")

    async def sees(self, test_id: str, within_s: float = 5.0, **data: str) -> dict[str, str]:
        """Wait for an element with these `data-*` values; all of its values."""
        selector = f"[data-testid='{test_id}']" + "".join(f"[data-{key}='{value}']" for key, value in data.items())
        look = (
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); return e && {{ ...e.dataset }}; }})()"
        )
        try:
            async with asyncio.timeout(within_s):
                while (found := await self.page.evaluate(look)) is None:
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{self.name} saw no {selector} within {within_s} s") from None
        assert isinstance(found, dict)
        return found

    async def probe(self, expression: str) -> Any:
        """What the page tells of its call (`web/src/call/probe.ts`)."""
        return await self.page.evaluate(f"window.__visavisCall.{expression}")

    async def descriptions(self) -> tuple[str, str]:
        """SDP: what this page offered last, and what the relay answered last."""
        answered = await self.probe("remoteDescription")  # first: an answer is never newer than the offer that is read
        return await self.probe("localDescription"), answered

    async def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.probe("stats()")
        return found

    async def until_media(self, within_s: float, *, frames: int = 3) -> None:
        """From now on more frames are decoded, and sound that is no silence is played."""
        first = now = await self.stats()
        try:
            async with asyncio.timeout(within_s):
                while (
                    now["framesDecoded"] < first["framesDecoded"] + frames
                    or now["totalAudioEnergy"] < first["totalAudioEnergy"] + SOUND
                ):
                    await asyncio.sleep(_LOOK_S)
                    now = await self.stats()
        except TimeoutError:
            raise AssertionError(f"{self.name}: not enough media in {within_s} s, {first} -> {now}") from None

    async def until_still(self, within_s: float) -> None:
        """There comes a second with no more than one frame and no sound, over as soon as it has passed."""
        began, now = time.monotonic(), await self.stats()
        still, since = now, began
        while time.monotonic() - since < STILL_S:
            assert time.monotonic() - began < within_s, f"{self.name}: media still comes, {still} -> {now}"
            await asyncio.sleep(_LOOK_S)
            now = await self.stats()
            sound = now["totalAudioEnergy"] - still["totalAudioEnergy"]
            if now["framesDecoded"] - still["framesDecoded"] > 1 or sound >= SILENCE:
                still, since = now, time.monotonic()

    async def pixels(self, width: int, height: int, *, corner: int = 0) -> list[list[int]]:
        """The other person's picture as it is shown, scaled to `width` x `height`: red, green and blue, 0..255, by row.

        With `corner` only so many pixels of its upper left corner are looked at."""
        part = f"0, 0, {corner}, {corner}" if corner else "0, 0, video.videoWidth, video.videoHeight"
        found: list[list[int]] = await self.page.evaluate(f"""(() => {{
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [{width}, {height}];
            const context = canvas.getContext("2d");
            const video = document.querySelector("[data-testid='remote-video']");
            context.drawImage(video, {part}, 0, 0, {width}, {height});
            const data = Array.from(context.getImageData(0, 0, {width}, {height}).data);
            return Array.from({{ length: {width * height} }}, (_, i) => data.slice(4 * i, 4 * i + 3));
        }})()""")
        return found

    async def mean_colour(self) -> list[float]:
        """Red, green and blue, 0..255, of the upper left corner of the other person's picture."""
        found = await self.pixels(40, 40, corner=40)
        return [sum(colours) / len(found) for colours in zip(*found, strict=True)]

    async def sees_movement(self, within_s: float = 3.0) -> None:
        """The other person's picture is not black, and some of it changes."""
        first = now = await self.pixels(16, 12)
        try:
            async with asyncio.timeout(within_s):
                while most_changed(first, now) < MOVED or max(map(max, now)) < DARK:
                    await asyncio.sleep(_LOOK_S)
                    now = await self.pixels(16, 12)
        except TimeoutError:
            raise AssertionError(f"{self.name} sees nothing, or nothing that moves: {first} -> {now}") from None


def most_changed(first: list[list[int]], now: list[list[int]]) -> int:
    """By how much the colour that has changed most has changed."""
    return max(abs(a - b) for one, other in zip(first, now, strict=True) for a, b in zip(one, other, strict=True))


def values(sdp: str, name: str) -> set[str]:
    """What stands in all lines of this attribute."""
    return set(re.findall(rf"^a={name}:(.*?)\s*$", sdp, re.MULTILINE))


def personal(sdp: str) -> set[str]:
    """What of a page's offer nobody but the relay may learn: address and port, credentials, fingerprint, names."""
    origin = re.search(r"^o=(\S+) (\S+)", sdp, re.MULTILINE)
    candidates = {" ".join(candidate.split()[4:6]) for candidate in values(sdp, "candidate")}
    cnames = set(re.findall(r" cname:(.*?)\s*$", sdp, re.MULTILINE))
    assert origin is not None
    assert candidates
    found = candidates | cnames | {origin[1], origin[2]}
    return found.union(*(values(sdp, name) for name in ("ice-ufrag", "ice-pwd", "fingerprint"))) - {"-"}


async def both_have_media(ana: Person, ben: Person, within_s: float) -> None:
    await asyncio.gather(ana.until_media(within_s), ben.until_media(within_s))


class BrowserCall:
    """A video call from Ana to Ben, from the ring to the entry in the chat."""

    def __init__(self, server: Server, ana: Person, ben: Person) -> None:
        self.server, self.ana, self.ben = server, ana, ben
        self._accepted_at = self._active_at = 0.0

    @property
    def people(self) -> tuple[Person, Person]:
        return (self.ana, self.ben)

    async def ring_and_accept(self) -> None:
        """Both log in and match, Ana calls, Ben accepts; media flows both ways in time."""
        for person in self.people:
            await person.log_in(self.server.url)
        await self.ana.page.click("[data-testid^='match-']")
        await self.ana.press("call-video")
        await self.ben.sees("incoming-call")
        self._accepted_at = time.monotonic()
        await self.ben.press("accept-video")
        for person in self.people:
            await person.sees("call-view", phase="active")
        self._active_at = time.monotonic()
        await both_have_media(self.ana, self.ben, MEDIA_WITHIN_S)
        assert time.monotonic() - self._accepted_at < MEDIA_WITHIN_S

    async def goes_through_the_relay(self) -> None:
        """Each page talks to an address of the relay's answer, which tells nothing of the other side."""
        for person, other in (self.people, self.people[::-1]):
            (_, told), (theirs, _) = await person.descriptions(), await other.descriptions()
            assert "a=ice-lite" in told
            pair = (await person.stats())["pair"]
            assert f" {pair['remote']['address']} {pair['remote']['port']} typ host" in told
            assert [secret for secret in personal(theirs) if secret in told] == []

    async def is_counted(self) -> None:
        """The relay's counters lie between what the pages have received so far and what they have sent since."""
        shares = {kind: [(await person.stats())[kind] for person in self.people] for kind in ("audio", "video")}
        shown = self.server.metrics()
        await asyncio.sleep(0.2)  # browsers answer from the same report for 50 ms
        sent = [await person.stats() for person in self.people]
        for kind, inbound in shares.items():
            taken, given = (shown[f'media_packets_total{{direction="{way}",kind="{kind}"}}'] for way in ("in", "out"))
            received = sum(one["packetsReceived"] - one["retransmitted"] for one in inbound)
            assert 0 < received <= given <= taken <= sum(one[f"{kind}PacketsSent"] for one in sent)

    async def mute_and_camera(self) -> None:
        """What Ana turns off does not arrive at Ben, and he is told; then it comes again."""
        await self.ana.press("mute-button")
        await self.ana.press("camera-button")
        await self.ben.sees("peer-muted")
        await self.ben.until_still(3)
        await self.ana.press("camera-button")
        await self.ana.press("mute-button")
        await self.ben.until_media(5)

    async def pictures_move(self) -> None:
        """Each sees the other: what is decoded and shown is no black and no still picture."""
        await asyncio.gather(*(person.sees_movement() for person in self.people))

    async def restart_ice(self) -> None:
        """New credentials on both sides of Ana's leg in the same connection; media goes on."""
        before = await self.ana.descriptions()
        await self.ana.page.evaluate("window.dispatchEvent(new Event('online')) && null")
        async with asyncio.timeout(5):
            while values((after := await self.ana.descriptions())[1], "ice-ufrag") == values(before[1], "ice-ufrag"):
                await asyncio.sleep(_LOOK_S)
        assert values(after[0], "ice-ufrag").isdisjoint(values(before[0], "ice-ufrag"))
        assert [values(sdp, "fingerprint") for sdp in after] == [values(sdp, "fingerprint") for sdp in before]
        await both_have_media(self.ana, self.ben, 5)
        assert await self.ana.probe("connectionState") == "connected"

    async def hang_up(self) -> None:
        """Ben hangs up: both learn the reason, and the same duration as in the chat, which is the true one."""
        at_least = time.monotonic() - self._active_at
        await self.ben.press("hangup-button")
        told = await self.ana.sees("call-ended", reason="completed")
        at_most = time.monotonic() - self._accepted_at
        # Media of both sides began between the yes and what the pages showed; the call ended after the press.
        assert at_least <= float(told["duration"]) <= at_most
        for person in self.people:
            await person.sees("call-ended", reason="completed")
            assert (await person.sees("call-entry", reason="completed"))["duration"] == told["duration"]
            assert await person.probe("connectionState") is None
