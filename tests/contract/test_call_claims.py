"""`media.ports.CallClaims`, for each of its back ends."""

import asyncio
from collections.abc import Callable

import pytest

from backends.claims_memory import MemoryCallClaims
from media.ports import CallClaims


@pytest.fixture(params=[MemoryCallClaims])
def claims(request: pytest.FixtureRequest) -> CallClaims:
    make: Callable[[], CallClaims] = request.param
    return make()


async def test_people_who_are_free_are_claimed(claims: CallClaims) -> None:
    assert await claims.claim("c1", ("ann", "bob")) == {}
    assert await claims.claim("c2", ("bob", "carol")) == {"bob": "c1"}
    assert await claims.claim("c3", ("bob", "ann")) == {"bob": "c1", "ann": "c1"}


async def test_claiming_for_the_same_call_again_changes_nothing(claims: CallClaims) -> None:
    await claims.claim("c1", ("ann", "bob"))
    assert await claims.claim("c1", ("ann", "bob")) == {}
    assert await claims.claim("c1", ("bob", "carol")) == {}
    assert await claims.claim("c2", ("carol",)) == {"carol": "c1"}


async def test_a_claim_that_is_refused_holds_nobody(claims: CallClaims) -> None:
    await claims.claim("c1", ("bob",))
    await claims.claim("c2", ("carol", "bob"))
    assert await claims.claim("c3", ("carol",)) == {}


async def test_who_is_given_back_is_free(claims: CallClaims) -> None:
    await claims.claim("c1", ("ann", "bob"))
    await claims.release("c1", ("ann",))
    assert await claims.claim("c2", ("ann",)) == {}
    assert await claims.claim("c3", ("bob",)) == {"bob": "c1"}


async def test_a_call_gives_back_only_those_it_holds(claims: CallClaims) -> None:
    await claims.claim("c1", ("ann",))
    await claims.release("c2", ("ann", "bob"))
    await claims.release("c1", ("bob",))
    assert await claims.claim("c3", ("ann",)) == {"ann": "c1"}


async def test_of_many_claims_at_once_one_wins(claims: CallClaims) -> None:
    answers = await asyncio.gather(*(claims.claim(f"c{number}", ("ann", f"u{number}")) for number in range(20)))
    (winner,) = [number for number, taken in enumerate(answers) if not taken]
    assert all(taken == {"ann": f"c{winner}"} for number, taken in enumerate(answers) if number != winner)
    for number in range(20):
        expected = {f"u{number}": f"c{winner}"} if number == winner else {}
        assert await claims.claim("c", (f"u{number}",)) == expected
