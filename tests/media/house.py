"""Calls over the memory back ends: ann has the devices a1 and a2, bob b1 and b2, carol c1."""

from typing import Any

from backends.bus_memory import MemoryBus
from backends.claims_memory import MemoryCallClaims
from media import facts as kinds
from media.calls import CallService
from media.core.call import CallTimes
from protocol.calls import (
    AnswerCall,
    CallAnswered,
    CallConsent,
    CallConsented,
    CallStarted,
    IceCandidate,
    SdpAnswer,
    SetCallMedia,
    StartCall,
    WebrtcAnswer,
    WebrtcOffer,
)
from rooms.announcer import Announcer
from rooms.core.limits import TokenBuckets
from rooms.facts import DeviceCame, DeviceLeft
from rooms.kit import Kit
from tests.rooms.house import House
from tests.support.clock import FakeIds
from tests.support.fakes import Line, through
from tests.support.media import ScriptedMedia

TIMES = CallTimes()
ATTEMPTS = 5
OWNER = {"a": "ann", "b": "bob", "c": "carol"}


class CallHouse:
    """A house with calls. `claims_line` leads to the claims; `media` moves no media."""

    def __init__(self, *, attempts: int = ATTEMPTS) -> None:
        self.house = House()
        self.clock, self.timers, self.ears = self.house.clock, self.house.timers, self.house.ears
        self.claims_line = Line()
        self.claims = MemoryCallClaims()
        bus = MemoryBus()
        bus.subscribe(self.ears.deliver)
        announcer = Announcer(through(self.house.bus_line, bus))
        kit = self.kit = Kit(self.clock, FakeIds(self.clock), self.timers, self.house.facts, announcer)
        self.media = ScriptedMedia(kit)
        self.ears.listen(self.house.facts, kinds.CallStarted, kinds.CallConnected, kinds.CallEnded)
        self.calls = CallService(
            kit,
            chat=self.house.chat,
            claims=through(self.claims_line, self.claims),
            media=self.media,
            times=TIMES,
            limits=TokenBuckets(rate=attempts / 600, burst=attempts),
        )
        self.match_id = ""

    async def open(self) -> "CallHouse":
        """The match of ann and bob exists."""
        self.match_id = (await self.house.match("ann", "bob")).match_id
        return self

    async def start(self, device: str = "a1", match_id: str | None = None, **fields: object) -> CallStarted:
        """Ring from a device; what it led to has been told."""
        event = StartCall.from_wire({"matchId": match_id or self.match_id, **fields})
        ack = await self.calls.start(OWNER[device[0]], device, event, current=None)
        await self.timers.settle()
        return ack

    async def answer(self, call_id: str, device: str = "b1", *, accept: bool = True) -> CallAnswered:
        """Accept or decline."""
        event = AnswerCall.from_wire({"callId": call_id, "accept": accept})
        ack = self.calls.answer(OWNER[device[0]], device, event)
        await self.timers.settle()
        return ack

    async def active(self) -> str:
        """The id of a call of ann on a1 and bob on b1 with media, with all that was told forgotten."""
        call_id = (await self.start()).call_id
        await self.answer(call_id)
        self.media.up(call_id, "ann", "bob")
        await self.timers.settle()
        self.ears.forget()
        return call_id

    async def end(self, call_id: str, device: str = "a1") -> str:
        """Hang up; the reason."""
        over = self.calls.hang_up(OWNER[device[0]], device, call_id)
        await self.timers.settle()
        return over.reason

    async def offer(self, call_id: str, device: str, **fields: object) -> SdpAnswer:
        """An SDP offer, to the relay unless `target` says otherwise."""
        event = WebrtcOffer.from_wire({"callId": call_id, "sdp": f"offer of {device}", **fields})
        answer = await self.calls.offer(OWNER[device[0]], device, event)
        await self.timers.settle()
        return answer

    async def sdp_answer(self, call_id: str, device: str, target: str) -> None:
        """An SDP answer."""
        event = WebrtcAnswer.from_wire({"callId": call_id, "sdp": f"answer of {device}", "target": target})
        self.calls.sdp_answer(OWNER[device[0]], device, event)
        await self.timers.settle()

    async def candidate(self, call_id: str, device: str, candidate: object, **fields: object) -> None:
        """A candidate, to the relay unless `target` says otherwise."""
        event = IceCandidate.from_wire({"callId": call_id, "candidate": candidate, **fields})
        self.calls.candidate(OWNER[device[0]], device, event)
        await self.timers.settle()

    async def mute(self, call_id: str, device: str) -> None:
        """Microphone off."""
        event = SetCallMedia.from_wire({"callId": call_id, "audio": False, "video": True})
        self.calls.set_media(OWNER[device[0]], device, event)
        await self.timers.settle()

    async def consent(self, call_id: str, device: str, kind: str, *, granted: bool = True) -> CallConsented:
        """Yes, or no longer."""
        event = CallConsent.from_wire({"callId": call_id, "kind": kind, "granted": granted})
        consented = self.calls.consent(OWNER[device[0]], device, event)
        await self.timers.settle()
        return consented

    async def came(self, device: str) -> None:
        """A device has connected."""
        self.house.facts.publish(DeviceCame(OWNER[device[0]], device))
        await self.timers.settle()

    async def left(self, device: str) -> None:
        """A device has dropped."""
        self.house.facts.publish(DeviceLeft(OWNER[device[0]], device))
        await self.timers.settle()

    def told(self, device: str) -> list[tuple[str, Any]]:
        """Every event, with its payload, that reached this device, oldest first."""
        return [
            (envelope.event, envelope.payload)
            for envelope in self.ears.envelopes
            if OWNER[device[0]] in envelope.user_ids
            and envelope.skip != device
            and (envelope.only is None or device in envelope.only)
        ]

    def heard(self, device: str, *events: str) -> list[Any]:
        """What this device was told of calls, oldest first: (event, state or reason), or the payloads of `events`."""
        if events:
            return [payload for event, payload in self.told(device) if event in events]
        return [
            (event, payload.get("state") or payload.get("reason"))
            for event, payload in self.told(device)
            if "callId" in payload
        ]
