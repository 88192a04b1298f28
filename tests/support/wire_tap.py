"""Between a page and its server: tells the page events as the server would, and notes what the page sends."""

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from playwright.async_api import Page, WebSocketRoute

# Socket.IO 5 in Engine.IO 4: a message (4) that is an event (2) of the main namespace, perhaps with an ack's number.
_EVENT = re.compile(r"42\d*(\[.*)", re.DOTALL)
# An acknowledgement (3) of the main namespace, with its number.
_ACK = re.compile(r"(43\d+)(\[.*)", re.DOTALL)


def event_in(frame: str | bytes) -> tuple[str, Any] | None:
    """Name and payload of a frame that holds an event."""
    found = _EVENT.fullmatch(frame) if isinstance(frame, str) else None
    if found is None:
        return None
    name, *payloads = json.loads(found[1])
    return name, payloads[0] if payloads else None


def with_answer(frame: str | bytes, change: Callable[[str], str]) -> str | bytes:
    """The frame; the SDP of an acknowledgement that holds one is changed."""
    found = _ACK.fullmatch(frame) if isinstance(frame, str) else None
    if found is None:
        return frame
    payloads = json.loads(found[2])
    if not payloads or not isinstance(payloads[0], dict) or "sdp" not in payloads[0]:
        return frame
    payloads[0]["sdp"] = change(payloads[0]["sdp"])
    return found[1] + json.dumps(payloads)


class WireTap:
    """One page's connection. `sent`: every event of the page with its payload, in order."""

    def __init__(
        self, page: Page, *, instead_of: Collection[str] = (), answer: Callable[[str], str] = lambda sdp: sdp
    ) -> None:
        """`instead_of`: events that reach the page only from here, not from the server. `answer`: what becomes of the
        relay's SDP on its way to the page."""
        self.sent: list[tuple[str, Any]] = []
        self._page = page
        self._instead_of = instead_of
        self._answer = answer
        self._to_page: WebSocketRoute | None = None

    async def attach(self) -> None:
        """Before the page is loaded."""
        await self._page.route_web_socket(re.compile(r"/socket\.io/"), self._route)

    def _route(self, to_page: WebSocketRoute) -> None:
        to_server = to_page.connect_to_server()

        def up(frame: str | bytes) -> None:
            if (event := event_in(frame)) is not None:
                self.sent.append(event)
            to_server.send(frame)

        def down(frame: str | bytes) -> None:
            event = event_in(frame)
            if event is None or event[0] not in self._instead_of:
                to_page.send(with_answer(frame, self._answer))

        to_page.on_message(up)
        to_server.on_message(down)
        self._to_page = to_page

    def tell(self, name: str, payload: dict[str, Any]) -> None:
        """An event to the page, over its own connection."""
        assert self._to_page is not None, "the page has not connected"
        self._to_page.send("42" + json.dumps([name, payload]))

    def payloads(self, name: str) -> list[Any]:
        """Of all events of this name that the page has sent."""
        return [payload for sent, payload in self.sent if sent == name]
