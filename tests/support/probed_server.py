"""`visavis` with a probe: how much CPU time the dearest datagram and the dearest offer cost.

    python -m tests.support.probed_server REPORT serve ...

Takes the product's own command line and runs the product unchanged; three methods are timed by the CPU time of their
thread, so that waiting for a processor on a busy machine does not count. At its end it writes REPORT as JSON, times in
seconds.
"""

import atexit
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from media.engine.pure import PureEngine
from media.service import MediaService
from media.transport.endpoint import Endpoint
from visavis.cli import main


class Probe:
    """Count and worst CPU time of each timed method."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.worst_s: dict[str, float] = {}

    def note(self, name: str, began: float) -> None:
        """A call that began at this thread time is over."""
        took = time.thread_time() - began
        self.counts[name] = self.counts.get(name, 0) + 1
        self.worst_s[name] = max(self.worst_s.get(name, 0.0), took)

    def write(self, path: Path) -> None:
        """The figures so far."""
        path.write_text(json.dumps({"counts": self.counts, "worst_s": self.worst_s}))


def attach(probe: Probe) -> None:
    """Time every datagram, by the endpoint (STUN, DTLS) or the engine (RTP, RTCP), and every offer to the relay."""
    offer: Callable[..., Any] = MediaService.offer

    def timed(method: Callable[..., None]) -> Any:
        def timed_method(self: object, *arguments: Any) -> None:
            began = time.thread_time()
            try:
                method(self, *arguments)
            finally:
                probe.note("datagram", began)

        return timed_method

    async def timed_offer(self: MediaService, *arguments: Any) -> str:
        began = time.thread_time()
        try:
            answer: str = await offer(self, *arguments)
            return answer
        finally:
            probe.note("offer", began)

    Endpoint._control = timed(Endpoint._control)  # type: ignore[method-assign]  # the probe
    PureEngine.receive = timed(PureEngine.receive)  # type: ignore[method-assign]  # as above
    MediaService.offer = timed_offer  # type: ignore[method-assign, assignment]  # as above


if __name__ == "__main__":
    found = Probe()
    attach(found)
    atexit.register(found.write, Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
