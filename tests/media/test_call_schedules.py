"""Two people with two devices each do anything at any time: every call ends once, for one reason, on all devices."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from media import facts as kinds
from media.core.call import CallTimes
from protocol.errors import ProtocolError
from tests.media.house import OWNER, TIMES, CallHouse

USERS = ("ann", "bob")
# What ends ringing, or the part, of one device only.
OF_ONE_DEVICE = {"answered_elsewhere", "declined_elsewhere", "replaced"}
# Around each time limit of a call, and far beyond the longest.
PAUSES = (0.0, 0.5, 0.5, 6.0, 6.0, 29.9, 30.0, 31.0, 45.0, 4 * 3600.0)
AFTER_ALL = sum((TIMES.ring_s, TIMES.setup_s, TIMES.max_duration_s, TIMES.signalling_grace_s, TIMES.leg_dead_s))

DEVICES = st.sampled_from(("a1", "a2", "b1", "b2"))
# What leads on is drawn more often, or most schedules would end while they ring.
OF_DEVICE = st.sampled_from(
    ("start", "start", "accept", "accept", "accept", "decline", "cancel", "end", "offer", "mute", "drop", "return")
)
STEP = st.one_of(
    st.tuples(OF_DEVICE, DEVICES),
    st.tuples(OF_DEVICE, DEVICES),
    st.tuples(st.sampled_from(("up", "up", "up", "lost")), st.sampled_from(USERS)),
    st.tuples(st.just("wait"), st.sampled_from(PAUSES)),
)
# Without the first step most schedules would be of people who do not call each other.
STEPS = st.tuples(st.tuples(st.just("start"), DEVICES), st.lists(STEP, min_size=15, max_size=40))


class Schedule:
    """The two, their devices (each with the connection that it has at the moment), and all calls there were."""

    def __init__(self, calls: CallHouse) -> None:
        self.calls = calls
        self.connection: dict[str, str | None] = {device: device for device in ("a1", "a2", "b1", "b2")}
        self.reconnects = 0
        self.call_ids: list[str] = []
        self.acked: defaultdict[str, set[str]] = defaultdict(set)

    async def step(self, what: str, who: Any) -> None:
        if what == "wait":
            await self.calls.timers.advance(who)
        elif what in ("up", "lost"):
            for call_id in self.call_ids:
                getattr(self.calls.media, what)(call_id, who)
        elif what == "drop":
            connection, self.connection[who] = self.connection[who], None
            if connection is not None:
                await self.calls.left(connection)
        elif what == "return":
            await self._return(who)
        elif (connection := self.connection[who]) is not None:
            with contextlib.suppress(ProtocolError):
                await self._act(what, connection)

    async def _return(self, device: str) -> None:
        if self.connection[device] is None:
            self.reconnects += 1
            connection = f"{device}.{self.reconnects}"
            self.connection[device] = connection
            await self.calls.came(connection)

    async def _act(self, what: str, connection: str) -> None:
        if what == "start":
            ack = await self.calls.start(connection)
            if ack.call_id not in self.call_ids:
                self.call_ids.append(ack.call_id)
            return
        call_id = self.call_ids[-1] if self.call_ids else "none"
        if what == "cancel":
            over = self.calls.calls.cancel(OWNER[connection[0]], connection, call_id)
            self.acked[call_id].add(over.reason)
        elif what == "end":
            self.acked[call_id].add(await self.calls.end(call_id, connection))
        elif what in ("accept", "decline"):
            await self.calls.answer(call_id, connection, accept=what == "accept")
        else:
            await getattr(self.calls, what)(call_id, connection)

    async def finish(self) -> None:
        """Every deadline of every call passes."""
        await self.calls.timers.advance(AFTER_ALL)


def ended_for(calls: CallHouse, call_id: str) -> list[str]:
    """The reasons for which the call ended for everybody, as often as that was told."""
    told = [payload for payload in calls.ears.told("call_ended") if payload["callId"] == call_id]
    return [payload["reason"] for payload in told if payload["reason"] not in OF_ONE_DEVICE]


def entries(calls: CallHouse, call_id: str) -> list[str]:
    """The reasons in the chat."""
    contents = [message["content"] for message in calls.ears.told("new_message", "ann")]
    return [content["reason"] for content in contents if content["callId"] == call_id]


def check(schedule: Schedule) -> None:
    calls = schedule.calls
    assert calls.timers.failures == []
    assert calls.calls.running == 0
    assert calls.timers.armed == []
    ends = [fact for fact in calls.ears.facts if isinstance(fact, kinds.CallEnded)]
    assert sorted(fact.call_id for fact in ends) == sorted(schedule.call_ids)
    for fact in ends:
        event(f"ended {fact.reason}")
        assert set(ended_for(calls, fact.call_id)) <= {fact.reason}
        assert schedule.acked[fact.call_id] <= {fact.reason}
        assert entries(calls, fact.call_id) == [fact.reason]
        assert 0 <= fact.duration_s <= TIMES.max_duration_s
        for connection in filter(None, schedule.connection.values()):
            check_device(calls, fact.call_id, fact.reason, connection)


def check_device(calls: CallHouse, call_id: str, reason: str, connection: str) -> None:
    """A device that is still there and once heard of the call has heard of its end: last, and once for all."""
    mine = [(name, payload) for name, payload in calls.told(connection) if payload.get("callId") == call_id]
    reasons = [payload["reason"] for name, payload in mine if name == "call_ended"]
    if mine:
        assert mine[-1][0] == "call_ended"
    assert [told for told in reasons if told not in OF_ONE_DEVICE] in ([], [reason])
    assert reasons.count("answered_elsewhere") + reasons.count("declined_elsewhere") <= 1


async def run(*steps: tuple[str, Any]) -> None:
    calls = await CallHouse(attempts=1000).open()
    schedule = Schedule(calls)
    for what, who in steps:
        await schedule.step(what, who)
    await schedule.finish()
    check(schedule)
    assert await calls.claims.claim("another", USERS) == {}


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_every_call_of_every_schedule_ends_once_for_one_reason_on_all_devices(
    steps: tuple[tuple[str, Any], list[tuple[str, Any]]],
) -> None:
    asyncio.run(run(steps[0], *steps[1]))


def test_the_times_of_the_schedules_are_those_of_the_server() -> None:
    assert CallTimes() == TIMES
