"""Ids and times as they stand on the wire."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from protocol.ids import IdString, encode_id, iso_time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TIMES = st.integers(0, 2**48 - 1)
RANDOMNESS = st.integers(0, 2**80 - 1)
ID = TypeAdapter(IdString)


def decode(text: str) -> tuple[int, int]:
    """The inverse of `encode_id`, written from the ULID specification."""
    number = 0
    for char in text:
        number = number * 32 + ALPHABET.index(char)
    return number >> 80, number & (2**80 - 1)


@given(TIMES, RANDOMNESS)
def test_an_id_is_26_characters_of_crockfords_alphabet_and_keeps_time_and_randomness(time_ms: int, rnd: int) -> None:
    made = encode_id(time_ms, rnd)
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)
    assert decode(made) == (time_ms, rnd)


@given(st.tuples(TIMES, RANDOMNESS), st.tuples(TIMES, RANDOMNESS))
def test_ids_sort_as_their_times_and_then_their_randomness(one: tuple[int, int], two: tuple[int, int]) -> None:
    assert (encode_id(*one) < encode_id(*two)) == (one < two)


def test_an_id_is_that_of_the_ulid_specification() -> None:
    # 1469918176385 is the example time of the specification, its text the first ten characters.
    assert encode_id(1_469_918_176_385, 0)[:10] == "01ARYZ6S41"


@given(st.integers(), st.integers())
def test_numbers_that_are_too_long_are_cut_and_do_not_spill_into_each_other(time_ms: int, randomness: int) -> None:
    assert encode_id(time_ms, randomness) == encode_id(time_ms % 2**48, randomness % 2**80)


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (7, "1970-01-01T00:00:00.007Z"),
        (1_769_860_800_000, "2026-01-31T12:00:00.000Z"),
        (1_769_860_799_999, "2026-01-31T11:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_iso_8601_in_utc_with_three_digits_of_milliseconds(time_ms: int, text: str) -> None:
    assert iso_time(time_ms) == text


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_reads_back_to_the_same_millisecond(time_ms: int) -> None:
    text = iso_time(time_ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    read = datetime.fromisoformat(text)
    assert read - datetime(1970, 1, 1, tzinfo=UTC) == timedelta(milliseconds=time_ms)


@pytest.mark.parametrize("value", ["u", "小明", "a b", "x" * 128, "01ARYZ6S41TSV4RRFFQ69G5FAV", "🙂"])
def test_printable_ids_are_taken_as_they_are(value: str) -> None:
    assert ID.validate_python(value) == value


@pytest.mark.parametrize("value", ["", "x" * 129, " u", "u ", "a\nb", "a\x00b", "\u200b", "\x7f", " ", 7, None, b"u"])
def test_empty_long_invisible_and_padded_ids_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        ID.validate_python(value, strict=True)
