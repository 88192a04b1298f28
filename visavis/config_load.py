"""From a file, the environment and the command line to one checked `Config`.

Later sources win: defaults, TOML file, `VISAVIS_<SECTION>__<KEY>`, command line.
Everything that is wrong becomes a `ConfigError` of one line that names the key,
where it came from, what is wrong and what is allowed, and never shows a secret.
"""

import contextlib
import difflib
import json
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from .config import AuthConfig, Config, ConfigError, Section, is_loopback
from .config_doc import allowed, holds_secret, kind_of

ENV_PREFIX: Final = "VISAVIS_"
DEV_SECRET_FILE: Final = "dev-secret"
_MAX_FILE_BYTES: Final = 1024 * 1024
_MAX_SHOWN: Final = 60
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", re.ASCII)
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class _Given:
    value: Any
    source: str


_Key = tuple[str, str]
_Tree = dict[_Key, _Given]


def sections() -> dict[str, type[Section]]:
    """The sections of the tree by name, in the order of their declaration."""
    found: dict[str, type[Section]] = {}
    for name, field in Config.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found[name] = field.annotation
    return found


def load_config(
    *,
    file: Path | None = None,
    env: Mapping[str, str],
    options: Mapping[_Key, tuple[str, str]] | None = None,
    need_auth: bool = True,
) -> Config:
    """The effective configuration.

    `env` is the environment, `options` what the command line gave:
    `{("server", "port"): ("8080", "--port")}`. Secret and key files are read here,
    so that a wrong one is told before anything starts; the data directory is not
    touched. `need_auth` is off for commands that verify no tokens. Raises ConfigError.
    """
    given: _Tree = {}
    if file is not None:
        given.update(_from_file(file))
    given.update(_from_env(env))
    for key, (text, flag) in (options or {}).items():
        given[key] = _Given(_from_text(key, text), flag)
    config = _validated(given)
    _check_auth(config, need_auth=need_auth)
    _check_together(config)
    _check_jwks_file(config, given)
    return _with_secret_file(config, given)


def ensure_data_dir(config: Config) -> None:
    """Make the data directory if need be and prove that files can be written there. Raises ConfigError."""
    data = config.server.data
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        _fail(f"server.data: {_shown(str(data))} can not be written ({error.strerror}); a directory is needed")


def ensure_dev_secret(config: Config) -> Config:
    """In development mode without secret and keys: a secret from `<data>/dev-secret`.

    It is made at the first call and kept, so that tokens outlive a restart. Any other
    configuration comes back as it is. Raises ConfigError.
    """
    if not config.server.dev or _token_sources(config):
        return config
    ensure_data_dir(config)
    path = config.server.data / DEV_SECRET_FILE
    try:
        if not path.exists():
            _create_private(path, secrets.token_urlsafe(48) + "\n")
    except OSError as error:
        _fail(f"server.data: {_shown(str(path))} can not be written ({error.strerror})")
    return with_secret_from(config, path, "server.data")


def with_secret_from(config: Config, path: Path, key: str) -> Config:
    """The configuration with the secret in `path`; `key` is the option to blame. Raises ConfigError."""
    try:
        text = _read(path, key).decode().strip()
    except UnicodeDecodeError:
        _fail(f"{key}: the secret in {_shown(str(path))} must be UTF-8 text")
    try:
        auth = AuthConfig(secret=SecretStr(text))
    except ValidationError as error:
        _fail(f"{key}: the secret in {_shown(str(path))} {_reason(error.errors()[0])}")
    return config.model_copy(update={"auth": config.auth.model_copy(update={"secret": auth.secret})})


def _create_private(path: Path, text: str) -> None:
    # Written aside and linked: a second process sees no half-written secret, and the
    # first of two to arrive decides.
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=".dev-secret-")  # mode 0600
    try:
        with os.fdopen(fd, "w") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)


def _from_file(path: Path) -> _Tree:
    raw = _read(path, "--config")
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        _fail(f"--config: {_shown(str(path))} is not UTF-8 text")
    except (ValueError, RecursionError) as error:
        _fail(f"--config: {_shown(str(path))} is not valid TOML: {_shown(str(error))}")
    source = f"file {_shown(path.name)}"
    known = sections()
    given: _Tree = {}
    for section, body in document.items():
        if section not in known:
            _fail(f"{_name(section)} ({source}): unknown section{_nearest(section, known)}")
        if not isinstance(body, dict):
            _fail(f"{section} ({source}): is not a section; allowed: a table [{section}]")
        fields = known[section].model_fields
        for key, value in body.items():
            if key not in fields:
                _fail(f"{section}.{_name(key)} ({source}): unknown key{_nearest(key, fields)}")
            given[section, key] = _Given(value, source)
    return given


