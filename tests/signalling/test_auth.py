"""Tokens and keys. What a real key server may do is in tests/e2e/test_tokens.py as well."""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web

from protocol.errors import Unauthenticated, Unavailable
from signalling import auth
from signalling.auth import Authenticator, Identity, KeySet, SharedSecret, TokenMint
from tests.support.keys import SigningKeys, claims, good, handmade, key_server
from tests.support.server import SECRET

HS256 = {"alg": "HS256"}


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    return SigningKeys()


def authenticator(**options: Any) -> Authenticator:
    return Authenticator(SharedSecret(SECRET), **options)


async def refused(verifier: Authenticator, token: object) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert str(token) not in caught.value.message
    return caught.value.message


async def test_a_good_token_says_who_somebody_is() -> None:
    exp = int(time.time()) + 60
    identity = await authenticator().verify(good("ann", exp=exp, name="Ann 安", scope="service"))
    assert identity == Identity("ann", "Ann 安", "service", float(exp))


async def test_name_and_scope_may_be_absent() -> None:
    identity = await authenticator().verify(good("ann", name=""))
    assert (identity.name, identity.scope) == (None, "user")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token has no exp"),
        ({"sub": None}, "the token has no sub"),
        ({"sub": 7}, "the token is not valid"),
        ({"sub": " ann"}, "the token's sub is not a user id"),
        ({"scope": "root"}, "the token's scope is not known"),
        ({"scope": ["user"]}, "the token's scope is not known"),
        ({"scope": None, "name": 7}, "the token's name is not a short string"),
        ({"name": "x" * 101}, "the token's name is not a short string"),
        ({"name": "a\nb"}, "the token's name is not a short string"),
        ({"nbf": 2**40}, "the token is not valid"),
    ],
)
async def test_a_bad_claim_is_refused_with_its_reason(given: dict[str, Any], reason: str) -> None:
    assert await refused(authenticator(), handmade(HS256, claims(**given))) == reason


@pytest.mark.parametrize("token", [None, 7, "", [], {}, b"x"], ids=repr)
async def test_only_a_string_is_a_token(token: object) -> None:
    with pytest.raises(Unauthenticated, match="must be a string"):
        await authenticator().verify(token)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"sub": "ann", "exp": 1e999}',
        b'{"sub": "ann", "exp": NaN}',
        b'{"sub": "ann", "exp": [1]}',
        b'{"sub": "ann", "exp": "soon"}',
        b'{"sub": "ann", "exp": 99999999999, "name": "\\ud800"}',
        b'{"sub": "\\ud800", "exp": 99999999999}',
        b'{"sub": ' + b"[" * 5000,
        b"[1]",
        b"\xff",
    ],
)
async def test_a_payload_that_only_its_signer_could_have_written_is_refused_too(payload: bytes) -> None:
    await refused(authenticator(), handmade(HS256, payload))


async def test_a_token_of_the_far_future_ends_with_the_year_9999() -> None:
    token = handmade(HS256, b'{"sub": "ann", "exp": ' + b"9" * 400 + b"}")
    assert (await authenticator().verify(token)).expires_at == 253_402_300_799.0


async def test_clocks_may_differ_by_the_leeway() -> None:
    token = good(exp=int(time.time()) - 5)
    await refused(authenticator(), token)
    assert (await authenticator(leeway_s=30).verify(token)).user_id == "ann"


async def test_issuer_and_audience_count_when_they_are_configured() -> None:
    verifier = authenticator(issuer="us", audience="chat")
    assert (await verifier.verify(good(iss="us", aud=["chat", "mail"]))).user_id == "ann"
    for wrong in ({}, {"iss": "us"}, {"aud": "chat"}, {"iss": "them", "aud": "chat"}, {"iss": "us", "aud": "mail"}):
        await refused(verifier, good(**wrong))
    assert (await authenticator().verify(good(iss="anybody", aud="anything"))).user_id == "ann"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
