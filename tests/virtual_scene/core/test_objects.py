"""The table of an object, and what each event means for holder, version and place."""

import pytest

from protocol.errors import Conflict, InvalidPayload, NotFound, RateLimited
from tests.virtual_scene.stage import CUP, DANCE, JUKEBOX, LANTERN, SAUCER, scene
from virtual_scene.core.geometry import Vec, vec
from virtual_scene.core.objects import LEASE_S, TRANSITIONS, Change, ObjectEvent, Objects, ObjectState, SceneObject

S, E = ObjectState, ObjectEvent
HOLDER, TARGET, OTHER = 0, 1, 2
# The contract, written out once more: what is not here is refused.
ALLOWED = {
    S.FREE: {E.GRAB: S.HELD},
    S.HELD: {
        E.RELEASE: S.FREE,
        E.MOVE: S.HELD,
        E.OFFER: S.OFFERED,
        E.USE: S.HELD,
        E.EXPIRE: S.FREE,
        E.DROP: S.FREE,
    },
    S.OFFERED: {
        E.RELEASE: S.FREE,
        E.MOVE: S.OFFERED,
        E.OFFER: S.OFFERED,
        E.WITHDRAW: S.HELD,
        E.ACCEPT: S.HELD,
        E.DECLINE: S.HELD,
        E.USE: S.OFFERED,
        E.EXPIRE: S.FREE,
        E.DROP: S.FREE,
    },
    S.LOCKED: {E.USE: S.LOCKED},
    S.SHARED: {E.USE: S.SHARED},
    S.CONSENT: {E.OFFER: S.ASKED},
    S.ASKED: {
        E.OFFER: S.ASKED,
        E.WITHDRAW: S.CONSENT,
        E.ACCEPT: S.AGREED,
        E.DECLINE: S.CONSENT,
        E.RELEASE: S.CONSENT,
        E.DROP: S.CONSENT,
    },
    S.AGREED: {E.RELEASE: S.CONSENT, E.DROP: S.CONSENT},
}
# Who may: the holder alone, the person asked alone, both of them. What nobody holds is anybody's.
HOLDERS = {E.MOVE, E.OFFER, E.WITHDRAW, E.USE, E.EXPIRE, E.DROP}
TARGETS = {E.ACCEPT, E.DECLINE}


@pytest.fixture
def objects() -> Objects:
    return Objects(scene())


def object_in(objects: Objects, state: ObjectState) -> SceneObject:
    """An object that has come to this state: HOLDER has it, or asks, TARGET is asked."""
    first = {S.LOCKED: JUKEBOX, S.SHARED: LANTERN, S.CONSENT: DANCE, S.ASKED: DANCE, S.AGREED: DANCE}
    one = objects.find(first.get(state, CUP))
    way = {
        S.HELD: [E.GRAB],
        S.OFFERED: [E.GRAB, E.OFFER],
        S.ASKED: [E.OFFER],
        S.AGREED: [E.OFFER, E.ACCEPT],
    }.get(state, [])
    for event in way:
        objects.act(one, event, TARGET if event in TARGETS else HOLDER, now=0, to=TARGET if event is E.OFFER else None)
    assert one.state is state
    return one


@pytest.mark.parametrize("event", ObjectEvent)
@pytest.mark.parametrize("state", ObjectState)
def test_every_event_in_every_state_leads_where_the_contract_says_or_is_refused(
    objects: Objects, state: ObjectState, event: ObjectEvent
) -> None:
    one = object_in(objects, state)
    before, after = one.record, ALLOWED[state].get(event)
    slot = TARGET if event in TARGETS else HOLDER
    if after is None:
        with pytest.raises(Conflict):
            one.fire(event, slot, to=TARGET)
        assert one.record == before
    else:
        one.fire(event, slot, to=OTHER)
        assert one.state is after
        changed = (one.state, one.owner, one.offered_to) != (before.state, before.owner, before.offered_to)
        assert one.version == before.version + changed


@pytest.mark.parametrize("state", ObjectState)
def test_holder_and_offer_belong_to_states(objects: Objects, state: ObjectState) -> None:
    one = object_in(objects, state)
    assert (one.owner is not None) == (state in {S.HELD, S.OFFERED, S.ASKED, S.AGREED})
    assert (one.offered_to is not None) == (state in {S.OFFERED, S.ASKED, S.AGREED})


@pytest.mark.parametrize(("state", "event"), TRANSITIONS)
def test_nobody_does_what_is_another_persons_to_do(objects: Objects, state: ObjectState, event: ObjectEvent) -> None:
    one = object_in(objects, state)
    if one.owner is None:
        one.fire(event, OTHER, to=TARGET)  # anybody's
        return
    strangers = {OTHER, HOLDER if event in TARGETS else OTHER}
    if event in HOLDERS or (event is E.RELEASE and state in {S.HELD, S.OFFERED}):
        strangers.add(TARGET)
    before = one.record
    for slot in strangers:
        with pytest.raises(Conflict):
            one.fire(event, slot, to=OTHER)
    assert one.record == before


