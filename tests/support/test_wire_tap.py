"""The tap tells events from the rest of what runs over a connection."""

from tests.support.wire_tap import event_in, with_answer


def test_an_event_has_a_name_and_a_payload_with_or_without_an_ack() -> None:
    assert event_in('4217["call_media",{"audio":false}]') == ("call_media", {"audio": False})
    assert event_in('42["typing",{"text":"a\\nb\u2028"}]') == ("typing", {"text": "a\nb\u2028"})
    assert event_in('42["leave_chat"]') == ("leave_chat", None)


def test_acks_pings_and_connects_are_no_events() -> None:
    assert [event_in(frame) for frame in ("2", '430[{"ok":true}]', '40{"sid":"x"}', b"42[1]")] == [None] * 4


def test_only_the_sdp_of_an_acknowledgement_is_changed() -> None:
    assert with_answer('4312[{"ok":true,"sdp":"v=0"}]', str.upper) == '4312[{"ok": true, "sdp": "V=0"}]'
    for frame in ('430[{"ok":true}]', "430[]", "431[7]", '42["webrtc_offer",{"sdp":"v=0"}]', "2", b"430[1]"):
        assert with_answer(frame, str.upper) == frame
