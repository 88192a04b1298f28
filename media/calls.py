"""Calls, from the ring to the entry in the chat: the shell around `core/call.py`."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from media import facts
from media.core.call import Call, CallState, CallTimes, Ring, Tell
from media.core.ended import EndedCalls
from media.ports import CallClaims, MediaPlane
from protocol.base import ServerEvent
from protocol.calls import (
    RELAY,
    AnswerCall,
    CallAnswered,
    CallConsent,
    CallConsented,
    CallEnded,
    CallOver,
    CallStarted,
    CallStateName,
    EndReason,
    IceCandidate,
    PeerAnswer,
    PeerCandidate,
    PeerOffer,
    SdpAnswer,
    SetCallMedia,
    StartCall,
    WebrtcAnswer,
    WebrtcOffer,
)
from protocol.errors import Busy, Conflict, Gone, ProtocolError, RateLimited, Unavailable
from protocol.ids import iso_time
from rooms.alarm import Alarm
from rooms.chat import ChatService
from rooms.core.cache import RecentMap
from rooms.core.limits import TokenBuckets
from rooms.facts import DeviceCame, DeviceLeft
from rooms.kit import Kit
from rooms.letters import Letter, Letters
from rooms.model import Match

RING_WINDOW_S = 600  # over which the attempts to ring are limited (wire contract, section 1)
_REPEATS = 10_000  # acks kept for a repeated clientId; each costs about 500 bytes

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Live:
    """A call with what the shell keeps for it."""

    call: Call
    match: Match
    letters: Letters
    alarm: Alarm
    connected: bool = False
    finished: asyncio.Event = field(default_factory=asyncio.Event)


class CallService:
    """Ring, answer, media, end. A call lives on the node that claimed its people.

    `device` is the connection that an event came by."""

    def __init__(
        self,
        kit: Kit,
        *,
        chat: ChatService,
        claims: CallClaims,
        media: MediaPlane,
        times: CallTimes,
        limits: TokenBuckets[frozenset[str]],
    ) -> None:
        """`limits`: ring attempts of each pair."""
        self._kit = kit
        self._clock = kit.clock
        self._facts = kit.facts
        self._chat = chat
        self._claims = claims
        self._media = media
        self._times = times
        self._limits = limits
        self._calls: dict[str, _Live] = {}
        self._of_user: dict[str, _Live] = {}
        self._finishing: set[_Live] = set()
        self._ended = EndedCalls()
        self._acks: RecentMap[tuple[str, str, str], CallStarted] = RecentMap(_REPEATS)
        # Held while a call of the two begins: rings that cross, or come twice, must find each other.
        self._starting: WeakValueDictionary[frozenset[str], asyncio.Lock] = WeakValueDictionary()
        self._closed = False
        kit.facts.subscribe(facts.LegConnected, self._on_leg_up)
        kit.facts.subscribe(facts.LegReturned, self._on_leg_up)
        kit.facts.subscribe(facts.LegLost, self._on_leg_lost)
        kit.facts.subscribe(DeviceCame, self._on_came)
        kit.facts.subscribe(DeviceLeft, self._on_left)

    @property
    def running(self) -> int:
        """Calls that have not ended."""
        return len(self._calls)

    async def start(
        self, user_id: str, device: str, event: StartCall, *, current: str | None, to: str | None = None
    ) -> CallStarted:
        """Ring the other person of the match. `current`: the room joined last.

        A busy callee is no refusal: the call is over at once, which the caller alone is told. Raises `NotFound`,
        `NotAMember`, `Conflict` (nobody else in the match), `Busy` (oneself), `RateLimited`, `Unavailable`."""
        if self._closed:
            raise Unavailable("the server stops")
        match = await self._chat.target(user_id, event.match_id, to, current)
        if match.kind != "pair":
            raise Unavailable("calls of more than two are not part of this server", field="matchId")
        others = match.others(user_id)
        if not others:
            raise Conflict("nobody else is in this match yet", field="matchId")
        pair = frozenset({user_id, *others})
        async with self._starting.setdefault(pair, asyncio.Lock()):
            key = (match.match_id, user_id, event.client_id or "")
            ack = self._acks.get(key) if event.client_id else None
            if ack is not None:
                return ack.model_copy(update={"state": self._state_of(ack.call_id)})
            ack = await self._start(user_id, device, event, match, others[0])
            if event.client_id:
                self._acks.put(key, ack)
            return ack

    async def _start(self, user_id: str, device: str, event: StartCall, match: Match, callee: str) -> CallStarted:
        own = self._of_user.get(user_id)
        if own is not None:
            return self._cross(own, user_id, device, event, callee)
        wait_s = self._limits.take(frozenset({user_id, callee}), now=self._clock.monotonic())
        if wait_s:
            raise RateLimited("too many calls to this person", retry_after_ms=int(wait_s * 1000) + 1)
        call_id = self._kit.ids.new()
        taken = await self._claim(call_id, (user_id, callee))
        if user_id in taken:
            raise Busy("you are in a call")
        if taken:
            return self._busy(call_id, user_id, device, match)
        ring = Ring(
            call_id=call_id,
            match_id=match.match_id,
            caller=user_id,
            device=device,
            callees=(callee,),
            audio=event.audio,
            video=event.video,
            mode=event.mode,
            expires_at=iso_time(self._clock.wall_ms() + round(self._times.ring_s * 1000)),
        )
        live = self._open(ring, match)
        self._facts.publish(
            facts.CallStarted(call_id, match.match_id, user_id, ring.callees, video=event.video, mode=event.mode)
        )
        self._post(live, live.call.begin())
        return self._started(live, user_id)

    def _cross(self, own: _Live, user_id: str, device: str, event: StartCall, callee: str) -> CallStarted:
        """Somebody rings who is in a call: when it is the same person's ring at them, that answers it."""
        if own.call.ring.caller != callee or own.call.state is not CallState.RINGING:
            raise Busy("you are in a call")
        now = self._clock.monotonic()
        self._post(own, own.call.accept(user_id, device, p2p=event.mode == "p2p", now=now))
        return self._started(own, user_id)

    def answer(self, user_id: str, device: str, event: AnswerCall) -> CallAnswered:
        """Accept or decline. Raises `NotFound`, `NotAMember`, `Gone`, `Conflict` (the caller, or answered already)."""
        live, now = self._find(event.call_id, user_id), self._clock.monotonic()
        if event.accept:
            self._post(live, live.call.accept(user_id, device, now=now))
        else:
            self._post(live, live.call.decline(user_id, device, now=now))
        servers = list(self._media.ice_servers(user_id)) if event.accept else []
        return CallAnswered(call_id=event.call_id, state=live.call.state_name, ice_servers=servers)

    def cancel(self, user_id: str, device: str, call_id: str) -> CallOver:
        """The caller gives up. Raises `NotFound`, `Forbidden`, `Gone`, `Conflict` (there was media already)."""
        live = self._find(call_id, user_id)
        return self._over(live, live.call.cancel(user_id, device, now=self._clock.monotonic()))

    def hang_up(self, user_id: str, device: str, call_id: str) -> CallOver:
        """End the call. Raises `NotFound`, `Forbidden` (on another device), `Gone`."""
        live = self._find(call_id, user_id)
        return self._over(live, live.call.hang_up(user_id, device, now=self._clock.monotonic()))

    async def offer(self, user_id: str, device: str, event: WebrtcOffer) -> SdpAnswer:
        """To the relay: its answer. To the other person: passed on, in a peer-to-peer call.

        Raises `NotFound`, `Forbidden`, `Gone`, `Conflict`, and what the media plane refuses an offer with."""
        live, call_id = self._find(event.call_id, user_id), event.call_id
        if event.target != RELAY:
            self._pass_on(live, user_id, device, event.target, PeerOffer(call_id=call_id, from_=user_id, sdp=event.sdp))
            return SdpAnswer()
        self._post(live, live.call.act(user_id, device, now=self._clock.monotonic()))
        sdp = await self._media.offer(call_id, user_id, event.sdp)
        if call_id not in self._calls:
            # Ended meanwhile, and perhaps closed before this leg was made.
            await self._media.close(call_id)
            raise Gone("the call is over", field="callId")
        return SdpAnswer(sdp=sdp)

    def sdp_answer(self, user_id: str, device: str, event: WebrtcAnswer) -> None:
        """An answer for the other person, in a peer-to-peer call. Raises as `offer`; the relay never offers."""
        live = self._find(event.call_id, user_id)
        answer = PeerAnswer(call_id=event.call_id, from_=user_id, sdp=event.sdp)
        self._pass_on(live, user_id, device, event.target, answer)
        self._post(live, live.call.p2p_answered(now=self._clock.monotonic()))

    def candidate(self, user_id: str, device: str, event: IceCandidate) -> None:
        """A candidate. The relay needs none: it learns where a client is from its checks."""
        live = self._find(event.call_id, user_id)
        if event.target == RELAY:
            self._post(live, live.call.act(user_id, device, now=self._clock.monotonic()))
            return
        candidate = PeerCandidate(call_id=event.call_id, from_=user_id, candidate=event.candidate)
        self._pass_on(live, user_id, device, event.target, candidate)

    def set_media(self, user_id: str, device: str, event: SetCallMedia) -> None:
        """What the person sends, told to the other. Raises `NotFound`, `Forbidden`, `Gone`, `Conflict`."""
        live, now = self._find(event.call_id, user_id), self._clock.monotonic()
        tells = live.call.media_set(user_id, device, audio=event.audio, video=event.video, screen=event.screen, now=now)
        self._post(live, tells)
        self._facts.publish(facts.MediaSet(event.call_id, user_id, event.audio, event.video, event.speaking))

    def announce(self, call_id: str, user_id: str, event: ServerEvent) -> None:
        """Tell somebody of a call something, on their devices in it. A call that is over tells nothing."""
        live = self._calls.get(call_id)
        if live is not None:
            live.letters.put(_letters(live.call.announce(user_id, event)))

    def consent(self, user_id: str, device: str, event: CallConsent) -> CallConsented:
        """A yes, or its withdrawal. Raises `NotFound`, `Forbidden`, `Gone`, `Conflict`, `Unavailable` (but for p2p)."""
        live, now = self._find(event.call_id, user_id), self._clock.monotonic()
        if event.kind != "p2p":
            raise Unavailable(f"{event.kind} is not part of this server", field="kind")
        self._post(live, live.call.consent(user_id, device, event.kind, granted=event.granted, now=now))
        return CallConsented(effective=live.call.has_consent(event.kind))

    def tell(self, call_id: str, events: Sequence[ServerEvent]) -> bool:
        """Tell all who are in the call, on their devices in it. False: there is no such call, or it is over."""
        live = self._calls.get(call_id)
        if live is None:
            return False
        live.letters.put(_letters(live.call.tell(events)))
        return True

    def wave_away(self, call_id: str, user_id: str) -> None:
        """This person wants no more topics in the call. Nothing when it is over or they are not in it."""
        live = self._calls.get(call_id)
        if live is not None and user_id in live.call.user_ids:
            self._facts.publish(facts.TopicsWavedAway(call_id, user_id))

    async def close(self) -> None:
        """The server stops: every call ends, and is told, before this returns."""
        self._closed = True
        for live in list(self._calls.values()):
            self._post(live, live.call.shutdown(now=self._clock.monotonic()))
        for live in list(self._finishing):
            await live.finished.wait()

    def _open(self, ring: Ring, match: Match) -> _Live:
        call = Call(ring, self._times, now=self._clock.monotonic())
        alarm = Alarm(deadline=call.deadline, ring=lambda: self._tick(live), timers=self._kit.timers, clock=self._clock)
        live = _Live(call, match, Letters(self._kit, f"call {ring.call_id}"), alarm)
        self._calls[ring.call_id] = live
        for user_id in call.user_ids:
            self._of_user[user_id] = live
        return live

    def _busy(self, call_id: str, user_id: str, device: str, match: Match) -> CallStarted:
        """The callee is in another call: over before it began, and nothing of it reaches the callee."""
        self._ended.remember(call_id, (user_id,), now=self._clock.monotonic())
        ended = CallEnded(call_id=call_id, reason="busy", duration=0.0)
        Letters(self._kit, f"call {call_id}").put([Letter((user_id,), ended, only=(device,))])
        self._facts.publish(facts.CallEnded(call_id, match.match_id, (user_id,), "busy", 0.0))
        now = iso_time(self._clock.wall_ms())
        return CallStarted(call_id=call_id, state="ended", expires_at=now, ice_servers=[])

    async def _claim(self, call_id: str, user_ids: tuple[str, ...]) -> Mapping[str, str]:
        """As the port, but calls that are over hold nobody, whether or not their release has come through."""
        taken = await self._claims.claim(call_id, user_ids)
        over = {held for held in taken.values() if self._ended.holds(held, now=self._clock.monotonic())}
        if not over:
            return taken
        for held in over:
            await self._claims.release(held, user_ids)
        return await self._claims.claim(call_id, user_ids)

    def _find(self, call_id: str, user_id: str) -> _Live:
        live = self._calls.get(call_id)
        if live is None:
            raise self._ended.refuse(call_id, user_id, now=self._clock.monotonic())
        return live

    def _state_of(self, call_id: str) -> CallStateName:
        live = self._calls.get(call_id)
        return "ended" if live is None else live.call.state_name

    def _started(self, live: _Live, user_id: str) -> CallStarted:
        return CallStarted(
            call_id=live.call.call_id,
            state=live.call.state_name,
            expires_at=live.call.ring.expires_at,
            ice_servers=list(self._media.ice_servers(user_id)),
        )

    def _pass_on(self, live: _Live, user_id: str, device: str, target: str, event: ServerEvent) -> None:
        self._post(live, live.call.pass_on(user_id, device, target, event, now=self._clock.monotonic()))

    def _over(self, live: _Live, tells: list[Tell]) -> CallOver:
        self._post(live, tells)
        return CallOver(reason=_reason(live.call))

    def _post(self, live: _Live, tells: list[Tell]) -> None:
        """What every input to a call ends with: tell, note what it has come to, set its alarm."""
        call = live.call
        live.letters.put(_letters(tells))
        if call.setup_s is not None and not live.connected:
            live.connected = True
            self._facts.publish(facts.CallConnected(call.call_id, live.match.match_id, call.setup_s))
        if call.state is CallState.ENDED:
            self._remove(live)
        live.alarm.arm()

    def _remove(self, live: _Live) -> None:
        call = live.call
        del self._calls[call.call_id]
        for user_id in call.user_ids:
            del self._of_user[user_id]
        self._ended.remember(call.call_id, call.user_ids, now=self._clock.monotonic())
        self._facts.publish(
            facts.CallEnded(
                call.call_id, live.match.match_id, call.user_ids, _reason(call), call.duration_s, call.devices()
            )
        )
        self._finishing.add(live)
        self._kit.timers.spawn(self._finish(live), f"end of call {call.call_id}")

    async def _finish(self, live: _Live) -> None:
        """Give back what the call held and write it down. One part that fails does not keep the others."""
        call = live.call
        try:
            await self._try("media", call, self._media.close(call.call_id))
            await self._try("claims", call, self._claims.release(call.call_id, call.user_ids))
            await live.letters.flush()
            content = {
                "callId": call.call_id,
                "reason": _reason(call),
                "duration": call.duration_s,
                "video": call.ring.video,
            }
            await self._try("chat entry", call, self._chat.record(call.ring.caller, live.match, "call", content))
        finally:
            self._finishing.discard(live)
            live.finished.set()

    async def _try(self, what: str, call: Call, work: Awaitable[object]) -> None:
        try:
            await work
        except ProtocolError as error:
            log.warning(
                "the end of a call is not complete",
                extra={"part": what, "call_id": call.call_id, "reason": type(error).__name__},
            )

    def _tick(self, live: _Live) -> None:
        self._post(live, live.call.tick(now=self._clock.monotonic()))

    def _on_leg_up(self, fact: facts.LegConnected | facts.LegReturned) -> None:
        live = self._calls.get(fact.call_id)
        if live is not None:
            self._post(live, live.call.leg_up(fact.user_id, now=self._clock.monotonic()))

    def _on_leg_lost(self, fact: facts.LegLost) -> None:
        live = self._calls.get(fact.call_id)
        if live is not None:
            self._post(live, live.call.leg_lost(fact.user_id, closed=fact.closed, now=self._clock.monotonic()))

    def _on_came(self, fact: DeviceCame) -> None:
        live = self._of_user.get(fact.user_id)
        if live is not None:
            self._post(live, live.call.came(fact.user_id, fact.connection_id))

    def _on_left(self, fact: DeviceLeft) -> None:
        live = self._of_user.get(fact.user_id)
        if live is not None:
            live.call.left(fact.user_id, fact.connection_id, now=self._clock.monotonic())
            live.alarm.arm()


def _letters(tells: Iterable[Tell]) -> list[Letter]:
    return [Letter((tell.user_id,), tell.event, only=tell.only, skip=tell.skip) for tell in tells]


def _reason(call: Call) -> EndReason:
    assert call.reason is not None, "a call that is over has its reason"
    return call.reason
