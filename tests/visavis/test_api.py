"""The HTTP API: matches, history, profiles, and what development mode adds."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocol.chat import SendMessage
from tests.support.http_client import Http, http
from tests.support.keys import SigningKeys
from visavis.api import NewMatch

MATCHES = "/api/v1/matches"
PAIR = {"userA": "ann", "userB": "bob"}


@pytest.fixture
async def dev() -> AsyncIterator[Http]:
    async with http(dev=True) as server:
        yield server


@pytest.fixture
async def strict() -> AsyncIterator[Http]:
    async with http(dev=False, rooms={"max_members": 4}) as server:
        yield server


async def made(server: Http, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """A match, made by the backend."""
    _, answer, _ = await server.ask("POST", MATCHES, by="backend", scope="service", json=body or PAIR, headers=headers)
    assert "matchId" in answer, answer
    match: dict[str, Any] = answer
    return match


async def test_the_backend_brings_two_people_together(strict: Http) -> None:
    status, match, _ = await strict.ask("POST", MATCHES, by="b", scope="service", json={**PAIR, "score": 0.5})
    assert status == 201
    assert match["createdAt"].endswith("Z")
    same = {key: match[key] for key in ("userA", "userB", "members", "score", "sealed")}
    assert same == {"userA": "ann", "userB": "bob", "members": ["ann", "bob"], "score": 0.5, "sealed": False}
    for member in ("ann", "bob"):
        _, found, _ = await strict.ask("GET", f"{MATCHES}/{match['matchId']}", by=member)
        assert found == match
    _, found, _ = await strict.ask("GET", f"{MATCHES}/{match['matchId']}", by="x", scope="ops")
    assert found == match


async def test_a_group_has_members_instead_of_two_users(strict: Http) -> None:
    match = await made(strict, {"members": ["a", "b", "c"]})
    assert match["members"] == ["a", "b", "c"]
    assert "userA" not in match


KEY_K: dict[str, Any] = {"Idempotency-Key": "k"}
KEY_L: dict[str, Any] = {"Idempotency-Key": "l"}


async def test_the_same_key_again_gives_the_same_match(strict: Http) -> None:
    first = await made(strict, **KEY_K)
    status, again, _ = await strict.ask(
        "POST", MATCHES, by="backend", scope="service", json=PAIR, headers={"Idempotency-Key": "k"}
    )
    assert (status, again) == (200, first)
    assert (await made(strict, **KEY_L))["matchId"] != first["matchId"]
    other = {"by": "backend", "scope": "service", "headers": {"Idempotency-Key": "k"}}
    code = await strict.code("POST", MATCHES, json={"userA": "ann", "userB": "carol"}, **other)
    assert code == (409, "conflict")


async def test_keys_of_two_callers_do_not_meet(strict: Http) -> None:
    how: dict[str, Any] = {"scope": "service", "json": PAIR, "headers": {"Idempotency-Key": "k"}}
    _, one, _ = await strict.ask("POST", MATCHES, by="one", **how)
    status, two, _ = await strict.ask("POST", MATCHES, by="two", **how)
    assert status == 201
    assert one["matchId"] != two["matchId"]


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_a_key_must_be_short_and_printable(strict: Http, key: str) -> None:
    how: dict[str, Any] = {"by": "b", "scope": "service", "json": PAIR, "headers": {"Idempotency-Key": key}}
    assert await strict.code("POST", MATCHES, **how) == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userA": "ann"},
        {"userB": "bob"},
        {"userA": "ann", "userB": "ann"},
        {**PAIR, "members": ["a", "b"]},
        {"members": ["a"]},
        {"members": []},
        {"members": ["a", "a"]},
        {"members": ["a", "b", "c", "d", "e"]},
        {"members": "ab"},
        {**PAIR, "score": "0.5"},
        {**PAIR, "score": -1},
        {**PAIR, "score": True},
        {**PAIR, "context": []},
        {**PAIR, "context": {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}},
        {**PAIR, "profiles": {"carol": {}}},
        {**PAIR, "profiles": {"ann": {"age": 17}}},
        {**PAIR, "profiles": {"ann": {"age": "30"}}},
        {**PAIR, "profiles": {"ann": {"lang": "not a tag"}}},
        {**PAIR, "profiles": {"ann": {"nickname": "x"}}},
        {**PAIR, "profiles": {" ann": {}}},
    ],
)
async def test_a_match_that_makes_no_sense_is_refused(strict: Http, body: dict[str, Any]) -> None:
    assert await strict.code("POST", MATCHES, by="b", scope="service", json=body) == (422, "invalid")
    assert strict.house.counted() == {"http_invalid": 1}


async def test_profiles_come_with_the_match(strict: Http) -> None:
    await made(strict, {**PAIR, "profiles": {"ann": {"name": "Ann", "interests": ["tea"], "lang": "zh-CN"}}})
    _, user, _ = await strict.ask("GET", "/api/v1/users/ann", by="ann")
    assert (user["name"], user["interests"], user["lang"]) == ("Ann", ["tea"], "zh-CN")


async def test_only_the_backend_makes_matches_outside_of_development_mode(strict: Http, dev: Http) -> None:
    assert await strict.code("POST", MATCHES, by="ann", json=PAIR) == (403, "forbidden")
    assert (await dev.ask("POST", MATCHES, by="ann", json=PAIR))[0] == 201
    assert await dev.code("POST", MATCHES, by="carol", json=PAIR) == (403, "forbidden")


async def test_matches_of_others_are_not_shown(strict: Http) -> None:
    match = await made(strict)
    path = f"{MATCHES}/{match['matchId']}"
    assert await strict.code("GET", path, by="carol") == (403, "forbidden")
    assert await strict.code("GET", f"{path}/messages", by="carol") == (403, "forbidden")
    assert await strict.code("GET", f"{MATCHES}/nowhere", by="carol") == (404, "not_found")
    assert await strict.code("GET", f"{MATCHES}/nowhere", by="b", scope="service") == (404, "not_found")


async def test_the_list_of_ones_matches_tells_what_is_unread(strict: Http) -> None:
    match = await made(strict)
    services = strict.house.built.services
    for text in ("one", "two"):
        await services.chat.send("ann", SendMessage(match_id=match["matchId"], content=text), current=None)
    _, body, _ = await strict.ask("GET", MATCHES, by="bob")
    (line,) = body["matches"]
    assert (line["matchId"], line["lastSeq"], line["unread"], line["readSeq"]) == (match["matchId"], 2, 2, 0)
    assert line["lastMessage"]["content"] == "two"
    assert [member["userId"] for member in line["members"]] == ["ann", "bob"]
    assert (await strict.ask("GET", MATCHES, by="carol"))[1] == {"matches": []}


async def test_history_is_read_page_by_page(strict: Http) -> None:
    match = await made(strict)
    for number in range(5):
        message = SendMessage(match_id=match["matchId"], content=f"{number}")
        await strict.house.built.services.chat.send("ann", message, current=None)
    path = f"{MATCHES}/{match['matchId']}/messages"
    _, newest, _ = await strict.ask("GET", f"{path}?limit=2", by="bob")
    assert ([message["seq"] for message in newest["messages"]], newest["more"]) == ([4, 5], True)
    _, older, _ = await strict.ask("GET", f"{path}?before=4&limit=10", by="bob")
    assert ([message["seq"] for message in older["messages"]], older["more"]) == ([1, 2, 3], False)
    _, newer, _ = await strict.ask("GET", f"{path}?after=3", by="bob")
    assert [message["content"] for message in newer["messages"]] == ["3", "4"]


async def test_a_profile_is_ones_own(strict: Http) -> None:
    profile = {"name": "Ann", "age": 30, "city": "Lund", "bio": "tea", "lang": "en", "interests": ["tea", "go"]}
    status, user, _ = await strict.ask("PUT", "/api/v1/users/ann", by="ann", json=profile)
    assert status == 200
    assert {key: user[key] for key in profile} == profile
    assert (user["userId"], user["online"]) == ("ann", False)
    assert await strict.code("GET", "/api/v1/users/ann", by="bob") == (403, "forbidden")
    assert await strict.code("PUT", "/api/v1/users/ann", by="bob", json={}) == (403, "forbidden")
    assert (await strict.ask("GET", "/api/v1/users/ann", by="b", scope="service"))[1]["bio"] == "tea"
    assert await strict.code("GET", "/api/v1/users/nobody", by="nobody") == (404, "not_found")


async def test_a_profile_is_replaced_whole_but_for_its_name(strict: Http) -> None:
    await strict.ask("PUT", "/api/v1/users/ann", by="ann", json={"name": "Ann", "bio": "tea"})
    _, user, _ = await strict.ask("PUT", "/api/v1/users/ann", by="ann", json={"age": 40})
    assert (user["name"], user["age"], "bio" in user) == ("Ann", 40, False)
    _, fresh, _ = await strict.ask("PUT", "/api/v1/users/new", by="new", json={})
    assert fresh["name"] == "new"


async def test_development_mode_makes_tokens(dev: Http) -> None:
    wanted = {"userId": "ann", "name": "Ann", "scope": "service", "ttl": 60}
    status, body, _ = await dev.ask("POST", "/api/v1/dev/token", json=wanted)
    assert (status, body["userId"]) == (200, "ann")
    identity = await dev.house.built.services.authenticator.verify(body["token"])
    assert (identity.user_id, identity.name, identity.scope) == ("ann", "Ann", "service")
    assert body["expiresAt"].endswith(".000Z")


async def test_a_server_that_can_not_sign_makes_no_tokens(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(SigningKeys().document()))
    async with http(dev=True, auth={"secret": None, "jwks_file": str(path)}) as server:
        assert await server.code("POST", "/api/v1/dev/token", json={"userId": "ann"}) == (404, "not_found")


async def test_development_mode_lists_who_is_online(dev: Http) -> None:
    await dev.ask("PUT", "/api/v1/users/ann", by="ann", json={"name": "zoe", "interests": ["tea"]})
    await dev.ask("PUT", "/api/v1/users/bob", by="bob", json={"name": "Abe"})
    presence = dev.house.built.services.presence
    await presence.connected("ann", "1")
    await presence.connected("bob", "2")
    _, body, _ = await dev.ask("GET", "/api/v1/dev/people", by="carol")
    assert [(person["userId"], person["name"]) for person in body["people"]] == [("bob", "Abe"), ("ann", "zoe")]
    assert body["people"][1]["interests"] == ["tea"]


def test_people_are_in_the_order_given() -> None:
    assert NewMatch.from_wire({"members": ["c", "a", "b"]}).people() == ("c", "a", "b")
    assert NewMatch.from_wire({"userA": "b", "userB": "a"}).people() == ("b", "a")


async def test_the_scenes_are_listed_for_everybody(strict: Http) -> None:
    status, scenes, _ = await strict.ask("GET", "/api/v1/scenes")
    assert status == 200
    big = [scene for scene in scenes if scene["capacity"] >= 10]
    assert any(sum(thing["grab"] == "free" for thing in scene["objects"]) >= 4 for scene in big)
    assert all(scene.keys() == {"sceneId", "capacity", "name", "hash", "objects"} for scene in scenes)
    assert all(thing.keys() == {"id", "kind", "grab"} for scene in scenes for thing in scene["objects"])
