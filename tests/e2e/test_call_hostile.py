"""Hostile media against the whole server: refused, counted by reason, cheap, and not noticed by a call beside.

The long forms (`make test-long`) send more of the same and write benches/reports/call_hostile_*.json.
"""

import asyncio
import contextlib
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media.transport.refusals import TransportRefusal
from protocol.errors import ErrorCode
from tests.media.sdp.samples import mutations
from tests.support import hostile_rig
from tests.support.foremost import go_first
from tests.support.hostile_media import (
    FAMILIES,
    ROOT,
    Attack,
    Flood,
    MediaBooks,
    Stranger,
    attacks,
    call_beside,
    closed_loop,
    family,
    junk,
    loop_lag,
)
from tests.support.light_peer import LightCall, LightPeer, begin, light_call, ring
from tests.support.server import Server, serving

SEED = 20_262
WORST_S = 0.05  # CPU time of the dearest datagram, or offer
FLOOD_PER_S = 5000
CALLS = 20
CAPTURED, REPLAYS = 50, 7
AT_ONCE = 4  # offers on the way

pytestmark = pytest.mark.timeout(600)


class Probed:
    """A server with the probe of `probed_server`; its findings are read once it has stopped."""

    def __init__(self, server: Server, report: Path) -> None:
        self.server = server
        self._report = report

    async def worst(self, what: str) -> dict[str, Any]:
        """Stop the server; how many calls of a method there were and the dearest, which is held to `WORST_S`."""
        lag = await loop_lag(self.server)
        hostile_rig.check_log(self.server.log)
        await asyncio.to_thread(self.server.stop)
        found = json.loads(self._report.read_text())
        worst_s = found["worst_s"][what]
        assert worst_s < WORST_S
        return {
            "calls": found["counts"][what],
            "worst_cpu_ms": round(worst_s * 1000, 2),
            "loop_timers": lag["+Inf"],
            "loop_timers_over_50_ms": lag["+Inf"] - lag["0.05"],  # other work on the machine included
        }


@pytest.fixture
def probed(tmp_path: Path) -> Iterator[Probed]:
    report = tmp_path / "probe.json"
    program = [sys.executable, "-m", "tests.support.probed_server", str(report)]
    limits = {
        **hostile_rig.LIMITS,
        "PYTHONPATH": str(ROOT),
        "VISAVIS_CALLS__SETUP_S": "600",
        # Longer frames end the connection, which is another test's matter.
        "VISAVIS_SIGNALLING__MAX_FRAME_BYTES": str(64 * 2**20),
        "VISAVIS_SIGNALLING__MALFORMED_PER_10S": "1000000",
    }
    with serving(tmp_path / "server", env=limits, program=program) as server:
        yield Probed(server, report)


def forms(short: int, long: int) -> pytest.MarkDecorator:
    """The number of inputs: of every run, and of `make test-long`."""
    return pytest.mark.parametrize("count", [short, pytest.param(long, marks=pytest.mark.long)])


@forms(20_000, 100_000)
async def test_junk_of_a_stranger_is_refused_by_its_protocol_and_a_call_beside_goes_on(
    probed: Probed, count: int
) -> None:
    sent: Counter[str] = Counter()
    books = MediaBooks(probed.server)
    async with call_beside(probed.server, "beside") as beside:
        pace = beside.call[0]

        def send(datagram: bytes) -> None:
            sent[family(datagram)] += 1
            stranger.send(datagram)

        with Stranger(pace.transport.remote.address) as stranger:
            await closed_loop(itertools.islice(junk(SEED), count), send, pace)
        refused, dropped = await books.read()
        assert dropped == 0
        assert {name: sum(refused[reason] for reason in FAMILIES[name]) for name in sent} == sent
        assert refused.total() == sent.total() == count
        await asyncio.sleep(1.0)
        figures = beside.check()
    cost = await probed.worst("datagram")
    hostile_rig.report(
        "call_hostile_stranger",
        {"seed": SEED, "datagrams": count, "refused": dict(refused), "beside": figures, "cost": cost},
    )


async def throw(attack: Attack, count: int, mallory: LightPeer, books: MediaBooks) -> dict[str, int]:
    """One kind of attack; what it was counted as. Exact where the kind has one reason."""
    before, _ = await books.read()
    datagrams = (attack.make(number) for number in range(count))
    await closed_loop(datagrams, mallory.transport.send_raw, mallory)
    after, dropped = await books.read()
    counted = after - before
    assert mallory.transport.unsent == dropped == 0
    assert counted[TransportRefusal.INTERNAL] == counted[TransportRefusal.SEND_FAILED] == 0
    if attack.reason is not None:
        assert counted == {attack.reason: count}, attack.label
    elif attack.may is not None:
        assert counted.keys() <= attack.may, attack.label
    else:
        assert counted.total() <= count
    return dict(counted)


