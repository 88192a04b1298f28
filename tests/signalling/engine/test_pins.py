"""The private names of the pinned libraries that the engine builds on are still there, with the same parameters.

When this fails after an upgrade, read the changed source before anything else: the engine overrides these.
"""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any

import aiohttp.web
import engineio
import pytest
import socketio
from aiohttp.web_protocol import RequestHandler
from engineio import async_socket, base_socket
from engineio import packet as eio_packet
from engineio.async_drivers import aiohttp as driver
from socketio import exceptions
from socketio import packet as sio_packet

SIGNATURES: list[tuple[Any, str, str]] = [
    (engineio.AsyncServer, "_trigger_event", "self event *args **kwargs"),
    (engineio.AsyncServer, "_upgrades", "self sid transport"),
    (engineio.AsyncServer, "_get_socket", "self sid"),
    (engineio.AsyncServer, "_cors_allowed_origins", "self environ"),
    (engineio.AsyncServer, "_make_response", "self response_dict environ"),
    (engineio.AsyncServer, "attach", "self app engineio_path"),
    (engineio.AsyncServer, "create_queue", "self *args **kwargs"),
    (engineio.AsyncServer, "generate_id", "self"),
    (engineio.AsyncServer, "handle_request", "self *args **kwargs"),
    (engineio.AsyncServer, "send", "self sid data"),
    (engineio.AsyncServer, "send_packet", "self sid pkt"),
    (async_socket.AsyncSocket, "__init__", "self server sid"),
    (async_socket.AsyncSocket, "check_ping_timeout", "self"),
    (async_socket.AsyncSocket, "close", "self wait abort reason"),
    (async_socket.AsyncSocket, "poll", "self"),
    (async_socket.AsyncSocket, "schedule_ping", "self"),
    (async_socket.AsyncSocket, "send", "self pkt"),
    (eio_packet.Packet, "__init__", "self packet_type data encoded_packet"),
    (eio_packet.Packet, "encode", "self b64"),
    (driver, "translate_request", "request"),
    (socketio.AsyncServer, "_engineio_server_class", "self"),
    (socketio.AsyncServer, "_get_event_handler", "self event namespace args"),
    (socketio.AsyncServer, "_get_namespace_handler", "self namespace args"),
    (socketio.AsyncServer, "_handle_ack", "self eio_sid namespace id data"),
    (socketio.AsyncServer, "_handle_connect", "self eio_sid namespace data"),
    (socketio.AsyncServer, "_handle_disconnect", "self eio_sid namespace reason"),
    (socketio.AsyncServer, "_handle_eio_connect", "self eio_sid environ"),
    (socketio.AsyncServer, "_handle_eio_disconnect", "self eio_sid reason"),
    (socketio.AsyncServer, "_handle_eio_message", "self eio_sid data"),
    (socketio.AsyncServer, "_handle_event", "self eio_sid namespace id data"),
    (socketio.AsyncServer, "_send_packet", "self eio_sid pkt"),
    (socketio.AsyncServer, "_trigger_event", "self event namespace *args"),
    (socketio.AsyncServer, "attach", "self app socketio_path"),
    (socketio.AsyncServer, "disconnect", "self sid namespace ignore_queue"),
    (socketio.AsyncManager, "_generate_ack_id", "self sid callback"),
    (socketio.AsyncManager, "connect", "self sid namespace"),
    (socketio.AsyncManager, "disconnect", "self sid namespace **kwargs"),
    (socketio.AsyncManager, "eio_sid_from_sid", "self sid namespace"),
    (socketio.AsyncManager, "emit", "self event data namespace room skip_sid callback to **kwargs"),
    (socketio.AsyncManager, "get_namespaces", "self"),
    (socketio.AsyncManager, "get_participants", "self namespace room"),
    (socketio.AsyncManager, "is_connected", "self sid namespace"),
    (socketio.AsyncManager, "pre_connect", "self eio_sid namespace"),
    (socketio.AsyncManager, "sid_from_eio_sid", "self eio_sid namespace"),
    (sio_packet.Packet, "__init__", "self packet_type data namespace id binary encoded_packet"),
    (sio_packet.Packet, "data_is_binary", "data"),
    (sio_packet.Packet, "encode", "self"),
    (aiohttp.web.WebSocketResponse, "_post_start", "self request protocol writer"),
    (aiohttp.web.WebSocketResponse, "write_eof", "self"),
    (RequestHandler, "keep_alive", "self val"),
    (RequestHandler, "pause_reading", "self"),
    (RequestHandler, "resume_reading", "self resume_parser"),
    (RequestHandler, "set_parser", "self parser data_received_cb"),
]


@pytest.mark.parametrize(("package", "version"), [("python-socketio", "5.18.1"), ("python-engineio", "4.15.1")])
def test_the_installed_version_is_the_pinned_one(package: str, version: str) -> None:
    assert metadata.version(package) == version


@pytest.mark.parametrize(
    ("owner", "name", "parameters"), SIGNATURES, ids=[f"{o.__name__}.{n}" for o, n, _ in SIGNATURES]
)
def test_a_name_that_the_engine_builds_on_has_its_parameters(owner: Any, name: str, parameters: str) -> None:
    signature = inspect.signature(getattr(owner, name))
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = [marks.get(item.kind, "") + item.name for item in signature.parameters.values()]
    assert " ".join(found) == parameters


class _Nothing:
    def create_queue(self) -> None: ...


def test_attributes_that_the_engine_reads_are_set_by_the_stock_constructors() -> None:
    socket = base_socket.BaseSocket(_Nothing(), "sid")
    assert {"closed", "closing", "connected", "upgraded", "upgrading"} <= set(vars(socket))
    server = socketio.AsyncServer(async_mode="aiohttp")
    assert {"eio", "environ", "handlers", "logger", "manager", "namespace_handlers", "namespaces"} <= set(vars(server))
    assert {"not_handled", "packet_class"} <= set(vars(server))
    assert {"cors_allowed_origins", "handlers", "sockets", "transports", "_async"} <= set(vars(server.eio))
    assert {"callbacks", "rooms"} <= set(vars(server.manager))
    assert server.eio._async is driver._async
    assert server.eio._async["translate_request"] is driver.translate_request
    assert {name for name in vars(server.reason) if name.isupper()} == {
        "SERVER_DISCONNECT",
        "CLIENT_DISCONNECT",
        "PING_TIMEOUT",
        "TRANSPORT_CLOSE",
        "TRANSPORT_ERROR",
    }
    assert exceptions.ConnectionRefusedError("why", {"code": 1}).error_args == {"message": "why", "data": {"code": 1}}
    assert {"_eof_sent", "_writer", "_ws_protocol"} <= set(dir(aiohttp.web.WebSocketResponse))
    # Callbacks are numbered from 1: key 0 of a connection's callbacks is the counter itself.
    assert server.manager._generate_ack_id("sid", print) == 1
