"""The endpoint when something on our own side fails, and what the kernel says of time and loss."""

import logging
import socket
import time

import pytest

from media.transport import Endpoint, Listener, Transport, TransportRefusal, TransportState
from media.transport.transport import SILENCE_S

from .conftest import HandClock
from .peers import RecordingEngine, Stranger, connected, rtp_packet, until

S = TransportState
R = TransportRefusal


def state_of(transport: Transport) -> TransportState:
    """Read anew: a type checker takes a state that was asserted for one that stays."""
    return transport.state


def is_closed(transport: Transport) -> bool:
    return transport.state is S.CLOSED


# ---- our own mistakes


async def test_a_listener_that_raises_ends_nothing_and_is_logged_once(
    endpoint: Endpoint, engine: RecordingEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = await connected(endpoint, 1)

    def broken(leg_id: int, datagram: bytes, arrival: float) -> None:
        raise KeyError(leg_id)

    with caplog.at_level(logging.ERROR):
        monkeypatch.setattr(engine, "receive", broken)
        await client.send_rtp(20)
        await until(lambda: endpoint.refused[R.INTERNAL] == 20)
    assert len(caplog.records) == 1
    await client.close()


async def test_a_transport_that_raises_on_the_timer_does_not_stop_the_others(
    timed: Endpoint, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: TransportState) -> None:
        raise RuntimeError(state)

    client, transport = await connected(timed, 1)
    client2, transport2 = await connected(timed, 2)
    transport.listener.on_state = broken
    clock.now += SILENCE_S + 1
    timed.poll()
    assert timed.refused == {R.INTERNAL: 1}
    assert state_of(transport2) is S.DISCONNECTED
    transport.listener.on_state = lambda state: None
    await client.close()
    await client2.close()


async def test_what_the_socket_does_not_take_is_counted(endpoint: Endpoint) -> None:
    transport = endpoint.new_transport(1, [])
    with Stranger(endpoint.addresses[0]) as stranger:
        await stranger.check(transport.credentials)
    assert transport.path is not None
    endpoint.send(transport.path, bytes(70_000))
    assert endpoint.refused == {R.SEND_FAILED: 1}


async def test_a_listener_may_close_in_its_callback(endpoint: Endpoint) -> None:
    made: list[Transport] = []
    listener = Listener(on_state=lambda state: made[0].close() if state is S.CHECKING else None)
    made.append(endpoint.new_transport(1, [], listener))
    with Stranger(endpoint.addresses[0]) as stranger:
        await stranger.check(made[0].credentials)
        stranger.send(rtp_packet(1))
        await until(lambda: endpoint.refused)
    assert endpoint.refused == {R.RTP_UNCHECKED_ADDRESS: 1}
    assert made[0].state is S.CLOSED


# ---- arrival


async def test_arrival_is_the_kernels_time_by_the_given_clock(timed: Endpoint, engine: RecordingEngine) -> None:
    client, _ = await connected(timed, 1)
    await client.send_rtp()
    await until(lambda: engine.received)
    ((_, _, arrival),) = engine.received
    assert 999.0 < arrival < 1000.5
    await client.close()


async def test_a_real_time_clock_that_is_set_moves_no_arrival(
    timed: Endpoint, engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = await connected(timed, 1)
    for shift in (-3600, 3600):
        with monkeypatch.context() as patch:
            real = time.time
            patch.setattr(time, "time", lambda shift=shift, real=real: real() + shift)
            engine.received.clear()
            await client.send_rtp()
            await until(lambda: engine.received)
        assert engine.received[0][2] == 1000.0
    await client.close()


async def test_what_the_kernel_throws_away_is_counted(endpoint: Endpoint) -> None:
    local = endpoint._sockets[0]
    local.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with Stranger(endpoint.addresses[0]) as stranger:
        for _ in range(100):  # the loop does not run meanwhile
            stranger.send(bytes(1000))
        await until(lambda: endpoint.refused)
        stranger.send(b"x")  # the count comes with the next datagram that has room
        await until(lambda: endpoint.dropped)
    assert endpoint.dropped + endpoint.refused.total() <= 101
