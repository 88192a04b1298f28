"""Tokens that are forged, expired, another's or from elsewhere: all refused, on Socket.IO and on HTTP alike."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web

from tests.support.client import ChatClient, Refused, connected
from tests.support.hostile_rig import Books, check_log
from tests.support.keys import SigningKeys, claims, good, handmade, key_server
from tests.support.server import SECRET, Server, StartServer, serving

HS256 = {"alg": "HS256", "typ": "JWT"}
ORIGINS = {"VISAVIS_SERVER__ALLOWED_ORIGINS": "https://app.example,http://localhost:5173"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Not in development mode."""
    with serving(tmp_path_factory.mktemp("tokens"), dev=False, env=ORIGINS) as running:
        yield running
        check_log(running.log)


async def get(url: str, path: str, **headers: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url + path, headers=headers) as answer:
        return answer.status, await answer.json()


async def bearer(server: Server, path: str, token: str) -> tuple[int, Any]:
    return await get(server.url, path, Authorization=f"Bearer {token}")


async def refusal(url: str, **how: Any) -> Any:
    """The body of the `connect_error`."""
    with pytest.raises(Refused) as caught:
        await ChatClient.open(url, **how)
    return caught.value.data


async def test_a_good_token_opens_both_doors(server: Server) -> None:
    async with connected(server.url, token=good(name="Ann")) as ann:
        assert (await ann.wait_for("connected"))["userId"] == "ann"
    assert (await bearer(server, "/api/v1/users/ann", good()))[1]["name"] == "Ann"


