"""An HTTP client of the server in this process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from tests.support.in_process import InProcess, in_process
from tests.support.keys import good
from visavis.http import access_counter


@dataclass(frozen=True)
class Http:
    """One running server and what it has counted."""

    client: TestClient[Any, Any]
    house: InProcess

    async def ask(
        self, method: str, path: str | URL, *, by: str | None = None, scope: str = "user", **how: Any
    ) -> tuple[int, Any, Any]:
        """(status, body, headers); `by` is the user of the bearer token. The body is JSON if it says so."""
        headers = dict(how.pop("headers", {}))
        if by is not None:
            headers["Authorization"] = f"Bearer {good(by, scope=scope)}"
        async with self.client.request(method, path, headers=headers, allow_redirects=False, **how) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text(), answer.headers

    async def code(self, method: str, path: str, **how: Any) -> tuple[int, str]:
        """(status, error code) of a refusal, whose form is checked."""
        status, body, headers = await self.ask(method, path, **how)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert body["ok"] is False
        assert body["error"]["message"]
        return status, body["error"]["code"]


@contextlib.asynccontextmanager
async def http(*, dev: bool = True, **sections: dict[str, Any]) -> AsyncIterator[Http]:
    """The server for the length of a block."""
    async with in_process(dev=dev, engine=True, **sections) as house:
        server = TestServer(house.built.app)
        await server.start_server(access_log_class=access_counter(house.metrics))
        async with TestClient(server) as client:
            yield Http(client, house)
