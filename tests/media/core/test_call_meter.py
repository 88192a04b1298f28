"""A measured call on a virtual clock: scores, causes, notices and silences from packets."""

import random
from typing import Any

import pytest

from media.core.call_meter import CallMeter
from media.core.leg_meter import LegCounters, StreamCounters
from media.core.silence import DeadAirBegan, DeadAirEnded, HeldBack, PromptDue, PromptHeldBack, Trouble
from tests.media.core.metering import Person, Profile, Spoken, VirtualCall, taking_turns

LOSSY = Profile(loss=0.08)


def two(start: float = 1, end: float = 60, *, video: bool = False, **more: Any) -> tuple[Person, Person]:
    first, second = taking_turns(start, end)
    return Person("ann", first, video=video, **more), Person("bob", second, video=video)


def test_a_good_call_is_good_all_along_and_nothing_is_said() -> None:
    call = VirtualCall(*two(video=True)).run(30)
    for who in ("ann", "bob"):
        for direction in ("up", "down"):
            assert set(call.levels(who, direction, 1, 30)) == {"good"}
    assert call.causes(0, 30) == [None] * 30
    assert call.notices() == []
    assert call.outputs == []
    legs = call.seconds[30].legs
    assert [(leg.user_id, leg.direction) for leg in legs] == [
        ("ann", "up"), ("ann", "down"), ("bob", "up"), ("bob", "down"),
    ]  # fmt: skip
    for leg in legs:
        assert leg.mos == pytest.approx(4.47, abs=0.1)
        assert leg.loss == 0
        assert leg.rtt_s == 0.06
        assert leg.fps == pytest.approx(25, abs=1)
        assert leg.freezes == 0
        assert leg.bitrate > 10_000


def test_a_call_of_sound_alone_has_no_pictures() -> None:
    call = VirtualCall(*two()).run(10)
    assert all((leg.fps, leg.freezes) == (None, None) for leg in call.seconds[9].legs)
    assert call.notices() == []
    assert call.causes(0, 10) == [None] * 10


@pytest.mark.parametrize("video", [True, False])
def test_an_uplink_that_loses_is_blamed_in_time_and_forgotten_in_time(video: bool) -> None:
    ann, bob = two(up={(10, 25): LOSSY}, video=video)
    call = VirtualCall(ann, bob).run(40)
    assert call.causes(0, 10) == [None] * 10
    assert call.causes(13, 25) == [("loss", "ann", "up")] * 12
    assert call.causes(28, 40) == [None] * 12
    assert "good" not in call.levels("ann", "up", 14, 24)
    assert "good" not in call.levels("bob", "down", 14, 24)
    assert set(call.levels("bob", "up", 1, 40)) == {"good"}
    assert call.levels("ann", "up", 33, 34) == ["good"]


@pytest.mark.parametrize("video", [True, False])
def test_a_downlink_that_loses_is_its_receivers(video: bool) -> None:
    ann, bob = two(down={(10, 25): LOSSY}, video=video)
    call = VirtualCall(ann, bob).run(40)
    assert call.causes(14, 25) == [("loss", "ann", "down")] * 11
    assert call.causes(29, 40) == [None] * 11
    assert "good" not in call.levels("ann", "down", 15, 24)
    assert set(call.levels("bob", "up", 1, 40)) == {"good"}


def test_jitter_and_a_long_way_have_their_own_names() -> None:
    call = VirtualCall(*two(up={(10, 25): Profile(jitter=0.06, reorder=True)})).run(30)
    assert call.causes(13, 25) == [("jitter", "ann", "up")] * 12
    call = VirtualCall(*two(rtt_s=0.5)).run(20)
    assert call.causes(3, 20) == [("delay", "ann", "up")] * 17


def test_a_way_that_becomes_long_is_told_in_time_though_its_mean_follows_slowly() -> None:
    ann, bob = two()
    call = VirtualCall(ann, bob).run(10)
    ann.rtt_s = 0.4
    call.run(20)
    ann.rtt_s = 0.06
    call.run(30)
    assert call.causes(0, 10) == [None] * 10
    assert call.causes(13, 20) == [("delay", "ann", "up")] * 7
    assert call.causes(23, 30) == [None] * 7
    told = [leg.rtt_s for leg in call.seconds[12].legs if leg.user_id == "ann"]
    assert all(rtt is not None and 0.1 < rtt < 0.3 for rtt in told)


def test_a_narrow_uplink_is_bandwidth() -> None:
    narrow = Profile(rate=400_000, queue=0.25)  # of the 700 kbit/s that she sends
    call = VirtualCall(*two(up={(10, 25): narrow}, video=True)).run(26)
    assert call.causes(13, 25) == [("bandwidth", "ann", "up")] * 12


