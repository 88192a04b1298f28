"""Calls on the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol.calls import (
    MAX_SDP,
    IceCandidate,
    PeerCandidate,
    RequestVideoCall,
    SdpAnswer,
    StartCall,
    WebrtcOffer,
)


def test_a_call_is_of_sound_through_the_relay_unless_more_is_asked_for() -> None:
    plain = StartCall.from_wire({})
    assert (plain.audio, plain.video, plain.mode, plain.match_id, plain.client_id) == (True, False, "relay", None, None)
    assert RequestVideoCall.from_wire({}).video is True


@pytest.mark.parametrize("mode", ["", "sfu", None, 1])
def test_there_are_two_modes(mode: object) -> None:
    with pytest.raises(ValidationError):
        StartCall.from_wire({"mode": mode})


def test_an_offer_is_for_the_relay_unless_somebody_is_named() -> None:
    assert WebrtcOffer.from_wire({"callId": "c", "sdp": "v=0"}).target == "relay"


def test_an_sdp_has_a_largest_size_and_is_not_empty() -> None:
    assert len(WebrtcOffer.from_wire({"callId": "c", "sdp": "x" * MAX_SDP}).sdp) == MAX_SDP
    for sdp, kind in (("x" * (MAX_SDP + 1), "string_too_long"), ("", "string_too_short")):
        with pytest.raises(ValidationError) as caught:
            WebrtcOffer.from_wire({"callId": "c", "sdp": sdp})
        assert [error["type"] for error in caught.value.errors()] == [kind]


def test_the_answer_of_a_peer_to_peer_offer_is_empty() -> None:
    assert SdpAnswer().wire() == {}


@pytest.mark.parametrize(
    "candidate",
    [
        {"candidate": 1},
        {"candidate": "x" * 1025},
        {"sdpMLineIndex": -1},
        {"sdpMLineIndex": "0"},
        {"sdpMid": 0},
        "candidate:1",
        [],
    ],
    ids=repr,
)
def test_what_is_no_candidate_is_refused(candidate: object) -> None:
    with pytest.raises(ValidationError):
        IceCandidate.from_wire({"callId": "c", "candidate": candidate})


@pytest.mark.parametrize("payload", [{"candidate": None}, {}])
def test_the_end_of_the_candidates_is_null_and_told_as_null(payload: dict[str, Any]) -> None:
    read = IceCandidate.from_wire({"callId": "c", **payload})
    assert read.candidate is None
    told = PeerCandidate(call_id="c", from_="ann", candidate=read.candidate)
    assert told.wire() == {"callId": "c", "from": "ann", "candidate": None}


def test_what_browsers_add_to_a_candidate_is_ignored() -> None:
    candidate = {"candidate": "", "sdpMid": None, "sdpMLineIndex": 1, "usernameFragment": None, "foundation": "1"}
    read = IceCandidate.from_wire({"callId": "c", "candidate": candidate})
    assert read.wire()["candidate"] == {"candidate": "", "sdpMLineIndex": 1}
