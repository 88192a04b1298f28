"""Where options come from, which wins, and what is said about a wrong one."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavis.config import Config, ConfigError
from visavis.config_doc import bounds
from visavis.config_load import ensure_data_dir, ensure_dev_secret, load_config, sections

SECRET = "a-secret-that-nobody-may-read-in-a-log-line"
DEV = {"VISAVIS_SERVER__DEV": "true"}
NUMBERS = [
    (section, key, field)
    for section, model in sections().items()
    for key, field in model.model_fields.items()
    if field.annotation in (int, float)
]


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "visavis.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def refusal(
    *,
    file: Path | None = None,
    env: Mapping[str, str] = DEV,
    options: Mapping[tuple[str, str], tuple[str, str]] | None = None,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(file=file, env=env, options=options)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert SECRET not in text
    return text


def test_nothing_given_but_dev_is_the_defaults() -> None:
    config = load_config(env=DEV)
    assert config == Config(server=config.server)
    assert config.server.dev


def test_later_sources_win(tmp_path: Path) -> None:
    file = write(tmp_path, "[server]\nport = 1\nhost = '::1'\ndata = 'a'\ndev = true\n[limits]\nmessages_burst = 7\n")
    env = {"VISAVIS_SERVER__PORT": "2", "VISAVIS_SERVER__HOST": "127.0.0.2"}
    config = load_config(file=file, env=env, options={("server", "port"): ("3", "--port")})
    assert (config.server.port, config.server.host, str(config.server.data)) == (3, "127.0.0.2", "a")
    assert config.limits.messages_burst == 7


def test_a_file_may_hold_every_type(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        f"""
        [server]
        allowed_origins = ["https://a.example", "https://b.example"]
        [auth]
        secret = "{SECRET}"
        issuer = "me"
        [signalling]
        ping_interval_s = 1
        presence_grace_s = 0.5
        [monitoring]
        log_format = "json"
        """,
    )
    config = load_config(file=file, env={})
    assert config.server.allowed_origins == ("https://a.example", "https://b.example")
    assert config.auth.secret is not None
    assert config.auth.secret.get_secret_value() == SECRET
    assert (config.signalling.ping_interval_s, config.signalling.presence_grace_s) == (1, 0.5)
    assert config.monitoring.log_format == "json"


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("TRUE", True), ("false", False), ("0", False), (" 0 ", False)]
)
def test_booleans_of_the_environment(text: str, value: bool) -> None:
    assert load_config(env={**DEV, "VISAVIS_SERVER__I_KNOW": text}).server.i_know is value


def test_lists_of_the_environment_are_separated_by_commas() -> None:
    env = {**DEV, "VISAVIS_SERVER__ALLOWED_ORIGINS": "https://a.example, https://b.example,"}
    assert load_config(env=env).server.allowed_origins == ("https://a.example", "https://b.example")
    assert load_config(env={**DEV, "VISAVIS_SERVER__ALLOWED_ORIGINS": ""}).server.allowed_origins == ()


def test_an_empty_variable_unsets_an_option_without_default(tmp_path: Path) -> None:
    file = write(tmp_path, '[auth]\nissuer = "me"\n')
    assert load_config(file=file, env={**DEV, "VISAVIS_AUTH__ISSUER": ""}).auth.issuer is None


def test_variables_of_others_and_of_later_issues_are_ignored() -> None:
    env = {**DEV, "REDIS_URL": "redis://x", "N8N_WEBHOOK_URL": "http://x", "PATH": "/bin", "visavis_x": "y"}
    assert load_config(env=env) == load_config(env=DEV)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("VISAVIS_SERVER__PORT", "70000", "70000 is out of range; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__PORT", "-1", "-1 is out of range; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__PORT", "x", "x is of the wrong type; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__PORT", "1.0", "1.0 is of the wrong type; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__PORT", "٣", "٣ is of the wrong type; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__PORT", "", "an empty text is of the wrong type; allowed: a whole number from 0 to 65535"),
        ("VISAVIS_SERVER__DEV", "yes", "yes is of the wrong type; allowed: true or false"),
        ("VISAVIS_SERVER__HOST", "", "an empty text is too short or too long; allowed: a text"),
        ("VISAVIS_SERVER__HOST", "a\nb", "'a\\nb' must be a host name or an address"),
        ("VISAVIS_SERVER__DATA", "", "an empty text must not be empty"),
        ("VISAVIS_SERVER__DATA", "a?b", "a?b must be a path of printable characters without a question mark"),
        ("VISAVIS_ROOMS__TYPING_LAPSE_S", "nan", "nan is of the wrong type; allowed: a number from 0.1 to 60"),
        ("VISAVIS_ROOMS__TYPING_LAPSE_S", "1e9", "1e9 is of the wrong type; allowed: a number from 0.1 to 60"),
        ("VISAVIS_ASSIST__DEFAULT_LANG", "fr", "fr is not one of the known values; allowed: en, zh"),
        ("VISAVIS_AUTH__JWKS_URL", "http://a.b", "http://a.b must be an https URL (http only on this machine)"),
    ],
)
def test_a_wrong_value_is_told_with_key_source_and_what_is_allowed(variable: str, value: str, expected: str) -> None:
    key = variable.removeprefix("VISAVIS_").lower().replace("__", ".")
    assert refusal(env={**DEV, variable: value}) == f"{key} ({variable}): {expected}"


def test_the_source_of_a_wrong_value_is_its_last_one(tmp_path: Path) -> None:
    file = write(tmp_path, "[server]\nport = 'x'\n")
    assert refusal(file=file).startswith("server.port (file visavis.toml): x is of the wrong type")
    options = {("server", "port"): ("y", "--port")}
    assert refusal(file=file, options=options).startswith("server.port (--port): y is of the wrong type")
    assert load_config(file=file, env={**DEV, "VISAVIS_SERVER__PORT": "9"}).server.port == 9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[serv]\n", "serv (file visavis.toml): unknown section; did you mean server?"),
        ("port = 1\n", "port (file visavis.toml): unknown section"),
        ("server = 1\n", "server (file visavis.toml): is not a section; allowed: a table [server]"),
        ("[[server]]\n", "server (file visavis.toml): is not a section; allowed: a table [server]"),
        ("[server]\nprot = 1\n", "server.prot (file visavis.toml): unknown key; did you mean port?"),
        ('[server]\n"a\\nb" = 1\n', "server.'a\\nb' (file visavis.toml): unknown key"),
        ("[server]\nport = true\n", "True is of the wrong type"),
        ("[server]\nport = 8080.0\n", "8080.0 is of the wrong type"),
        ("[server]\nport = 2000-01-01\n", "is of the wrong type"),
        ("[server]\nport = 99999999999999999999999\n", "is out of range"),
        ("[server]\nport = 0x" + "f" * 5000, "a very large number is out of range"),
        ("[server]\nport = " + "9" * 5000, "is not valid TOML"),
        ("[server]\nport = " + "[" * 5000, "is not valid TOML"),
        ("[server]\nport = \n", "--config: "),
        ("[server]\nallowed_origins = 'https://a.b'\n", "is of the wrong type"),
        ("[server]\nallowed_origins = [1]\n", "[1] is of the wrong type"),
        ("[server]\ndata = 1\n", "1 is of the wrong type; allowed: a path"),
        ("[rooms]\ntyping_lapse_s = nan\n", "nan is out of range"),
        ("[rooms]\ntyping_lapse_s = inf\n", "inf is out of range"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"#" * (1024 * 1024 + 1), "is larger than 1 MiB"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert expected in refusal(file=write(tmp_path, text))


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    assert "can not be read (No such file or directory)" in refusal(file=tmp_path / "none.toml")
    assert "can not be read (Is a directory)" in refusal(file=tmp_path)


def test_an_unknown_variable_is_told_with_the_nearest() -> None:
    assert refusal(env={**DEV, "VISAVIS_SERVER__PROT": SECRET}) == (
        "VISAVIS_SERVER__PROT (environment): unknown variable; did you mean VISAVIS_SERVER__PORT?"
    )
    assert "unknown variable" in refusal(env={**DEV, "VISAVIS_\udcff": "1"})


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("VISAVIS_AUTH__SECRET", SECRET[:31], "must have at least 32 bytes"),
        ("VISAVIS_AUTH__SECRET", SECRET + "\udcff", "must be UTF-8 text"),
        ("VISAVIS_DATABASE__URL", f"postgresql://u:{SECRET}@h/d", "other databases are not supported yet"),
        ("VISAVIS_DATABASE__URL", f"sqlite:///a?{SECRET}", "must name a file, without options"),
        ("VISAVIS_DATABASE__URL", "sqlite:///:memory:", "must name a file, without options"),
        ("VISAVIS_DATABASE__URL", "sqlite:///", "must name a file, without options"),
    ],
)
def test_a_wrong_secret_is_told_without_its_value(variable: str, value: str, expected: str) -> None:
    text = refusal(env={variable: value})
    assert expected in text
    assert value[:20] not in text


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    text = refusal(file=write(tmp_path, "[auth]\nsecret = 12345678\n"))
    assert text == "auth.secret (file visavis.toml): is of the wrong type; allowed: a text"


def test_without_development_mode_something_must_sign_tokens() -> None:
    assert refusal(env={}).startswith("auth: nothing says who signs the tokens")
    assert load_config(env={}, need_auth=False) == Config()
    assert load_config(env={"VISAVIS_AUTH__SECRET": SECRET}).auth.secret is not None
    assert load_config(env={"VISAVIS_AUTH__JWKS_URL": "https://a.example/k"}).auth.jwks_url is not None


def test_two_sources_of_keys_are_refused(tmp_path: Path) -> None:
    env = {"VISAVIS_AUTH__SECRET": SECRET, "VISAVIS_AUTH__JWKS_URL": "https://a.example/k"}
    assert refusal(env=env) == "auth: auth.secret and auth.jwks_url are set together; allowed: one of them"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.org", "::"])
def test_development_mode_stays_on_this_machine_unless_insisted(host: str) -> None:
    env = {**DEV, "VISAVIS_SERVER__HOST": host}
    assert "allowed: a loopback address, or --i-know" in refusal(env=env)
    assert load_config(env={**env, "VISAVIS_SERVER__I_KNOW": "1"}).server.host == host
    assert load_config(env={"VISAVIS_SERVER__HOST": host, "VISAVIS_AUTH__SECRET": SECRET}).server.host == host


def test_a_frame_must_hold_a_payload() -> None:
    env = {**DEV, "VISAVIS_SIGNALLING__MAX_FRAME_BYTES": "4096"}
    assert "allowed: 65536 or more" in refusal(env=env)
    config = load_config(env={**env, "VISAVIS_SIGNALLING__MAX_PAYLOAD_BYTES": "4096"})
    assert config.signalling.max_payload_bytes == config.signalling.max_frame_bytes


def test_a_secret_file_is_read_without_the_spaces_around(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"\n {SECRET}\n")
    config = load_config(env={"VISAVIS_AUTH__SECRET_FILE": str(file)})
    assert config.auth.secret is not None
    assert config.auth.secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"short", "must have at least 32 bytes"),
        (b"\xff" * 40, "must be UTF-8 text"),
        (b"", "must have at least 32 bytes"),
        (b"a" * (1024 * 1024 + 1), "is larger than 1 MiB"),
        (None, "can not be read"),
    ],
)
def test_a_secret_file_that_holds_none_is_told(tmp_path: Path, content: bytes | None, expected: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    text = refusal(env={"VISAVIS_AUTH__SECRET_FILE": str(file)})
    assert text.startswith("auth.secret_file (VISAVIS_AUTH__SECRET_FILE): ")
    assert expected in text


def test_a_key_set_file_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    env = {"VISAVIS_AUTH__JWKS_FILE": str(file)}
    file.write_text(json.dumps({"keys": [{"kty": "OKP"}]}))
    assert load_config(env=env).auth.jwks_file == file
    for wrong in ("", "[]", "{}", '{"keys": []}', '{"keys": 1}', "[" * 100_000, "\xff"):
        file.write_text(wrong, encoding="latin-1")
        assert "is not a key set" in refusal(env=env)


@pytest.mark.parametrize(("section", "key", "field"), NUMBERS)
def test_the_bounds_are_allowed_and_their_neighbours_are_not(section: str, key: str, field: Any) -> None:
    low, high = bounds(field) or (0, 0)
    name = f"VISAVIS_{section}__{key}".upper()
    # A frame may not be smaller than a payload.
    env = {**DEV, "VISAVIS_SIGNALLING__MAX_PAYLOAD_BYTES": "1024", "VISAVIS_SIGNALLING__MAX_FRAME_BYTES": "67108864"}
    for good in (low, high):
        assert getattr(getattr(load_config(env={**env, name: str(good)}), section), key) == good
    for bad in (low - 1, high + 1):
        assert "is out of range" in refusal(env={**env, name: str(bad)})


@given(limit=st.integers(1, 10**9))
def test_a_limit_is_any_whole_number_up_to_a_milliard(limit: int) -> None:
    for key in sections()["limits"].model_fields:
        config = load_config(env={**DEV, f"VISAVIS_LIMITS__{key.upper()}": str(limit)})
        assert getattr(config.limits, key) == limit


KEYS = [(section, key) for section, model in sections().items() for key in model.model_fields]


def outcome(**sources: Any) -> str:
    """What the loader says: nothing, or its one line."""
    try:
        load_config(**sources)
    except ConfigError as error:
        return str(error)
    return ""


@given(key=st.sampled_from(KEYS), text=st.text(max_size=200))
def test_any_text_is_taken_or_refused_in_one_line(key: tuple[str, str], text: str) -> None:
    said = outcome(env=DEV, options={key: (text, "--x")})
    assert said.isprintable()
    assert not said or key[1] in said or said.startswith("auth")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), content=st.binary(max_size=100))
def test_any_file_is_taken_or_refused_in_one_line(tmp_path: Path, key: tuple[str, str], content: bytes) -> None:
    file = write(tmp_path, f"[{key[0]}]\n{key[1]} = ".encode() + content)
    assert outcome(file=file, env=DEV).isprintable()


def in_folder(folder: Path, **more: str) -> Config:
    return load_config(env={**DEV, "VISAVIS_SERVER__DATA": str(folder), **more})


def test_the_data_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"
    ensure_data_dir(in_folder(data))
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert list(data.iterdir()) == []


def test_a_data_directory_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for data in (file, file / "below"):
        with pytest.raises(ConfigError, match=r"^server\.data: .* can not be written \("):
            ensure_data_dir(in_folder(data))


def test_the_development_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first, second = ensure_dev_secret(in_folder(tmp_path)), ensure_dev_secret(in_folder(tmp_path))
    assert first.auth.secret is not None
    assert first.auth.secret == second.auth.secret
    assert len(first.auth.secret.get_secret_value()) >= 43
    assert [file.name for file in tmp_path.iterdir()] == ["dev-secret"]
    assert stat.S_IMODE((tmp_path / "dev-secret").stat().st_mode) == 0o600


def test_each_data_directory_has_a_development_secret_of_its_own(tmp_path: Path) -> None:
    one, other = ensure_dev_secret(in_folder(tmp_path / "1")), ensure_dev_secret(in_folder(tmp_path / "2"))
    assert one.auth.secret != other.auth.secret


def test_a_configured_key_is_left_as_it_is(tmp_path: Path) -> None:
    for more in (
        {"VISAVIS_AUTH__SECRET": SECRET},
        {"VISAVIS_AUTH__JWKS_URL": "https://a.example/k"},
        {"VISAVIS_AUTH__SECRET": SECRET, "VISAVIS_SERVER__DEV": "0"},
    ):
        config = in_folder(tmp_path / "data", **more)
        assert ensure_dev_secret(config) is config
    assert not (tmp_path / "data").exists()


def test_the_first_of_two_processes_decides_the_development_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other process has written its file between our look and our link.
    (tmp_path / "dev-secret").write_text(SECRET)
    monkeypatch.setattr(Path, "exists", lambda self: False)
    config = ensure_dev_secret(in_folder(tmp_path))
    assert config.auth.secret is not None
    assert config.auth.secret.get_secret_value() == SECRET
    assert os.listdir(tmp_path) == ["dev-secret"]


def test_a_damaged_development_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / "dev-secret").write_text("short")
    with pytest.raises(ConfigError, match="must have at least 32 bytes"):
        ensure_dev_secret(in_folder(tmp_path))


def test_a_development_secret_that_can_not_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        ensure_dev_secret(in_folder(tmp_path))
    assert list(tmp_path.iterdir()) == []
