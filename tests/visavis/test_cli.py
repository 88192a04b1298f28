"""The `visavis` command: what it prints, where, and with which exit code."""

import logging
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from visavis import lifecycle
from visavis.cli import main
from visavis.config import Config, ConfigError
from visavis.config_doc import config_reference

SECRET = "a-secret-of-more-than-thirty-two-bytes"
Capture = pytest.CaptureFixture[str]


def one_line(capsys: Capture) -> str:
    """The only thing that was said: one line on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("visavis: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["unknown"],
        ["serve", "--unknown"],
        ["serve", "--por", "1"],
        ["serve", "--port"],
        ["token"],
        ["token", "--sub", "a", "--scope", "root"],
        ["config-doc", "--x\ny"],
        ["serve", "--dev", "--port", "x"],
        ["serve", "--dev", "--host", "0.0.0.0"],
        ["serve"],
        ["check-config"],
        ["check-config", "--config", "/nonexistent/file"],
        ["migrate", "--config", "/nonexistent/file"],
        ["token", "--sub", "a", "--config", "/nonexistent/file"],
    ],
)
def test_whatever_is_wrong_is_one_line_and_exit_code_2(argv: list[str], capsys: Capture) -> None:
    assert main(argv, env={}) == 2
    one_line(capsys)


def test_version_and_help_end_well(capsys: Capture) -> None:
    assert main(["--version"], env={}) == 0
    assert capsys.readouterr().out.startswith("visavis 0")
    for argv in (["--help"], ["serve", "--help"], ["token", "--help"]):
        assert main(argv, env={}) == 0
        assert "usage: visavis" in capsys.readouterr().out


def test_a_valid_configuration_is_said_to_be_and_what_differs_listed(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "v.toml"
    file.write_text("[limits]\nmessages_burst = 9\n")
    argv = ["check-config", "--config", str(file), "--port", "0", "--media-host", "127.0.0.1"]
    argv += ["--media-port", "1", "--announce", "a.example:5", "--data", str(tmp_path / "data")]
    assert main(argv, env={"VISAVIS_AUTH__SECRET": SECRET}) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "configuration is valid",
        "server.port = 0",
        f"server.data = {tmp_path / 'data'}",
        "auth.secret = ********",
        "limits.messages_burst = 9",
        "media.host = 127.0.0.1",
        "media.port = 1",
        "media.announce = a.example:5",
    ]
    assert not (tmp_path / "data").exists()


def test_insisting_allows_development_mode_on_any_address(capsys: Capture) -> None:
    assert main(["check-config", "--dev", "--i-know", "--host", "0.0.0.0"], env={}) == 0
    assert "server.i_know = true" in capsys.readouterr().out


def test_the_reference_is_printed(capsys: Capture) -> None:
    assert main(["config-doc"], env={"VISAVIS_NOT_LOOKED_AT": "1"}) == 0
    assert capsys.readouterr().out == config_reference()


def test_a_token_is_the_only_output_and_verifies(capsys: Capture, tmp_path: Path) -> None:
    argv = ["token", "--sub", "ann", "--name", "Ann", "--scope", "service", "--ttl", "60", "--data", str(tmp_path)]
    assert main(argv, env={"VISAVIS_AUTH__SECRET": SECRET}) == 0
    out, err = capsys.readouterr()
    assert err == ""
    claims = jwt.decode(out.strip(), SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["name"], claims["scope"]) == ("ann", "Ann", "service")
    assert claims["exp"] - claims["iat"] == 60


def test_a_development_token_is_signed_with_the_kept_secret(capsys: Capture, tmp_path: Path) -> None:
    assert main(["token", "--sub", "ann", "--dev", "--data", str(tmp_path)], env={}) == 0
    secret = (tmp_path / "dev-secret").read_text().strip()
    assert jwt.decode(capsys.readouterr().out.strip(), secret, algorithms=["HS256"])["sub"] == "ann"


def test_with_a_key_set_alone_no_token_is_made(capsys: Capture, tmp_path: Path) -> None:
    env = {"VISAVIS_AUTH__JWKS_URL": "https://a.example/keys"}
    assert main(["token", "--sub", "ann", "--data", str(tmp_path)], env=env) == 2
    assert "only a key set is configured" in one_line(capsys)


def test_serve_gets_a_checked_configuration_with_data_directory_and_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[Config] = []

    def serve(config: Config) -> int:
        got.append(config)
        return 7

    monkeypatch.setattr(lifecycle, "serve", serve)
    assert main(["serve", "--dev", "--port", "0", "--data", str(tmp_path / "data")], env={}) == 7
    (config,) = got
    assert (config.server.dev, config.server.port) == (True, 0)
    assert config.auth.secret is not None
    assert config.auth.secret.get_secret_value() == (tmp_path / "data" / "dev-secret").read_text().strip()


def test_serve_refuses_a_data_directory_it_can_not_write(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["serve", "--dev", "--data", str(tmp_path / "file" / "data")], env={}) == 2
    assert "server.data" in one_line(capsys)


@pytest.mark.parametrize(("error", "code"), [(ConfigError("port taken"), 2), (KeyboardInterrupt(), 130)])
def test_a_server_that_does_not_start_leaves_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, error: BaseException, code: int
) -> None:
    def serve(config: Config) -> int:
        raise error

    monkeypatch.setattr(lifecycle, "serve", serve)
    assert main(["serve", "--dev", "--data", str(tmp_path)], env={}) == code
    assert capsys.readouterr().err == ("visavis: port taken\n" if code == 2 else "")


def test_migrate_makes_the_database_and_may_run_again(capsys: Capture, tmp_path: Path) -> None:
    for _ in range(2):
        assert main(["migrate", "--data", str(tmp_path)], env={}) == 0
        assert capsys.readouterr().out == "database is up to date\n"
    assert (tmp_path / "visavis.db").stat().st_size > 0


@pytest.mark.parametrize("command", [["migrate"], ["serve", "--dev", "--port", "0"]])
def test_a_file_that_is_no_database_is_told(capsys: Capture, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "visavis.db").write_bytes(b"something else" * 1000)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        assert main([*command, "--data", str(tmp_path)], env={}) == 2
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert one_line(capsys).startswith("visavis: database: ")


def test_the_process_environment_is_read_and_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "visavis"]
    checked = subprocess.run(
        [*command, "check-config"], env={"VISAVIS_SERVER__PORT": "x"}, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 2
    assert checked.stdout == ""
    assert checked.stderr.startswith("visavis: server.port (VISAVIS_SERVER__PORT): x is of the wrong type")
    assert checked.stderr.count("\n") == 1
    with subprocess.Popen([*command, "config-doc"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as printing:
        assert printing.stdout is not None
        assert printing.stderr is not None
        printing.stdout.close()
        assert printing.stderr.read() == b""
        assert printing.wait(timeout=30) == 1


def test_help_needs_none_of_the_heavy_packages() -> None:
    code = "import sys; from visavis.cli import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for package in ("pydantic", "aiohttp", "sqlalchemy", "socketio"):
        assert f"'{package}'" not in done.stdout
