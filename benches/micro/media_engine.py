"""CPU per packet that the Python engine forwards: in memory, and over UDP sockets on uvloop.

    python -m benches.micro.media_engine [--calls 10] [--seconds 8] [--profile AEAD_AES_128_GCM] [--json FILE]

A call is two legs; each sends 150 video and 50 audio packets a second. The server of the second part is a process of
its own: one socket, read as the relay reads it, the engine, its tick; its CPU time is user + system over the measured
seconds, minus nothing. Loss or an unforwarded packet fails the run. Latency is from the load's sendto to its recvfrom
(both included).
"""

import argparse
import asyncio
import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import uvloop

from media.core.rewrite import EARLY_PACKETS
from media.engine.api import CodecKey, LegKeys, Publication, Slot
from media.engine.pure import PureEngine
from media.engine.srtp import SrtpTransform
from media.transport.intake import Intake

OPUS = CodecKey("opus", 48_000, 2, "")
VP8 = CodecKey("vp8", 90_000, 0, "")
VIDEO_SIZE, AUDIO_SIZE = 1080, 160
VIDEO_RATE, AUDIO_RATE = 150, 50
# Two numberings of extensions, as Chromium and Firefox have them: every second leg uses the other.
EXT_IDS = (
    {"mid": 4, "audio_level": 1, "abs_send_time": 2, "orientation": 13},
    {"mid": 3, "audio_level": 1, "abs_send_time": 4, "orientation": 7},
)
AUDIO_EXT = [{name: ids[name] for name in ("mid", "audio_level", "abs_send_time")} for ids in EXT_IDS]
VIDEO_EXT = [{name: ids[name] for name in ("mid", "abs_send_time", "orientation")} for ids in EXT_IDS]
PTS = ({"opus": 111, "vp8": 96, "rtx": 97}, {"opus": 109, "vp8": 120, "rtx": 124})


def keys(leg: int, profile: str, *, client: bool) -> LegKeys:
    """Keys of a leg as the server or the client sees them."""
    salt = 12 if profile == "AEAD_AES_128_GCM" else 14
    rx, tx = (bytes([leg + 1, side] * 8) for side in (0, 1))
    if client:
        rx, tx = tx, rx
    return LegKeys(profile, rx, b"s" * salt, tx, b"s" * salt)  # type: ignore[arg-type]  # a name of the command line


def ssrcs(leg: int) -> tuple[int, int]:
    """Audio and video SSRC that the leg sends."""
    return 0x10000 + 16 * leg, 0x10000 + 16 * leg + 1


def build_engine(engine: PureEngine, calls: int, profile: str, addresses: list[tuple[str, int]]) -> None:
    """Two legs a call with audio and video both ways."""
    for leg in range(2 * calls):
        engine.add_leg(leg, keys(leg, profile, client=False), addresses[leg])
    slots = {}
    for leg in range(2 * calls):
        pts, audio_ext, video_ext = PTS[leg % 2], AUDIO_EXT[leg % 2], VIDEO_EXT[leg % 2]
        rtx = {pts["vp8"]: pts["rtx"]}
        audio, video = ssrcs(leg)
        slots[leg, "audio"] = engine.open_slot(
            Slot(leg, "0", "audio", audio + 8, None, "c", {OPUS: pts["opus"]}, {}, audio_ext, nack=False)
        )
        slots[leg, "video"] = engine.open_slot(
            Slot(leg, "1", "video", video + 8, video + 9, "c", {VP8: pts["vp8"]}, rtx, video_ext)
        )
    for leg in range(2 * calls):
        pts, audio_ext, video_ext = PTS[leg % 2], AUDIO_EXT[leg % 2], VIDEO_EXT[leg % 2]
        audio, video = ssrcs(leg)
        codecs, rtx = {pts["vp8"]: VP8}, {pts["rtx"]: pts["vp8"]}
        sound = Publication(leg, "0", "audio", audio, None, 48_000, {pts["opus"]: OPUS}, {}, audio_ext, nack=False)
        picture = Publication(leg, "1", "video", video, video + 1, 90_000, codecs, rtx, video_ext)
        engine.route(engine.publish(sound), slots[leg ^ 1, "audio"])
        engine.route(engine.publish(picture), slots[leg ^ 1, "video"])


@dataclass(slots=True)
class Load:
    """Protected packets of all legs in the order and at the times they are sent."""

    times: list[float]
    legs: list[int]
    datagrams: list[bytes]


def element(extension_id: int, data: bytes) -> bytes:
    return bytes([extension_id << 4 | len(data) - 1]) + data


