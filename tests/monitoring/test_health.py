"""Liveness and readiness."""

from monitoring.health import HealthBoard, liveness


def test_a_part_that_has_not_reported_keeps_the_server_from_being_ready() -> None:
    board = HealthBoard(["store", "socket"])
    board.set("store", True)
    assert not board.ready
    assert board.readiness() == {
        "status": "not_ready",
        "checks": {"socket": {"ok": False, "detail": "starting"}, "store": {"ok": True}},
    }


def test_the_server_is_ready_when_every_part_is() -> None:
    board = HealthBoard(["store"])
    board.set("store", True)
    assert board.ready
    assert board.readiness() == {"status": "ready", "checks": {"store": {"ok": True}}}


def test_a_part_that_fails_later_takes_readiness_back_and_says_why() -> None:
    board = HealthBoard()
    before = board.ready
    board.set("store", False, "disk full")
    assert (before, board.ready) == (True, False)
    assert board.readiness()["checks"] == {"store": {"ok": False, "detail": "disk full"}}


def test_liveness_names_version_and_engines() -> None:
    assert liveness(version="1.0", media="python", signalling="stock") == {
        "status": "ok",
        "version": "1.0",
        "engines": {"media": "python", "signalling": "stock"},
    }
