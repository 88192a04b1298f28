"""Calls that are over, remembered for a while, so that what comes too late is told so and not "unknown"."""

from collections import OrderedDict

from protocol.errors import Gone, NotAMember, NotFound

KEPT_S = 600.0


class EndedCalls:
    """At most `size` calls of the last ten minutes. Larger costs about 400 bytes a call."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._calls: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    def remember(self, call_id: str, user_ids: tuple[str, ...], *, now: float) -> None:
        """This call of these people has just ended."""
        self._forget(now)
        self._calls[call_id] = (now, user_ids)
        if len(self._calls) > self._size:
            self._calls.popitem(last=False)

    def holds(self, call_id: str, *, now: float) -> bool:
        """Whether the call is known to have ended."""
        self._forget(now)
        return call_id in self._calls

    def refuse(self, call_id: str, user_id: str, *, now: float) -> Gone | NotAMember | NotFound:
        """The refusal for somebody who names a call that is not running."""
        if not self.holds(call_id, now=now):
            return NotFound("no such call", field="callId")
        if user_id not in self._calls[call_id][1]:
            return NotAMember("you are not in this call", field="callId")
        return Gone("the call is over", field="callId")

    def _forget(self, now: float) -> None:
        while self._calls:
            call_id, (ended_at, _) = next(iter(self._calls.items()))
            if ended_at + KEPT_S > now:
                return
            del self._calls[call_id]
