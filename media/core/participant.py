"""One person in a call: which of their devices may act, whether their media flows.

A device is an opaque string, one per signalling connection. The device that rang or answered is
the one in the call. Devices that connect later are `spare`: they may take the call over, for the
old connection may be dead without anybody knowing. When the one in the call is lost, every device
of the person may act, and the first that does is in the call.
"""

from dataclasses import dataclass, field

from protocol.calls import CallMediaChanged, Participant, ParticipantState
from protocol.errors import Forbidden


@dataclass(slots=True)
class Person:
    """`device` is None before the person has joined and after a loss. Times are monotonic seconds.

    `signal_lost_at`: since when no device that may act is connected. `media_lost_at`: since when a leg
    that had media is silent. `leg_up`: authentic packets arrive. `sends`: what they last said that they send."""

    user_id: str
    joined: bool = False
    device: str | None = None
    spare: set[str] = field(default_factory=set)
    signal_lost_at: float | None = None
    leg_up: bool = False
    media_lost_at: float | None = None
    sends: CallMediaChanged | None = None

    def join(self, device: str) -> None:
        """The person rang or answered on this device."""
        self.joined = True
        self.device = device

    def act(self, device: str) -> tuple[str, ...]:
        """This device acts on the call; the devices that knew of the call and are out of it by that.

        Raises `Forbidden` when the person is in the call on another device."""
        if device == self.device:
            return ()
        if self.device is not None and device not in self.spare:
            raise Forbidden("this call is on another of your devices", field="callId")
        out = tuple(known for known in self.devices() if known != device)
        self.device = device
        self.spare.clear()
        self.signal_lost_at = None
        return out

    def came(self, device: str) -> None:
        """A device of the person has connected."""
        # A device may ring before it is told of as connected: it is in the call already, and told things once.
        if device != self.device:
            self.spare.add(device)
        self.signal_lost_at = None

    def left(self, device: str, *, now: float) -> None:
        """A device has dropped. Whether anybody of theirs is left decides over the grace time."""
        self.spare.discard(device)
        if device == self.device:
            self.device = None
        if self.device is None and not self.spare and self.signal_lost_at is None:
            self.signal_lost_at = now

    def devices(self) -> tuple[str, ...]:
        """The devices that are told of the call, once the person has joined: none while all of them are lost."""
        return (*([] if self.device is None else [self.device]), *sorted(self.spare))

    def on_wire(self) -> Participant:
        """As in `call_state`."""
        return Participant(user_id=self.user_id, state=self._state())

    def _state(self) -> ParticipantState:
        if not self.joined:
            return "ringing"
        return "reconnecting" if self.media_lost_at is not None else "joined"
