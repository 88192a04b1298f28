"""Between a page and its server: tells the page events as the server would, and notes what the page sends."""

import json
import re
from collections.abc import Collection
from typing import Any

from playwright.async_api import Page, WebSocketRoute

# Socket.IO 5 in Engine.IO 4: a message (4) that is an event (2) of the main namespace, perhaps with an ack's number.
_EVENT = re.compile(r"42\d*(\[.*)", re.DOTALL)


def event_in(frame: str | bytes) -> tuple[str, Any] | None:
    """Name and payload of a frame that holds an event."""
    found = _EVENT.fullmatch(frame) if isinstance(frame, str) else None
    if found is None:
        return None
    name, *payloads = json.loads(found[1])
    return name, payloads[0] if payloads else None


class WireTap:
    """One page's connection. `sent`: every event of the page with its payload, in order."""

    def __init__(self, page: Page, *, instead_of: Collection[str]) -> None:
        """`instead_of`: events that reach the page only from here, not from the server."""
        self.sent: list[tuple[str, Any]] = []
        self._page = page
        self._instead_of = instead_of
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
                to_page.send(frame)

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