BAD_TOKENS = {
    "expired": jwt.encode(claims(exp=int(time.time()) - 1), SECRET, algorithm="HS256"),
    "of another secret": jwt.encode(claims(), SECRET + "!", algorithm="HS256"),
    "unsigned": handmade({"alg": "none"}, claims(), None),
    "unsigned, spelt oddly": handmade({"alg": "nOnE"}, claims(), None),
    "signed, but said not to be": handmade({"alg": "none"}, claims()),
    "without signature": handmade(HS256, claims(), None),
    "HS512": jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
    "HS384 by the right secret": jwt.encode(claims(), SECRET + "-" * 20, algorithm="HS384"),
    "without algorithm": handmade({}, claims()),
    "with a list of algorithms": handmade({"alg": ["HS256"]}, claims()),
    "with an unknown critical header": handmade({**HS256, "crit": ["x"], "x": 1}, claims()),
    "with a key of its own": handmade({**HS256, "jwk": {"kty": "oct", "k": "AA"}}, claims(), b"\0"),
    "without exp": handmade(HS256, claims(exp=None)),
    "without sub": handmade(HS256, claims(None)),
    "with a number for sub": handmade(HS256, claims(7)),
    "with an invisible sub": handmade(HS256, claims("a\u202eb")),
    "with an empty sub": handmade(HS256, claims("")),
    "with words for exp": handmade(HS256, claims(exp="tomorrow")),
    "with an endless exp": handmade(HS256, b'{"sub": "ann", "exp": 1e999}'),
    "with an exp of 5,000 digits": handmade(HS256, b'{"sub": "ann", "exp": ' + b"9" * 5000 + b"}"),
    "not yet valid": handmade(HS256, claims(nbf=int(time.time()) + 86_400)),
    "with a scope that is none": handmade(HS256, claims(scope="root")),
    "with scopes in a list": handmade(HS256, claims(scope=["ops"])),
    "with a long name": handmade(HS256, claims(name="x" * 101)),
    "with half a letter for a name": handmade(HS256, b'{"sub": "ann", "exp": 99999999999, "name": "\\ud800"}'),
    "with a payload that is a list": handmade(HS256, [1]),
    "with a payload that is no JSON": handmade(HS256, b"\xff{"),
    "with a bottomless header": handmade(b"[" * 5000, claims()),
    "with a bottomless payload": handmade(HS256, b'{"sub":' + b"[" * 5000),
    "that is no token": "ann",
    "of nothing but dots": "...",
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_a_bad_token_is_refused_at_both_doors_and_counted(server: Server, token: str) -> None:
    books = Books(server)
    error = await refusal(server.url, token=token)
    assert error["data"]["code"] == "unauthenticated"
    assert token not in json.dumps(error)
    status, answer = await bearer(server, "/api/v1/matches", token)
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")
    assert books.delta() == {"bad_token": 1, "unauthenticated": 1}


@pytest.mark.parametrize("token", [7, True, [], {"token": "x"}, "", "é.é.é"], ids=repr)
async def test_what_is_no_string_is_no_token(server: Server, token: Any) -> None:
    books = Books(server)
    assert (await refusal(server.url, auth={"token": token}))["data"]["code"] == "unauthenticated"
    assert books.delta() == {"bad_token": 1}


async def test_outside_of_development_mode_nobody_gets_in_by_name(server: Server) -> None:
    assert (await refusal(server.url, query={"userId": "ann"}))["data"]["code"] == "unauthenticated"
    assert (await refusal(server.url))["data"]["code"] == "unauthenticated"
    async with connected(server.url, token=good()) as ann:
        assert (await ann.refused("authenticate", "bob"))["code"] == "forbidden"
        assert (await ann.refused("authenticate", {"userId": "bob"}))["code"] == "forbidden"
        assert (await ann.ok("authenticate", {"userId": "ann"}))["userId"] == "ann"


async def make_match(server: Server, *people: str) -> str:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {good('backend', scope='service')}"}
        body = {"members": list(people)}
        async with session.post(f"{server.url}/api/v1/matches", json=body, headers=headers) as answer:
            return str((await answer.json())["matchId"])


async def test_a_token_is_worth_nothing_in_other_peoples_room(server: Server) -> None:
    match = await make_match(server, "bob", "carol")
    books = Books(server)
    async with connected(server.url, token=good("bob")) as bob, connected(server.url, token=good("mallory")) as mallory:
        await bob.ok("join_chat", {"matchId": match})
        message = (await bob.ok("send_message", {"content": "between us"}))["messageId"]
        attempts: list[tuple[str, dict[str, Any]]] = [
            ("join_chat", {"matchId": match}),
            ("join_chat", {"matchId": match, "userId": "bob"}),
            ("join_chat", {"matchId": match, "since": 0}),
            ("leave_chat", {"matchId": match}),
            ("fetch_history", {"matchId": match}),
            ("send_message", {"matchId": match, "content": "x"}),
            ("private_message", {"matchId": match, "content": "x"}),
            ("share_location", {"matchId": match, "lat": 1.0, "lon": 2.0}),
            ("mark_read", {"matchId": match, "seq": 1}),
            ("typing", {"matchId": match}),
            ("play_game", {"game": "icebreaker", "matchId": match}),
            ("request_ai_help", {"matchId": match}),
            ("edit_message", {"messageId": message, "content": "x"}),
            ("delete_message", {"messageId": message}),
            ("react", {"messageId": message, "emoji": "x"}),
        ]
        for event, payload in attempts:
            error = await mallory.refused(event, payload)
            assert error["code"] == "forbidden", (event, error)
            assert "between us" not in json.dumps(error)
        for path in (f"/api/v1/matches/{match}", f"/api/v1/matches/{match}/messages", "/api/v1/users/bob"):
            status, answer = await bearer(server, path, good("mallory"))
            assert (status, answer["error"]["code"]) == (403, "forbidden")
        status, answer = await bearer(server, f"/api/v1/matches/{match}/messages", good("bob"))
        assert [text["content"] for text in answer["messages"]] == ["between us"]
        assert [name for name, _ in mallory.events] == ["connected"]
    assert books.delta() == {"forbidden": len(attempts) + 3}


async def test_the_query_and_the_payload_can_not_change_whose_token_it_is(server: Server) -> None:
    match = await make_match(server, "dora", "eve")
    how = {"token": good("mallory"), "query": {"userId": "dora", "matchId": match}}
    async with connected(server.url, **how) as mallory:
        assert (await mallory.wait_for("connected"))["userId"] == "mallory"
        assert (await mallory.refused("join_chat", {"matchId": match, "userId": "dora"}))["code"] == "forbidden"


async def test_a_connection_stays_its_users(server: Server) -> None:
    async with connected(server.url, token=good("ann")) as ann:
        assert (await ann.refused("refresh_token", {"token": good("bob")}))["code"] == "forbidden"
        assert (await ann.refused("authenticate", {"token": good("bob")}))["code"] in ("forbidden", "unauthenticated")
        assert (await ann.refused("refresh_token", {"token": BAD_TOKENS["expired"]}))["code"] == "unauthenticated"
        assert (await ann.refused("refresh_token", {"token": BAD_TOKENS["unsigned"]}))["code"] == "unauthenticated"
        assert (await ann.ok("authenticate", {"token": good("ann")}))["userId"] == "ann"


async def test_a_token_that_expires_ends_the_connection_unless_it_is_replaced(server: Server) -> None:
    soon = int(time.time()) + 2
    async with (
        connected(server.url, token=good("old", exp=soon)) as old,
        connected(server.url, token=good("new", exp=soon)) as new,
    ):
        later = int(time.time()) + 300
        answer = await new.ok("refresh_token", {"token": good("new", exp=later)})
        assert answer["userId"] == "new"
        closing = await old.wait_for("connection_closing")
        assert closing == {"reason": "auth_expired", "reconnect": "after"}
        await old.wait_until_gone()
        assert time.time() >= soon
        assert new.is_connected
        assert (await new.ok("authenticate", {"token": good("new")}))["userId"] == "new"


FOREIGN = [
    "https://evil.example",
    "null",
    "https://app.example.evil.example",
    "http://app.example",
    "https://app.example:444",
    "https://app.example@evil.example",
    "https://xapp.example",
    "http://[::1",
    "file://",
    "",
]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_is_refused_on_every_way_in(server: Server, origin: str) -> None:
    books = Books(server)
    for transport in ("polling", "websocket"):
        await refusal(server.url, token=good(), transports=[transport], headers={"Origin": origin})
    for path in ("/api/v1/matches", "/healthz", "/", "/socket.io/?EIO=4&transport=polling"):
        status, _ = await get(server.url, path, Authorization=f"Bearer {good()}", Origin=origin)
        assert status == 403
    async with aiohttp.ClientSession() as session:
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        async with session.options(f"{server.url}/api/v1/matches", headers=preflight) as answer:
            assert answer.status == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert books.delta() == {"bad_origin": 7}


@pytest.mark.parametrize("origin", ["https://app.example", "http://localhost:5173", None])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_known_origin_gets_in(server: Server, origin: str | None, transport: str) -> None:
    books = Books(server)
    origin = origin or server.url
    async with connected(server.url, token=good(), transports=[transport], headers={"Origin": origin}) as ann:
        await ann.wait_for("connected")
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": origin, "Authorization": f"Bearer {good()}"}
        async with session.get(f"{server.url}/api/v1/matches", headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers.get("Access-Control-Allow-Origin") == (None if origin == server.url else origin)
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        async with session.options(f"{server.url}/api/v1/matches", headers=preflight) as answer:
            assert answer.status == 204
    assert "bad_origin" not in books.delta()


async def test_development_mode_lets_any_origin_in(start_server: StartServer) -> None:
    server = start_server()
    for origin in ("https://evil.example", "null"):
        for transport in ("polling", "websocket"):
            how: dict[str, Any] = {"query": {"userId": "ann"}, "transports": [transport]}
            async with connected(server.url, headers={"Origin": origin}, **how) as ann:
                await ann.wait_for("connected")
        token = server.dev_token("ann")
        status, _ = await get(server.url, "/api/v1/matches", Authorization=f"Bearer {token}", Origin=origin)
        assert status == 200


async def test_a_bad_token_is_refused_in_development_mode_too(start_server: StartServer) -> None:
    server = start_server()
    error = await refusal(server.url, token=good(), query={"userId": "ann"})
    assert error["data"]["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (0, "client_too_old"),
        (-1, "client_too_old"),
        (2, "server_too_old"),
        (10**9, "server_too_old"),
        ("1", "invalid"),
        (True, "invalid"),
        (1.5, "invalid"),
        (None, "invalid"),
        ([1], "invalid"),
    ],
)
async def test_a_version_that_is_not_spoken_is_refused(server: Server, version: Any, code: str) -> None:
    books = Books(server)
    error = await refusal(server.url, token=good(), auth={"protocolVersion": version})
    assert error["data"]["code"] == code
    assert error["message"]
    assert books.delta() == {code: 1}


async def test_the_present_version_and_none_are_spoken(server: Server) -> None:
    async with connected(server.url, token=good(), auth={"protocolVersion": 1}) as ann:
        await ann.wait_for("connected")


async def test_a_user_may_hold_so_many_connections_and_an_address_open_so_many_a_second(
    start_server: StartServer,
) -> None:
    limits = {"VISAVIS_LIMITS__CONNECTIONS_PER_USER": "3", "VISAVIS_LIMITS__CONNECTS_PER_SECOND": "10"}
    server = start_server(dev=False, env=limits)
    books = Books(server)
    async with contextlib.AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(connected(server.url, token=good())) for _ in range(3)]
        error = (await refusal(server.url, token=good()))["data"]
        assert (error["code"], error["retryable"]) == ("rate_limited", True)
        assert error["retryAfterMs"] > 0
        await stack.enter_async_context(connected(server.url, token=good("bob")))
        assert books.delta() == {"connection_limit": 1}
        await devices[0].close()
        async with asyncio.timeout(5):
            while not await gets_in(server.url):
                await asyncio.sleep(0.2)
        refused = [await gets_in(server.url, sub=f"user-{number}") for number in range(30)].count(False)
        assert 10 <= refused < 30
        assert books.delta()["rate_limited"] >= refused


