"""Devices, grace and who counts as here."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.core.presence import PresenceChange, PresenceTable

ONLINE = PresenceChange("ann", online=True)
OFFLINE = PresenceChange("ann", online=False)


def test_the_first_device_brings_somebody_online_and_the_second_changes_nothing() -> None:
    table = PresenceTable(grace_s=10)
    assert table.connect("ann", "c1") == [ONLINE]
    assert table.connect("ann", "c2") == []
    assert table.connect("ann", "c2") == []
    assert table.devices("ann") == 2


def test_somebody_is_gone_only_when_the_last_device_has_been_away_for_the_grace_time() -> None:
    table = PresenceTable(grace_s=10)
    table.connect("ann", "c1")
    table.connect("ann", "c2")
    table.disconnect("ann", "c1", now=0)
    assert table.deadline() is None
    table.disconnect("ann", "c2", now=1)
    assert table.deadline() == 11
    assert table.online_users() == ["ann"]
    assert table.tick(now=10.9) == []
    assert table.tick(now=11) == [OFFLINE]
    assert table.deadline() is None
    assert table.online_users() == []
    assert table.connect("ann", "c3") == [ONLINE]


def test_a_reload_within_the_grace_time_is_no_absence() -> None:
    table = PresenceTable(grace_s=10)
    table.connect("ann", "c1")
    table.disconnect("ann", "c1", now=0)
    assert table.connect("ann", "c2") == []
    assert table.tick(now=100) == []
    assert table.deadline() is None


def test_unknown_devices_and_users_change_nothing() -> None:
    table = PresenceTable(grace_s=10)
    table.disconnect("ann", "c1", now=0)
    table.connect("ann", "c1")
    table.disconnect("ann", "c9", now=0)
    assert table.devices("ann") == 1
    assert table.devices("bob") == 0


def test_a_device_that_is_withdrawn_never_came() -> None:
    table = PresenceTable(grace_s=10)
    table.connect("ann", "c1")
    table.withdraw("ann", "c1")
    table.withdraw("bob", "c9")
    assert table.online_users() == []
    assert table.deadline() is None
    assert table.connect("ann", "c2") == [ONLINE]
    table.connect("ann", "c3")
    table.withdraw("ann", "c3")
    assert table.devices("ann") == 1


def test_graces_end_in_the_order_in_which_they_began() -> None:
    table = PresenceTable(grace_s=10)
    for user in ("ann", "bob", "cai"):
        table.connect(user, user)
    for now, user in enumerate(("bob", "ann", "cai")):
        table.disconnect(user, user, now=now)
    assert table.deadline() == 10
    assert table.tick(now=11) == [PresenceChange("bob", online=False), OFFLINE]
    assert table.deadline() == 12


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["in", "out", "wait"]), st.sampled_from(["u1", "u2"]), st.integers(0, 3))))
def test_what_is_told_alternates_and_agrees_with_who_is_here(steps: list[tuple[str, str, int]]) -> None:
    table, told, now = PresenceTable(grace_s=2), dict[str, bool](), 0.0
    for step, user, number in steps:
        changes: list[PresenceChange] = []
        if step == "in":
            changes = table.connect(user, f"c{number}")
        elif step == "out":
            table.disconnect(user, f"c{number}", now=now)
        else:
            now += number
            changes = table.tick(now=now)
        for change in changes:
            assert told.get(change.user_id, False) is not change.online
            told[change.user_id] = change.online
        assert {user for user, here in told.items() if here} == set(table.online_users())
