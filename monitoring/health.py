"""What /healthz and /readyz answer.

Live means the process answers at all. Ready means every named part has said that
it works; a part that has said nothing yet is not ready.
"""

from collections.abc import Iterable
from typing import Any


class HealthBoard:
    """Readiness as named checks. `names` are the parts that must report before the server is ready."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._checks: dict[str, tuple[bool, str]] = {name: (False, "starting") for name in names}

    def set(self, name: str, ok: bool, detail: str = "") -> None:
        """A part reports. `detail` is shown to anyone who asks: no addresses, no secrets."""
        self._checks[name] = (ok, detail)

    @property
    def ready(self) -> bool:
        """Whether every check is ok."""
        return all(ok for ok, _ in self._checks.values())

    def readiness(self) -> dict[str, Any]:
        """Body of /readyz: `{status: "ready" | "not_ready", checks: {name: {ok, detail?}}}`."""
        checks: dict[str, Any] = {}
        for name, (ok, detail) in sorted(self._checks.items()):
            checks[name] = {"ok": ok, "detail": detail} if detail else {"ok": ok}
        return {"status": "ready" if self.ready else "not_ready", "checks": checks}


def liveness(*, version: str, media: str, signalling: str) -> dict[str, Any]:
    """Body of /healthz (wire contract, section 11.1)."""
    return {"status": "ok", "version": version, "engines": {"media": media, "signalling": signalling}}