async def gets_in(url: str, *, sub: str = "ann", token: str | None = None) -> bool:
    """Whether a connection is accepted; it is closed again."""
    try:
        client = await ChatClient.open(url, token=token or good(sub))
    except Refused:
        return False
    await client.close()
    return True


async def test_issuer_and_audience_must_fit_when_they_are_configured(start_server: StartServer) -> None:
    env = {"VISAVIS_AUTH__ISSUER": "https://id.example", "VISAVIS_AUTH__AUDIENCE": "chat"}
    server = start_server(dev=False, env=env)
    right = {"iss": "https://id.example", "aud": "chat"}
    assert await gets_in(server.url, token=good(**right))
    assert await gets_in(server.url, token=good(iss=right["iss"], aud=["other", "chat"]))
    for wrong in (
        {},
        {"iss": right["iss"]},
        {"aud": right["aud"]},
        {**right, "aud": "other"},
        {**right, "aud": []},
        {**right, "iss": "https://id.example.evil.example"},
        {**right, "iss": ["https://id.example"]},
    ):
        token = handmade(HS256, claims(**wrong))
        assert (await refusal(server.url, token=token))["data"]["code"] == "unauthenticated", wrong


# -- published keys ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    return SigningKeys()


@pytest.fixture(scope="module")
def file_server(tmp_path_factory: pytest.TempPathFactory, keys: SigningKeys) -> Iterator[Server]:
    """A server that reads its keys from a file."""
    folder = tmp_path_factory.mktemp("keys")
    path = folder / "keys.json"
    path.write_text(json.dumps(keys.document()))
    with serving(folder, dev=False, env={"VISAVIS_AUTH__JWKS_FILE": str(path)}) as running:
        yield running
        check_log(running.log)


