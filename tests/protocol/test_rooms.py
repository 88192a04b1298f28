"""Entering rooms and being matched."""

import pytest
from pydantic import ValidationError

from protocol.rooms import JoinChat, JoinedChat, LeaveChat, MatchCreated, Member, Peer


def test_a_room_to_join_is_named_and_a_room_to_leave_may_be() -> None:
    assert LeaveChat.from_wire({}).match_id is None
    with pytest.raises(ValidationError):
        JoinChat.from_wire({})


def test_an_answer_without_a_gap_has_no_such_key() -> None:
    joined = JoinedChat(match_id="m", members=[], messages=[], last_seq=0, read_seq=0, sealed=False)
    assert joined.wire() == {"matchId": "m", "members": [], "messages": [], "lastSeq": 0, "readSeq": 0, "sealed": False}


def test_somebody_never_seen_has_no_last_seen() -> None:
    assert Member(user_id="ann", name="Ann", online=False).wire() == {"userId": "ann", "name": "Ann", "online": False}


def test_a_pair_is_told_of_its_peer_and_a_group_of_its_members() -> None:
    peer = Peer(user_id="bob", name="Bob")
    shown = {"userId": "bob", "name": "Bob", "interests": []}
    pair = MatchCreated(match_id="m", peer=peer, opening_lines=[])
    group = MatchCreated(match_id="m", members=[peer], score=0.5, opening_lines=["Hi"])
    assert pair.wire() == {"matchId": "m", "peer": shown, "openingLines": []}
    assert group.wire() == {"matchId": "m", "members": [shown], "score": 0.5, "openingLines": ["Hi"]}
