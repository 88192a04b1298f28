"""The tokens that `visavis token` prints."""

import re
import time

from pydantic import TypeAdapter, ValidationError

from protocol.ids import IdString
from signalling.auth import TokenMint

from .config import MAX_TOKEN_TTL_S, Config, ConfigError
from .config_load import DEV_SECRET_FILE, ensure_dev_secret, with_secret_from

NAME_MAX_CHARS = 100


def with_signing_secret(config: Config) -> Config:
    """`config` with the secret that signs: the configured one, or that of development mode.

    Without `--dev` the secret of an earlier development run in the same data directory
    is taken: a server outside of development mode never accepts it. Raises ConfigError.
    """
    if config.auth.jwks_url is not None or config.auth.jwks_file is not None:
        raise ConfigError("auth: only a key set is configured; who holds its private key signs the tokens")
    config = ensure_dev_secret(config)
    dev_secret = config.server.data / DEV_SECRET_FILE
    if config.auth.secret is None and dev_secret.exists():
        config = with_secret_from(config, dev_secret, "server.data")
    if config.auth.secret is None:
        raise ConfigError("auth: nothing to sign with; set auth.secret or auth.secret_file, or use --dev")
    return config


def make_token(
    config: Config, *, sub: str, name: str | None, scope: str, ttl: str | None, now_s: int | None = None
) -> str:
    """An HS256 token with all the claims this configuration asks for.

    `ttl` is the text of the option, in seconds; `now_s` is for tests. Raises ConfigError.
    """
    try:
        TypeAdapter(IdString).validate_python(sub)
        sub.encode()
    except (ValidationError, UnicodeEncodeError):
        raise ConfigError("--sub: is not a user id; allowed: 1 to 128 printable characters") from None
    if name is not None and (not name.isprintable() or not 0 < len(name) <= NAME_MAX_CHARS):
        raise ConfigError(f"--name: is no name; allowed: 1 to {NAME_MAX_CHARS} printable characters")
    now_s = int(time.time()) if now_s is None else now_s
    return mint_of(config).make(user_id=sub, name=name, scope=scope, now_s=now_s, ttl_s=_ttl_s(config, ttl))


def mint_of(config: Config) -> TokenMint:
    """What signs tokens that this configuration accepts; it must have a secret."""
    auth = config.auth
    assert auth.secret is not None, "use with_signing_secret first"
    return TokenMint(auth.secret.get_secret_value(), issuer=auth.issuer, audience=auth.audience)


def _ttl_s(config: Config, text: str | None) -> int:
    if text is None:
        return config.auth.dev_token_ttl_s
    if not (re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= MAX_TOKEN_TTL_S):
        raise ConfigError(f"--ttl: is out of range; allowed: a whole number of seconds from 1 to {MAX_TOKEN_TTL_S}")
    return int(text)