async def test_the_configuration_fixes_the_algorithm(algorithm: str) -> None:
    token = handmade({"alg": algorithm}, claims(), None)
    if algorithm != "none":
        token = jwt.encode(claims(), SECRET * 2, algorithm=algorithm)
    await refused(authenticator(), token)


async def test_minted_tokens_are_accepted_by_the_same_settings() -> None:
    mint = TokenMint(SECRET, issuer="us", audience="chat")
    now_s = int(time.time())
    token = mint.make(user_id="ann", name=None, scope="ops", now_s=now_s, ttl_s=60)
    identity = await authenticator(issuer="us", audience="chat").verify(token)
    assert identity == Identity("ann", None, "ops", now_s + 60.0)


# -- key sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
async def test_keys_from_a_file_verify_what_they_are_made_for(
    tmp_path: Path, keys: SigningKeys, algorithm: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(keys.document()))
    verifier = Authenticator(KeySet(path=path))
    assert (await verifier.verify(keys.token(algorithm))).user_id == "ann"
    await refused(verifier, keys.token(algorithm, kid="other"))
    await refused(verifier, keys.token(algorithm, kid=None))
    await refused(verifier, handmade({"alg": "HS256", "kid": "rsa"}, claims(), keys.public_pem()))


async def test_a_token_without_a_key_id_means_the_only_key(tmp_path: Path, keys: SigningKeys) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [key for key in keys.document()["keys"] if "ed" in str(key)[-12:]]}))
    assert (await Authenticator(KeySet(path=path)).verify(keys.token("EdDSA", kid=None))).user_id == "ann"


