"""How a call is, as it runs and when it is over."""

from typing import Literal

from pydantic import Field

from protocol.base import SERVER_TO_CLIENT, Outgoing, ServerEvent, event

Direction = Literal["up", "down"]
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


class LegQuality(Outgoing):
    """One direction of one person: `up` from them to the relay, `down` to them what they hear and see."""

    user_id: str
    direction: Direction
    mos: float | None = Field(default=None, description="1 to 5; absent while there is nothing to judge")
    level: QualityLevel
    loss: float = Field(description="ratio 0..1")
    jitter_ms: float
    rtt_ms: float | None = None
    bitrate: int = Field(description="bit/s")
    fps: float | None = None
    freezes: int | None = Field(default=None, description="pictures that stood still in this second")


class QualityCause(Outgoing):
    """Who and what is at fault. `userId` is absent for `host`: then it is this server."""

    user_id: str | None = None
    direction: Direction
    kind: CauseKind
    text: str


@event("call_quality", SERVER_TO_CLIENT)
class CallQuality(ServerEvent):
    """Each second while the call is active; to the devices in the call."""

    call_id: str
    legs: list[LegQuality]
    cause: QualityCause | None = None
    advice: str | None = None


@event("call_notice", SERVER_TO_CLIENT)
class CallNotice(ServerEvent):
    """What a silence of technical cause gets instead of a topic; to the devices in the call."""

    call_id: str
    kind: NoticeKind
    user_id: str = Field(description="the side that the notice names")
    text: str


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
    direction: Direction
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