def test_the_table_has_no_line_that_is_not_in_the_contract() -> None:
    assert {(state, event): after for state, line in ALLOWED.items() for event, after in line.items()} == TRANSITIONS


def test_the_first_grab_wins_and_the_second_is_refused(objects: Objects) -> None:
    cup = objects.find(CUP)
    (change,) = objects.act(cup, E.GRAB, HOLDER, now=0)
    assert (change.record.state, change.record.owner, change.record.version) == (S.HELD, HOLDER, 2)
    for slot in (OTHER, HOLDER):
        with pytest.raises(Conflict):
            objects.act(cup, E.GRAB, slot, now=0)
    assert cup.record == change.record


def test_what_is_offered_goes_to_the_person_asked_and_to_no_other(objects: Objects) -> None:
    cup = object_in(objects, S.OFFERED)
    with pytest.raises(Conflict):
        objects.act(cup, E.ACCEPT, OTHER, now=0)
    objects.act(cup, E.OFFER, HOLDER, now=0, to=OTHER)
    with pytest.raises(Conflict):
        objects.act(cup, E.ACCEPT, TARGET, now=0)
    objects.act(cup, E.ACCEPT, OTHER, now=0)
    assert (cup.state, cup.owner, cup.offered_to) == (S.HELD, OTHER, None)


def test_nobody_offers_something_to_oneself(objects: Objects) -> None:
    with pytest.raises(Conflict):
        objects.act(object_in(objects, S.HELD), E.OFFER, HOLDER, now=0, to=HOLDER)


def test_moves_carry_it_along_and_do_not_count_as_a_version(objects: Objects) -> None:
    cup = object_in(objects, S.HELD)
    version = cup.version
    objects.act(cup, E.MOVE, HOLDER, now=0, position=vec(1, 1, 1))
    assert (cup.position, cup.version) == (Vec(1, 1, 1), version)
    objects.act(cup, E.MOVE, HOLDER, now=0)
    assert cup.position == Vec(1, 1, 1)
    objects.act(cup, E.RELEASE, HOLDER, now=0, position=vec(2, 1, 2))
    assert (cup.position, cup.version, cup.owner) == (Vec(2, 1, 2), version + 1, None)


def test_a_gesture_of_two_stays_where_it_is(objects: Objects) -> None:
    dance = object_in(objects, S.AGREED)
    assert list(objects.agreed()) == [(HOLDER, TARGET, 0.2)]
    before = dance.position
    objects.act(dance, E.RELEASE, TARGET, now=0, position=vec(1, 1, 1))
    assert dance.position == before
    assert list(objects.agreed()) == []


# Leases


def test_a_lease_runs_out_without_a_sign_of_its_holder(objects: Objects) -> None:
    cup = object_in(objects, S.HELD)
    objects.act(cup, E.MOVE, HOLDER, now=3, position=vec(0.4, 1, 0))
    assert objects.deadline() == 3 + LEASE_S
    assert objects.tick(now=3 + LEASE_S - 0.001) == []
    (change,) = objects.tick(now=3 + LEASE_S)
    assert (change.action, change.slot, change.record.state) == ("expire", HOLDER, S.FREE)
    assert change.record.position == Vec(0.5, 0.75, 0)  # the nearest place on the table
    assert objects.deadline() is None


def test_signs_of_the_holder_renew_its_leases_and_no_others(objects: Objects) -> None:
    cup, saucer = objects.find(CUP), objects.find(SAUCER)
    objects.act(cup, E.GRAB, HOLDER, now=0)
    objects.act(saucer, E.GRAB, OTHER, now=0)
    objects.touch(HOLDER, now=9)
    assert (cup.lease_until, saucer.lease_until) == (19, 10)
    objects.act(cup, E.OFFER, HOLDER, now=10, to=TARGET)
    objects.use(cup, "sip", HOLDER, None, now=11)
    assert cup.lease_until == 21
    objects.act(cup, E.ACCEPT, TARGET, now=12)
    assert cup.lease_until == 22


def test_leases_stand_still_while_the_holder_is_away(objects: Objects) -> None:
    cup = object_in(objects, S.OFFERED)
    objects.away(HOLDER)
    assert objects.deadline() is None
    assert objects.tick(now=1000) == []
    objects.act(cup, E.ACCEPT, TARGET, now=1000)
    assert cup.lease_until == 1010
    objects.act(cup, E.OFFER, TARGET, now=1000, to=HOLDER)
    objects.act(cup, E.ACCEPT, HOLDER, now=1001)  # on the way when the connection was lost
    assert objects.deadline() is None
    objects.back(HOLDER, now=1002)
    assert cup.lease_until == 1012


def test_what_nobody_holds_in_hand_has_no_lease(objects: Objects) -> None:
    for state in (S.FREE, S.LOCKED, S.SHARED, S.ASKED, S.AGREED):
        assert object_in(objects, state).lease_until is None


# Leaving


