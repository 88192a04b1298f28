"""Tokens for tests: good ones, forged ones, and a key server that can be slow, dead or lying."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from tests.support.server import SECRET


def claims(sub: Any = "ann", **more: Any) -> dict[str, Any]:
    """Claims of a good token; a claim that is None is left out.

    It lives for two hours: tokens of parametrised tests are made long before the last of them runs.
    """
    given = {"sub": sub, "exp": int(time.time()) + 7200, **more}
    return {name: value for name, value in given.items() if value is not None}


def good(sub: str = "ann", **more: Any) -> str:
    """A token that the test servers accept."""
    return jwt.encode(claims(sub, **more), SECRET, algorithm="HS256")


def _part(value: object) -> str:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def handmade(header: object, payload: object, secret: bytes | None = SECRET.encode()) -> str:
    """A token of any header and payload (JSON or bytes), signed by HMAC with SHA-256, or not at all."""
    signed = f"{_part(header)}.{_part(payload)}"
    signature = b"" if secret is None else hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_part(signature)}"


class SigningKeys:
    """An RSA and an Ed25519 key pair with the ids `rsa` and `ed`."""

    def __init__(self) -> None:
        self._rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._ed = ed25519.Ed25519PrivateKey.generate()

    def token(self, algorithm: str = "RS256", *, kid: str | None = "", **more: Any) -> str:
        """A token by the key that the algorithm needs. `kid`: another id than that key's, None for none."""
        key, own_id = (self._ed, "ed") if algorithm == "EdDSA" else (self._rsa, "rsa")
        headers = None if kid is None else {"kid": kid or own_id}
        return jwt.encode(claims(**more), key, algorithm=algorithm, headers=headers)

    def document(self) -> dict[str, Any]:
        """The JSON Web Key Set, with keys of kinds that nobody should take among them."""
        ours = [
            {**RSAAlgorithm.to_jwk(self._rsa.public_key(), as_dict=True), "kid": "rsa"},
            {**OKPAlgorithm.to_jwk(self._ed.public_key(), as_dict=True), "kid": "ed"},
        ]
        others: list[Any] = [{"kty": "oct", "kid": "secret", "k": _part(SECRET.encode())}, {"kty": "RSA"}, 7]
        return {"keys": [*others, *ours]}

    def public_pem(self) -> bytes:
        """The RSA public key as its file would be."""
        return self._rsa.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class KeyServer:
    """Serves a key set; `answer` may be replaced, `hits` counts the requests."""

    def __init__(self, document: object) -> None:
        self.document = document
        self.hits = 0
        self.url = ""
        self.answer: Callable[[], Awaitable[web.Response]] = self.honest

    async def honest(self) -> web.Response:
        """The key set."""
        return web.json_response(self.document)

    def late(self, seconds: float) -> Callable[[], Awaitable[web.Response]]:
        """An answer that takes its time."""

        async def answer() -> web.Response:
            await asyncio.sleep(seconds)
            return await self.honest()

        return answer

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request."""
        self.hits += 1
        return await self.answer()


@contextlib.asynccontextmanager
async def key_server(document: object) -> AsyncIterator[KeyServer]:
    """A key server on a free loopback port for the length of a block."""
    keys = KeyServer(document)
    runner = web.ServerRunner(web.Server(keys.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    keys.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    try:
        yield keys
    finally:
        await runner.cleanup()
