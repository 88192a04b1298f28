"""Every option of the server: one frozen tree, a section per area.

Each field carries its default, its bounds and the effect of changing it; the loader
(`config_load`), the reference (`config_doc`) and the command line are made from
these declarations. Constructors get their section, nothing else reads the
environment.
"""

import re
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

# RFC 7518, section 3.2: a key of HS256 must have at least the size of the hash.
MIN_SECRET_BYTES: Final = 32
MAX_LIMIT: Final = 10**9
MAX_TOKEN_TTL_S: Final = 365 * 24 * 3600
_MIB: Final = 1024 * 1024
_MAX_BUFFER: Final = 1024 * _MIB


_HOST_AND_PORT = re.compile(
    r"(?:(?P<bare>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)"
    r"|(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<host>[0-9A-Za-z.-]{1,253}))(?::(?P<port>[0-9]{1,5}))?)"
)


class ConfigError(Exception):
    """The configuration can not be used. The text is one line and holds no secret."""


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` (an address, or `localhost`) is out of reach from other machines."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host(value: str) -> str:
    if not value.isprintable() or any(char in value for char in " /?#@"):
        raise ValueError("must be a host name or an address")
    return value


def host_and_port(value: str) -> tuple[str, int | None]:
    """The parts of HOST or HOST:PORT, where an IPv6 address with a port stands in brackets (RFC 3986 3.2.2).

    Raises `ValueError`.
    """
    found = _HOST_AND_PORT.fullmatch(value)
    try:
        if found is None:
            raise ValueError
        host = found["host"] or str(IPv6Address(found["bare"] or found["address"]))
    except ValueError:
        raise ValueError("must be HOST or HOST:PORT, an IPv6 address with a port in brackets") from None
    port = None if found["port"] is None else int(found["port"])
    if port is not None and not 0 < port < 65536:  # noqa: PLR2004 (the ports there are)
        raise ValueError("must have a port from 1 to 65535")
    return host, port


def _announced(value: str) -> str:
    host_and_port(value)
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or value != f"{parts.scheme}://{parts.netloc}" or not parts.netloc:
        raise ValueError("must be like https://example.org, without a path")
    return value


def _jwks_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "https" and parts.hostname:
        return value
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return value
    raise ValueError("must be an https URL (http only on this machine)")


def _secret(value: SecretStr) -> SecretStr:
    try:
        size = len(value.get_secret_value().encode())
    except UnicodeEncodeError:
        raise ValueError("must be UTF-8 text") from None
    if size < MIN_SECRET_BYTES:
        raise ValueError(f"must have at least {MIN_SECRET_BYTES} bytes")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    scheme, _, file = value.get_secret_value().partition(":///")
    if scheme not in {"sqlite", "sqlite+aiosqlite"}:
        raise ValueError("must be like sqlite:///file.db (other databases are not supported yet)")
    # Several connections share the database, which one in memory can not do.
    if not file or file == ":memory:" or "?" in file:
        raise ValueError("must name a file, without options")
    return value


def _not_empty(value: object) -> object:
    # pathlib takes an empty text for the current directory; an operator has forgotten something.
    if value == "":
        raise ValueError("must not be empty")
    return value


def _path(value: Path) -> Path:
    # A question mark would begin the options of the database's URL.
    if not str(value).isprintable() or "?" in str(value):
        raise ValueError("must be a path of printable characters without a question mark")
    return value


# Strict models refuse a string for a path and a list for a tuple; files have nothing else.
Location = Annotated[Path, Field(strict=False), BeforeValidator(_not_empty), AfterValidator(_path)]
Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
Announced = Annotated[str, Field(min_length=1, max_length=261), AfterValidator(_announced)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], Field(strict=False)]
HmacSecret = Annotated[SecretStr, AfterValidator(_secret)]
JwksUrl = Annotated[str, AfterValidator(_jwks_url)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]


class Section(BaseModel):
    """Frozen, without unknown keys, without conversions, and never quoting its input in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False)


class ServerConfig(Section):
    """Where the server listens and keeps its files."""

    host: Host = Field(
        "127.0.0.1", description="Address to listen on. 0.0.0.0 opens the server to every network of the machine."
    )
    port: int = Field(8080, ge=0, le=65535, description="TCP port of page, API and Socket.IO; 0 takes a free one.")
    data: Location = Field(
        Path("./visavis-data"), description="Directory of the database and of generated secrets; made if missing."
    )
    dev: bool = Field(
        False,
        description="Development mode: users name themselves without proof. Never on a server others can reach.",
    )
    i_know: bool = Field(False, description="Allow development mode on an address that others can reach.")
    allowed_origins: Origins = Field(
        (), description="Origins of pages, besides the server's own, whose scripts may connect."
    )


class AuthConfig(Section):
    """Who signs the tokens.

    One of secret, secret_file, jwks_url, jwks_file is set; in development mode it may be none.
    """

    secret: HmacSecret | None = Field(
        None, description="Shared secret of HS256 tokens, at least 32 bytes. Prefer secret_file."
    )
    secret_file: Location | None = Field(
        None, description="File with the shared secret; spaces and line ends around it do not count."
    )
    jwks_url: JwksUrl | None = Field(
        None, description="https URL of the JSON Web Key Set that verifies RS256 and EdDSA tokens."
    )
    jwks_file: Location | None = Field(None, description="The same key set in a file.")
    issuer: str | None = Field(None, min_length=1, description="Tokens must carry this `iss`; unset takes any.")
    audience: str | None = Field(None, min_length=1, description="Tokens must carry this `aud`; unset takes any.")
    leeway_s: int = Field(
        0, ge=0, le=60, description="Seconds by which clocks may differ: an expired token lives so much longer."
    )
    dev_token_ttl_s: int = Field(
        86400, ge=1, le=MAX_TOKEN_TTL_S, description="Seconds a token of `visavis token` or of development mode lives."
    )


class SignallingConfig(Section):
    """The bounds of one Socket.IO connection."""

    engine: Literal["stock"] = Field("stock", description="Engine.IO layer.")
    ping_interval_s: float = Field(
        25.0, ge=0.1, le=300, description="Seconds between pings; larger finds dead connections later."
    )
    ping_timeout_s: float = Field(
        20.0, ge=0.1, le=300, description="Seconds a client may take to answer a ping before it counts as gone."
    )
    max_payload_bytes: int = Field(
        65536, ge=1024, le=16 * _MIB, description="Bytes of one event; larger ones answer `too_large`."
    )
    max_frame_bytes: int = Field(
        _MIB, ge=1024, le=64 * _MIB, description="Bytes of one WebSocket frame; a larger one is closed with 1009."
    )
    max_packets_per_poll: int = Field(
        256, ge=16, le=65536, description="Packets a client may send in one long-polling request."
    )
    send_buffer_bytes: int = Field(
        _MIB,
        ge=65536,
        le=_MAX_BUFFER,
        description="Bytes that may wait for one client; above it the connection is closed `slow_consumer`.",
    )
    malformed_per_10s: int = Field(
        20, ge=1, le=MAX_LIMIT, description="Malformed inputs of one connection in 10 s before it is closed."
    )
    presence_grace_s: float = Field(
        5.0, ge=0, le=10, description="Seconds a user stays online after the last connection dropped."
    )


class LimitsConfig(Section):
    """How much one user or address may do."""

    messages_per_second: int = Field(10, ge=1, le=MAX_LIMIT, description="Messages a second per user, sustained.")
    messages_burst: int = Field(30, ge=1, le=MAX_LIMIT, description="Messages a user may send at once.")
    ring_attempts: int = Field(5, ge=1, le=MAX_LIMIT, description="Calls per pair of users in 10 minutes.")
    connections_per_user: int = Field(20, ge=1, le=MAX_LIMIT, description="Connections one user may hold.")
    connects_per_second: int = Field(
        100, ge=1, le=MAX_LIMIT, description="New connections a second per client address."
    )
    events_per_second: int = Field(50, ge=1, le=MAX_LIMIT, description="Other events a second per user.")
    suggestions_per_minute: int = Field(20, ge=1, le=MAX_LIMIT, description="Requests for talk help a minute per user.")
    message_chars: int = Field(4000, ge=1, le=MAX_LIMIT, description="Characters of one message text.")


class RoomsConfig(Section):
    """Chat rooms."""

    typing_lapse_s: float = Field(6.0, ge=0.1, le=60, description="Seconds after which `typing` ends by itself.")
    receipts_flush_ms: int = Field(
        100, ge=0, le=10_000, description="Milliseconds over which receipts are gathered into one event."
    )
    max_members: int = Field(50, ge=2, le=50, description="Members of the largest group.")


class CallsConfig(Section):
    """How long each part of a call may take."""

    ring_s: float = Field(45.0, ge=1, le=600, description="Seconds a call rings before it ends as `no_answer`.")
    setup_s: float = Field(
        30.0, ge=1, le=600, description="Seconds from the answer to media of both sides; then the call has `failed`."
    )
    signalling_grace_s: float = Field(
        30.0,
        ge=0.1,
        le=600,
        description="Seconds a person in a call may be without any connection before it ends as `connection_lost`.",
    )
    max_duration_s: float = Field(14_400.0, ge=1, le=86_400, description="Seconds after which every call ends.")


class DatabaseConfig(Section):
    """Where messages are kept."""

    url: DatabaseUrl | None = Field(
        None, description="Database URL; unset is SQLite in the data directory. Only SQLite is supported yet."
    )
    group_commit_max: int = Field(
        256, ge=1, le=10_000, description="Writes that may share one commit; 1 commits each alone, which is slow."
    )


class MediaConfig(Section):
    """Where calls send and receive media."""

    host: Host = Field("auto", description="Address of the media port; auto picks those a browser can pair with.")
    port: int = Field(40000, ge=0, le=65535, description="UDP and TCP port of the first media worker.")
    announce: Announced | None = Field(
        None, description="HOST or HOST:PORT (an IPv6 address in brackets) that clients are told instead."
    )


class AssistConfig(Section):
    """Talk help."""

    suggestions_per_request: int = Field(3, ge=1, le=10, description="Suggestions that answer one request.")
    dead_air_s: float = Field(
        7.0, ge=3, le=60, description="Social silence in a call after which a topic is due. Shorter interrupts thought."
    )
    default_lang: Literal["en", "zh"] = Field("en", description="Language for users who have not named one.")


class MonitoringConfig(Section):
    """Logs."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe line that is written. debug may show what clients sent."
    )
    log_format: Literal["plain", "json"] = Field("plain", description="One plain line or one JSON object each.")


class Config(Section):
    """The whole tree. `Config()` holds the defaults; `config_load.load_config` is the checked way to one."""

    server: ServerConfig = ServerConfig()
    auth: AuthConfig = AuthConfig()
    signalling: SignallingConfig = SignallingConfig()
    limits: LimitsConfig = LimitsConfig()
    rooms: RoomsConfig = RoomsConfig()
    calls: CallsConfig = CallsConfig()
    database: DatabaseConfig = DatabaseConfig()
    media: MediaConfig = MediaConfig()
    assist: AssistConfig = AssistConfig()
    monitoring: MonitoringConfig = MonitoringConfig()

    def database_url(self) -> str:
        """SQLAlchemy URL of the database, `sqlite:///...`; what a URL would read as its own signs is escaped."""
        if self.database.url is None:
            return f"sqlite:///{quote(str(self.server.data.absolute() / 'visavis.db'))}"
        return "sqlite:///" + self.database.url.get_secret_value().split(":///", 1)[1]
