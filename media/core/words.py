"""What callers are told about causes and notices, in Chinese and English: the only table of these texts."""

from typing import Final, Literal, TypeAlias

from protocol.quality import CauseKind, NoticeKind
from protocol.quality import LegDirection as Direction

Lang: TypeAlias = Literal["zh", "en"]

# {name}: display name; {amount}: percent for loss and bandwidth, milliseconds for jitter and delay.
_CAUSES: Final[dict[tuple[CauseKind, Direction], dict[Lang, str]]] = {
    ("loss", "up"): {"en": "{name}'s uplink loses {amount} %", "zh": "{name} 的上行网络丢包 {amount}%"},
    ("loss", "down"): {"en": "{name}'s downlink loses {amount} %", "zh": "{name} 的下行网络丢包 {amount}%"},
    ("jitter", "up"): {
        "en": "{name}'s uplink is uneven by {amount} ms",
        "zh": "{name} 的上行网络抖动 {amount} 毫秒",
    },
    ("jitter", "down"): {
        "en": "{name}'s downlink is uneven by {amount} ms",
        "zh": "{name} 的下行网络抖动 {amount} 毫秒",
    },
    ("delay", "up"): {
        "en": "{name}'s connection takes {amount} ms there and back",
        "zh": "{name} 的网络往返延迟 {amount} 毫秒",
    },
    ("delay", "down"): {
        "en": "{name}'s connection takes {amount} ms there and back",
        "zh": "{name} 的网络往返延迟 {amount} 毫秒",
    },
    ("bandwidth", "up"): {"en": "{name}'s uplink is too narrow for the call", "zh": "{name} 的上行带宽不足"},
    ("bandwidth", "down"): {"en": "{name}'s downlink is too narrow for the call", "zh": "{name} 的下行带宽不足"},
    ("device", "up"): {
        "en": "nothing comes from {name}'s microphone or camera",
        "zh": "{name} 的麦克风或摄像头没有信号",
    },
    ("device", "down"): {"en": "{name}'s device can not keep up", "zh": "{name} 的设备处理不过来"},
    ("host", "up"): {"en": "the server is overloaded", "zh": "服务器繁忙"},
    ("host", "down"): {"en": "the server is overloaded", "zh": "服务器繁忙"},
}
_ADVICE: Final[dict[CauseKind, dict[Lang, str]]] = {
    "loss": {"en": "move closer to the Wi-Fi or change the network", "zh": "请靠近路由器或更换网络"},
    "jitter": {"en": "move closer to the Wi-Fi or change the network", "zh": "请靠近路由器或更换网络"},
    "delay": {"en": "another network may be faster", "zh": "可以尝试更换网络"},
    "bandwidth": {"en": "switch the camera off or stop other downloads", "zh": "请关闭摄像头或停止其他下载"},
    "device": {"en": "check the microphone and the camera", "zh": "请检查麦克风和摄像头"},
    "host": {"en": "nothing is wrong on your side", "zh": "不是你这边的问题"},
}
_NOTICES: Final[dict[NoticeKind, dict[Lang, str]]] = {
    "muted_while_speaking": {"en": "{name} speaks, but is muted", "zh": "{name} 正在说话，但已静音"},
    "one_way_audio": {"en": "nothing is heard of {name}", "zh": "听不到 {name} 的声音"},
    "camera_frozen": {"en": "{name}'s picture stands still", "zh": "{name} 的画面卡住了"},
    "poor_uplink": {"en": "{name} is hard to hear: the uplink is bad", "zh": "{name} 的上行网络很差，声音断断续续"},
    "poor_downlink": {"en": "{name} hears badly: the downlink is bad", "zh": "{name} 的下行网络很差，听不清楚"},
    "peer_reconnecting": {"en": "{name} is being reconnected", "zh": "{name} 正在重新连接"},
    "video_paused": {
        "en": "{name}'s video is paused so that the voice gets through",
        "zh": "为保证语音，{name} 的视频已暂停",
    },
    "video_resumed": {"en": "{name}'s video goes on", "zh": "{name} 的视频已恢复"},
}
# The same to that person.
_OWN_NOTICES: Final[dict[NoticeKind, dict[Lang, str]]] = {
    "muted_while_speaking": {"en": "you speak, but are muted", "zh": "你正在说话，但已静音"},
    "one_way_audio": {"en": "the other does not hear you", "zh": "对方听不到你的声音"},
    "camera_frozen": {"en": "your picture stands still", "zh": "你的画面卡住了"},
    "poor_uplink": {"en": "you are hard to hear: your uplink is bad", "zh": "你的上行网络很差，声音断断续续"},
    "poor_downlink": {"en": "you hear badly: your downlink is bad", "zh": "你的下行网络很差，听不清楚"},
    "peer_reconnecting": {"en": "you are being reconnected", "zh": "正在为你重新连接"},
    "video_paused": {"en": "your video is paused so that the voice gets through", "zh": "为保证语音，你的视频已暂停"},
    "video_resumed": {"en": "your video goes on", "zh": "你的视频已恢复"},
}


def cause_text(kind: CauseKind, direction: Direction, lang: Lang, *, name: str, amount: int) -> str:
    """Who and what is at fault, in one clause."""
    return _CAUSES[kind, direction][lang].format(name=name, amount=amount)


def advice_text(kind: CauseKind, lang: Lang) -> str:
    """What may help."""
    return _ADVICE[kind][lang]


def notice_text(kind: NoticeKind, lang: Lang, *, name: str | None) -> str:
    """What a notice says of the person with this name; None: of whoever reads it."""
    return _OWN_NOTICES[kind][lang] if name is None else _NOTICES[kind][lang].format(name=name)
