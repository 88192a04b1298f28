"""Five questions, both answer, nobody peeks."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Conflict, Forbidden, InvalidPayload, ProtocolError, TooLarge
from rooms.games.base import State
from rooms.games.icebreaker import MAX_ANSWER, QUESTIONS, ROUNDS, finished, start, step, turn, view

PEOPLE = ("ann", "bob", "cai")


def play(state: State, *moves: tuple[str, str]) -> State:
    for player, answer in moves:
        state = step(state, player, {"answer": answer})
    return state


def answers(state: State, player: str) -> dict[str, Any]:
    return {shown["userId"]: shown["text"] for shown in view(state, player)["answers"]}


def test_the_questions_follow_from_the_seed_and_do_not_repeat() -> None:
    orders = {tuple(start("ann", seed)["order"]) for seed in range(200)}
    assert len(orders) > 150
    assert all(len(set(order)) == ROUNDS for order in orders)
    assert {index for order in orders for index in order} == set(range(len(QUESTIONS)))
    assert start("ann", 7) == start("ann", 7)


def test_each_question_is_written_in_both_languages_and_once() -> None:
    for lang in ("en", "zh"):
        texts = [question[lang] for question in QUESTIONS]
        assert len(set(texts)) == len(QUESTIONS)
        assert all(text.strip() == text and text for text in texts)
    assert {frozenset(question) for question in QUESTIONS} == {frozenset({"en", "zh"})}


def test_whoever_opened_answers_first_and_then_waits_for_somebody() -> None:
    state = start("ann", 1)
    assert turn(state) == "ann"
    state = play(state, ("ann", "tea"))
    assert turn(state) is None
    state = play(state, ("bob", "coffee"))
    assert state["players"] == ["ann", "bob"]
    assert state["round"] == 1


def test_the_opener_alternates_from_round_to_round() -> None:
    state, openers = start("ann", 1), list[str | None]()
    state = play(state, ("ann", "0"), ("bob", "0"))
    openers.append("ann")
    while not finished(state):
        opener = turn(state)
        openers.append(opener)
        assert opener is not None
        other = "bob" if opener == "ann" else "ann"
        state = play(state, (opener, "x"))
        assert turn(state) == other
        state = play(state, (other, "y"))
    assert openers == ["ann", "bob", "ann", "bob", "ann"]


def test_an_answer_is_hidden_until_both_have_answered() -> None:
    state = play(start("ann", 1), ("ann", "my secret"))
    assert answers(state, "ann") == {"ann": "my secret"}
    assert answers(state, "bob") == {"ann": None}
    assert answers(state, "cai") == {"ann": None}
    state = play(state, ("bob", "mine"))
    assert answers(state, "bob") == {}
    (entry,) = view(state, "bob")["history"]
    assert entry["answers"] == [{"userId": "ann", "text": "my secret"}, {"userId": "bob", "text": "mine"}]
    assert entry["question"] == QUESTIONS[state["order"][0]]


def test_five_rounds_end_the_game() -> None:
    state = start("ann", 1)
    for number in range(ROUNDS):
        shown = view(state, "bob")
        assert (shown["round"], shown["rounds"], shown["finished"]) == (number + 1, ROUNDS, False)
        assert shown["question"] == QUESTIONS[state["order"][number]]
        first, second = ("ann", "bob") if number % 2 == 0 else ("bob", "ann")
        state = play(state, (first, "x"), (second, "y"))
    assert finished(state)
    assert turn(state) is None
    shown = view(state, "ann")
    assert (shown["round"], shown["question"], shown["finished"]) == (ROUNDS, None, True)
    assert len(shown["history"]) == ROUNDS
    with pytest.raises(Conflict):
        play(state, ("ann", "more"))


def test_who_is_not_on_the_move_is_told_so() -> None:
    with pytest.raises(Conflict, match="the other's turn"):
        play(start("ann", 1), ("bob", "early"))
    with pytest.raises(Conflict, match="the other's turn"):
        play(start("ann", 1), ("ann", "x"), ("ann", "again"))


def test_a_third_person_can_not_play() -> None:
    state = play(start("ann", 1), ("ann", "x"), ("bob", "y"))
    with pytest.raises(Forbidden):
        play(state, ("cai", "z"))


@pytest.mark.parametrize(
    ("move", "error"),
    [
        ({}, InvalidPayload),
        ({"answer": 7}, InvalidPayload),
        ({"answer": ""}, InvalidPayload),
        ({"answer": " \n"}, InvalidPayload),
        ({"answer": "a\x00b"}, InvalidPayload),
        ({"answer": "x" * (MAX_ANSWER + 1)}, TooLarge),
    ],
)
def test_a_bad_answer_is_refused_naming_the_field_and_changes_nothing(
    move: dict[str, Any], error: type[ProtocolError]
) -> None:
    state = start("ann", 1)
    before = json.dumps(state)
    with pytest.raises(error) as refused:
        step(state, "ann", move)
    assert refused.value.field == "move.answer"
    assert json.dumps(state) == before


def test_the_longest_answer_is_taken() -> None:
    assert play(start("ann", 1), ("ann", "x" * MAX_ANSWER))["answers"] == {"ann": "x" * MAX_ANSWER}


MOVES = st.dictionaries(
    st.sampled_from(["answer", "other"]), st.text(max_size=310) | st.integers() | st.none(), max_size=2
) | st.just({"answer": "ok"})


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.lists(st.tuples(st.sampled_from(PEOPLE), MOVES), max_size=40))
def test_random_moves_never_break_it(seed: int, moves: list[tuple[str, dict[str, Any]]]) -> None:
    state = start("ann", seed)
    for player, move in moves:
        before = json.dumps(state)
        try:
            after = step(state, player, move)
        except ProtocolError:
            assert json.dumps(state) == before
            continue
        assert json.dumps(state) == before
        assert json.loads(json.dumps(after)) == after
        assert after["round"] in (state["round"], state["round"] + 1)
        assert len(after["history"]) == after["round"] <= ROUNDS
        assert finished(after) == (after["round"] == ROUNDS)
        assert turn(after) in (*after["players"], None)
        state = after


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.lists(st.sampled_from(PEOPLE), max_size=40))
def test_an_open_answer_never_shows_in_anybody_elses_view(seed: int, players: list[str]) -> None:
    state = start("ann", seed)
    for number, player in enumerate(players):
        secret = f"secret-{number}."
        try:
            state = step(state, player, {"answer": secret})
        except ProtocolError:
            continue
        for viewer in PEOPLE:
            shown = json.dumps(view(state, viewer))
            for author, text in state["answers"].items():
                assert (text in shown) == (viewer == author)
