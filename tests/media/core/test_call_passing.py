"""What passes between the people of a call, what a late device learns, and what a lost leg leads to."""

import pytest

from media.core.call import Call, Tell
from protocol.calls import CallMode, PeerOffer
from protocol.errors import Forbidden
from tests.media.core.calling import TIMES, S, call_in, heard, ring

# Peer to peer

OFFER = PeerOffer(call_id="c", from_="ann", sdp="x")


def test_in_a_relay_call_nothing_passes_between_people() -> None:
    for state in (S.RINGING, S.CONNECTING, S.ACTIVE, S.RECONNECTING):
        with pytest.raises(Forbidden):
            call_in(state).pass_on("ann", "a1", "bob", OFFER, now=0)


def agree(call: Call) -> None:
    """Both want to be connected to each other."""
    call.consent("ann", "a1", "p2p", granted=True, now=0)
    call.consent("bob", "b1", "p2p", granted=True, now=0)


@pytest.mark.parametrize("mode", ["relay", "p2p"])
def test_it_passes_to_the_device_in_the_call_once_both_have_agreed(mode: CallMode) -> None:
    call = call_in(S.CONNECTING, mode=mode)
    agree(call)
    assert call.pass_on("ann", "a1", "bob", OFFER, now=0) == [Tell("bob", OFFER, only=("b1",))]


def test_the_mode_of_a_call_is_the_callers_yes_only_and_an_answer_is_none() -> None:
    call = call_in(S.RINGING, mode="p2p")
    with pytest.raises(Forbidden):
        call.pass_on("ann", "a1", "bob", OFFER, now=0)
    call.accept("bob", "b1", now=0)
    for user_id, device, target in (("ann", "a1", "bob"), ("bob", "b1", "ann")):
        with pytest.raises(Forbidden):
            call.pass_on(user_id, device, target, OFFER, now=0)
    tells = call.consent("bob", "b1", "p2p", granted=True, now=0)
    assert [(tell.user_id, tell.only, tell.event.wire()) for tell in tells] == [
        (
            user_id,
            (device,),
            {"callId": "c", "userId": "bob", "kind": "p2p", "granted": True, "effective": True},
        )
        for user_id, device in (("ann", "a1"), ("bob", "b1"))
    ]
    assert call.pass_on("bob", "b1", "ann", OFFER, now=0) == [Tell("ann", OFFER, only=("a1",))]


def test_a_consent_that_is_taken_back_has_no_effect_any_more() -> None:
    call = call_in(S.ACTIVE)
    agree(call)
    (tell, _) = call.consent("ann", "a1", "p2p", granted=False, now=0)
    assert not tell.event.wire()["effective"]
    assert not call.has_consent("p2p")
    with pytest.raises(Forbidden):
        call.pass_on("bob", "b1", "ann", OFFER, now=0)


def test_nothing_passes_between_the_people_of_a_group() -> None:
    call = Call(ring("p2p", ("bob", "cho")), TIMES, now=0)
    call.accept("bob", "b1", now=0)
    agree(call)
    with pytest.raises(Forbidden):
        call.pass_on("ann", "a1", "bob", OFFER, now=0)


@pytest.mark.parametrize("target", ["ann", "eve", "relay"])
def test_it_passes_to_the_other_person_only(target: str) -> None:
    call = call_in(S.CONNECTING)
    agree(call)
    with pytest.raises(Forbidden):
        call.pass_on("ann", "a1", target, OFFER, now=0)


# What a device learns that comes late


def test_a_device_that_takes_over_is_told_how_it_stands_what_the_other_sends_and_who_agrees() -> None:
    call = call_in(S.ACTIVE, mode="p2p")
    call.media_set("ann", "a1", audio=False, video=True, screen=False, now=1)
    call.media_set("bob", "b1", audio=True, video=False, screen=False, now=1)
    call.left("bob", "b1", now=2)
    state, media, consent = call.came("bob", "b9")
    assert {tell.only for tell in (state, media, consent)} == {("b9",)}
    assert state.event.wire()["state"] == "active"
    assert media.event.wire() == {"callId": "c", "userId": "ann", "audio": False, "video": True, "screen": False}
    assert consent.event.wire() == {
        "callId": "c",
        "userId": "ann",
        "kind": "p2p",
        "granted": True,
        "effective": False,
    }


def test_who_answers_is_told_that_the_caller_has_muted_meanwhile() -> None:
    call = call_in(S.RINGING)
    call.media_set("ann", "a1", audio=False, video=True, screen=False, now=1)
    assert heard(call.accept("bob", "b1", now=2), "bob", "b1") == ["connecting", "call_media"]


# A leg that is gone


def reoffers(tells: list[Tell], user_id: str) -> list[object]:
    return [tell.event.wire().get("reoffer") for tell in tells if tell.user_id == user_id]


def test_who_lost_their_leg_for_good_is_asked_to_offer_again() -> None:
    call = call_in(S.ACTIVE)
    tells = call.leg_lost("bob", closed=True, now=1)
    assert reoffers(tells, "bob") == [True]
    assert reoffers(tells, "ann") == [None]
    assert heard(tells, "ann", "a1") == heard(tells, "bob", "b1") == ["reconnecting"]


def test_a_leg_that_closes_after_a_silence_asks_only_its_own_person() -> None:
    call = call_in(S.RECONNECTING)
    tells = call.leg_lost("bob", closed=True, now=1)
    assert reoffers(tells, "bob") == [True]
    assert reoffers(tells, "ann") == []
    assert call.leg_lost("bob", now=2) == []
    assert call.deadline() == 30