@forms(20_000, 100_000)
async def test_an_attack_of_a_connected_peer_is_counted_by_reason_and_no_call_ends(probed: Probed, count: int) -> None:
    counted: dict[str, dict[str, int]] = {}
    books = MediaBooks(probed.server)
    async with (
        call_beside(probed.server, "beside") as beside,
        light_call(probed.server.url, "mallory") as (mallory, eve),
    ):
        plan = attacks(mallory, SEED)
        each = -(-count // len(plan))
        for attack in plan:
            counted[attack.label] = await throw(attack, each, mallory, books)
        mixed = counted[plan[-1].label]
        assert sum(mixed.values()) >= each // 4
        assert len(mixed) >= 6
        assert eve.sounds.doubled == eve.transport.refused == 0
        assert eve.odd > 0  # padding and CSRCs are the receiver's matter: forwarded as they came
        heard = eve.sounds.packets
        await asyncio.sleep(1.0)
        assert eve.sounds.packets - heard >= 25  # mallory's own call still works
        assert mallory.client.seen("call_ended") == []
        figures = beside.check()
    cost = await probed.worst("datagram")
    hostile_rig.report(
        "call_hostile_peer",
        {"seed": SEED, "datagrams": each * len(plan), "refused": counted, "beside": figures, "cost": cost},
    )


async def hang_up(call: LightCall) -> None:
    """End it when nothing of it is on its way any more, which would be counted."""
    for peer in call:
        await peer.pause()
        await peer.transport.check()
    await call[0].client.ok("end_call", {"callId": call[0].call_id})


@forms(1, 3)
async def test_20_of_20_calls_connect_while_5000_datagrams_a_second_come_from_elsewhere(
    server: Server, count: int
) -> None:
    books = MediaBooks(server)
    took: list[float] = []
    sent, seconds = 0, 0.0
    go_first(server.pid)  # so that the processors of a busy machine do not decide who connects
    async with light_call(server.url, "first") as (first, _):
        for turn in range(count):
            async with contextlib.AsyncExitStack() as stack:
                async with Flood(first.transport.remote.address, FLOOD_PER_S, SEED + turn) as flood:
                    for number in range(CALLS):
                        call = await ring(server.url, f"flooded-{turn}-{number}", stack, parts=1)
                        began = time.monotonic()
                        await begin(call)
                        took.append(time.monotonic() - began)
                        stack.push_async_callback(hang_up, call)
                assert (await asyncio.to_thread(server.metrics))["calls_active"] == CALLS + 1
                assert flood.per_s >= FLOOD_PER_S
                sent, seconds = sent + flood.sent, seconds + flood.seconds
        await first.transport.check()
        refused, dropped = await books.read()
        assert sent - dropped <= refused.total() <= sent
        assert set(refused) <= {*FAMILIES["stun"], *FAMILIES["dtls"]}
    hostile_rig.report(
        "call_hostile_flood",
        {
            "seed": SEED,
            "calls": len(took),
            "datagrams": sent,
            "datagrams_per_s": round(sent / seconds),
            "dropped_by_the_kernel": dropped,
            "refused": dict(refused),
            "set_up_s": {"median": round(sorted(took)[len(took) // 2], 3), "longest": round(max(took), 3)},
        },
    )


def offers(count: int) -> Iterator[str]:
    """Mutated offers of browsers as JSON can carry them: a lone surrogate is another test's matter."""
    for text in mutations(SEED, count):
        yield text.encode("utf-8", "replace").decode()


@forms(3_000, 20_000)
async def test_mutated_offers_are_answered_or_refused_and_never_an_accident(probed: Probed, count: int) -> None:
    outcomes: Counter[str] = Counter()
    source = offers(count)
    async with contextlib.AsyncExitStack() as stack:
        beside = await stack.enter_async_context(call_beside(probed.server, "beside"))
        mallory, _ = await ring(probed.server.url, "mallory", stack)

        async def offer() -> None:
            for sdp in source:
                payload = {"callId": mallory.call_id, "sdp": sdp, "target": "relay"}
                answer = await mallory.client.ask("webrtc_offer", payload, within_s=hostile_rig.WITHIN_S)
                assert "sdp" in answer if answer["ok"] else True
                outcomes["ok" if answer["ok"] else answer["error"]["code"]] += 1

        before = await asyncio.to_thread(probed.server.metrics)
        await asyncio.gather(*(offer() for _ in range(AT_ONCE)))
        after = await asyncio.to_thread(probed.server.metrics)
        assert outcomes.total() == count
        assert set(outcomes) <= {"ok", *(code.value for code in ErrorCode)} - {"internal"}
        assert outcomes["ok"] >= count // 10
        assert outcomes["invalid"] >= count // 10
        for outcome in outcomes.keys() - {"too_large"}:  # those over the size of a payload reach no handler
            name = f'events_total{{event="webrtc_offer",outcome="{outcome}"}}'
            assert after[name] - before[name] == outcomes[outcome]
        await asyncio.sleep(1.0)
        figures = beside.check()
    cost = await probed.worst("offer")
    hostile_rig.report(
        "call_hostile_offers",
        {"seed": SEED, "offers": count, "answers": dict(outcomes), "beside": figures, "cost": cost},
    )


async def test_a_replayed_packet_is_never_forwarded(server: Server) -> None:
    random_ = random.Random(SEED)
    async with light_call(server.url, "replay") as (ana, ben):
        await ana.pause()
        await closed_loop(iter(()), ana.transport.send_raw, ana)
        await ben.transport.check()
        heard = ben.sounds.packets
        captured = [ana.transport.protect(ana.sound()) for _ in range(CAPTURED)]
        await closed_loop(iter(captured), ana.transport.send_raw, ana)
        books = MediaBooks(server)
        replays = captured * REPLAYS
        random_.shuffle(replays)
        await closed_loop(iter(replays), ana.transport.send_raw, ana)
        with Stranger(ana.transport.remote.address) as stranger:
            await closed_loop(iter(replays), stranger.send, ana)
        refused, _ = await books.read()
        assert refused == {"srtp_replay": CAPTURED * REPLAYS, "rtp_unchecked_address": CAPTURED * REPLAYS}
        await ben.transport.check()  # what was forwarded to ben came before this answer
        assert ben.sounds.packets - heard == CAPTURED
        assert ben.sounds.doubled == ben.transport.refused == ben.transport.replayed == 0
