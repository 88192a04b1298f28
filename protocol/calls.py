"""Calls: ring, answer, media, end."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Event, Outgoing, Payload, ServerEvent, event
from protocol.chat import ClientId
from protocol.errors import Busy, Conflict, Forbidden, Gone, NotAMember, NotFound, RateLimited, TooLarge, Unavailable
from protocol.ids import IdString

CallStateName = Literal["ringing", "connecting", "active", "reconnecting", "ended"]
ParticipantState = Literal["ringing", "joined", "reconnecting", "left"]
CallMode = Literal["relay", "p2p"]
EndReason = Literal[
    "completed",
    "declined",
    "cancelled",
    "no_answer",
    "busy",
    "answered_elsewhere",
    "declined_elsewhere",
    "blocked",
    "not_allowed",
    "failed",
    "connection_lost",
    "max_duration",
    "moderated",
    "server_shutdown",
    "replaced",
]
ConsentKind = Literal["video", "reveal", "record", "p2p", "transcript"]
MAX_SDP = 48 * 1024
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP)]

RELAY = "relay"  # the `target` of SDP and candidates that are for the server itself

_START = (NotFound, NotAMember, Busy, RateLimited, Conflict, Unavailable)
_CALL = (NotFound, Forbidden, Gone, Conflict)
_MEDIA = (*_CALL, TooLarge, Unavailable)


class IceServer(Outgoing):
    """An RTCIceServer. Empty lists are normal: the relay has a reachable address of its own."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Participant(Outgoing):
    """Somebody in a call."""

    user_id: str
    state: ParticipantState


class CallStarted(Outgoing):
    """Answer to `start_call`. A busy callee: `state` is `ended`, then `call_ended {reason: "busy"}` follows."""

    call_id: str
    state: CallStateName
    expires_at: str = Field(description="when the ringing ends by itself")
    ice_servers: list[IceServer]


@event("start_call", CLIENT_TO_SERVER, ack=CallStarted, errors=_START)
class StartCall(Event):
    """Ring the other person on all their devices. When both ring at once, they are connected."""

    match_id: IdString | None = None
    audio: bool = True
    video: bool = False
    mode: CallMode = Field(default="relay", description="`p2p`: media goes between the two, this server only signals")
    client_id: ClientId | None = Field(
        default=None, description="the same clientId again returns the same call and rings nobody"
    )


@event("request_video_call", CLIENT_TO_SERVER, ack=CallStarted, errors=_START)
class RequestVideoCall(StartCall):
    """The older name of `start_call`, with video on. Without `matchId`: the match with `to`, else the joined one."""

    to: IdString | None = None
    video: bool = True


class CallAnswered(Outgoing):
    """Answer to `answer_call`."""

    call_id: str
    state: CallStateName
    ice_servers: list[IceServer]


@event("answer_call", CLIENT_TO_SERVER, ack=CallAnswered, errors=_CALL)
class AnswerCall(Event):
    """Accept or decline on this device; the callee's other devices stop ringing."""

    call_id: IdString
    accept: bool
    audio: bool | None = Field(default=None, description="not told to the caller: `call_media` does that")
    video: bool | None = Field(default=None, description="as `audio`")
    reason: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="for the client's own use, not told to the caller"
    )


class CallOver(Outgoing):
    """Answer to `cancel_call` and `end_call`: the reason that everybody is told."""

    reason: EndReason


@event("cancel_call", CLIENT_TO_SERVER, ack=CallOver, errors=_CALL)
class CancelCall(Event):
    """The caller gives up before anybody answered."""

    call_id: IdString


@event("end_call", CLIENT_TO_SERVER, ack=CallOver, errors=_CALL)
class EndCall(Event):
    """Hang up. While it still rings: the caller cancels, the callee declines."""

    call_id: IdString


class SdpAnswer(Outgoing):
    """Answer to `webrtc_offer`: the relay's SDP, or nothing for a peer-to-peer call."""

    sdp: str | None = None


@event("webrtc_offer", CLIENT_TO_SERVER, ack=SdpAnswer, errors=_MEDIA)
class WebrtcOffer(Event):
    """An SDP offer. To the relay the client always offers; `target` is `relay` or the other's user id.

    To the relay: from `ringing` on for the caller, from `connecting` on for the callee."""

    call_id: IdString
    sdp: Sdp
    target: IdString = RELAY


@event("webrtc_answer", CLIENT_TO_SERVER, errors=(*_CALL, TooLarge))
class WebrtcAnswer(Event):
    """An SDP answer to the other person's offer, in a peer-to-peer call."""

    call_id: IdString
    sdp: Sdp
    target: IdString


