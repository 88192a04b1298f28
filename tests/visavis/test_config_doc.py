"""What is said about the options."""

from pydantic import SecretStr

from visavis.config import AuthConfig, Config, LimitsConfig, ServerConfig
from visavis.config_doc import allowed, config_reference, effective_values, shown
from visavis.config_load import sections


def test_the_reference_has_a_row_for_every_option() -> None:
    text = config_reference()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(model.model_fields) for model in sections().values())
    for section, model in sections().items():
        assert f"\n## {section}\n" in text
        for key, field in model.model_fields.items():
            (row,) = [row for row in rows if row.startswith(f"| `{section}.{key}` |")]
            assert f"`VISAVIS_{section.upper()}__{key.upper()}`" in row
            assert str(field.description) in row
            assert row.count("|") == 6


def test_the_reference_names_types_bounds_and_defaults() -> None:
    text = config_reference()
    assert "| whole number, 0 to 65535 | `8080` |" in text
    assert "| boolean | `false` |" in text
    assert "| `plain` or `json` | `plain` |" in text
    assert "| secret | none |" in text
    assert "| list | none |" in text


def test_what_is_allowed_is_said_for_every_kind() -> None:
    server, auth = ServerConfig.model_fields, AuthConfig.model_fields
    assert allowed(server["dev"]) == "true or false"
    assert allowed(server["data"]) == "a path"
    assert allowed(server["host"]) == "a text"
    assert allowed(auth["secret"]) == "a text"
    assert allowed(server["allowed_origins"]).startswith("a list")
    assert allowed(LimitsConfig.model_fields["messages_burst"]) == "a whole number from 1 to 1000000000"
    assert allowed(sections()["monitoring"].model_fields["log_format"]) == "plain, json"


def test_only_what_differs_is_listed_and_secrets_are_masked() -> None:
    assert effective_values(Config()) == []
    secret = "never-to-be-seen-in-any-of-the-output"
    config = Config(
        server=ServerConfig(port=1, dev=True, allowed_origins=("https://a.b", "https://c.d")),
        auth=AuthConfig(secret=SecretStr(secret)),
    )
    assert effective_values(config) == [
        "server.port = 1",
        "server.dev = true",
        "server.allowed_origins = https://a.b,https://c.d",
        "auth.secret = ********",
    ]


def test_values_are_written_as_an_operator_would() -> None:
    assert [shown(value) for value in (None, True, False, 1.5, (), "x")] == ["unset", "true", "false", "1.5", "", "x"]
    assert shown(None, secret=True) == "unset"
