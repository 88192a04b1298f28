"""A call's side that costs little: numbered packets instead of pictures and sound, so that a core holds many calls.

`LightPeer` sends 50 audio packets and 15 pictures a second, the pictures in several packets, each with its number and
the time of sending; `Heard` says what came of the other's. It answers NACK by RTX and PLI by a key picture, as a
browser does, and has real ICE, DTLS and SRTP (`LightTransport`). Nothing is encoded: sizes are those of a video call.
"""

import asyncio
import contextlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from struct import Struct
from typing import Final

from media import rtcp
from tests.support.client import ChatClient, connected
from tests.support.light_transport import LightTransport, Remote

SOUNDS_PER_S: Final = 50
PICTURES_PER_S: Final = 15
OPUS, VP8, RTX = 111, 96, 97
_MID, _LEVEL, _SEND_TIME = 4, 1, 2  # ids of header extensions
_SOUND_SIZE: Final = 160
_KEPT: Final = 512  # packets that can be asked for again, about 10 s
_CONSENT_S: Final = 4.0  # RFC 7675 5.1: 4 to 6 s
_REPORT_S: Final = 1.0
_HEADER = Struct("!BBHII")
_STAMP = Struct("!dI")  # Unix seconds of sending, number
_PART = Struct("!dIBB")  # the same and: which part of how many
_DESCRIPTOR: Final = 2  # VP8 payload descriptor and the octet with the key frame bit


@dataclass
class Heard:
    """What came of one kind: (number, sent, arrived) in the order of arrival; times are Unix seconds."""

    whole: list[tuple[int, float, float]] = field(default_factory=list)
    packets: int = 0
    doubled: int = 0  # a number, or a part of a picture, that was here before
    transits: list[float] = field(default_factory=list)  # seconds on the way, of each packet
    _seen: set[int] = field(default_factory=set)

    def take(self, key: int, sent: float, arrived: float) -> bool:
        """Count a packet; False when it was here before."""
        self.packets += 1
        if key in self._seen:
            self.doubled += 1
            return False
        self._seen.add(key)
        self.transits.append(arrived - sent)
        return True

    def numbers(self, since: float = 0.0, until: float = float("inf")) -> set[int]:
        """The numbers of what was sent in this time and came whole."""
        return {number for number, sent, _ in self.whole if since <= sent < until}

    def longest_gap(self, period: float, since: float = 0.0, until: float | None = None) -> float:
        """Longest time (s) without anything, beyond what the sender itself was late against its `period` (s).

        From `since` to `until` (None: to the last that came); silence at either end counts, also when nothing came at
        all."""
        longest = period
        end = float("inf") if until is None else until
        earlier = [entry for entry in self.whole if entry[2] < since]
        heard = earlier[-1:] + [entry for entry in self.whole if since <= entry[2]]
        for (number, sent, arrived), (next_number, next_sent, next_arrived) in pairwise(heard):
            own = max(0.0, next_sent - sent - period * max(1, next_number - number))
            begin, back = max(arrived, since), min(next_arrived, end)
            longest = max(longest, back - begin - own) if back - begin > period else longest
        if not earlier and since > 0.0:  # nothing tells when the first should have been here: from the beginning
            first = min([*(arrived for _, _, arrived in heard), end])
            longest = max(longest, first - since)
        if until is not None:
            last = max([since, *(arrived for _, _, arrived in heard)])
            longest = max(longest, until - last)
        return longest


class Pictures:
    """Puts pictures together: a picture is whole when all its parts are here."""

    def __init__(self) -> None:
        self.heard = Heard()
        self._parts: OrderedDict[int, set[int]] = OrderedDict()

    @staticmethod
    def part(sent: float, number: int, index: int, of: int) -> bytes:
        """What a part carries of itself."""
        return _PART.pack(sent, number, index, of)

    def take(self, payload: bytes, arrived: float) -> None:
        """Take a payload behind its VP8 descriptor."""
        sent, number, part, parts = _PART.unpack_from(payload, _DESCRIPTOR)
        if not self.heard.take(number << 8 | part, sent, arrived):
            return
        here = self._parts.setdefault(number, set())
        here.add(part)
        if len(here) == parts:
            del self._parts[number]
            self.heard.whole.append((number, sent, arrived))


def _video_ssrc(sdp: str) -> int:
    found = re.search(r"m=video.*?a=ssrc:(\d+)", sdp, re.DOTALL)
    assert found is not None, sdp
    return int(found[1])