class IceCandidateInit(Payload):
    """An RTCIceCandidateInit (W3C webrtc, 4.8.1.1)."""

    model_config = ConfigDict(strict=True)

    candidate: Annotated[str, StringConstraints(max_length=1024)] = ""
    sdp_mid: Annotated[str, StringConstraints(max_length=64)] | None = None
    sdp_m_line_index: Annotated[int, Field(ge=0, le=65_535)] | None = None
    username_fragment: Annotated[str, StringConstraints(max_length=256)] | None = None


# The schemas of the house know no null; this is one of its few values that are told by it.
Candidate = Annotated[
    IceCandidateInit | None,
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "candidate": {"type": "string", "maxLength": 1024},
                        "sdpMid": {"type": ["string", "null"], "maxLength": 64},
                        "sdpMLineIndex": {"type": ["integer", "null"], "minimum": 0, "maximum": 65_535},
                        "usernameFragment": {"type": ["string", "null"], "maxLength": 256},
                    },
                },
                {"type": "null"},
            ],
            "description": "RTCIceCandidateInit, null at the end",
        }
    ),
]


@event("ice_candidate", CLIENT_TO_SERVER, errors=_CALL)
class IceCandidate(Event):
    """A trickled candidate; null or none at the end. The relay needs none and takes them without use."""

    call_id: IdString
    candidate: Candidate = None
    target: IdString = RELAY


@event("call_media", CLIENT_TO_SERVER, errors=_CALL)
class SetCallMedia(Event):
    """What this person sends: muted microphone, camera off, screen shared. `speaking`: talks into a muted one."""

    call_id: IdString
    audio: bool
    video: bool
    screen: bool = False
    speaking: bool | None = None


class CallConsented(Outgoing):
    """Answer to `call_consent`: whether everybody in the call has said yes by now."""

    effective: bool


@event("call_consent", CLIENT_TO_SERVER, ack=CallConsented, errors=(*_CALL, Unavailable))
class CallConsent(Event):
    """Say yes to something, or take it back. It has effect while everybody in the call says yes.

    `p2p`: media may go between the two, who then learn each other's addresses; `start_call {mode: "p2p"}` is the
    caller's yes. The other kinds answer `unavailable` as yet."""

    call_id: IdString
    kind: ConsentKind
    granted: bool


@event("incoming_call", SERVER_TO_CLIENT)
class IncomingCall(ServerEvent):
    """Somebody rings; to every device of the callee, also to one that connects while it rings."""

    call_id: str
    match_id: str
    from_: str = Field(alias="from")
    audio: bool
    video: bool
    mode: CallMode
    expires_at: str


@event("call_state", SERVER_TO_CLIENT)
class CallStateChanged(ServerEvent):
    """The call moved on, or somebody in it; to the devices in the call of both people."""

    call_id: str
    state: CallStateName
    participants: list[Participant]
    reoffer: bool | None = Field(
        default=None, description="true: this device's connection to the relay is gone; make a new one and offer it"
    )


@event("call_ended", SERVER_TO_CLIENT)
class CallEnded(ServerEvent):
    """The call is over for this device.

    `answered_elsewhere`, `declined_elsewhere`, `replaced`: another device of the same person answered, declined, or
    took the call over. Any other reason is that of the call, the same for everybody."""

    call_id: str
    reason: EndReason
    duration: float = Field(description="seconds since it was active, 0 if it never was")
    summary: dict[str, Any] | None = None


@event("call_media", SERVER_TO_CLIENT)
class CallMediaChanged(ServerEvent):
    """What the other person sends."""

    call_id: str
    user_id: str
    audio: bool
    video: bool
    screen: bool


@event("call_consent", SERVER_TO_CLIENT)
class CallConsentChanged(ServerEvent):
    """Somebody said yes or took it back; to the devices in the call of everybody."""

    call_id: str
    user_id: str
    kind: ConsentKind
    granted: bool
    effective: bool


@event("webrtc_offer", SERVER_TO_CLIENT)
class PeerOffer(ServerEvent):
    """The other person's offer, in a peer-to-peer call only."""

    call_id: str
    from_: str = Field(alias="from")
    sdp: str


@event("webrtc_answer", SERVER_TO_CLIENT)
class PeerAnswer(ServerEvent):
    """The other person's answer, in a peer-to-peer call only."""

    call_id: str
    from_: str = Field(alias="from")
    sdp: str


@event("ice_candidate", SERVER_TO_CLIENT)
class PeerCandidate(ServerEvent):
    """The other person's candidate, in a peer-to-peer call only."""

    call_id: str
    from_: str = Field(alias="from")
    candidate: Candidate

    def wire(self) -> dict[str, Any]:
        """As everywhere, but a null `candidate` is there: it says that no more will come."""
        return {"candidate": None, **super().wire()}
