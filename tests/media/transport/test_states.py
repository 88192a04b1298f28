"""Every pair of a state and an event."""

import itertools

import pytest

from media.transport.states import TRANSITIONS, IllegalTransition, TransportEvent, TransportState, next_state

PAIRS = list(itertools.product(TransportState, TransportEvent))


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda value: value.value)
def test_a_pair_leads_where_the_table_says_or_is_refused(state: TransportState, event: TransportEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=event):
            next_state(state, event)


def test_closed_is_final_and_every_other_state_can_be_closed() -> None:
    for state in TransportState:
        leaving = [event for event in TransportEvent if (state, event) in TRANSITIONS]
        if state is TransportState.CLOSED:
            assert leaving == []
        else:
            assert TransportEvent.CLOSED in leaving


def test_every_state_is_reached_from_new() -> None:
    reached = {TransportState.NEW}
    for _ in TransportState:
        reached |= {target for (state, _), target in TRANSITIONS.items() if state in reached}
    assert reached == set(TransportState)
