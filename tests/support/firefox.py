"""A headless Firefox with fake devices, over WebDriver BiDi, without a driver program.

https://w3c.github.io/webdriver-bidi/; only what the tests need: one session, one page, scripts, a mouse, a keyboard.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PROGRAM = "firefox-esr"
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
_START_S = 60
_ANSWER_S = 30
_THERE_S = 10  # until something to press is there
_LOOK_S = 0.05
# No start page, no updates, no safe browsing lists: nothing but what a test asks for.
_PREFERENCES = {
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-gmpopenh264.autoupdate": False,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class Firefox:
    """One page of one browser. `complaints`: errors of scripts and of the console."""

    def __init__(self, socket: ClientConnection) -> None:
        self.complaints: list[str] = []
        self._socket = socket
        self._last_id = 0
        self._context = ""

    async def begin(self) -> None:
        """Open the session and find the page that is there at the start."""
        await self._command("session.new", {"capabilities": {}})
        tree = await self._command("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]
        await self._command("session.subscribe", {"events": ["log.entryAdded"]})

    async def goto(self, url: str) -> None:
        """Load a page."""
        await self._command("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    async def evaluate(self, script: str) -> Any:
        """The JSON value of an expression, awaited if it is a promise. `AssertionError` when it throws."""
        wrapped = f"(async () => JSON.stringify(await ({script})) ?? 'null')()"
        target = {"context": self._context}
        answer = await self._command("script.evaluate", {"expression": wrapped, "target": target, "awaitPromise": True})
        assert answer["type"] == "success", answer.get("exceptionDetails", {}).get("text")
        return json.loads(answer["result"]["value"])

    async def click(self, selector: str) -> None:
        """Press what a CSS selector finds first, once it is there."""
        element = await self._find(selector)
        mouse = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._act({"type": "pointer", "id": "mouse", "actions": mouse})

    async def fill(self, selector: str, text: str) -> None:
        """Type a text into an empty field."""
        await self.click(selector)
        keys = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": keys})

    async def _find(self, selector: str) -> dict[str, Any]:
        """A reference to the first element that can be pressed, scrolled into view."""
        look = f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            found?.scrollIntoView({{ block: "nearest", behavior: "instant" }});
            return found !== null && !found.disabled;
        }})()"""
        async with asyncio.timeout(_THERE_S):
            while not await self.evaluate(look):
                await asyncio.sleep(_LOOK_S)
        locator = {"type": "css", "value": selector}
        params = {"context": self._context, "locator": locator, "maxNodeCount": 1}
        (node,) = (await self._command("browsingContext.locateNodes", params))["nodes"]
        return {"sharedId": node["sharedId"]}

    async def _act(self, source: dict[str, Any]) -> None:
        await self._command("input.performActions", {"context": self._context, "actions": [source]})

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "log.entryAdded" and event["params"]["level"] == "error":
            self.complaints.append(event["params"]["text"])

    async def _command(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._last_id += 1
        await self._socket.send(json.dumps({"id": self._last_id, "method": method, "params": params}))
        async with asyncio.timeout(_ANSWER_S):
            while True:
                answer: dict[str, Any] = json.loads(await self._socket.recv())
                if answer.get("id") == self._last_id:
                    break
                if answer["type"] == "event":
                    self._note(answer)
        assert answer["type"] == "success", answer
        result: dict[str, Any] = answer["result"]
        return result


async def _address(stderr: asyncio.StreamReader) -> str:
    async for line in stderr:
        if found := _LISTENING.search(line):
            return found[1].decode()
    raise AssertionError("the browser ended before it listened")


async def _drain(stderr: asyncio.StreamReader) -> None:
    """A full pipe would stop the browser."""
    async for _ in stderr:
        pass


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """Start a browser with a profile of its own; ended and removed at exit."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        preferences = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
        (Path(profile) / "user.js").write_text("\n".join(preferences))
        arguments = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"]
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        try:
            async with asyncio.timeout(_START_S):
                address = await _address(process.stderr)
            drain = asyncio.create_task(_drain(process.stderr))
            async with connect(f"{address}/session", max_size=None) as socket:
                page = Firefox(socket)
                await page.begin()
                yield page
        finally:
            process.terminate()
            await process.wait()
        await drain
