"""Real clients take the relay's answers: aiortc, Chromium, Firefox. No media flows; that is another test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest
from aiortc import (
    AudioStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from media.sdp import Succession, answer, negotiate, parse_offer, succession
from tests.media.sdp.samples import LOCAL, answer_to, legs_of
from tests.support.firefox import PROGRAM as FIREFOX
from tests.support.firefox import firefox

pytestmark = pytest.mark.timeout(120)

KINDS = ("audio", "audio+video+data", "recvonly")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic"]

# Tracks without permission to use devices: an oscillator and a canvas.
SCRIPT = """
(() => {
  const state = { tracks: [] };
  const sources = {
    audio: () => new AudioContext().createMediaStreamDestination().stream,
    video: () => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").fillRect(0, 0, 9, 9);
      return canvas.captureStream(5);
    },
  };
  window.offer = async (kind) => {
    const pc = (state.pc = new RTCPeerConnection());
    state.tracks = [];
    pc.ontrack = (event) => state.tracks.push([event.track.kind, event.streams.map((stream) => stream.id)]);
    if (kind === "recvonly") {
      pc.addTransceiver("audio", { direction: "recvonly" });
      pc.addTransceiver("video", { direction: "recvonly" });
    } else {
      for (const name of kind.split("+")) {
        if (name === "data") pc.createDataChannel("chat");
        else { const stream = sources[name](); pc.addTrack(stream.getTracks()[0], stream); }
      }
    }
    return window.again();
  };
  window.again = async () => {
    await state.pc.setLocalDescription(await state.pc.createOffer());
    return state.pc.localDescription.sdp;
  };
  window.restart = async () => { state.pc.restartIce(); return window.again(); };
  window.stop = async () => { state.pc.getTransceivers()[0].stop(); return window.again(); };
  window.preferOnly = async (name) => {
    const video = state.pc.getTransceivers().find((one) => one.receiver.track.kind === "video");
    const known = RTCRtpReceiver.getCapabilities("video").codecs;
    video.setCodecPreferences(known.filter((codec) => codec.mimeType.toLowerCase() === "video/" + name));
    return window.again();
  };
  window.accept = async (sdp) => {
    await state.pc.setRemoteDescription({ type: "answer", sdp });
    return {
      state: state.pc.signalingState,
      directions: state.pc.getTransceivers().map((one) => one.currentDirection),
      codecs: state.pc.getSenders().map((one) => (one.getParameters().codecs ?? []).map((codec) => codec.mimeType)),
      tracks: state.tracks,
    };
  };
})()
"""


@dataclass
class Accepted:
    """What a client says after the answer. `codecs`: per sender, empty where the client does not tell."""

    state: str
    directions: list[str]
    tracks: list[list[Any]]  # kind and stream ids
    codecs: list[list[str]]


class Client(Protocol):
    async def offer(self, kind: str) -> str: ...

    async def again(self, *, restart: bool) -> str: ...

    async def accept(self, sdp: str) -> Accepted: ...


class Browser:
    """A page of a browser, by its way to evaluate an expression."""

    def __init__(self, evaluate: Callable[[str], Awaitable[Any]]) -> None:
        self._evaluate = evaluate

    async def offer(self, kind: str) -> str:
        await self._evaluate(SCRIPT)
        return str(await self._evaluate(f"window.offer({kind!r})"))

    async def again(self, *, restart: bool) -> str:
        return str(await self._evaluate("window.restart()" if restart else "window.again()"))

    async def stop_first(self) -> str:
        """The offer after the first track was stopped for good."""
        return str(await self._evaluate("window.stop()"))

    async def prefer_only(self, codec: str) -> str:
        """The offer with only this codec of video."""
        return str(await self._evaluate(f"window.preferOnly({codec!r})"))

    async def accept(self, sdp: str) -> Accepted:
        return Accepted(**await self._evaluate(f"window.accept({sdp!r})"))


class Aiortc:
    """A peer of aiortc, which can not restart ICE."""

    def __init__(self, policy: RTCBundlePolicy) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=policy))
        self._tracks: list[list[Any]] = []
        self.pc.on("track", lambda track: self._tracks.append([track.kind, []]))

    async def offer(self, kind: str) -> str:
        if kind == "recvonly":
            self.pc.addTransceiver("audio", direction="recvonly")
            self.pc.addTransceiver("video", direction="recvonly")
        if "audio" in kind:
            self.pc.addTrack(AudioStreamTrack())
        if "video" in kind:
            self.pc.addTrack(VideoStreamTrack())
        if "data" in kind:
            self.pc.createDataChannel("chat")
        return await self.again(restart=False)

    async def again(self, *, restart: bool) -> str:
        assert not restart
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, sdp: str) -> Accepted:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        directions = [one.currentDirection or "" for one in self.pc.getTransceivers()]
        return Accepted(self.pc.signalingState, directions, self._tracks, [])


@asynccontextmanager
async def chromium_client() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield Browser((await browser.new_page()).evaluate)
        await browser.close()


@asynccontextmanager
async def firefox_client() -> AsyncIterator[Browser]:
    async with firefox() as page:
        yield Browser(page.evaluate)


@asynccontextmanager
async def aiortc_client(policy: RTCBundlePolicy) -> AsyncIterator[Client]:
    client = Aiortc(policy)
    yield client
    await client.pc.close()


BROWSERS: dict[str, Callable[[], AbstractAsyncContextManager[Browser]]] = {
    "chromium": chromium_client,
    "firefox": firefox_client,
}
CLIENTS: dict[str, Callable[[], AbstractAsyncContextManager[Client]]] = {
    **BROWSERS,
    "aiortc": lambda: aiortc_client(RTCBundlePolicy.MAX_BUNDLE),
    "aiortc-balanced": lambda: aiortc_client(RTCBundlePolicy.BALANCED),
}
ALL = [
    pytest.param("chromium", marks=pytest.mark.needs("chromium")),
    pytest.param("firefox", marks=pytest.mark.needs(FIREFOX)),
    "aiortc",
    "aiortc-balanced",
]
IN_BROWSERS = ALL[:2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
async def test_the_first_answer_is_accepted_and_tracks_come_at_once(name: str, kind: str) -> None:
    async with CLIENTS[name]() as client:
        offer = parse_offer(await client.offer(kind))
        accepted = await client.accept(answer_to(offer))
    expected = ["audio", "video"] if kind == "recvonly" else kind.removesuffix("+data").split("+")
    assert accepted.state == "stable"
    assert accepted.directions == ["recvonly" if kind == "recvonly" else "sendrecv"] * len(expected)
    assert [track for track, _ in accepted.tracks] == expected
    assert ("application" in [media.kind for media in offer.media]) == kind.endswith("data")
    if name in {"chromium", "firefox"}:
        assert [streams for _, streams in accepted.tracks] == [["person"]] * len(expected)
    if accepted.codecs and kind == "audio+video+data":
        assert [codecs[0] for codecs in accepted.codecs] == ["audio/opus", "video/VP8"]


@pytest.mark.parametrize("name", IN_BROWSERS)
async def test_an_ice_restart_is_answered_with_the_same_streams(name: str) -> None:
    async with CLIENTS[name]() as client:
        first = parse_offer(await client.offer("audio+video+data"))
        await client.accept(answer_to(first))
        second = parse_offer(await client.again(restart=True))
        local = replace(LOCAL, ufrag="secondufrag", pwd="secondpasswordsecondpass", session_version=2)
        accepted = await client.accept(answer_to(second, local=local))
    assert succession(first, second) is Succession.ICE_RESTART
    assert [media.mid for media in first.media] == [media.mid for media in second.media]
    assert accepted.state == "stable"
    # No track came a second time.
    assert [track for track, _ in accepted.tracks] == ["audio", "video"]


@pytest.mark.parametrize("name", ALL)
async def test_a_later_answer_may_bring_what_both_clients_have(name: str) -> None:
    async with CLIENTS[name]() as client:
        first = parse_offer(await client.offer("audio+video+data"))
        before = negotiate(first, None)
        await client.accept(answer_to(first))
        second = parse_offer(await client.again(restart=False))
        after = negotiate(second, second, {"vp9", "av1"}, settled=before)
        accepted = await client.accept(answer(second, replace(LOCAL, session_version=2), legs_of(after)))
    assert succession(first, second) is Succession.UPDATE
    assert accepted.state == "stable"
    assert after[1].codecs[0].name == "vp8"
    assert len(after[1].codecs) > len(before[1].codecs)


@pytest.mark.parametrize("name", IN_BROWSERS)
async def test_a_stopped_track_is_answered_with_port_0_though_it_was_first_in_the_group(name: str) -> None:
    async with BROWSERS[name]() as client:
        first = parse_offer(await client.offer("audio+video+data"))
        await client.accept(answer_to(first))
        second = parse_offer(await client.stop_first())
        text = answer_to(second)
        accepted = await client.accept(text)
    assert succession(first, second) is Succession.UPDATE
    assert [media.rejected for media in second.media] == [True, False, False]
    assert "a=group:BUNDLE 1 2\r\n" in text
    assert accepted.state == "stable"


@pytest.mark.parametrize("name", IN_BROWSERS)
async def test_video_that_the_relay_does_not_forward_is_refused_and_audio_goes_on(name: str) -> None:
    async with BROWSERS[name]() as client:
        await client.offer("audio+video+data")
        text = answer_to(parse_offer(await client.prefer_only("av1")))
        accepted = await client.accept(text)
    assert "m=video 0 " in text
    assert accepted.state == "stable"
    assert [track for track, _ in accepted.tracks] == ["audio"]


@pytest.mark.needs("chromium")
async def test_a_client_without_vp8_sends_h264() -> None:
    async with chromium_client() as client:
        await client.offer("audio+video+data")
        accepted = await client.accept(answer_to(parse_offer(await client.prefer_only("h264"))))
    assert {codec for codec in accepted.codecs[1] if not codec.endswith("/rtx")} == {"video/H264"}


@pytest.mark.needs("chromium")
async def test_an_answer_with_another_role_is_not_accepted() -> None:
    """Guards the tests above: the browser does look at the answer."""
    async with chromium_client() as client:
        text = answer_to(parse_offer(await client.offer("audio")))
        with pytest.raises(PlaywrightError, match="setRemoteDescription"):
            await client.accept(text.replace("a=setup:passive", "a=setup:actpass"))
