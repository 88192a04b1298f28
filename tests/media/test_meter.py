"""Calls that are measured: what callers and the house are told, and when it begins and ends."""

from itertools import pairwise
from typing import Any

import pytest

from media import facts as kinds
from media.core.level import Level
from media.core.silence import AirTimes, HeldBack, Trouble
from media.meter import FEED_S, CallMeters
from protocol.calls import SetCallMedia
from protocol.errors import Unavailable
from rooms.facts import Fact
from rooms.model import User
from tests.media.core.metering import Link, Person, Profile, taking_turns
from tests.media.house import CallHouse


class People:
    """Who the two are; `error` is raised instead."""

    def __init__(self) -> None:
        self.error: Unavailable | None = None
        self.known = {"ann": User("ann", "Anna", lang="en-GB"), "bob": User("bob", "小波", lang="zh-CN")}

    async def users(self, user_ids: object) -> dict[str, User]:
        if self.error is not None:
            raise self.error
        return self.known


class Measured:
    """A house whose calls are measured, and the link between ann and bob."""

    def __init__(self, calls: CallHouse, ann: Person, bob: Person, people: People | None = None) -> None:
        self.calls = calls
        self.facts: list[Fact] = []
        for kind in (kinds.SilenceBegan, kinds.SilenceEnded, kinds.TopicDue, kinds.TopicHeldBack, kinds.TalkMeasured):
            calls.house.facts.subscribe(kind, self.facts.append)
        self.people = people or People()
        self.meters = CallMeters(
            calls.kit, media=calls.media, calls=calls.calls, people=self.people, times=AirTimes(), default_lang="zh"
        )
        self.link = Link(ann, bob)
        self.call_id = ""
        calls.media.count = self._count

    def _count(self) -> dict[str, Any]:
        return {self.call_id: self.link.counters(self.calls.clock.monotonic())}

    async def run(self, until: float) -> "Measured":
        if not self.call_id:
            self.call_id = await self.calls.active()
        await self.calls.timers.advance(until - self.calls.clock.monotonic())
        return self

    def quality(self, device: str) -> list[Any]:
        return self.calls.heard(device, "call_quality")


def two(end: float = 60, **more: Any) -> tuple[Person, Person]:
    first, second = taking_turns(1, end)
    return Person("ann", first, **more), Person("bob", second)


async def test_each_second_both_are_told_how_good_it_is(calls: CallHouse) -> None:
    measured = await Measured(calls, *two()).run(10)
    for device in ("a1", "b1"):
        told = measured.quality(device)
        assert len(told) == 10
        assert {(leg["userId"], leg["direction"]) for leg in told[-1]["legs"]} == {
            ("ann", "up"), ("ann", "down"), ("bob", "up"), ("bob", "down"),
        }  # fmt: skip
        for leg in told[-1]["legs"]:
            assert leg["level"] == "good"
            assert leg["mos"] > 4.3
            assert (leg["loss"], leg["rttMs"]) == (0, 60)
            assert "fps" not in leg
        assert "cause" not in told[-1]
    assert measured.quality("a2") == measured.quality("b2") == []


async def test_a_cause_has_names_and_is_told_in_the_language_of_each(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(up={(2, 20): Profile(loss=0.1)})).run(8)
    cause = measured.quality("a1")[-1]["cause"]
    assert (cause["userId"], cause["direction"], cause["kind"]) == ("ann", "up", "loss")
    assert cause["text"].startswith("Anna's uplink loses ")
    assert measured.quality("b1")[-1]["cause"]["text"].startswith("Anna 的上行网络丢包")
    assert measured.quality("b1")[-1]["advice"] == "请靠近路由器或更换网络"


async def test_names_that_can_not_be_looked_up_are_ids_in_the_usual_language(calls: CallHouse) -> None:
    people = People()
    people.error = Unavailable()
    measured = await Measured(calls, *two(up={(2, 20): Profile(loss=0.1)}), people).run(8)
    assert measured.quality("a1")[-1]["cause"]["text"].startswith("ann 的上行网络丢包")


async def test_who_talks_into_a_muted_microphone_is_told_of(calls: CallHouse) -> None:
    measured = await Measured(calls, *two()).run(5.2)
    event = SetCallMedia.from_wire({"callId": measured.call_id, "audio": False, "video": False, "speaking": True})
    calls.calls.set_media("ann", "a1", event)
    await measured.run(7)
    notice = {"callId": measured.call_id, "kind": "muted_while_speaking", "userId": "ann"}
    assert calls.heard("a1", "call_notice") == [notice | {"text": "you speak, but are muted"}]
    assert calls.heard("b1", "call_notice") == [notice | {"text": "Anna 正在说话，但已静音"}]


async def test_a_social_silence_is_a_fact_and_a_topic_is_due(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(end=10)).run(30)
    began, due = measured.facts
    assert began == kinds.SilenceBegan(measured.call_id, None)
    assert isinstance(due, kinds.TopicDue)
    assert (due.match_id, due.user_ids) == (calls.match_id, ("ann", "bob"))
    assert due.silence_ms == pytest.approx(7200, abs=600)
    assert calls.heard("a1", "call_notice") == []


