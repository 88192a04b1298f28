"""Who somebody is: JSON Web Tokens (RFC 7519), by a shared secret or by published keys.

HS256 with the secret, or RS256 / EdDSA with a JSON Web Key Set (RFC 7517). Which of the two a
server accepts is fixed by its configuration, never by the token, and a token's algorithm must
be the one its key is made for; so a public key can not be passed off as a secret.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, Protocol

import aiohttp
import jwt
import orjson
from pydantic import TypeAdapter, ValidationError

from protocol.errors import Unauthenticated, Unavailable
from protocol.ids import IdString

log = logging.getLogger(__name__)

Key = tuple[Any, str]  # and the one algorithm that it may be used with
Scope = Literal["user", "ops", "moderator", "service"]
SCOPES: tuple[Scope, ...] = ("user", "ops", "moderator", "service")

_KEYS_FRESH_S = 600.0  # longer trusts a withdrawn key longer, shorter asks the key server more often
_KEYS_RETRY_S = 10.0  # at most one fetch for unknown key ids in this time: made-up ids must not hammer it
_KEYS_FIRST_RETRY_S = 1.0  # while there is no key at all nobody gets in, so it pays to ask more often
_KEYS_TIMEOUT_S = 3.0
_KEYS_MAX_BYTES = 256 * 1024
_ALGORITHMS = {"RSA": "RS256", "OKP": "EdDSA"}
# As in the API: no control characters, no halves of surrogate pairs, which no store could keep.
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,100}")
_LAST_MOMENT = 253_402_300_799  # the end of the year 9999: what comes after has no ISO 8601 form
_user_id: TypeAdapter[str] = TypeAdapter(IdString)


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified token. `expires_at` in seconds since 1970."""

    user_id: str
    name: str | None
    scope: Scope
    expires_at: float


class KeySource(Protocol):
    """Where the key for a token comes from."""

    async def key(self, header: dict[str, Any]) -> Key:
        """The key and the one algorithm that it may be used with. Raises `Unauthenticated` or `Unavailable`."""
        ...


class SharedSecret:
    """One secret for HS256."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def key(self, header: dict[str, Any]) -> Key:
        """The secret, whatever the header says."""
        return self._secret, "HS256"


class KeySet:
    """RS256 and EdDSA keys from a JWKS URL, or from a file that is read once.

    However many tokens come, the key server is asked by one request at a time: at most every 10 s, or every second
    while it has not given any key yet. When it fails, the keys that it gave last go on counting.
    """

    def __init__(
        self, *, url: str | None = None, path: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` in seconds. Raises `OSError` or `ValueError` when the file can not be used."""
        self._url = url
        self._clock = clock
        self._keys = {} if path is None else _parse_keys(path.read_bytes())
        self._asked_at = -math.inf
        self._read_at = -math.inf
        self._asking: asyncio.Task[None] | None = None

    async def key(self, header: dict[str, Any]) -> Key:
        """The key with the token's `kid`, or the only key there is when the token names none."""
        kid = header.get("kid")
        if self._url is not None and self._is_in_want(kid):
            await self._ask_together(self._url)
        if not self._keys:
            raise Unavailable("the keys for tokens can not be read at the moment")
        found = self._find(kid)
        if found is None:
            raise Unauthenticated("the token's key is not known")
        return found

    def _find(self, kid: str | None) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _is_in_want(self, kid: str | None) -> bool:
        return self._find(kid) is None or self._clock() - self._read_at >= _KEYS_FRESH_S

    async def _ask_together(self, url: str) -> None:
        """Wait for the answer to the request under way, or to a new one if it is time for that."""
        pause_s = _KEYS_RETRY_S if self._keys else _KEYS_FIRST_RETRY_S
        if self._asking is None and self._clock() - self._asked_at >= pause_s:
            self._asked_at = self._clock()
            self._asking = asyncio.create_task(self._ask(url))
        if self._asking is not None:
            await asyncio.shield(self._asking)

    async def _ask(self, url: str) -> None:
        try:
            self._keys = _parse_keys(await _fetch(url))
            self._read_at = self._clock()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("the key server gave no keys", extra={"cause": type(error).__name__})
        finally:
            self._asking = None


async def _fetch(url: str) -> bytes:
    """The body. A redirect is no answer: it could lead to where no TLS protects the keys."""
    body = bytearray()
    timeout = aiohttp.ClientTimeout(total=_KEYS_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
        if answer.status != HTTPStatus.OK:
            raise ValueError("not the status of an answer")
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > _KEYS_MAX_BYTES:
                raise ValueError("longer than any key set")
    return bytes(body)


def _parse_keys(body: bytes) -> dict[str | None, Key]:
    """The usable keys of a set by key id; others are passed over. Raises `ValueError` when there is none."""
    document = orjson.loads(body)
    keys: dict[str | None, Key] = {}
    for entry in document.get("keys") or () if isinstance(document, dict) else ():
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, LookupError):
            continue
        algorithm = _ALGORITHMS.get(key.key_type or "")
        if algorithm is not None and isinstance(key.key_id, str | None):
            keys[key.key_id] = (key.key, algorithm)
    if not keys:
        raise ValueError("a key set without a usable key")
    return keys


class Authenticator:
    """Verifies tokens."""

    def __init__(
        self, keys: KeySource, *, issuer: str | None = None, audience: str | None = None, leeway_s: float = 0
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s

    async def verify(self, token: object) -> Identity:
        """The identity in a token. Raises `Unauthenticated` with the reason, never with the token."""
        if not isinstance(token, str) or not token:
            raise Unauthenticated("the token must be a string")
        try:
            key, algorithm = await self._keys.key(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway_s,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired") from None
        except jwt.MissingRequiredClaimError as exc:
            raise Unauthenticated(f"the token has no {exc.claim}") from None
        except (jwt.PyJWTError, ValueError, ArithmeticError):
            raise Unauthenticated("the token is not valid") from None
        return _identity(claims)


def _identity(claims: dict[str, Any]) -> Identity:
    try:
        user_id = _user_id.validate_python(claims["sub"])
    except ValidationError:
        raise Unauthenticated("the token's sub is not a user id") from None
    scope, name = claims.get("scope", "user"), claims.get("name")
    if scope not in SCOPES:
        raise Unauthenticated("the token's scope is not known")
    if name is not None and (not isinstance(name, str) or not _NAME.fullmatch(name)):
        raise Unauthenticated("the token's name is not a short string")
    expires_at = float(min(int(claims["exp"]), _LAST_MOMENT))
    return Identity(user_id=user_id, name=name or None, scope=scope, expires_at=expires_at)


@dataclass(frozen=True, slots=True)
class TokenMint:
    """Signs HS256 tokens that the `Authenticator` of the same settings accepts."""

    secret: str
    issuer: str | None = None
    audience: str | None = None

    def make(self, *, user_id: str, name: str | None, scope: str, now_s: int, ttl_s: int) -> str:
        """A token for `user_id`, valid for `ttl_s` seconds from `now_s` (seconds since 1970)."""
        claims: dict[str, Any] = {"sub": user_id, "iat": now_s, "exp": now_s + ttl_s, "scope": scope}
        optional = {"name": name, "iss": self.issuer, "aud": self.audience}
        claims |= {key: value for key, value in optional.items() if value is not None}
        return jwt.encode(claims, self.secret, algorithm="HS256")
