"""What strangers and connected peers may throw at the port without anybody noticing."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from media.engine.api import Address
from media.transport import Endpoint, IceCredentials, Transport, TransportRefusal, TransportState
from media.transport.paths import LocalSocket

from .junk import ALERT, mutated, null_cipher_hello
from .peers import Client, RecordingEngine, Stranger, binding_request, connected, rtp_packet, until

R = TransportRefusal
WORST_S = 0.05
NOBODY = IceCredentials("nobody", "n" * 32)
ZERO_LENGTH_PRIORITY = bytes.fromhex("000100042112a442") + bytes(12) + b"\0\x24\0\0"
SEEDS = [
    binding_request(NOBODY, use_candidate=True),
    ZERO_LENGTH_PRIORITY,
    ALERT,
    null_cipher_hello(),
    b"\x16\xfe\xfd" + bytes(8) + b"\0\x20" + bytes(32),
    b"\x17\xfe\xfd\0\1" + bytes(6) + b"\0\x40" + bytes(64),
    rtp_packet(1),
    bytes([0x80, 200, 0, 6]) + bytes(24),
    bytes([0x40]) + bytes(60),
]


@contextmanager
def timed(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The slowest handling of one datagram, in seconds."""
    slowest = [0.0]
    control: Callable[[LocalSocket, bytes, Address, float], None] = endpoint._control

    def measured(local: LocalSocket, data: bytes, address: Address, now: float) -> None:
        begun = time.thread_time()
        control(local, data, address, now)
        slowest[0] = max(slowest[0], time.thread_time() - begun)

    with monkeypatch.context() as patch:
        patch.setattr(endpoint, "_control", measured)
        yield slowest


def junk(random_: random.Random, seeds: list[bytes]) -> bytes:
    return mutated(random_, random_.choice(seeds)) if random_.random() < 0.9 else random_.randbytes(60)


async def throw_from_a_stranger(endpoint: Endpoint, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random_ = random.Random(count)
    with timed(endpoint, monkeypatch) as slowest, Stranger(endpoint.addresses[0]) as stranger:
        for number in range(1, count + 1):
            stranger.send(junk(random_, SEEDS))
            if number % 64 == 0 or number == count:
                await until(lambda number=number: endpoint.refused.total() == number)  # type: ignore[misc]  # bound
    assert slowest[0] < WORST_S
    assert endpoint.refused[R.INTERNAL] == endpoint.refused[R.SEND_FAILED] == 0
    for kind in (R.STUN_MALFORMED, R.STUN_UNKNOWN_UFRAG, R.DTLS_UNCHECKED_ADDRESS, R.RTP_UNCHECKED_ADDRESS, R.UNKNOWN):
        assert endpoint.refused[kind] > count / 100


async def throw_from_a_connected_peer(endpoint: Endpoint, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same from an address that counts, with STUN of the right credentials among it."""
    random_ = random.Random(count)
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
    client, transport = await connected(endpoint, 1)
    seeds = [*SEEDS, binding_request(transport.credentials, use_candidate=True)]
    # What the relay answers to checks that aioice did not make must not disturb the client.
    with timed(endpoint, monkeypatch) as slowest:
        for number in range(count):
            await client.ice._send(junk(random_, seeds) or b"\0")
            if number % 64 == 0:
                await asyncio.sleep(0)
    assert slowest[0] < WORST_S
    assert endpoint.refused[R.INTERNAL] == 0
    assert endpoint.refused[R.DTLS_MALFORMED] > count / 100
    assert endpoint.refused[R.STUN_UNAUTHENTICATED] > count / 1000
    await still_works(endpoint, client, transport)
    assert errors == []
    await client.close()


async def still_works(endpoint: Endpoint, client: Client, transport: Transport) -> None:
    """The victim is connected and data comes through."""
    assert transport.state is TransportState.CONNECTED
    packets: list[bytes] = []
    transport.listener.on_data = packets.append
    await client.dtls._send_data(b"still here")
    await until(lambda: packets == [b"still here"])


async def test_junk_of_strangers_is_counted_by_reason(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    await throw_from_a_stranger(endpoint, 6400, monkeypatch)


async def test_junk_of_a_connected_peer_does_not_end_its_call(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await throw_from_a_connected_peer(endpoint, 6400, monkeypatch)


@pytest.mark.long
async def test_much_junk_of_strangers_is_counted_by_reason(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    await throw_from_a_stranger(endpoint, 100_000, monkeypatch)


@pytest.mark.long
async def test_much_junk_of_a_connected_peer_does_not_end_its_call(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await throw_from_a_connected_peer(endpoint, 100_000, monkeypatch)


class Flood:
    """A thread that sends `rate` datagrams a second from an address that is not part of any call."""

    def __init__(self, target: tuple[str, int], rate: int) -> None:
        self.sent = 0
        self._target = target
        self._rate = rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Flood":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        begun = time.monotonic()
        with Stranger(self._target) as stranger:
            while not self._over.wait(0.002):
                due = int((time.monotonic() - begun) * self._rate)
                while self.sent < due:
                    stranger.send(SEEDS[self.sent % len(SEEDS)])
                    self.sent += 1


async def test_twenty_of_twenty_connect_while_5000_datagrams_a_second_come_from_elsewhere(
    endpoint: Endpoint, engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with timed(endpoint, monkeypatch) as slowest, Flood(endpoint.addresses[0], 5000) as flood:
        await until(lambda: endpoint.refused.total() > 100)
        clients = [await connected(endpoint, leg_id) for leg_id in range(20)]
        await until(lambda: endpoint.refused.total() > 2000)
    assert len(engine.legs) == 20
    await until(lambda: endpoint.refused.total() + endpoint.dropped == flood.sent)
    assert endpoint.dropped == 0
    assert slowest[0] < WORST_S
    for client, transport in clients:
        assert transport.state is TransportState.CONNECTED
        await client.close()


async def test_alerts_and_hellos_with_the_address_of_the_client_do_not_stop_its_handshake(endpoint: Endpoint) -> None:
    """Somebody who can forge a checked address: two bad hellos and any number of alerts are survived."""
    client = Client()
    transport = endpoint.new_transport(1, client.fingerprints)
    local = endpoint._sockets[0]
    forged = [ALERT, null_cipher_hello(), ALERT, b"\x16" + bytes(50), null_cipher_hello()]

    def forge(state: TransportState) -> None:
        if state is TransportState.CHECKING and transport.path is not None:
            for datagram in forged:
                asyncio.get_running_loop().call_soon(
                    endpoint._control, local, datagram, transport.path.remote, time.monotonic()
                )

    transport.listener.on_state = forge
    await client.join(endpoint, transport)
    await until(lambda: transport.secured)
    assert endpoint.refused == {R.DTLS_PLAIN_ALERT: 2, R.DTLS_MALFORMED: 3}
    await client.close()