class LightPeer:
    """One person on one device. `parts`: packets of a picture, `part_bytes`: size of each payload."""

    def __init__(self, client: ChatClient, user_id: str, *, parts: int = 3, part_bytes: int = 900) -> None:
        self.client = client
        self.user_id = user_id
        self.call_id = ""
        self.transport = LightTransport(self._rtp, self._rtcp)
        self.sounds, self.pictures = Heard(), Pictures()
        self.sounds_sent = self.pictures_sent = self.packets_sent = 0
        self.picture_times: list[float] = []  # Unix seconds, when the last part of each went out
        self.asked_again = self.key_pictures = self.bad = 0
        self.odd = 0  # packets with padding or CSRCs, which a light peer sends in hostile tests only
        self.slot = self.newest = 0  # SSRC and last number of the other's pictures
        self._parts, self._filling = parts, bytes(part_bytes - _DESCRIPTOR - _PART.size)
        self._ssrcs = {kind: secrets.randbelow(2**31) + 2 for kind in (OPUS, VP8, RTX)}
        self._sequences = {kind: secrets.randbelow(2**15) for kind in (OPUS, VP8, RTX)}
        self._part = 0
        self._key = True
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    @property
    def audio_ssrc(self) -> bytes:
        """As it stands in packets."""
        return self._ssrcs[OPUS].to_bytes(4, "big")

    # ---- set-up

    async def join(self) -> None:
        """Offer to the relay, take its answer, connect."""
        answered = await self.client.ok(
            "webrtc_offer", {"callId": self.call_id, "sdp": self.offer_sdp(), "target": "relay"}
        )
        self.slot = _video_ssrc(str(answered["sdp"]))
        await self.transport.connect(Remote.of(str(answered["sdp"])))

    def offer_sdp(self) -> str:
        """Audio, video and data both ways, with what a browser offers for them."""
        transport = [
            f"a=ice-ufrag:{self.transport.ufrag}",
            f"a=ice-pwd:{self.transport.pwd}",
            f"a=fingerprint:sha-256 {self.transport.fingerprint}",
            "a=setup:actpass",
            "a=rtcp-mux",
            "a=sendrecv",
            f"a=extmap:{_MID} urn:ietf:params:rtp-hdrext:sdes:mid",
        ]
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0 1 2",
            f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            *transport,
            f"a=extmap:{_LEVEL} urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            f"a=rtpmap:{OPUS} opus/48000/2",
            f"a=ssrc:{self._ssrcs[OPUS]} cname:{self.user_id}",
            f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}",
            "c=IN IP4 0.0.0.0",
            "a=mid:1",
            *transport,
            f"a=extmap:{_SEND_TIME} http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            f"a=rtpmap:{VP8} VP8/90000",
            f"a=rtcp-fb:{VP8} nack",
            f"a=rtcp-fb:{VP8} nack pli",
            f"a=rtcp-fb:{VP8} goog-remb",
            f"a=rtpmap:{RTX} rtx/90000",
            f"a=fmtp:{RTX} apt={VP8}",
            f"a=ssrc-group:FID {self._ssrcs[VP8]} {self._ssrcs[RTX]}",
            f"a=ssrc:{self._ssrcs[VP8]} cname:{self.user_id}",
            f"a=ssrc:{self._ssrcs[RTX]} cname:{self.user_id}",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=mid:2",
            *(line for line in transport if not line.startswith(("a=extmap", "a=rtcp-mux", "a=sendrecv"))),
            "a=sctp-port:5000",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    # ---- sending

    def talk(self) -> None:
        """Send at the nominal rates until `close`."""
        self._task = asyncio.ensure_future(self._talk())

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        sounds = pictures = checks = reports = 0
        while True:
            past = loop.time() - began
            while sounds <= past * SOUNDS_PER_S:
                self.send_sound()
                sounds += 1
            while pictures <= past * PICTURES_PER_S:
                for _ in range(self._parts):
                    self.send_part()
                pictures += 1
            if past >= reports * _REPORT_S:
                reports += 1
                self.send_report()
            if past >= (checks + 1) * _CONSENT_S:
                checks += 1
                self.transport.send_raw(self.transport.binding_request())
            due = min(sounds / SOUNDS_PER_S, pictures / PICTURES_PER_S)
            await asyncio.sleep(max(0.0, began + due - loop.time()))

    def send_sound(self) -> None:
        """The next audio packet."""
        self.transport.send_raw(self.transport.protect(self.sound()))
        self.packets_sent += 1

    def sound(self) -> bytes:
        """The next audio packet in clear, which the caller sends or does not."""
        extension = bytes((_MID << 4, ord("0"), _LEVEL << 4, 30))
        stamp = _STAMP.pack(time.time(), self.sounds_sent)
        timestamp = self.sounds_sent * (48_000 // SOUNDS_PER_S)
        self.sounds_sent += 1
        return self._packet(OPUS, OPUS, timestamp, extension, stamp.ljust(_SOUND_SIZE, b"\xaa"))

    def send_part(self) -> None:
        """The next packet of the picture; with its last one the picture is sent."""
        last = self._part == self._parts - 1
        now = time.time()
        extension = bytes((_MID << 4, ord("1"), _SEND_TIME << 4 | 2)) + (int(now * 2**18) & 0xFFFFFF).to_bytes(3, "big")
        descriptor = bytes((0x10 if self._part == 0 else 0, not self._key))
        payload = descriptor + Pictures.part(now, self.pictures_sent, self._part, self._parts) + self._filling
        timestamp = self.pictures_sent * (90_000 // PICTURES_PER_S)
        packet = self._packet(VP8, VP8 | (0x80 if last else 0), timestamp, extension, payload)
        self._kept[int.from_bytes(packet[2:4], "big")] = packet
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.transport.send_raw(self.transport.protect(packet))
        self.packets_sent += 1
        self._part = 0 if last else self._part + 1
        if last:
            self.pictures_sent += 1
            self.picture_times.append(now)
            self.key_pictures += self._key
            self._key = False

    def send_report(self) -> None:
        """A receiver report without blocks and a name (RFC 3550 6.1)."""
        ssrc = self._ssrcs[OPUS]
        compound = rtcp.receiver_report(rtcp.ReceiverReport(ssrc)) + rtcp.source_description(ssrc, self.user_id)
        self.transport.send_raw(self.transport.protect_rtcp(compound))

    def _packet(self, kind: int, second: int, timestamp: int, extension: bytes, payload: bytes) -> bytes:
        sequence = self._sequences[kind]
        self._sequences[kind] = (sequence + 1) & 0xFFFF
        padded = extension + bytes(-len(extension) % 4)
        head = _HEADER.pack(0x90, second, sequence, timestamp & 0xFFFFFFFF, self._ssrcs[kind])
        return head + b"\xbe\xde" + (len(padded) // 4).to_bytes(2, "big") + padded + payload

    # ---- what comes

    def _rtp(self, packet: bytes, arrived: float) -> None:
        if packet[0] & 0x2F:
            self.odd += 1
            return
        payload_type = packet[1] & 0x7F
        at = 12 + 4 * (packet[0] & 15)
        if packet[0] & 0x10:
            at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
        if payload_type == OPUS:
            sent, number = _STAMP.unpack_from(packet, at)
            if self.sounds.take(number, sent, arrived):
                self.sounds.whole.append((number, sent, arrived))
        elif payload_type == VP8:
            self.newest = int.from_bytes(packet[2:4], "big")
            self.pictures.take(packet[at:], arrived)
        else:
            self.bad += 1

    def _rtcp(self, compound: bytes, arrived: float) -> None:
        for packet in rtcp.parse(compound):
            if isinstance(packet, rtcp.Nack):
                self._again(packet.sequences)
            elif isinstance(packet, rtcp.KeyFrameRequest):
                self._key = True

    def _again(self, sequences: tuple[int, ...]) -> None:
        for number in sequences:
            packet = self._kept.get(number)
            if packet is not None:
                self.asked_again += 1
                at = 16 + 4 * int.from_bytes(packet[14:16], "big")
                timestamp = int.from_bytes(packet[4:8], "big")
                payload = packet[2:4] + packet[at:]  # RFC 4588 4: the original number first
                again = self._packet(RTX, RTX | packet[1] & 0x80, timestamp, packet[16:at], payload)
                self.transport.send_raw(self.transport.protect(again))

    async def pause(self) -> None:
        """Send nothing more by itself."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Stop and leave without a word of signalling."""
        await self.pause()
        self.transport.close()


LightCall = tuple[LightPeer, LightPeer]


async def ring(url: str, match_id: str, stack: contextlib.AsyncExitStack, **shape: int) -> LightCall:
    """Two people of a new match, the call accepted and nobody joined yet; needs a server in development mode."""
    names = [f"{match_id}-{side}" for side in ("ana", "ben")]
    clients = [await stack.enter_async_context(connected(url, query={"userId": name})) for name in names]
    ana, ben = (LightPeer(client, name, **shape) for client, name in zip(clients, names, strict=True))
    for peer in (ana, ben):
        stack.push_async_callback(peer.close)
        await peer.client.ok("join_chat", {"matchId": match_id})
    call = {"matchId": match_id, "audio": True, "video": True, "mode": "relay"}
    started = await ana.client.ok("start_call", call)
    ana.call_id = ben.call_id = started["callId"]
    await ben.client.wait_for("incoming_call", lambda data: data["callId"] == ben.call_id)
    await ben.client.ok("answer_call", {"callId": ben.call_id, "accept": True})
    return ana, ben


async def begin(call: LightCall, within_s: float = 20.0) -> None:
    """Both join and talk until the call is active."""
    for peer in call:
        await peer.join()
        peer.talk()
    for peer in call:
        await peer.client.wait_for("call_state", lambda data: data["state"] == "active", within_s=within_s)


@contextlib.asynccontextmanager
async def light_call(url: str, match_id: str, **shape: int) -> AsyncIterator[LightCall]:
    """An active call for the length of a block."""
    async with contextlib.AsyncExitStack() as stack:
        call = await ring(url, match_id, stack, **shape)
        await begin(call)
        yield call
