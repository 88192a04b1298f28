"""The declarations of every option."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from media.sdp.answer import LocalCandidate
from visavis.config import (
    AuthConfig,
    Config,
    DatabaseConfig,
    MediaConfig,
    Section,
    ServerConfig,
    host_and_port,
    is_loopback,
)
from visavis.config_doc import bounds
from visavis.config_load import sections


def test_the_tree_is_frozen_and_takes_no_unknown_keys() -> None:
    models: list[type[Section]] = [Config, *sections().values()]
    for model in models:
        assert model.model_config["frozen"]
        assert model.model_config["extra"] == "forbid"
        assert issubclass(model, Section)


def test_every_option_says_its_effect_and_every_number_its_bounds() -> None:
    for name, model in sections().items():
        assert model.__doc__, name
        for key, field in model.model_fields.items():
            assert field.description, f"{name}.{key}"
            assert field.description.endswith("."), f"{name}.{key}"
            if field.annotation in (int, float):
                limits = bounds(field)
                assert limits is not None, f"{name}.{key}"
                assert limits[0] <= field.default <= limits[1], f"{name}.{key}"


def test_the_defaults_are_those_of_the_contract() -> None:
    config = Config()
    assert (config.server.host, config.server.port, config.server.dev) == ("127.0.0.1", 8080, False)
    assert (config.media.host, config.media.port) == ("auto", 40000)
    limits = config.limits
    assert (limits.messages_per_second, limits.messages_burst, limits.ring_attempts) == (10, 30, 5)
    assert (limits.connections_per_user, limits.connects_per_second, limits.events_per_second) == (20, 100, 50)
    assert (limits.suggestions_per_minute, limits.message_chars) == (20, 4000)
    assert config.signalling.max_payload_bytes == 64 * 1024
    assert config.signalling.malformed_per_10s == 20
    assert config.rooms.typing_lapse_s == 6
    assert config.assist.dead_air_s == 7


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_loopback_hosts_are_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example.org", ""])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["", "a b", "http://a", "a\n", "u@h", "x" * 254])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        ServerConfig(host=host)
    with pytest.raises(ValidationError):
        MediaConfig(announce=host)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:5000", ("192.0.2.1", 5000)),
        ("media.example.org:65535", ("media.example.org", 65535)),
        ("2001:db8::2", ("2001:db8::2", None)),
        ("2001:DB8:0::2", ("2001:db8::2", None)),
        ("::ffff:192.0.2.1", (str(IPv6Address("::ffff:192.0.2.1")), None)),
        ("[2001:db8::2]", ("2001:db8::2", None)),
        ("[2001:db8::2]:5000", ("2001:db8::2", 5000)),
    ],
)
def test_what_is_announced_has_a_host_and_perhaps_a_port(text: str, parts: tuple[str, int | None]) -> None:
    assert host_and_port(text) == parts
    assert MediaConfig(announce=text).announce == text
    # What an answer takes.
    assert LocalCandidate(parts[0], parts[1] or 1).host == parts[0]


@pytest.mark.parametrize(
    "text",
    ["a:", ":1", "a:0", "a:65536", "a:b", "a:1:2", "[::1", "[a]:1", "[::1]x", "fe80::1%eth0", "1:2:3", "a_b", "ü"],
)
def test_what_can_not_be_announced_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must "):
        host_and_port(text)
    with pytest.raises(ValidationError):
        MediaConfig(announce=text)


@given(st.text("0123456789abfx.:[]-%", max_size=24) | st.text(max_size=12))
def test_whatever_can_be_announced_fits_an_answer(text: str) -> None:
    try:
        host, port = host_and_port(text)
    except ValueError:
        return
    assert LocalCandidate(host, port or 1).host == host
    assert port is None or int(text.rpartition(":")[2]) == port


@pytest.mark.parametrize("origin", ["https://example.org", "http://127.0.0.1:3000"])
def test_an_origin_is_scheme_host_and_port(origin: str) -> None:
    assert ServerConfig(allowed_origins=(origin,)).allowed_origins == (origin,)


@pytest.mark.parametrize(
    "origin", ["https://example.org/", "example.org", "*", "ftp://a", "https://", "null", "http://[x"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError):
        ServerConfig(allowed_origins=(origin,))


@pytest.mark.parametrize("url", ["https://id.example.org/keys", "http://127.0.0.1:9/k", "http://localhost/k"])
def test_keys_come_over_https_or_from_this_machine(url: str) -> None:
    assert AuthConfig(jwks_url=url).jwks_url == url


@pytest.mark.parametrize("url", ["http://id.example.org/keys", "https://", "file:///etc/keys", "", "http://[x"])
def test_keys_from_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        AuthConfig(jwks_url=url)


def test_the_database_is_a_file_in_the_data_directory_by_default() -> None:
    config = Config(server=ServerConfig.model_validate({"data": "/srv/v"}))
    assert config.database_url() == "sqlite:////srv/v/visavis.db"


def test_a_relative_data_directory_becomes_absolute() -> None:
    assert Config().database_url().startswith("sqlite:////")


@pytest.mark.parametrize("given", ["sqlite:////srv/a.db", "sqlite+aiosqlite:////srv/a.db"])
def test_both_ways_to_write_a_sqlite_url_mean_the_same(given: str) -> None:
    config = Config(database=DatabaseConfig.model_validate({"url": given}, strict=False))
    assert config.database_url() == "sqlite:////srv/a.db"


def test_a_secret_is_in_no_representation() -> None:
    auth = AuthConfig.model_validate({"secret": "0123456789abcdef" * 2})
    assert "0123456789abcdef" not in f"{auth!r} {auth} {auth.model_dump()} {auth.model_dump_json()}"