async def test_a_topic_that_was_waved_away_is_held_back(calls: CallHouse) -> None:
    first, second = taking_turns(1, 10)
    measured = Measured(calls, Person("ann", [*first, (28, 30)]), Person("bob", second))
    await measured.run(1)
    measured.meters.wave_away(measured.call_id)
    measured.meters.wave_away("another")
    await measured.run(32)
    assert kinds.TopicHeldBack(measured.call_id, HeldBack.WAVED_AWAY) in measured.facts
    ended = measured.facts[-1]
    assert isinstance(ended, kinds.SilenceEnded)
    assert ended.social


async def test_sound_lost_on_the_way_is_a_notice_and_no_topic(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(end=10, up={(9, 60): Profile(loss=1)})).run(30)
    (notice,) = calls.heard("b1", "call_notice")
    assert (notice["kind"], notice["userId"], notice["text"]) == ("one_way_audio", "ann", "听不到 Anna 的声音")
    assert not any(isinstance(fact, kinds.TopicDue) for fact in measured.facts)


async def test_while_somebody_is_reconnected_there_is_a_notice_and_no_quality(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(end=8)).run(5)
    calls.media.lost(measured.call_id, "ann")
    calls.ears.forget()
    await measured.run(20)
    assert measured.quality("b1") == []
    assert [notice["kind"] for notice in calls.heard("b1", "call_notice")] == ["peer_reconnecting"]
    assert kinds.SilenceBegan(measured.call_id, Trouble.NOT_CONNECTED) in measured.facts
    calls.media.back(measured.call_id, "ann")
    await measured.run(25)
    assert len(measured.quality("b1")) == 5


async def test_the_talk_is_told_at_the_end_and_nothing_is_measured_after(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(end=21)).run(20)
    await calls.end(measured.call_id)
    (told,) = [fact for fact in measured.facts if isinstance(fact, kinds.TalkMeasured)]
    assert (told.call_id, told.match_id, told.user_ids) == (measured.call_id, calls.match_id, ("ann", "bob"))
    assert len(told.talk.turns) == 8
    assert told.duration_s == pytest.approx(20, abs=0.5)
    assert told.devices == {"ann": ("a1",), "bob": ("b1",)}
    assert {(total.user_id, total.direction) for total in told.totals} == {
        (user_id, direction) for user_id in ("ann", "bob") for direction in ("up", "down")
    }
    assert all(total.level is Level.GOOD and total.loss == 0 for total in told.totals)
    before = len(measured.quality("a1"))
    await measured.run(30)
    assert len(measured.quality("a1")) == before
    assert calls.timers.armed == []
    assert calls.timers.failures == []


async def test_a_call_that_rings_or_is_of_two_peers_is_not_measured(calls: CallHouse) -> None:
    measured = Measured(calls, *two())
    await calls.start()
    await calls.timers.advance(5)
    assert measured.quality("a1") == []
    await calls.timers.advance(60)
    ack = await calls.start(mode="p2p")
    await calls.answer(ack.call_id)
    await calls.consent(ack.call_id, "b1", "p2p")
    await calls.sdp_answer(ack.call_id, "b1", "ann")
    await calls.timers.advance(5)
    assert measured.quality("a1") == []
    await calls.end(ack.call_id)


async def test_a_measure_that_fails_does_not_end_measuring(calls: CallHouse) -> None:
    measured = await Measured(calls, *two()).run(3)
    count, calls.media.count = calls.media.count, _fails
    await measured.run(3 + FEED_S)
    calls.media.count = count
    await measured.run(6)
    assert [name for name, _ in calls.timers.failures] == ["timer"]
    calls.timers.failures.clear()
    assert len(measured.quality("a1")) >= 5


async def test_a_late_server_is_the_cause_itself(calls: CallHouse) -> None:
    measured = await Measured(calls, *two(up={(2, 20): Profile(loss=0.1)})).run(8)
    calls.clock.now_s += 0.8
    await measured.run(9.5)
    causes = [told.get("cause", {}) for told in measured.quality("a1")]
    assert {"kind": "host", "text": "the server is overloaded"} in causes


def _fails() -> Any:
    raise ZeroDivisionError


async def test_calls_that_begin_together_are_read_at_moments_of_their_own(calls: CallHouse) -> None:
    measured = Measured(calls, *two())
    asked: list[tuple[float, str]] = []

    def measure(call_id: str) -> tuple[()]:
        asked.append((round(calls.clock.monotonic(), 6), call_id))
        return ()

    calls.media.measured = measure  # type: ignore[method-assign]  # the relay that is asked, and when
    for call_id in ("c1", "c2", "c3"):
        calls.house.facts.publish(kinds.CallStarted(call_id, "m", "ann", ("bob",), True, "relay"))
        calls.house.facts.publish(kinds.CallConnected(call_id, "m", 0.1))
    await measured.calls.timers.advance(4 * FEED_S)
    moments = [moment for moment, _ in asked]
    assert len(set(moments)) == len(moments) >= 9
    assert min(after - before for before, after in pairwise(moments)) > FEED_S / 10
    calls.house.facts.publish(kinds.CallEnded("c2", "m", ("ann", "bob"), "completed", 2.0))
    asked.clear()
    await measured.calls.timers.advance(4 * FEED_S)
    assert {call_id for _, call_id in asked} == {"c1", "c3"}
