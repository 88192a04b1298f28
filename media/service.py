"""The relay of this process: offers in, answers out, legs joined in the engine.

It joins `sdp` (what is agreed), `transport` (who it is and by which path) and `engine` (what passes), and
tells of its legs by facts. One leg per person and call; what a leg publishes goes to the other's m-line
of the same kind, in the order in which both stand.
"""

import hashlib
import itertools
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from media.core.leg_meter import LegCounters
from media.counters import leg_counters
from media.data import DataBridge
from media.engine.api import LegSnapshot
from media.engine.pure import PureEngine
from media.facts import LegConnected, LegLost, LegReturned
from media.sdp import (
    LocalCandidate,
    LocalMedia,
    LocalParameters,
    MediaPlan,
    Offer,
    Succession,
    answer,
    negotiate,
    parse_offer,
    publication_of,
    slot_of,
    succession,
)
from media.transport import Endpoint, Listener, Transport, TransportRefusal, TransportState
from media.transport.sctp import MAX_MESSAGE_SIZE
from monitoring.metrics import MediaCounts
from protocol.calls import IceServer
from protocol.errors import Unavailable
from rooms.facts import Fact
from rooms.kit import Kit

log = logging.getLogger(__name__)

# How often the engine asks again for what is missing and writes reports. Shorter recovers losses sooner and
# costs wake-ups; 20 ms is one packet of speech.
TICK_S = 0.02
_ID_MAX = 128
_DIRECTIONS = {"up": "in", "down": "out"}  # of the engine, of /metrics

Key = tuple[str, int]  # kind of media, and its place among the m-lines of that kind


@dataclass(eq=False, slots=True)
class _Leg:
    """One person's peer connection with the relay."""

    leg_id: int
    user_id: str
    offer: Offer
    transport: Transport
    plans: tuple[MediaPlan, ...] = ()
    session_id: int = field(default_factory=lambda: secrets.randbits(62))
    version: int = 0
    ssrcs: dict[str, tuple[int, int]] = field(default_factory=dict)  # mid -> SSRC of the slot and of its RTX
    publications: dict[Key, int] = field(default_factory=dict)
    slots: dict[Key, int] = field(default_factory=dict)
    secured: bool = False
    lost: bool = False
    has_data: bool = False

    @property
    def fec(self) -> bool:
        """Whether this person's Opus may carry copies of lost packets (RFC 7587 6.1)."""
        return any("useinbandfec=1" in codec.fmtp for plan in self.plans for codec in plan.codecs)

    def keys(self) -> list[Key]:
        """The place of each m-line among those of its kind."""
        seen: dict[str, int] = {}
        found: list[Key] = []
        for plan in self.plans:
            found.append((plan.kind, seen.setdefault(plan.kind, 0)))
            seen[plan.kind] += 1
        return found