def test_what_a_leaver_held_falls_to_its_place(objects: Objects) -> None:
    cup, saucer = object_in(objects, S.OFFERED), objects.find(SAUCER)
    objects.act(cup, E.MOVE, HOLDER, now=0, position=vec(3, 1, 3))
    objects.act(saucer, E.GRAB, HOLDER, now=0)
    objects.act(saucer, E.MOVE, HOLDER, now=0, position=vec(0, 1, 0))
    changes = objects.gone(HOLDER)
    assert [(c.record.id, c.action, c.record.state, c.record.owner) for c in changes] == [
        (CUP, "drop", S.FREE, None),
        (SAUCER, "drop", S.FREE, None),
    ]
    assert saucer.position == Vec(2, 0, 2)  # has no rest place: where it began
    assert objects.deadline() is None


def test_what_a_leaver_was_offered_stays_with_its_holder(objects: Objects) -> None:
    cup = object_in(objects, S.OFFERED)
    (change,) = objects.gone(TARGET)
    assert (change.action, change.record.state, change.record.owner) == ("decline", S.HELD, HOLDER)
    assert cup.offered_to is None


@pytest.mark.parametrize(("state", "leaver", "action"), [
    (S.ASKED, HOLDER, "drop"), (S.ASKED, TARGET, "decline"), (S.AGREED, HOLDER, "drop"), (S.AGREED, TARGET, "drop"),
])  # fmt: skip
def test_a_gesture_ends_when_one_of_the_two_leaves(
    objects: Objects, state: ObjectState, leaver: int, action: str
) -> None:
    dance = object_in(objects, state)
    (change,) = objects.gone(leaver)
    assert (change.action, change.slot, dance.state, dance.owner, dance.offered_to) == (
        action,
        leaver,
        S.CONSENT,
        None,
        None,
    )


def test_who_holds_nothing_leaves_nothing(objects: Objects) -> None:
    object_in(objects, S.OFFERED)
    assert objects.gone(OTHER) == []


def test_two_things_are_not_put_down_on_the_same_place(objects: Objects) -> None:
    cup, saucer = objects.find(CUP), objects.find(SAUCER)
    objects.act(saucer, E.GRAB, OTHER, now=0)
    objects.act(cup, E.GRAB, HOLDER, now=0)
    objects.act(saucer, E.RELEASE, OTHER, now=0, position=vec(0, 0.75, 0))
    objects.gone(HOLDER)
    assert cup.position in {Vec(0.5, 0.75, 0), Vec(0, 0.75, 0.5)}


# Actions


def use(objects: Objects, object_id: int, action: str, arg: object = None, *, now: float = 0) -> Change:
    (change,) = objects.use(objects.find(object_id), action, OTHER, arg, now=now)
    return change


def test_an_action_goes_through_its_values_or_to_a_named_one(objects: Objects) -> None:
    assert objects.find(LANTERN).value == "off"
    assert [use(objects, LANTERN, "use").record.value for _ in range(3)] == ["on", "off", "on"]
    change = use(objects, LANTERN, "use", "on")
    assert (change.record.value, change.record.version, change.action) == ("on", 4, "use")
    assert use(objects, JUKEBOX, "play", "jazz").record.value == "jazz"


def test_an_action_without_values_changes_nothing_but_is_told(objects: Objects) -> None:
    change = use(objects, JUKEBOX, "kick")
    assert (change.action, change.record.version, change.record.value) == ("kick", 1, "silence")


def test_an_action_needs_an_object_that_has_it_and_a_value_that_it_has(objects: Objects) -> None:
    with pytest.raises(NotFound):
        use(objects, LANTERN, "play")
    for arg in ("red", 1, True, ""):
        with pytest.raises(InvalidPayload):
            use(objects, LANTERN, "use", arg)
    with pytest.raises(InvalidPayload):
        use(objects, JUKEBOX, "kick", "hard")


def test_an_action_cools_down(objects: Objects) -> None:
    use(objects, JUKEBOX, "play", now=0)
    with pytest.raises(RateLimited) as caught:
        use(objects, JUKEBOX, "play", now=4)
    assert caught.value.retry_after_ms in {1000, 1001}
    use(objects, JUKEBOX, "kick", now=4)
    use(objects, JUKEBOX, "play", now=5)


def test_what_is_to_be_held_is_used_by_its_holder_only(objects: Objects) -> None:
    for state in (S.FREE, S.HELD):
        cup = object_in(objects, state)
        with pytest.raises(Conflict):
            objects.use(cup, "sip", OTHER, None, now=0)
    objects.use(objects.find(CUP), "sip", HOLDER, None, now=0)


def test_a_value_of_another_action_is_followed_by_the_first(objects: Objects) -> None:
    radio = Objects(scene(objects=[
        {"id": 1, "kind": "radio", "pos": [0, 0, 0], "grab": "shared",
         "actions": {"tune": {"values": ["fm", "am"]}, "play": {"values": ["on", "off"]}}},
    ]))  # fmt: skip
    assert use(radio, 1, "play").record.value == "on"
    assert use(radio, 1, "tune").record.value == "fm"


def test_an_unknown_object_is_not_found(objects: Objects) -> None:
    with pytest.raises(NotFound):
        objects.find(99)