def forged(keys: SigningKeys) -> dict[str, str]:
    """Tokens that try to make a public key pass for something else."""
    pem = keys.public_pem()
    return {
        "the public key as a secret": handmade({"alg": "HS256", "kid": "rsa"}, claims(), pem),
        "the public key as a secret, no kid": handmade({"alg": "HS256"}, claims(), pem),
        "the public key as a secret, stripped": handmade({"alg": "HS256", "kid": "rsa"}, claims(), pem.strip()),
        "a symmetric key of the set": handmade({"alg": "HS256", "kid": "secret"}, claims()),
        "unsigned": handmade({"alg": "none", "kid": "rsa"}, claims(), None),
        "another key's id": keys.token("RS256", kid="ed"),
        "the other key's id": keys.token("EdDSA", kid="rsa"),
        "an unknown id": keys.token("RS256", kid="made up"),
        "no id where there are two keys": keys.token("RS256", kid=None),
        "RS512": keys.token("RS512"),
        "PS256": keys.token("PS256"),
        "keys of somebody else": SigningKeys().token("RS256"),
        "Ed25519 keys of somebody else": SigningKeys().token("EdDSA"),
        "a header that is no number": handmade({"alg": "RS256", "kid": {"$ne": 1}}, claims()),
        "a path as id": keys.token("RS256", kid="../../../dev/null"),
        "expired": keys.token("RS256", exp=int(time.time()) - 1),
        "without exp": keys.token("EdDSA", exp=None),
    }


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
async def test_tokens_by_published_keys_are_accepted(file_server: Server, keys: SigningKeys, algorithm: str) -> None:
    async with connected(file_server.url, token=keys.token(algorithm)) as ann:
        assert (await ann.wait_for("connected"))["userId"] == "ann"
    assert (await bearer(file_server, "/api/v1/matches", keys.token(algorithm)))[0] == 200


async def test_forged_tokens_are_refused_where_keys_are_published(file_server: Server, keys: SigningKeys) -> None:
    books = Books(file_server)
    tokens = forged(keys)
    for label, token in tokens.items():
        assert (await refusal(file_server.url, token=token))["data"]["code"] == "unauthenticated", label
        assert (await bearer(file_server, "/api/v1/matches", token))[0] == 401, label
    assert books.delta() == {"bad_token": len(tokens), "unauthenticated": len(tokens)}


