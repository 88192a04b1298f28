"""The private names of aiortc that this package stands on."""

import asyncio
import inspect
from importlib.metadata import version

import pytest
from aiortc import rtcsctptransport
from aiortc.rtcsctptransport import HeartbeatChunk, RTCSctpTransport

from media.transport import aiortc_hooks
from media.transport.aiortc_hooks import PINNED_VERSION, Association, close_endless_loop


def test_the_version_is_the_one_the_hooks_were_written_for() -> None:
    assert version("aiortc") == PINNED_VERSION


def test_every_hook_is_still_there() -> None:
    source = inspect.getsource(RTCSctpTransport)
    for name in ("_inbound_streams_max", "_outbound_streams_count", "_last_received_tsn", "_advertised_rwnd"):
        assert f"self.{name}" in source
    for name in ("_register_data_receiver", "_unregister_data_receiver", "_send_data", "_role", ".state"):
        assert name in source
    assert inspect.iscoroutinefunction(RTCSctpTransport._handle_data)
    assert "decode_params(" in inspect.getsource(rtcsctptransport.BaseParamsChunk)
    assert "decode_params(" in inspect.getsource(rtcsctptransport.BaseInitChunk)


def test_no_coroutine_of_aiortcs_sctp_waits_for_anything_but_itself_and_the_port() -> None:
    for line in inspect.getsource(RTCSctpTransport).splitlines():
        if "await " in line:
            assert "await self._" in line, line


def test_a_parameter_of_length_zero_ends_the_reading() -> None:
    close_endless_loop()
    with pytest.raises(ValueError, match="sctp_malformed"):
        HeartbeatChunk(body=bytes([0, 1, 0, 0]))
    assert HeartbeatChunk(body=bytes([0, 1, 0, 8]) + b"1234").params == [(1, b"1234")]


async def test_a_coroutine_that_waits_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def waiting(self: Association, data: bytes) -> None:
        await asyncio.sleep(1)

    monkeypatch.setattr(aiortc_hooks.Association, "_handle_data", waiting)
    association = Association(lambda packet: None, 5000)
    with pytest.raises(RuntimeError, match="waited"):
        association.feed(b"")
