"""The tokens of `visavis token`."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from visavis.config import Config, ConfigError
from visavis.config_load import ensure_dev_secret, load_config
from visavis.tokens import make_token, with_signing_secret

SECRET = "a-secret-of-more-than-thirty-two-bytes"


def config(folder: Path, **env: str) -> Config:
    variables = {f"VISAVIS_{key}": value for key, value in env.items()}
    return load_config(env={"VISAVIS_SERVER__DATA": str(folder), **variables}, need_auth=False)


def claims(token: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}, **options
    )
    return found


def test_a_token_carries_user_times_and_scope(tmp_path: Path) -> None:
    token = make_token(config(tmp_path, AUTH__SECRET=SECRET), sub="ann", name=None, scope="user", ttl=None, now_s=1000)
    assert claims(token) == {"sub": "ann", "iat": 1000, "exp": 1000 + 86400, "scope": "user"}


def test_a_token_carries_what_the_configuration_asks_for(tmp_path: Path) -> None:
    settings = config(tmp_path, AUTH__SECRET=SECRET, AUTH__ISSUER="us", AUTH__AUDIENCE="app")
    token = make_token(settings, sub="ann", name="Ann 安", scope="ops", ttl="5", now_s=1000)
    assert claims(token, issuer="us", audience="app") == {
        "sub": "ann", "iat": 1000, "exp": 1005, "scope": "ops", "name": "Ann 安", "iss": "us", "aud": "app",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [
        ({"sub": ""}, "--sub"),
        ({"sub": "a\n"}, "--sub"),
        ({"sub": " a"}, "--sub"),
        ({"sub": "x" * 129}, "--sub"),
        ({"sub": "\udcff"}, "--sub"),
        ({"name": ""}, "--name"),
        ({"name": "a\nb"}, "--name"),
        ({"name": "x" * 101}, "--name"),
        ({"ttl": "0"}, "--ttl"),
        ({"ttl": "-1"}, "--ttl"),
        ({"ttl": "1.5"}, "--ttl"),
        ({"ttl": "x"}, "--ttl"),
        ({"ttl": "99999999999"}, "--ttl"),
        ({"ttl": "31536001"}, "--ttl"),
    ],
)
def test_a_token_that_nobody_would_take_is_not_made(tmp_path: Path, wrong: dict[str, Any], flag: str) -> None:
    given: dict[str, Any] = {"sub": "ann", "name": None, "scope": "user", "ttl": None, **wrong}
    with pytest.raises(ConfigError, match=f"^{flag}: "):
        make_token(config(tmp_path, AUTH__SECRET=SECRET), **given)


def test_the_secret_of_an_earlier_development_run_signs(tmp_path: Path) -> None:
    made = ensure_dev_secret(config(tmp_path, SERVER__DEV="1"))
    assert with_signing_secret(config(tmp_path)).auth.secret == made.auth.secret
    assert with_signing_secret(config(tmp_path, SERVER__DEV="1")).auth.secret == made.auth.secret


def test_without_anything_to_sign_with_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to sign with"):
        with_signing_secret(config(tmp_path))


def test_a_key_set_can_not_sign(tmp_path: Path) -> None:
    for more in ({}, {"SERVER__DEV": "1"}):
        with pytest.raises(ConfigError, match="only a key set is configured"):
            with_signing_secret(config(tmp_path, AUTH__JWKS_URL="https://a.example/k", **more))