class MediaService:
    """`media.ports.MediaPlane` on this process's own UDP port. Belongs to the event loop that called `start`."""

    def __init__(
        self,
        kit: Kit,
        *,
        announced: Sequence[tuple[str, int | None]] = (),
        on_refused: Callable[[TransportRefusal], None] | None = None,
    ) -> None:
        """`announced`: what answers carry instead of the bound addresses. `on_refused` is told of each bad datagram."""
        self._kit = kit
        self._announced = announced
        wall = kit.clock.wall_ms() / 1000 - kit.clock.monotonic()
        self._engine = PureEngine(lambda datagram, address: None, wall=wall)
        self._endpoint = Endpoint(self._engine, on_refused=on_refused, clock=kit.clock.monotonic)
        self._calls: dict[str, dict[str, _Leg]] = {}
        self._bridges: dict[str, DataBridge] = {}
        self._ids = itertools.count(1)
        self._cancel_tick: Callable[[], None] | None = None
        self._started = False

    async def start(self, hosts: Sequence[str], port: int) -> None:
        """Bind the UDP port on these addresses. Raises `OSError`."""
        await self._endpoint.start(hosts, port)
        self._started = True

    async def stop(self) -> None:
        """Close every leg and the port."""
        if self._cancel_tick is not None:
            self._cancel_tick()
        for call_id in list(self._calls):
            await self.close(call_id)
        await self._endpoint.close()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The addresses that are bound."""
        return self._endpoint.addresses

    def snapshot(self) -> list[LegSnapshot]:
        """Counters of all legs."""
        return list(self._engine.snapshot(self._kit.clock.monotonic()))

    def counts(self) -> MediaCounts:
        """See the port."""
        totals = self._engine.totals()
        refused: Counter[str] = Counter()
        for reasons in (self._engine.refused(), self._endpoint.refused):
            for reason, count in reasons.items():
                refused[reason.value] += count
        retransmitted: Counter[str] = Counter()
        for (direction, _), tally in totals.items():
            retransmitted[_DIRECTIONS[direction]] += tally.retransmitted
        return MediaCounts(
            packets={(_DIRECTIONS[way], kind): tally.packets for (way, kind), tally in totals.items()},
            octets={(_DIRECTIONS[way], kind): tally.octets for (way, kind), tally in totals.items()},
            retransmitted=retransmitted,
            refused=refused,
            dropped=self._endpoint.dropped,
            legs=self._endpoint.legs,
        )

    def measured(self, call_id: str) -> list[LegCounters]:
        """See the port."""
        legs = {leg.leg_id: leg for leg in self._calls.get(call_id, {}).values()}
        found = self._engine.snapshot(self._kit.clock.monotonic(), legs.keys())
        return [leg_counters(legs[leg.leg_id].user_id, leg, fec=legs[leg.leg_id].fec) for leg in found]

    def ice_servers(self, user_id: str) -> Sequence[IceServer]:
        """None: the relay's own address is in its answer."""
        return ()

    async def offer(self, call_id: str, user_id: str, sdp: str) -> str:
        """See the port. A further offer restarts ICE, changes tracks, or replaces the leg (another certificate)."""
        if not self._started:
            raise Unavailable("the relay does not listen")
        offer = parse_offer(sdp)
        legs = self._calls.setdefault(call_id, {})
        leg = legs.get(user_id)
        kind = Succession.NEW_LEG if leg is None else succession(leg.offer, offer)
        other = next((legs[person] for person in legs if person != user_id), None)
        plans = negotiate(offer, other.offer if other else None, settled=other.plans if other else ())
        if leg is None or kind is Succession.NEW_LEG:
            if leg is not None:
                self._leave_data(call_id, leg)
                self._drop(leg)
            leg = legs[user_id] = self._new_leg(call_id, user_id, offer)
        elif kind is Succession.ICE_RESTART:
            leg.transport.restart()
        leg.offer, leg.plans = offer, plans
        local = self._local(call_id, leg)
        if leg.secured:
            self._attach(call_id, leg, local)
        self._arm()
        return answer(offer, self._parameters(leg), local)

    async def close(self, call_id: str) -> None:
        """Drop all legs of the call."""
        bridge = self._bridges.pop(call_id, None)
        if bridge is not None:
            bridge.close()
        for leg in self._calls.pop(call_id, {}).values():
            self._drop(leg)

    def _new_leg(self, call_id: str, user_id: str, offer: Offer) -> _Leg:
        leg_id = next(self._ids)
        transport = self._endpoint.new_transport(leg_id, offer.fingerprints)
        leg = _Leg(leg_id, user_id, offer, transport)
        transport.listener = Listener(
            on_connected=lambda keys: self._connected(call_id, leg),
            on_state=lambda state: self._changed(call_id, leg, state),
            on_data=lambda packet: self._endpoint.refuse(TransportRefusal.SCTP_UNEXPECTED),
        )
        return leg

    def _drop(self, leg: _Leg) -> None:
        leg.secured = False
        leg.transport.close()

    def _parameters(self, leg: _Leg) -> LocalParameters:
        leg.version += 1
        credentials = leg.transport.credentials
        return LocalParameters(
            ufrag=credentials.ufrag,
            pwd=credentials.pwd,
            fingerprint=self._endpoint.fingerprint[1],
            candidates=tuple(LocalCandidate(host, port) for host, port in self._endpoint.candidates(self._announced)),
            session_id=leg.session_id,
            session_version=leg.version,
        )

    def _local(self, call_id: str, leg: _Leg) -> list[LocalMedia]:
        stream = printable(call_id)
        found = []
        for plan, (kind, place) in zip(leg.plans, leg.keys(), strict=True):
            ssrc, rtx_ssrc = leg.ssrcs.setdefault(plan.mid, (_ssrc(), _ssrc()))
            found.append(LocalMedia(plan, ssrc=ssrc, rtx_ssrc=rtx_ssrc, cname=stream, msid=(stream, f"{kind}{place}")))
        return found

    def _connected(self, call_id: str, leg: _Leg) -> None:
        leg.secured = True
        self._attach(call_id, leg, self._local(call_id, leg))
        self._tell(call_id, leg, LegConnected(call_id, leg.user_id))

    def _changed(self, call_id: str, leg: _Leg, state: TransportState) -> None:
        if state is TransportState.DISCONNECTED and not leg.lost:
            leg.lost = True
            self._tell(call_id, leg, LegLost(call_id, leg.user_id))
        elif state is TransportState.CLOSED and leg.secured:
            leg.lost = True
            self._leave_data(call_id, leg)
            self._tell(call_id, leg, LegLost(call_id, leg.user_id, closed=True))
        elif state is TransportState.CONNECTED and leg.lost:
            leg.lost = False
            self._tell(call_id, leg, LegReturned(call_id, leg.user_id))

    def _tell(self, call_id: str, leg: _Leg, fact: Fact) -> None:
        if self._calls.get(call_id, {}).get(leg.user_id) is leg:
            self._kit.facts.publish(fact)

    def _attach(self, call_id: str, leg: _Leg, local: Sequence[LocalMedia]) -> None:
        """Tell the engine what the leg sends and takes, and join it with the other."""
        publications, slots = {}, {}
        for offered, media, key in zip(leg.offer.media, local, leg.keys(), strict=True):
            publication = publication_of(leg.leg_id, offered, media.plan)
            if publication is not None:
                publications[key] = self._engine.publish(publication)
            slot = slot_of(leg.leg_id, media)
            if slot is not None:
                slots[key] = self._engine.open_slot(slot)
        for key in leg.publications.keys() - publications.keys():
            self._engine.unpublish(leg.publications[key])
        for key in leg.slots.keys() - slots.keys():
            self._engine.close_slot(leg.slots[key])
        leg.publications, leg.slots = publications, slots
        self._join_data(call_id, leg)
        legs = [one for one in self._calls.get(call_id, {}).values() if one.secured]
        for sender, receiver in itertools.permutations(legs, 2):
            for key in sender.publications.keys() & receiver.slots.keys():
                self._engine.route(sender.publications[key], receiver.slots[key])

    def _join_data(self, call_id: str, leg: _Leg) -> None:
        """Begin the leg's data channels once it is secured and has an m-line for them."""
        agreed = (one for one, plan in zip(leg.offer.media, leg.plans, strict=True) if plan.kind == "application")
        offered = next((one for one in agreed if not one.rejected), None)
        if offered is None or offered.sctp_port is None or leg.has_data:
            return
        leg.has_data = True
        if call_id not in self._bridges:
            self._bridges[call_id] = DataBridge(self._kit.clock, self._kit.timers, self._endpoint.refuse)
        leg.transport.listener.on_data = self._bridges[call_id].join(
            leg.user_id,
            leg.transport.send_data,
            remote_port=offered.sctp_port,
            # 0 says: of any size (RFC 8841 6.1).
            remote_max_message_size=offered.max_message_size or MAX_MESSAGE_SIZE,
        )

    def _leave_data(self, call_id: str, leg: _Leg) -> None:
        if leg.has_data and call_id in self._bridges:
            leg.has_data = False
            self._bridges[call_id].leave(leg.user_id)

    def _arm(self) -> None:
        if self._cancel_tick is None:
            self._cancel_tick = self._kit.timers.call_at(self._kit.clock.monotonic() + TICK_S, self._tick)

    def _tick(self) -> None:
        self._cancel_tick = None
        self._engine.tick(self._kit.clock.monotonic())
        if self._calls:
            self._arm()


def printable(identity: str) -> str:
    """An id as SDP may carry it: printable ASCII without spaces, at most 128 characters."""
    quoted = quote(identity, safe="")
    return quoted if len(quoted) <= _ID_MAX else hashlib.sha256(identity.encode()).hexdigest()


def _ssrc() -> int:
    return secrets.randbelow(2**32 - 1) + 1
