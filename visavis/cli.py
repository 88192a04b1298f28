"""The `visavis` command.

Whatever is wrong with options, configuration or files is one line on stderr and exit
code 2. Commands import what they need themselves, so that `--help` is quick.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from visavis.version import VERSION

if TYPE_CHECKING:
    from visavis.config import Config

BAD_USAGE: Final = 2
INTERRUPTED: Final = 130
_AUDIO_CLOCK_RATE: Final = 48_000  # of Opus, whatever it was sampled at (RFC 7587 4.1)
_VIDEO_CLOCK_RATE: Final = 90_000
_CLOCK_RATE_MAX: Final = 1_000_000
_TALKERS: Final = 2
_SCOPES: Final = ("user", "ops", "moderator", "service")

# Flag, the option it sets, and what --help says; a flag without METAVAR is a switch.
_FLAGS: Final = (
    ("--host", ("server", "host"), "ADDRESS", "address to listen on (127.0.0.1)"),
    ("--port", ("server", "port"), "PORT", "TCP port, 0 takes a free one (8080)"),
    ("--media-host", ("media", "host"), "ADDRESS", "address of the media port (auto)"),
    ("--media-port", ("media", "port"), "PORT", "UDP and TCP port for media (40000)"),
    ("--announce", ("media", "announce"), "HOST[:PORT]", "media address that clients are told"),
    ("--dev", ("server", "dev"), None, "development mode: users name themselves without proof"),
    ("--i-know", ("server", "i_know"), None, "allow --dev on an address that others can reach"),
    ("--data", ("server", "data"), "DIR", "directory of the database (./visavis-data)"),
)


class _Parser(argparse.ArgumentParser):
    """One line for an error, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"visavis: {_one_line(message)} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None, *, env: Mapping[str, str] | None = None) -> int:
    """Run one command and return its exit code. `argv` without the program's name."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said what there is to say
        return stop.code if isinstance(stop.code, int) else BAD_USAGE
    from visavis.config import ConfigError

    try:
        code: int = options.command(options, os.environ if env is None else env)
        sys.stdout.flush()
    except ConfigError as error:
        print(f"visavis: {_one_line(str(error))}", file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`); the interpreter must not try to flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="visavis", description="Real-time server for apps in which two people meet.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"visavis {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: object, text: str, flags: Sequence[str]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(command=run)
        _add_flags(sub, flags)
        return sub

    everything = [flag for flag, *_ in _FLAGS]
    command("serve", _serve, "Run the server.", everything)
    command("check-config", _check_config, "Check the configuration and print what differs.", everything)
    sub = commands.add_parser("config-doc", help="Print the reference of every option as Markdown.")
    sub.set_defaults(command=_config_doc)
    command("migrate", _migrate, "Bring the database to this version's schema.", ["--data"])
    token = command("token", _token, "Print a signed token.", ["--data", "--dev"])
    token.add_argument("--sub", required=True, metavar="USER", help="user id")
    token.add_argument("--name", metavar="NAME", help="display name")
    token.add_argument("--scope", choices=_SCOPES, default="user", help="what the token allows (user)")
    token.add_argument("--ttl", metavar="SECONDS", help="how long it lives (auth.dev_token_ttl_s)")
    _add_speech(
        commands.add_parser("speech", help="Who speaks when in a recorded packet log, or in those of two people.")
    )
    _add_quality(commands.add_parser("quality", help="Score recorded packet logs, a JSON object a line for each."))
    return parser


def _add_quality(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_quality)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="packet log, a JSON object a line")
    _add_clock_rate(parser)
    parser.add_argument("--kind", choices=("audio", "video"), default="audio", help="what the packets carry (audio)")
    parser.add_argument("--fec", action="store_true", help="Opus carries copies of lost packets (useinbandfec=1)")
    parser.add_argument(
        "--concealment",
        choices=("browser", "opus"),
        default="browser",
        help="what the listener makes of missing sound (browser)",
    )


def _add_speech(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_speech)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="packet log, a JSON object a line")
    _add_clock_rate(parser)


def _add_clock_rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clock-rate", type=_clock_rate, metavar="HZ", help="ticks of `ts` a second (48000; video 90000)"
    )


def _clock_rate(text: str) -> int:
    value = int(text)
    if not 1 <= value <= _CLOCK_RATE_MAX:
        raise ValueError
    return value


def _add_flags(parser: argparse.ArgumentParser, flags: Sequence[str]) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with any of the options")
    for flag, _, metavar, text in _FLAGS:
        if flag not in flags:
            continue
        if metavar is None:
            parser.add_argument(flag, action="store_const", const="true", help=text)
        else:
            parser.add_argument(flag, metavar=metavar, help=text)


def _load(options: argparse.Namespace, env: Mapping[str, str], *, need_auth: bool = True) -> "Config":
    from visavis.config_load import load_config

    given = {}
    for flag, key, _, _ in _FLAGS:
        text = getattr(options, flag[2:].replace("-", "_"), None)
        if text is not None:
            given[key] = (text, flag)
    return load_config(file=options.config, env=env, options=given, need_auth=need_auth)


def _serve(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.config_load import ensure_data_dir, ensure_dev_secret

    config = _load(options, env)
    ensure_data_dir(config)
    config = ensure_dev_secret(config)
    from visavis.lifecycle import serve

    with _database_told():
        return serve(config)


def _check_config(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.config_doc import effective_values

    config = _load(options, env)
    print("configuration is valid")
    for line in effective_values(config):
        print(line)
    return 0


def _config_doc(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.config_doc import config_reference

    print(config_reference(), end="")
    return 0


def _migrate(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.config_load import ensure_data_dir

    config = _load(options, env, need_auth=False)
    ensure_data_dir(config)
    from backends.migrate import upgrade

    with _database_told():
        upgrade(config.database_url())
    print("database is up to date")
    return 0


def _token(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.tokens import make_token, with_signing_secret

    config = with_signing_secret(_load(options, env, need_auth=False))
    print(make_token(config, sub=options.sub, name=options.name, scope=options.scope, ttl=options.ttl))
    return 0


def _speech(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from visavis.config import ConfigError
    from visavis.measure import speech_report

    if len(options.files) > _TALKERS:
        raise ConfigError("speech takes the packet logs of one or two people")
    with _log_told():
        print(json.dumps(speech_report(options.files, options.clock_rate or _AUDIO_CLOCK_RATE)))
    return 0


def _quality(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from media.core.stream_quality import Scale
    from visavis.measure import quality_report

    scale = Scale(options.concealment, options.fec)
    clock_rate = options.clock_rate or (_VIDEO_CLOCK_RATE if options.kind == "video" else _AUDIO_CLOCK_RATE)
    with _log_told():
        # All are read before the first is printed: a bad log leaves nothing on stdout.
        reports = [quality_report(path, options.kind, clock_rate, scale) for path in options.files]
    for report in reports:
        print(json.dumps(report))
    return 0


@contextmanager
def _log_told() -> Iterator[None]:
    """A packet log that can not be read is a bad option."""
    from visavis.config import ConfigError
    from visavis.packet_log import PacketLogError

    try:
        yield
    except PacketLogError as error:
        raise ConfigError(str(error)) from None


@contextmanager
def _database_told() -> Iterator[None]:
    """A database that can not be used is bad configuration: its file was named there."""
    from backends.migrate import DatabaseUnusable
    from visavis.config import ConfigError

    try:
        yield
    except DatabaseUnusable as error:
        raise ConfigError(f"database: {error}") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())
