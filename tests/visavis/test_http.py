"""HTTP's shell: origins, tokens, bodies, refusals, counting."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from monitoring.metrics import Metrics
from protocol.errors import ErrorCode, InvalidPayload, RateLimited, Unauthenticated
from protocol.scene import JoinScene
from tests.support.http_client import Http, http
from tests.support.in_process import in_process
from tests.support.keys import good
from visavis import http as module
from visavis.http import BadJson, UnsupportedMediaType, access_counter, refuse, status_of
from visavis.routes import ROUTES, STATUS, Call

TOKEN = "/api/v1/dev/token"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def dev() -> AsyncIterator[Http]:
    async with http(dev=True) as server:
        yield server


@pytest.fixture
async def strict() -> AsyncIterator[Http]:
    async with http(dev=False, server={"allowed_origins": ["https://app.example"]}) as server:
        yield server


def requests(server: Http, route: str, status: int) -> float | None:
    labels = {"route": route, "status": str(status)}
    return server.house.metrics.registry.get_sample_value("http_requests_total", labels)


def test_every_error_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


def test_bodies_that_are_no_json_have_statuses_of_their_own() -> None:
    assert [status_of(error) for error in (InvalidPayload(), BadJson(), UnsupportedMediaType())] == [422, 400, 415]


def test_a_refusal_says_how_to_come_back() -> None:
    assert refuse(Unauthenticated()).headers["WWW-Authenticate"] == "Bearer"
    assert refuse(RateLimited(retry_after_ms=1001)).headers["Retry-After"] == "2"
    assert "Retry-After" not in refuse(InvalidPayload()).headers


async def test_health_and_readiness(dev: Http) -> None:
    status, body, _ = await dev.ask("GET", "/healthz")
    assert (status, body["status"], body["engines"]["media"]) == (200, "ok", "python")
    assert (await dev.ask("GET", "/readyz"))[0] == 503
    for part in ("database", "signalling"):
        dev.house.built.health.set(part, ok=True)
    status, body, _ = await dev.ask("GET", "/readyz")
    assert (status, body["status"]) == (200, "ready")


async def test_metrics_are_text_and_up_to_date(dev: Http) -> None:
    status, body, headers = await dev.ask("GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=")
    assert "\nusers_online 0.0\n" in body
    assert "\nrooms_open 0.0\n" in body
    await dev.house.built.services.scenes.join("ann", "1", JoinScene(scene_id="rooftop-cafe"), match_id=None)
    _, body, _ = await dev.ask("GET", "/metrics")
    assert "\nscenes_open 1.0\n" in body
    assert "\nscene_people 1.0\n" in body


async def test_the_reference_is_served(dev: Http) -> None:
    status, body, _ = await dev.ask("GET", "/api/openapi.json")
    assert (status, body["openapi"]) == (200, "3.1.0")
    status, page, headers = await dev.ask("GET", "/api/docs")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.startswith("<!doctype html>")


async def test_a_token_is_needed_and_looked_at(dev: Http) -> None:
    for headers in (
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {good()}"},
        {"Authorization": f"Bearer x{good()}"},
        {"Authorization": f"Bearer{good()}"},
    ):
        status, _, answer = await dev.ask("GET", "/api/v1/matches", headers=headers)
        assert (status, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert dev.house.counted() == {"unauthenticated": 7}
    for scheme in ("Bearer", "bearer", "BEARER "):
        assert (await dev.ask("GET", "/api/v1/matches", headers={"Authorization": f"{scheme} {good()}"}))[0] == 200


async def test_the_scope_must_fit(dev: Http) -> None:
    assert await dev.code("GET", "/api/v1/matches/m/messages", by="ann", scope="service") == (403, "forbidden")
    assert await dev.code("POST", "/api/v1/matches", by="ann", scope="ops", json={}) == (403, "forbidden")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"data": b"{}"}, 415, "invalid"),
        ({"data": b"{}", "headers": {"Content-Type": "text/json"}}, 415, "invalid"),
        ({"data": b"", "headers": JSON}, 400, "invalid"),
        ({"data": b"{", "headers": JSON}, 400, "invalid"),
        ({"data": b'{"userId": NaN}', "headers": JSON}, 400, "invalid"),
        ({"data": b'{"userId": "\\ud800"}', "headers": JSON}, 400, "invalid"),
        ({"data": b"\xff", "headers": JSON}, 400, "invalid"),
        ({"data": b"[" * 5000, "headers": JSON}, 400, "invalid"),
        ({"data": b"{}", "headers": {**JSON, "Content-Encoding": "gzip"}}, 400, "invalid"),
        ({"data": b"[]", "headers": JSON}, 422, "invalid"),
        ({"data": b"null", "headers": JSON}, 422, "invalid"),
        ({"json": {}}, 422, "invalid"),
        ({"json": {"userId": "ann", "sudo": True}}, 422, "invalid"),
        ({"json": {"user_id": "ann"}}, 422, "invalid"),
        ({"json": {"userId": 7}}, 422, "invalid"),
        ({"json": {"userId": "ann", "ttl": "60"}}, 422, "invalid"),
        ({"json": {"userId": "ann", "ttl": True}}, 422, "invalid"),
        ({"json": {"userId": "x" * 129}}, 413, "too_large"),
        ({"json": {"userId": "x" * 70_000}}, 413, "too_large"),
    ],
)
async def test_a_bad_body_is_refused_and_counted(dev: Http, how: dict[str, Any], status: int, code: str) -> None:
    assert await dev.code("POST", TOKEN, **how) == (status, code)
    assert dev.house.counted() == {"too_large" if status == 413 else "http_invalid": 1}
    assert requests(dev, TOKEN, status) == 1


async def test_a_good_body_may_name_its_charset(dev: Http) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await dev.ask("POST", TOKEN, data='{"userId": "安"}'.encode(), headers=headers))[0] == 200


async def test_a_body_that_does_not_arrive_is_not_waited_for(dev: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BODY_WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", dev.client.port)
    writer.write(
        b"POST /api/v1/dev/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.close()
    assert dev.house.counted() == {"http_invalid": 1}


async def test_ids_in_the_path_are_looked_at(dev: Http) -> None:
    for bad in ("%00", "%20x", "a%0Ab", "a%E2%80%AEb", "x" * 129):
        status, body, _ = await dev.ask("GET", f"/api/v1/matches/{bad}", by="ann")
        assert (status, body["error"]["field"]) == (422, "match_id")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=-1", "after=1.5", f"before={2**53}"])
async def test_the_query_is_looked_at(dev: Http, query: str) -> None:
    status, body, _ = await dev.ask("GET", f"/api/v1/matches/m/messages?{query}", by="ann")
    assert (status, body["error"]["field"]) == (422, query.partition("=")[0])


async def test_unknown_pages_and_methods_are_refused_in_our_form(dev: Http) -> None:
    assert await dev.code("GET", "/no/such/page") == (404, "not_found")
    assert await dev.code("GET", "/socket.iox") == (404, "not_found")
    status, body, headers = await dev.ask("DELETE", "/api/v1/matches")
    assert (status, body["error"]["code"]) == (405, "invalid")
    assert headers["Allow"] == "GET,HEAD,POST"
    assert dev.house.counted() == {"not_found": 2, "http_invalid": 1}


async def test_the_endpoint_of_socket_io_answers_for_itself(dev: Http) -> None:
    status, body, headers = await dev.ask("GET", "/socket.io/?EIO=4&transport=polling")
    assert (status, body[0]) == (200, "0")
    assert "X-Content-Type-Options" not in headers
    assert (await dev.ask("GET", "/socket.io/?EIO=3&transport=polling"))[1]["code"] == 5


async def test_a_mistake_of_ours_is_logged_and_not_told(
    dev: Http, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(user_id: str) -> Any:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(dev.house.built.services.rooms, "rooms_of", fail)
    with caplog.at_level(logging.ERROR):
        status, body, _ = await dev.ask("GET", "/api/v1/matches", by="ann")
    assert status == 500
    assert body["error"] == {
        "code": "internal",
        "message": "something went wrong on the server",
        "retryable": True,
    }
    assert [(record.getMessage(), vars(record)["route"]) for record in caplog.records] == [
        ("a request failed", "/api/v1/matches")
    ]
    assert dev.house.counted() == {"internal": 1}


async def test_a_user_may_ask_so_often_and_the_backend_as_often_as_it_likes() -> None:
    async with http(limits={"events_per_second": 2}) as server:
        statuses = [(await server.ask("GET", "/api/v1/matches", by="ann"))[0] for _ in range(3)]
        assert statuses == [200, 200, 429]
        _, body, headers = await server.ask("GET", "/api/v1/matches", by="ann")
        assert body["error"]["code"] == "rate_limited"
        assert int(headers["Retry-After"]) == 1
        assert (await server.ask("GET", "/api/v1/matches", by="bob"))[0] == 200
        for _ in range(5):
            assert (await server.ask("GET", "/api/v1/matches", by="ann", scope="service"))[0] == 200


# -- origins -----------------------------------------------------------------------------------------------------------

FOREIGN = ["https://evil.example", "null", "http://app.example", "https://app.example:1", "http://[::1", "x"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_gets_nothing(strict: Http, origin: str) -> None:
    for path in ("/healthz", "/", "/api/v1/matches", "/socket.io/?EIO=4&transport=polling", "/nowhere"):
        status, _, headers = await strict.ask("GET", path, headers={"Origin": origin})
        assert status == 403
        assert "Access-Control-Allow-Origin" not in headers
    assert strict.house.counted() == {"bad_origin": 5}


async def test_pages_of_known_origins_and_our_own_may_ask(strict: Http) -> None:
    _, _, headers = await strict.ask("GET", "/healthz", headers={"Origin": "https://app.example"})
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert headers["Vary"] == "Origin"
    own = str(strict.client.make_url("/")).rstrip("/")
    status, _, headers = await strict.ask("GET", "/healthz", headers={"Origin": own})
    assert status == 200
    assert "Access-Control-Allow-Origin" not in headers


async def test_refusals_can_be_read_by_pages_of_known_origins(strict: Http) -> None:
    status, _, headers = await strict.ask("GET", "/api/v1/matches", headers={"Origin": "https://app.example"})
    assert (status, headers["Access-Control-Allow-Origin"]) == (401, "https://app.example")


async def test_a_preflight_says_what_may_be_sent(strict: Http) -> None:
    asking = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    status, _, headers = await strict.ask("OPTIONS", "/api/v1/users/ann", headers=asking)
    assert status == 204
    assert "PUT" in headers["Access-Control-Allow-Methods"]
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    assert strict.house.counted() == {}


@pytest.mark.parametrize("origin", FOREIGN)
async def test_in_development_mode_every_page_may_ask(dev: Http, origin: str) -> None:
    status, _, headers = await dev.ask("GET", "/healthz", headers={"Origin": origin})
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, origin)


async def test_development_routes_do_not_exist_elsewhere(strict: Http) -> None:
    for route in ROUTES:
        if route.path.startswith("/api/v1/dev/"):
            assert await strict.code(route.method, route.path, by="ann", json={"userId": "ann"}) == (404, "not_found")


# -- counting ----------------------------------------------------------------------------------------------------------


async def test_answers_are_counted_by_route_and_no_line_is_written(dev: Http, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await dev.ask("GET", "/api/v1/matches/secret-id", by="ann")
        await dev.ask("GET", "/nowhere/secret-id")
    assert requests(dev, "/api/v1/matches/{match_id}", 404) == 1
    assert requests(dev, "unmatched", 404) == 1
    assert "secret-id" not in caplog.text


async def test_requests_that_are_none_are_counted_as_malformed(dev: Http) -> None:
    for junk in (b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", dev.client.port)
        writer.write(junk)
        async with asyncio.timeout(5):
            assert b" 400 " in await reader.readline()
        writer.close()
        async with asyncio.timeout(5):
            await reader.read()
    assert dev.house.counted() == {"http_malformed": 2}
    assert requests(dev, "unmatched", 400) == 2


async def test_an_expectation_that_nobody_knows_is_counted(dev: Http) -> None:
    status, _, _ = await dev.ask("POST", TOKEN, data=io.BytesIO(b"{}"), headers={**JSON, "Expect": "magic"})
    assert status == 417
    assert dev.house.counted() == {"http_invalid": 1}


def test_a_counter_without_a_server_counts_nothing() -> None:
    request = make_mocked_request("GET", "/")
    bound = access_counter(Metrics(version="0", signalling="stock", media="none"))
    assert bound.metrics is not None
    counter = module.AccessCounter(logging.getLogger("x"), "")
    counter.log(request, refuse(InvalidPayload()), 0.0)
    assert module.AccessCounter.metrics is None


async def test_a_call_without_a_caller_is_unauthenticated() -> None:
    async with in_process() as house:
        call = Call(house=house.built.app[module._HOUSE], identity=None, path={}, query=None, body=None, headers={})
        with pytest.raises(Unauthenticated):
            _ = call.caller