def test_a_late_server_blames_nobody() -> None:
    call = VirtualCall(*two(up={(0, 20): LOSSY}))
    call.host_lag_s = 0.2
    call.run(20)
    assert set(call.causes(5, 20)) == {("host", None, "up")}


def test_a_social_silence_gets_one_prompt_at_seven_seconds() -> None:
    first, second = taking_turns(1, 20)
    more = taking_turns(30, 60)
    call = VirtualCall(Person("ann", first + more[0]), Person("bob", second + more[1])).run(60)
    end = max(end for _, end in first + second)
    shown = [at for at, output in call.outputs if isinstance(output, PromptDue)]
    assert shown == [pytest.approx(end + 7.25, abs=0.51)]
    assert call.notices() == []


def test_ten_minutes_of_talk_with_pauses_of_up_to_four_seconds_get_none() -> None:
    chance, now = random.Random(6), 1.0
    sides: tuple[Spoken, Spoken] = ([], [])
    while now < 600:
        end = now + chance.uniform(0.8, 6.0)
        sides[chance.randrange(2)].append((now, end))
        now = end + chance.uniform(0.2, 4.0)
    assert all(len(spoken) > 40 for spoken in sides)
    call = VirtualCall(Person("ann", sides[0]), Person("bob", sides[1])).run(now)
    assert not any(isinstance(output, PromptDue) for _, output in call.outputs)


def test_prompts_can_be_waved_away() -> None:
    first, second = taking_turns(1, 10)
    call = VirtualCall(Person("ann", first), Person("bob", second))
    call.meter.wave_away()
    call.run(25)
    assert [output for _, output in call.outputs] == [DeadAirBegan(None), PromptHeldBack(HeldBack.WAVED_AWAY)]


def test_a_muted_microphone_is_neither_cause_nor_social() -> None:
    ann, bob = two(end=12)
    call = VirtualCall(ann, bob)
    call.at[12.0] = lambda meter, now: meter.media_set("ann", audio=False, video=True, speaking=None, now=now)
    call.run(40)
    assert [output for _, output in call.outputs] == [DeadAirBegan(Trouble.MUTED)]
    assert call.causes(0, 40) == [None] * 40
    assert call.notices() == []


def test_who_talks_into_a_muted_microphone_is_told_within_two_seconds() -> None:
    call = VirtualCall(*two(end=12))
    for at in (12.4, 13.4, 14.4):
        call.at[at] = lambda meter, now: meter.media_set("ann", audio=False, video=True, speaking=True, now=now)
    call.at[30.0] = lambda meter, now: meter.media_set("ann", audio=True, video=True, speaking=None, now=now)
    call.run(40)
    assert call.notices() == [(13, "muted_while_speaking", "ann")]


def test_sound_that_is_cut_off_is_told_of_its_side_and_never_prompted() -> None:
    call = VirtualCall(*two(end=20, up={(12, 60): Profile(loss=1.0)})).run(40)
    ((at, kind, who),) = call.notices()
    assert (kind, who) == ("one_way_audio", "ann")
    assert 15 <= at <= 17
    assert set(call.levels("ann", "up", 15, 40)) == {"lost"}
    assert set(call.levels("bob", "down", 15, 40)) == {"lost"}
    assert not any(isinstance(output, PromptDue) for _, output in call.outputs)


def test_a_silence_with_half_of_the_sound_gone_is_technical() -> None:
    ann, bob = two(end=12, up={(10, 60): Profile(loss=0.5)})
    call = VirtualCall(ann, bob).run(40)
    assert [type(output) for _, output in call.outputs] == [DeadAirBegan]
    assert call.outputs[0][1] == DeadAirBegan(Trouble.INVENTED)
    assert [(kind, who) for _, kind, who in call.notices()] == [("poor_uplink", "ann")]


def test_a_silence_that_a_burst_of_loss_began_is_technical() -> None:
    first, second = taking_turns(1, 12)
    end = max(end for _, end in first + second)
    ann = Person("ann", first, down={(end - 0.5, end + 0.8): Profile(loss=1.0)})
    call = VirtualCall(ann, Person("bob", second)).run(30)
    assert not any(isinstance(output, PromptDue) for _, output in call.outputs)
    assert call.outputs[0][1] in (DeadAirBegan(Trouble.INVENTED), DeadAirBegan(Trouble.LOSS_BURST))


def test_a_downlink_that_takes_half_of_the_sound_is_told_of_the_listener() -> None:
    call = VirtualCall(*two(down={(10, 30): Profile(loss=0.5)})).run(30)
    assert [(kind, who) for _, kind, who in call.notices()] == [("poor_downlink", "ann")]