@pytest.mark.parametrize(
    "body", ["", "[]", "7", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}, 7, null]}', "[" * 9999]
)
def test_a_file_without_a_usable_key_is_refused(tmp_path: Path, body: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(body)
    with pytest.raises(ValueError, match=r".*"):
        KeySet(path=path)


class Published:
    """A key server without the network: what it says, how often it was asked, and a clock to wait with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: SigningKeys) -> None:
        self.now_s = 1000.0
        self.asked = 0
        self.body = json.dumps(keys.document()).encode()
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        monkeypatch.setattr(auth, "_fetch", self.fetch)
        self.verifier = Authenticator(KeySet(url="https://keys.example", clock=lambda: self.now_s))

    async def fetch(self, url: str) -> bytes:
        assert url == "https://keys.example"
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.body

    async def lets_in(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except (Unauthenticated, Unavailable):
            return False
        return True


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, keys: SigningKeys) -> Published:
    return Published(monkeypatch, keys)


async def test_keys_are_asked_for_once_in_ten_minutes(published: Published, keys: SigningKeys) -> None:
    for _ in range(5):
        assert await published.lets_in(keys.token())
    assert published.asked == 1
    published.now_s += 599
    assert await published.lets_in(keys.token())
    assert published.asked == 1
    published.now_s += 1
    assert await published.lets_in(keys.token())
    assert published.asked == 2


async def test_a_withdrawn_key_stops_counting_after_ten_minutes(published: Published, keys: SigningKeys) -> None:
    assert await published.lets_in(keys.token())
    published.body = json.dumps({"keys": keys.document()["keys"][-1:]}).encode()
    assert await published.lets_in(keys.token())
    published.now_s += 600
    assert not await published.lets_in(keys.token())
    assert await published.lets_in(keys.token("EdDSA"))


async def test_a_new_key_is_found_after_ten_seconds_at_the_latest(published: Published, keys: SigningKeys) -> None:
    everything = published.body
    published.body = json.dumps({"keys": keys.document()["keys"][-1:]}).encode()
    assert await published.lets_in(keys.token("EdDSA"))
    published.body = everything
    for _ in range(50):
        assert not await published.lets_in(keys.token("RS256"))
    assert published.asked == 1
    published.now_s += 10
    assert await published.lets_in(keys.token("RS256"))
    assert published.asked == 2


async def test_all_who_come_at_once_share_one_question(published: Published, keys: SigningKeys) -> None:
    published.gate = asyncio.Event()
    waiting = [asyncio.create_task(published.lets_in(keys.token())) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert published.asked == 1
    published.gate.set()
    assert all(await asyncio.gather(*waiting))
    assert published.asked == 1


async def test_one_who_gives_up_waiting_does_not_take_the_answer_from_others(
    published: Published, keys: SigningKeys
) -> None:
    published.gate = asyncio.Event()
    first = asyncio.create_task(published.lets_in(keys.token()))
    second = asyncio.create_task(published.lets_in(keys.token()))
    for _ in range(5):
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    published.gate.set()
    assert await second
    assert first.cancelled()


async def test_known_keys_do_not_wait_while_others_are_looked_for(published: Published, keys: SigningKeys) -> None:
    assert await published.lets_in(keys.token())
    published.now_s += 10
    published.gate = asyncio.Event()
    stranger = asyncio.create_task(published.lets_in(keys.token(kid="new")))
    await asyncio.sleep(0)
    assert await published.lets_in(keys.token())
    published.gate.set()
    assert not await stranger


FAILURES = [
    TimeoutError(),
    ConnectionRefusedError(),
    ValueError("not the status of an answer"),
]


@pytest.mark.parametrize("error", FAILURES, ids=repr)
async def test_without_keys_it_is_unavailable_and_asked_again_every_second(
    published: Published, keys: SigningKeys, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    published.error = error
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            with pytest.raises(Unavailable):
                await published.verifier.verify(keys.token())
    assert published.asked == 1
    assert [record.getMessage() for record in caplog.records] == ["the key server gave no keys"]
    published.error = None
    published.now_s += 1
    assert await published.lets_in(keys.token())


@pytest.mark.parametrize("error", FAILURES, ids=repr)
async def test_the_last_keys_go_on_counting_when_the_key_server_fails(
    published: Published, keys: SigningKeys, error: Exception
) -> None:
    assert await published.lets_in(keys.token())
    published.error = error
    published.now_s += 6000
    for _ in range(10):
        assert await published.lets_in(keys.token())
        assert not await published.lets_in(keys.token(kid="new"))
    assert published.asked == 2


async def test_a_set_without_keys_does_not_replace_the_last_one(published: Published, keys: SigningKeys) -> None:
    assert await published.lets_in(keys.token())
    published.body = b'{"keys": []}'
    published.now_s += 600
    assert await published.lets_in(keys.token())


async def test_odd_entries_of_a_set_are_passed_over(published: Published, keys: SigningKeys) -> None:
    odd: list[Any] = [
        7,
        None,
        [],
        {},
        {"kty": "RSA", "n": 5, "e": {}},
        {"kty": ["RSA"]},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA", "kid": "x"},
        {**keys.document()["keys"][-1], "kid": {"a": 1}},
    ]
    published.body = json.dumps({"keys": [*odd, *keys.document()["keys"]]}).encode()
    assert await published.lets_in(keys.token("EdDSA"))
    assert await published.lets_in(keys.token("RS256"))


@pytest.mark.e2e
async def test_an_answer_is_read_whole_and_within_bounds(keys: SigningKeys) -> None:
    async with key_server(keys.document()) as server:
        verifier = Authenticator(KeySet(url=server.url))
        assert (await verifier.verify(keys.token())).user_id == "ann"

        async def redirect() -> web.Response:
            return web.Response(status=302, headers={"Location": server.url})

        async def flood() -> web.Response:
            return web.Response(body=b" " * 300_000)

        for answer in (redirect, flood):
            server.answer = answer
            hits = server.hits
            with pytest.raises(Unavailable):
                await Authenticator(KeySet(url=server.url)).verify(keys.token())
            assert server.hits == hits + 1
