"""How good a call is, told while it runs."""

from typing import Annotated, Literal

from pydantic import Field

from protocol.base import SERVER_TO_CLIENT, Outgoing, ServerEvent, event

LegDirection = Literal["up", "down"]
QualityLevel = Literal["good", "fair", "poor", "lost"]
CauseKind = Literal["loss", "jitter", "delay", "bandwidth", "device", "host"]
NoticeKind = Literal[
    "muted_while_speaking",
    "one_way_audio",
    "camera_frozen",
    "poor_uplink",
    "poor_downlink",
    "peer_reconnecting",
    "video_paused",
    "video_resumed",
]
Ratio = Annotated[float, Field(ge=0, le=1)]


class QualityLeg(Outgoing):
    """One direction of one person's leg in the last second; `up` is from this person to the relay.

    `mos` is absent while nothing is to be judged (a muted microphone, silence that is not sent); `fps` and `freezes`
    are there with video."""

    user_id: str
    direction: LegDirection
    mos: float | None = Field(default=None, ge=1, le=5)
    level: QualityLevel
    loss: Ratio
    jitter_ms: float
    rtt_ms: float | None = None
    bitrate: int = Field(description="bit/s")
    fps: float | None = None
    freezes: int | None = None


class QualityCause(Outgoing):
    """Who and what is at fault. `host` is this server: nobody's leg is named then."""

    user_id: str | None = None
    direction: LegDirection | None = None
    kind: CauseKind
    text: str = Field(description="in the language of the receiver")


@event("call_quality", SERVER_TO_CLIENT)
class CallQuality(ServerEvent):
    """Each second while the call is active, to the devices in it. No `cause`: nothing is wrong as far as is known."""

    call_id: str
    legs: list[QualityLeg]
    cause: QualityCause | None = None
    advice: str | None = None


@event("call_notice", SERVER_TO_CLIENT)
class CallNotice(ServerEvent):
    """Something that both should know, once: what a silence of technical cause gets instead of a topic."""

    call_id: str
    kind: NoticeKind
    user_id: str = Field(description="whom it is about")
    text: str = Field(description="in the language of the receiver")


class TalkShare(Outgoing):
    """How much of the talk was one person's, ratio 0..1."""

    user_id: str
    share: float


class CallTalk(Outgoing):
    """The conversation as a whole."""

    shares: list[TalkShare]
    overlaps: int
    longest_silence_ms: int
    turns: int


class SummaryQuality(Outgoing):
    """One direction of one person over the whole call."""

    user_id: str
    direction: LegDirection
    mos: float | None = None
    level: QualityLevel
    loss: float


class SummaryPrompt(Outgoing):
    """A topic that was shown, and whether somebody spoke within 20 s of it."""

    prompt_id: str
    text: str
    topic: str | None = None
    resumed: bool


@event("call_summary", SERVER_TO_CLIENT)
class CallSummary(ServerEvent):
    """What became of the call, once it is over; to the devices that were in it."""

    call_id: str
    duration: float
    quality: list[SummaryQuality]
    talk: CallTalk
    prompts: list[SummaryPrompt]
    follow_ups: list[str]
