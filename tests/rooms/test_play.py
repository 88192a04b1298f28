"""Games of a room."""

import asyncio
from typing import Any

import pytest

from protocol.errors import Conflict, Forbidden, Gone, InvalidPayload, NotAMember, NotFound, ProtocolError, Unavailable
from protocol.games import GamePlayed, PlayGame
from rooms.games.icebreaker import ROUNDS
from rooms.model import Match
from tests.rooms.house import House


async def play(house: House, user_id: str, match: Match, **fields: Any) -> GamePlayed:
    event = PlayGame.from_wire({"game": "icebreaker", **fields})
    return await house.play.play(user_id, event, match_id=match.match_id)


async def answer(house: House, user_id: str, match: Match, text: str, **fields: Any) -> GamePlayed:
    return await play(house, user_id, match, move={"answer": text}, **fields)


async def test_starting_a_game_shows_the_same_question_to_everybody(house: House) -> None:
    match = await house.match()
    begun = await play(house, "ann", match)
    assert (begun.match_id, begun.game, begun.turn, begun.version) == (match.match_id, "icebreaker", "ann", 1)
    for user_id in ("ann", "bob"):
        (told,) = house.ears.told("game_state", user_id)
        assert told == begun.wire()
    assert begun.state["round"] == 1


async def test_starting_again_gives_the_running_game_and_tells_nobody(house: House) -> None:
    match = await house.match()
    begun = await play(house, "ann", match)
    house.ears.forget()
    assert await play(house, "bob", match) == begun
    assert await play(house, "bob", match, gameId=begun.game_id) == begun
    assert house.ears.envelopes == []


async def test_each_person_sees_only_their_own_open_answer(house: House) -> None:
    match = await house.match()
    await play(house, "ann", match)
    house.ears.forget()
    moved = await answer(house, "ann", match, "green tea")
    assert moved.state["answers"] == [{"userId": "ann", "text": "green tea"}]
    (mine,) = house.ears.told("game_state", "ann")
    (theirs,) = house.ears.told("game_state", "bob")
    assert mine["state"]["answers"] == [{"userId": "ann", "text": "green tea"}]
    assert theirs["state"]["answers"] == [{"userId": "ann", "text": None}]
    assert "green tea" not in str(theirs)
    assert theirs["turn"] is None
    assert theirs["version"] == 2


async def test_five_rounds_end_the_game_and_a_new_one_may_begin(house: House) -> None:
    match = await house.match()
    begun = await play(house, "ann", match)
    played = begun
    for number in range(ROUNDS):
        for user_id in (("ann", "bob"), ("bob", "ann"))[number % 2]:
            played = await answer(house, user_id, match, f"{user_id} {number}", gameId=begun.game_id)
    assert (played.state["finished"], played.turn, played.version) == (True, None, 1 + 2 * ROUNDS)
    with pytest.raises(Gone) as refused:
        await answer(house, "ann", match, "more", gameId=begun.game_id)
    assert refused.value.field == "gameId"
    with pytest.raises(NotFound):
        await answer(house, "ann", match, "more")
    again = await play(house, "bob", match)
    assert again.game_id != begun.game_id
    assert again.turn == "bob"


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"game": "chess"}, NotFound, "game"),
        ({"gameId": "01NO"}, NotFound, "gameId"),
        ({"move": {"answer": "early"}}, NotFound, "gameId"),
    ],
)
async def test_what_is_not_there_is_named(
    house: House, fields: dict[str, Any], error: type[ProtocolError], field: str
) -> None:
    match = await house.match()
    with pytest.raises(error) as refused:
        await play(house, "ann", match, **fields)
    assert refused.value.field == field


async def test_the_refusal_of_an_unknown_game_names_those_there_are(house: House) -> None:
    match = await house.match()
    with pytest.raises(NotFound, match="icebreaker"):
        await play(house, "ann", match, game="chess")


async def test_a_game_of_another_match_is_not_found(house: House) -> None:
    match, other = await house.match(), await house.match("ann", "cai")
    begun = await play(house, "ann", other)
    with pytest.raises(NotFound):
        await play(house, "ann", match, gameId=begun.game_id)


async def test_only_members_play(house: House) -> None:
    match = await house.match()
    with pytest.raises(NotAMember):
        await play(house, "eve", match)


async def test_a_move_out_of_turn_or_without_an_answer_is_refused_and_told_to_nobody(house: House) -> None:
    match = await house.match("ann", "bob", "cai")
    await play(house, "ann", match)
    house.ears.forget()
    with pytest.raises(Conflict):
        await answer(house, "bob", match, "early")
    with pytest.raises(InvalidPayload):
        await play(house, "ann", match, move={})
    await answer(house, "ann", match, "x")
    await answer(house, "bob", match, "y")
    with pytest.raises(Forbidden):
        await answer(house, "cai", match, "z")
    assert len(house.ears.told("game_state", "cai")) == 2


# Neighbours that are slow or dead


async def test_of_two_moves_that_race_one_wins_and_the_other_is_a_conflict(house: House) -> None:
    match = await house.match()
    await play(house, "ann", match)
    house.ears.forget()
    gate = house.store_line.hold("running")
    slow = asyncio.ensure_future(answer(house, "ann", match, "slow"))
    await house.timers.settle()
    quick = await answer(house, "ann", match, "quick")
    gate.set()
    with pytest.raises(Conflict) as refused:
        await slow
    assert refused.value.field == "move"
    assert quick.version == 2
    assert [told["state"]["answers"][0]["text"] for told in house.ears.told("game_state", "ann")] == ["quick"]


async def test_two_who_start_at_the_same_moment_are_in_the_same_game(house: House) -> None:
    match = await house.match()
    gate = house.store_line.hold("running")
    slow = asyncio.ensure_future(play(house, "ann", match))
    await house.timers.settle()
    other = asyncio.ensure_future(play(house, "bob", match))
    await house.timers.settle()
    gate.set()
    assert (await slow).game_id == (await other).game_id
    assert house.store_line.calls.count("create_game") == 1


@pytest.mark.parametrize("method", ["create_game", "running"])
async def test_a_dead_store_starts_no_game_and_tells_nobody(house: House, method: str) -> None:
    match = await house.match()
    house.store_line.cut(method)
    with pytest.raises(Unavailable):
        await play(house, "ann", match)
    assert house.ears.envelopes == []


async def test_a_move_that_can_not_be_stored_is_not_told_and_may_be_made_again(house: House) -> None:
    match = await house.match()
    await play(house, "ann", match)
    house.ears.forget()
    house.store_line.cut("replace")
    with pytest.raises(Unavailable):
        await answer(house, "ann", match, "tea")
    assert house.ears.envelopes == []
    house.store_line.mend()
    assert (await answer(house, "ann", match, "tea")).version == 2