def _from_env(env: Mapping[str, str]) -> _Tree:
    names = {
        f"{ENV_PREFIX}{section}__{key}".upper(): (section, key)
        for section, model in sections().items()
        for key in model.model_fields
    }
    given: _Tree = {}
    for variable in sorted(env):
        if not variable.startswith(ENV_PREFIX):
            continue
        if variable not in names:
            _fail(f"{_name(variable)} (environment): unknown variable{_nearest(variable, names)}")
        key = names[variable]
        given[key] = _Given(_from_text(key, env[variable]), variable)
    return given


def _from_text(key: _Key, text: str) -> Any:
    """The value a string stands for, or the string itself, which validation then refuses."""
    kind, optional = kind_of(sections()[key[0]].model_fields[key[1]])
    stripped = text.strip()
    if not stripped and optional:
        return None
    match kind:
        case "boolean":
            return _TRUTH.get(stripped.lower(), text)
        case "whole number":
            return int(stripped) if _WHOLE.fullmatch(stripped) else text
        case "number":
            return float(stripped) if _NUMBER.fullmatch(stripped) else text
        case "list":
            return [item for part in text.split(",") if (item := part.strip())]
        case _:
            return text


def _validated(given: _Tree) -> Config:
    tree: dict[str, dict[str, Any]] = {}
    for (section, key), entry in given.items():
        tree.setdefault(section, {})[key] = entry.value
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
    section, key = str(details["loc"][0]), str(details["loc"][1])
    field = sections()[section].model_fields[key]
    entry = given[section, key]
    wrong = _reason(details)
    if not holds_secret(field):
        wrong = f"{_shown(entry.value)} {wrong}"
    if details["type"] != "value_error":  # our own validators say what is allowed
        wrong += f"; allowed: {allowed(field)}"
    _fail(f"{section}.{key} ({entry.source}): {wrong}")


def _reason(details: ErrorDetails) -> str:
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"])
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            return "is out of range"
        case "literal_error":
            return "is not one of the known values"
        case "string_too_short" | "string_too_long":
            return "is too short or too long"
        case _:
            return "is of the wrong type"


def _with_secret_file(config: Config, given: _Tree) -> Config:
    path = config.auth.secret_file
    if path is None:
        return config
    return with_secret_from(config, path, f"auth.secret_file ({given['auth', 'secret_file'].source})")


def _check_jwks_file(config: Config, given: _Tree) -> None:
    path = config.auth.jwks_file
    if path is None:
        return
    key = f"auth.jwks_file ({given['auth', 'jwks_file'].source})"
    try:
        document = json.loads(_read(path, key))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list) or not document["keys"]:
        _fail(f'{key}: {_shown(str(path))} is not a key set; allowed: JSON like {{"keys": [...]}}')


def _token_sources(config: Config) -> list[str]:
    names = ("secret", "secret_file", "jwks_url", "jwks_file")
    return [f"auth.{name}" for name in names if getattr(config.auth, name) is not None]


def _check_auth(config: Config, *, need_auth: bool) -> None:
    sources = _token_sources(config)
    # Which algorithm is accepted must follow from the configuration alone, so there is one source.
    if len(sources) > 1:
        _fail(f"auth: {' and '.join(sources)} are set together; allowed: one of them")
    if need_auth and not sources and not config.server.dev:
        _fail(
            "auth: nothing says who signs the tokens; set auth.secret, auth.secret_file, auth.jwks_url or"
            " auth.jwks_file, or try it out with --dev"
        )


def _check_together(config: Config) -> None:
    server, signalling = config.server, config.signalling
    if server.dev and not server.i_know and not is_loopback(server.host):
        _fail(
            f"server.dev: development mode lets anyone be anyone, and server.host {_shown(server.host)} can be"
            " reached by others; allowed: a loopback address, or --i-know"
        )
    if signalling.max_frame_bytes < signalling.max_payload_bytes:
        _fail(
            f"signalling.max_frame_bytes: {signalling.max_frame_bytes} is less than"
            f" signalling.max_payload_bytes; allowed: {signalling.max_payload_bytes} or more"
        )


def _read(path: Path, key: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        _fail(f"{key}: {_shown(str(path))} can not be read ({error.strerror})")
    if len(raw) > _MAX_FILE_BYTES:
        _fail(f"{key}: {_shown(str(path))} is larger than 1 MiB")
    return raw


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name) else _shown(name)


def _shown(value: object) -> str:
    """A value as it may stand in an error: short, on one line, without control characters."""
    try:
        text = value if isinstance(value, str) and value.isprintable() else ascii(value)
    except ValueError:  # a number of more digits than Python converts
        text = "a very large number"
    if text == "":
        return "an empty text"
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _fail(text: str) -> NoReturn:
    raise ConfigError(text) from None