def rtp(second: int, sequence: int, timestamp: int, ssrc: int, extension: bytes, size: int) -> bytes:
    padded = extension + bytes(-len(extension) % 4)
    fixed = bytes([0x90, second]) + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + ssrc.to_bytes(4, "big")
    return fixed + b"\xbe\xde" + (len(padded) // 4).to_bytes(2, "big") + padded + bytes([0x10]) + bytes(size - 1)


def make_load(calls: int, seconds: float, profile: str) -> Load:
    """Evenly spaced packets; the legs are shifted against each other."""
    rows: list[tuple[float, int, bytes]] = []
    for leg in range(2 * calls):
        protect = SrtpTransform(keys(leg, profile, client=True)).protect
        pts, ext = PTS[leg % 2], EXT_IDS[leg % 2]
        audio, video = ssrcs(leg)
        shift = leg / (2 * calls) / VIDEO_RATE
        for number in range(int(seconds * VIDEO_RATE)):
            at = shift + number / VIDEO_RATE
            block = element(ext["mid"], b"1") + element(ext["abs_send_time"], int(at * 262144).to_bytes(3, "big"))
            packet = rtp(pts["vp8"], number & 0xFFFF, number // 5 * 3000, video, block, VIDEO_SIZE)
            rows.append((at, leg, protect(packet)))
        for number in range(int(seconds * AUDIO_RATE)):
            at = shift + number / AUDIO_RATE + 0.0003
            block = element(ext["mid"], b"0") + element(ext["audio_level"], b"\x9e")
            packet = rtp(pts["opus"], number & 0xFFFF, number * 960, audio, block, AUDIO_SIZE)
            rows.append((at, leg, protect(packet)))
    rows.sort(key=lambda row: row[0])
    return Load([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def in_memory(calls: int, seconds: float, profile: str) -> dict[str, float]:
    """Feed the load as fast as it goes; sending costs one list append."""
    load = make_load(calls, seconds, profile)
    sent: list[bytes] = []
    engine = PureEngine(lambda data, _address: sent.append(data))
    build_engine(engine, calls, profile, [("127.0.0.1", 40_000 + leg) for leg in range(2 * calls)])
    receive, tick_at = engine.receive, 0.0
    begun = time.process_time()
    for at, leg, datagram in zip(load.times, load.legs, load.datagrams, strict=True):
        if at >= tick_at:
            engine.tick(at)
            tick_at = at + 0.02
        receive(leg, datagram, at)
    spent = time.process_time() - begun
    forwarded = sum(
        stream.packets for leg in engine.snapshot(seconds) for stream in leg.streams if stream.direction == "down"
    )
    if forwarded != len(load.times):
        raise SystemExit(f"forwarded {forwarded} of {len(load.times)}: {dict(engine.refused())}")
    return {"packets": forwarded, "cpu_us_per_packet": spent / forwarded * 1e6}


# ---- over sockets


async def serve() -> None:
    """The server's process: reads its set-up from stdin, prints its port, runs until stdin closes."""
    setup = json.loads(sys.stdin.readline())
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    addresses = [("127.0.0.1", port) for port in setup["ports"]]
    rss_before = resident_kib()
    engine = PureEngine(sock.sendto, wall=time.time() - time.monotonic())
    build_engine(engine, setup["calls"], setup["profile"], addresses)
    by_address = {address: leg for leg, address in enumerate(addresses)}
    recvfrom, receive, clock = sock.recvfrom, engine.receive, time.monotonic
    loop = asyncio.get_running_loop()

    def read() -> int:
        for count in range(64):
            try:
                datagram, address = recvfrom(2048)
            except BlockingIOError:
                return count
            leg = by_address.get(address)
            if leg is not None:
                receive(leg, datagram, clock())
        return 64

    totals = {"forwarded": 0, "lost_records": 0}

    def tick() -> None:
        engine.tick(clock())
        loop.call_later(0.02, tick)

    def read_counters() -> None:
        """Once a second, as the quality measures do."""
        streams = [stream for leg in engine.snapshot(clock()) for stream in leg.streams]
        totals["forwarded"] = sum(stream.packets for stream in streams if stream.direction == "down")
        totals["lost_records"] += sum(stream.arrivals_dropped for stream in streams)
        loop.call_later(1.0, read_counters)

    intake = Intake(loop, sock.fileno(), read, clock)
    tick()
    read_counters()
    done = loop.create_future()

    def command() -> None:
        if sys.stdin.readline():
            usage = resource.getrusage(resource.RUSAGE_SELF)
            grown = resident_kib() - rss_before
            print(json.dumps({"cpu": usage.ru_utime + usage.ru_stime, "grown_kib": grown}), flush=True)
        else:
            loop.remove_reader(sys.stdin.fileno())
            done.set_result(None)

    loop.add_reader(sys.stdin.fileno(), command)
    print(sock.getsockname()[1], flush=True)
    await done
    intake.close()
    read_counters()
    print(json.dumps({**totals, "refused": dict(engine.refused())}), flush=True)


def resident_kib() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


class Sockets:
    """The load's side: one socket a leg, paced sending, everything that comes back counted and timed."""

    def __init__(self, legs: int) -> None:
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(legs)]
        self.received = 0
        self.latencies: list[float] = []
        self._sent: dict[bytes, float] = {}
        self._poll = select.epoll()
        self._by_fd = {}
        for sock in self.sockets:
            sock.bind(("127.0.0.1", 0))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sock.setblocking(False)
            self._poll.register(sock.fileno(), select.EPOLLIN)
            self._by_fd[sock.fileno()] = sock

    def run(self, load: Load, server: tuple[str, int], first: int, last: int) -> None:
        """Send load[first:last] at its times and a quarter second of rest."""
        begun = time.monotonic() - load.times[first]
        for index in range(first, last):
            due = begun + load.times[index]
            while True:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._drain(left if left > 0.0005 else 0.0)
            datagram = load.datagrams[index]
            # The slot is the other leg's, its numbers begin at EARLY_PACKETS: the packet is known again in clear.
            ssrc = (int.from_bytes(datagram[8:12], "big") ^ 16) + 8
            number = int.from_bytes(datagram[2:4], "big") + EARLY_PACKETS
            self._sent[number.to_bytes(2, "big") + ssrc.to_bytes(4, "big")] = time.monotonic()
            self.sockets[load.legs[index]].sendto(datagram, server)
        rest = time.monotonic() + 0.25
        while time.monotonic() < rest:
            self._drain(0.01)

    def _drain(self, timeout: float) -> None:
        for fd, _ in self._poll.poll(timeout):
            while True:
                try:
                    datagram = self._by_fd[fd].recv(2048)
                except BlockingIOError:
                    break
                if 192 <= datagram[1] <= 223:
                    continue
                self.received += 1
                sent = self._sent.pop(datagram[2:4] + datagram[8:12], None)
                if sent is not None:
                    self.latencies.append(time.monotonic() - sent)


def over_sockets(calls: int, seconds: float, profile: str) -> dict[str, object]:
    """Run the server in a process of its own and read its CPU time around the measured part."""
    warm = 1.0
    load = make_load(calls, seconds + warm, profile)
    sockets = Sockets(2 * calls)
    child = subprocess.Popen(
        [sys.executable, "-m", "benches.micro.media_engine", "--serve"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    ports = [sock.getsockname()[1] for sock in sockets.sockets]
    child.stdin.write(json.dumps({"calls": calls, "profile": profile, "ports": ports}) + "\n")
    child.stdin.flush()
    server = ("127.0.0.1", int(child.stdout.readline()))

    def cpu() -> tuple[float, float]:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("cpu\n")
        child.stdin.flush()
        answer = json.loads(child.stdout.readline())
        return answer["cpu"], answer["grown_kib"]

    split = next(index for index, at in enumerate(load.times) if at >= warm)
    sockets.run(load, server, 0, split)
    sockets.latencies.clear()
    before, _ = cpu()
    sockets.run(load, server, split, len(load.times))
    after, grown = cpu()
    child.stdin.close()
    report = json.loads(child.stdout.readline())
    child.wait(10)
    measured = len(load.times) - split
    if sockets.received != len(load.times) or report["forwarded"] != len(load.times):
        raise SystemExit(f"sent {len(load.times)}, came back {sockets.received}, {report}")
    latencies = sorted(sockets.latencies)
    if len(latencies) != measured:
        raise SystemExit(f"only {len(latencies)} of {measured} packets were known again")
    return {
        "packets": measured,
        "packets_per_second": round(measured / seconds),
        "cpu_us_per_packet": (after - before) / measured * 1e6,
        "core_share": (after - before) / seconds,
        "latency_ms_p50": latencies[len(latencies) // 2] * 1000,
        "latency_ms_p99": latencies[len(latencies) * 99 // 100] * 1000,
        "memory_mib_per_call": grown / 1024 / calls,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--profile", default="AEAD_AES_128_GCM")
    parser.add_argument("--json")
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve())
        return
    report = {
        "calls": options.calls,
        "profile": options.profile,
        "in_memory": in_memory(options.calls, options.seconds, options.profile),
        "over_sockets": over_sockets(options.calls, options.seconds, options.profile),
    }
    text = json.dumps(report, indent=2)
    print(text)
    if options.json:
        with open(options.json, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