def key_options(url: str) -> dict[str, str]:
    return {"VISAVIS_AUTH__JWKS_URL": url, "VISAVIS_LIMITS__CONNECTS_PER_SECOND": "10000"}


async def test_made_up_key_ids_do_not_hammer_the_key_server(start_server: StartServer, keys: SigningKeys) -> None:
    async with key_server(keys.document()) as published:
        server = start_server(dev=False, env=key_options(published.url))
        assert await gets_in(server.url, token=keys.token())
        tokens = [keys.token(kid=f"made up {number}") for number in range(100)]
        answers = await asyncio.gather(*(bearer(server, "/api/v1/matches", token) for token in tokens))
        assert {status for status, _ in answers} == {401}
        assert not any([await gets_in(server.url, token=token) for token in tokens[:20]])
        assert await gets_in(server.url, token=keys.token("EdDSA"))
        assert published.hits <= 2


async def test_all_who_come_at_once_wait_for_one_slow_answer(start_server: StartServer, keys: SigningKeys) -> None:
    async with key_server(keys.document()) as published:
        published.answer = published.late(1.0)
        server = start_server(dev=False, env=key_options(published.url))
        tokens = [keys.token(sub=f"user-{number}") for number in range(30)]
        assert all(await asyncio.gather(*(gets_in(server.url, token=token) for token in tokens)))
        assert published.hits == 1


async def test_a_key_server_that_is_too_slow_or_gone_makes_it_unavailable_until_it_is_back(
    start_server: StartServer, keys: SigningKeys
) -> None:
    async with key_server(keys.document()) as published:
        server = start_server(dev=False, env=key_options(published.url))
        books = Books(server)
        published.answer = published.late(30.0)
        began = time.monotonic()
        error = (await refusal(server.url, token=keys.token()))["data"]
        assert (error["code"], error["retryable"]) == ("unavailable", True)
        assert time.monotonic() - began < 4.5
        published.answer = published.honest
        status, _ = await bearer(server, "/api/v1/matches", keys.token())
        assert status in (200, 503)
        async with asyncio.timeout(5):
            while not await gets_in(server.url, token=keys.token()):
                await asyncio.sleep(0.2)
        assert set(books.delta()) == {"unavailable"}
    # Gone for good: what it said last still counts, and nothing unknown gets in.
    assert await gets_in(server.url, token=keys.token("EdDSA"))
    assert not await gets_in(server.url, token=keys.token(kid="new"))


Answer = Callable[[], Awaitable[web.Response]]


def lies(good_url: str) -> dict[str, Callable[[], web.Response]]:
    """Answers that are no key sets."""
    return {
        "error": lambda: web.Response(status=500),
        "page": lambda: web.Response(text="<html>Welcome to the hotel's Wi-Fi", content_type="text/html"),
        "nothing": lambda: web.Response(),
        "list": lambda: web.json_response([1]),
        "number": lambda: web.json_response(7),
        "no keys": lambda: web.json_response({"keys": []}),
        "keys that are none": lambda: web.json_response({"keys": {"kty": "RSA"}}),
        "odd keys": lambda: web.json_response({"keys": [7, None, {"kty": ["RSA"]}, {"kty": "RSA", "n": 5, "e": {}}]}),
        "bottomless": lambda: web.Response(text="[" * 100_000),
        "too long": lambda: web.Response(body=b" " * 900_000 + b"{}"),
        "elsewhere": lambda: web.Response(status=302, headers={"Location": good_url}),
        "not text": lambda: web.Response(body=b"\xff\xfe"),
    }


async def test_a_lying_key_server_opens_no_door_and_leaves_no_trace(
    start_server: StartServer, keys: SigningKeys
) -> None:
    async with key_server(keys.document()) as honest, key_server(None) as published:
        server = start_server(dev=False, env=key_options(published.url))
        books = Books(server)
        stories = lies(honest.url)
        for label, story in stories.items():

            async def tell(story: Callable[[], web.Response] = story) -> web.Response:
                return story()

            published.answer = tell
            hits = published.hits
            async with asyncio.timeout(5):
                while published.hits == hits:
                    error = (await refusal(server.url, token=keys.token()))["data"]
                    assert error["code"] == "unavailable", label
                    await asyncio.sleep(0.1)
        assert set(books.delta()) == {"unavailable"}
        assert honest.hits == 0
        assert "Traceback" not in server.log
        assert " ERROR " not in server.log
        assert server.log.count("the key server gave no keys") <= len(stories)