def test_a_camera_that_gives_nothing_is_a_device_and_a_still_picture() -> None:
    call = VirtualCall(*two(no_video=(12, 40), video=True)).run(24)
    assert call.causes(12, 24)[2:] == [("device", "ann", "up")] * 10
    ((at, kind, who),) = call.notices()
    assert (kind, who) == ("camera_frozen", "ann")
    assert 15 <= at <= 17


def test_a_silence_with_a_camera_that_gives_nothing_is_technical_until_it_is_back() -> None:
    call = VirtualCall(*two(end=12, no_video=(12, 30), video=True)).run(40)
    began, ended, *later = [output for _, output in call.outputs]
    assert began == DeadAirBegan(Trouble.CAMERA_FROZEN)
    assert isinstance(ended, DeadAirEnded)
    assert not ended.social
    # Then it counts anew.
    assert [at for at, output in call.outputs if isinstance(output, PromptDue)] == [pytest.approx(37.25, abs=0.51)]
    assert [type(output) for output in later] == [DeadAirBegan, PromptDue]


def test_a_picture_that_halts_for_a_second_is_no_trouble_of_a_silence() -> None:
    call = VirtualCall(*two(end=12, no_video=(15, 16.4), video=True)).run(20)
    assert [type(output) for _, output in call.outputs] == [DeadAirBegan, PromptDue]


def test_a_camera_that_was_switched_off_is_neither() -> None:
    call = VirtualCall(*two(no_video=(12, 20), video=True))
    call.at[12.0] = lambda meter, now: meter.media_set("ann", audio=True, video=False, speaking=None, now=now)
    call.at[20.0] = lambda meter, now: meter.media_set("ann", audio=True, video=True, speaking=None, now=now)
    call.run(26)
    assert call.causes(0, 26) == [None] * 26
    assert call.notices() == []
    assert "poor" not in call.levels("ann", "up", 1, 26)


@pytest.mark.parametrize("ways", [{"no_audio": (12, 30)}, {"digital_silence": (12, 30)}])
def test_a_microphone_that_gives_nothing_is_a_device(ways: dict[str, Any]) -> None:
    call = VirtualCall(*two(**ways, video=True)).run(24)
    assert call.causes(14, 24)[1:] == [("device", "ann", "up")] * 9


def test_who_is_reconnected_is_told_once_and_lost_meanwhile() -> None:
    call = VirtualCall(*two(end=14, up={(12, 25): Profile(loss=1.0)}))
    call.at[19.0] = lambda meter, now: meter.leg_changed("ann", connected=False)
    call.at[25.0] = lambda meter, now: meter.leg_changed("ann", connected=True)
    call.run(32)
    told = [(kind, who) for _, kind, who in call.notices()]
    assert told.count(("peer_reconnecting", "ann")) == 1
    assert set(call.levels("ann", "up", 19, 25)) == {"lost"}
    assert set(call.levels("ann", "down", 19, 24)) == {"lost"}
    assert call.levels("ann", "up", 31, 32) == ["good"]
    assert not any(isinstance(output, PromptDue) for _, output in call.outputs)


def test_without_levels_nothing_is_said_of_silences() -> None:
    call = VirtualCall(*two())
    for person in call.people:
        person.level = lambda now: None  # type: ignore[assignment,return-value]  # no level
    call.run(30)
    assert call.outputs == []
    assert call.meter.talk(now=30.0).turns == ()


def test_the_talk_is_summed_up_over_sources_that_change() -> None:
    first, second = taking_turns(1, 60)
    ann = Person("ann", first)
    call = VirtualCall(ann, Person("bob", second)).run(30)
    ann.audio_stream.restart()
    call.run(60)
    talk = call.meter.talk(now=60.0)
    assert [turn.who for turn in talk.turns] == [number % 2 for number in range(len(first + second))]
    assert talk.shares == pytest.approx((0.5, 0.5), abs=0.03)
    assert talk.longest_silence_s < 4
    assert "poor" not in call.levels("ann", "up", 1, 60)


def test_a_leg_that_nobody_knows_and_counters_that_go_back_change_nothing() -> None:
    meter = CallMeter(["ann", "bob"], now=0.0)
    down = StreamCounters(1, 5, "down", "audio", 48_000, 100, 10_000, 0, 0, 0.0)
    meter.feed([LegCounters("carol", None, None, []), LegCounters("ann", None, None, [down])], now=0.5)
    again = StreamCounters(1, 5, "down", "audio", 48_000, 50, 500, -3, 0, 0.0)
    meter.feed([LegCounters("ann", None, None, [again])], now=1.0)
    second = meter.second(now=1.0, host_lag_s=0.0)
    assert [(leg.mos, leg.level.value, leg.loss, leg.bitrate) for leg in second.legs] == [(None, "unknown", 0, 0)] * 4
    assert (second.cause, second.notices) == (None, ())
