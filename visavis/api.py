"""The HTTP API under /api/v1 (wire contract, section 6)."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from protocol.base import Outgoing, Payload
from protocol.chat import HISTORY_DEFAULT, HISTORY_MAX, MAX_SEQ, FetchHistory, History, StoredMessage
from protocol.errors import Conflict, ErrorCode, Forbidden, InvalidPayload, NotFound
from protocol.ids import IdString, iso_time
from protocol.rooms import Member
from rooms.core.timeline import stored_message
from rooms.model import Match, User
from signalling.auth import SCOPES, Identity
from visavis.routes import Body, Call, Listing, Reply, route

ANYBODY = SCOPES
_BACKEND = ("service", "ops")
_PEOPLE_LISTED = 200
_TTL_MAX_S = 31_536_000
_KEY_MAX_CHARS = 200  # of an Idempotency-Key; longer costs memory for each match
_CONTEXT_LEVELS = 32  # far deeper ones exhaust the stack of whoever writes them as JSON again

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Lang = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Interest = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
Age = Annotated[int, Field(ge=18, le=120, strict=True)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _levels_bounded(context: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [context]
    for _ in range(_CONTEXT_LEVELS):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    if level:
        raise ValueError(f"must not have more than {_CONTEXT_LEVELS} levels")
    return context


Context = Annotated[dict[str, Any], AfterValidator(_levels_bounded)]


class Profile(Body):
    """What is known of a person. `lang` is a BCP 47 tag."""

    name: Name | None = None
    lang: Lang | None = None
    age: Age | None = None
    city: Name | None = None
    interests: Annotated[list[Interest], Field(max_length=50)] = Field(default_factory=list)
    bio: Text | None = None


class UserAnswer(Outgoing):
    """A user as the API shows it."""

    user_id: str
    name: str
    lang: str | None = None
    age: int | None = None
    city: str | None = None
    interests: list[str]
    bio: str | None = None
    online: bool
    last_seen: str | None = None


class NewMatch(Body):
    """Two people as `userA` and `userB`, or 2 to 50 as `members`."""

    user_a: IdString | None = None
    user_b: IdString | None = None
    members: Annotated[list[IdString], Field(min_length=2, max_length=50)] | None = None
    score: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    context: Context | None = None
    profiles: dict[IdString, Profile] | None = None

    @model_validator(mode="after")
    def _people(self) -> Self:
        people = self.people()
        if (self.members is None) == (self.user_a is None) or (self.user_a is None) != (self.user_b is None):
            raise ValueError("either userA and userB or members are needed")
        if len(set(people)) != len(people):
            raise ValueError("the people of a match must be distinct")
        if self.profiles and not set(self.profiles) <= set(people):
            raise ValueError("profiles are for the people of the match")
        return self

    def people(self) -> tuple[str, ...]:
        """All user ids, in the order given."""
        return tuple(self.members or [user for user in (self.user_a, self.user_b) if user is not None])


class MatchAnswer(Outgoing):
    """A match as made or found."""

    match_id: str
    user_a: str | None = None
    user_b: str | None = None
    members: list[str]
    score: float | None = None
    sealed: bool
    created_at: str


class RoomLine(Outgoing):
    """A match in the list of one's own."""

    match_id: str
    members: list[Member]
    last_seq: int
    read_seq: int
    unread: int
    last_message: StoredMessage | None = None
    opening_lines: list[str] | None = Field(default=None, description="while nobody has written")
    created_at: str


class RoomList(Outgoing):
    """One's own matches, the most recently active first."""

    matches: list[RoomLine]


class HistoryQuery(Payload):
    """As `fetch_history`; numbers come as text in a query."""

    before: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None
    after: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None
    limit: Annotated[int, Field(ge=1, le=HISTORY_MAX)] = HISTORY_DEFAULT


class DevTokenRequest(Body):
    """Who wants to be whom, in development mode."""

    user_id: IdString
    name: Name | None = None
    scope: Literal["user", "ops", "moderator", "service"] = "user"
    ttl: Annotated[int, Field(ge=1, le=_TTL_MAX_S, strict=True)] | None = Field(default=None, description="seconds")


class DevToken(Outgoing):
    """A token without proof, for the page and first experiments."""

    token: str
    user_id: str
    expires_at: str


class SceneThing(Outgoing):
    """An object of a scene."""

    id: int
    kind: str
    grab: Literal["free", "locked", "shared", "consent"]


class SceneLine(Outgoing):
    """A scene as it is listed. `name` by language; `hash` names this version of its definition."""

    scene_id: str
    capacity: int
    name: dict[str, str]
    hash: str
    objects: list[SceneThing]


class SceneList(Listing[SceneLine]):
    """All scenes."""


class Person(Outgoing):
    """Somebody who is online."""

    user_id: str
    name: str
    online: bool
    interests: list[str]


class People(Outgoing):
    """Who is online."""

    people: list[Person]


def _match_answer(match: Match) -> MatchAnswer:
    pair = match.members if match.kind == "pair" else ()
    return MatchAnswer(
        match_id=match.match_id,
        user_a=pair[0] if pair else None,
        user_b=pair[1] if len(pair) > 1 else None,
        members=list(match.members),
        score=match.score,
        sealed=match.sealed,
        created_at=iso_time(match.created_ms),
    )


def _user(user_id: str, profile: Profile, known: User | None) -> User:
    name = profile.name or (known.name if known else user_id)
    return User(
        user_id=user_id,
        name=name,
        lang=profile.lang,
        age=profile.age,
        city=profile.city,
        interests=tuple(profile.interests),
        bio=profile.bio,
    )


async def _put_profile(call: Call, user_id: str, profile: Profile) -> User:
    known = (await call.house.relations.users([user_id])).get(user_id)
    return await call.house.relations.put_user(_user(user_id, profile, known), now_ms=call.house.clock.wall_ms())


async def _user_answer(call: Call, user: User) -> UserAnswer:
    online = await call.house.services.presence.online((user.user_id,))
    return UserAnswer(
        user_id=user.user_id,
        name=user.name,
        lang=user.lang,
        age=user.age,
        city=user.city,
        interests=list(user.interests),
        bio=user.bio,
        online=bool(online),
        last_seen=None if user.last_seen_ms is None else iso_time(user.last_seen_ms),
    )


def _idempotency_key(call: Call) -> str | None:
    """The key as it is stored: each caller has a name space of keys. No id holds a line end, so none reaches over."""
    key = call.headers.get("idempotency-key")
    if key is None:
        return None
    if not key.isprintable() or not 0 < len(key) <= _KEY_MAX_CHARS:
        raise InvalidPayload(f"must have 1 to {_KEY_MAX_CHARS} printable characters", field="Idempotency-Key")
    return f"{call.caller.user_id}\n{key}"


def _own(identity: Identity, user_id: str) -> None:
    if identity.user_id != user_id and identity.scope not in _BACKEND:
        raise Forbidden("only for oneself")


async def _readable(call: Call, match_id: str) -> Match:
    """The match, for its members and for the backend."""
    rooms = call.house.services.rooms
    if call.caller.scope not in _BACKEND:
        return await rooms.membership(call.caller.user_id, match_id)
    match = await rooms.find(match_id)
    if match is None:
        raise NotFound("no such match")
    return match


@route(
    "POST",
    "/api/v1/matches",
    answer=MatchAnswer,
    scopes=("user", "service"),
    body=NewMatch,
    statuses=(201, 200),
    errors=(ErrorCode.FORBIDDEN, ErrorCode.CONFLICT),
)
async def create_match(call: Call) -> Reply:
    """Bring people together. Idempotent by the header Idempotency-Key (200 on a replay).

    For the app's backend (scope `service`); in development mode a user may match himself."""
    wanted: NewMatch = call.body
    people = wanted.people()
    caller = call.caller
    if caller.scope != "service" and not (call.house.config.server.dev and caller.user_id in people):
        raise Forbidden("only the app's backend makes matches")
    if len(people) > call.house.config.rooms.max_members:
        raise InvalidPayload("too many members", field="members")
    key = _idempotency_key(call)
    for user_id, profile in (wanted.profiles or {}).items():
        await _put_profile(call, user_id, profile)
    match, created = await call.house.services.rooms.create(
        people,
        score=wanted.score,
        context=wanted.context,
        idempotency_key=key,
    )
    if set(match.members) != set(people):
        raise Conflict("this Idempotency-Key was used for other people")
    return Reply(_match_answer(match), 201 if created else 200)


@route("GET", "/api/v1/matches", answer=RoomList, scopes=ANYBODY)
async def list_matches(call: Call) -> Reply:
    """One's own matches, the most recently active first."""
    services, user_id = call.house.services, call.caller.user_id
    rooms = await services.rooms.rooms_of(user_id)
    lines = [
        RoomLine(
            match_id=room.match.match_id,
            members=members,
            last_seq=room.last_seq,
            read_seq=room.read_seq,
            unread=room.unread,
            last_message=stored_message(room.last_message) if room.last_message else None,
            opening_lines=None if room.last_seq else await services.assist.shown_lines(room.match.match_id, user_id),
            created_at=iso_time(room.match.created_ms),
        )
        for room, members in rooms
    ]
    return Reply(RoomList(matches=lines))


@route(
    "GET",
    "/api/v1/matches/{match_id}",
    answer=MatchAnswer,
    scopes=ANYBODY,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND),
)
async def get_match(call: Call) -> Reply:
    """One match, for its members and the backend."""
    return Reply(_match_answer(await _readable(call, call.path["match_id"])))


@route(
    "GET",
    "/api/v1/matches/{match_id}/messages",
    answer=History,
    scopes=("user",),
    query=HistoryQuery,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND),
)
async def get_messages(call: Call) -> Reply:
    """The HTTP twin of fetch_history, for members."""
    query: HistoryQuery = call.query
    event = FetchHistory(before=query.before, after=query.after, limit=query.limit)
    match_id = call.path["match_id"]
    return Reply(await call.house.services.chat.history(call.caller.user_id, match_id, event))


@route("GET", "/api/v1/scenes", answer=SceneList, scopes=None)
async def list_scenes(call: Call) -> Reply:
    """The scenes that can be joined by name; each answer to `join_scene` has the whole definition."""
    lines = [
        SceneLine(
            scene_id=definition.id,
            capacity=definition.capacity,
            name=dict(definition.name),
            hash=definition.hash,
            objects=[SceneThing(id=thing.id, kind=thing.kind, grab=thing.grab) for thing in definition.objects],
        )
        for definition in call.house.services.scenes.templates.values()
    ]
    return Reply(SceneList(lines))


@route(
    "GET",
    "/api/v1/users/{user_id}",
    answer=UserAnswer,
    scopes=ANYBODY,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND),
)
async def get_user(call: Call) -> Reply:
    """A profile: one's own, or any for the backend."""
    user_id = call.path["user_id"]
    _own(call.caller, user_id)
    user = (await call.house.relations.users([user_id])).get(user_id)
    if user is None:
        raise NotFound("no such user")
    return Reply(await _user_answer(call, user))


@route(
    "PUT",
    "/api/v1/users/{user_id}",
    answer=UserAnswer,
    scopes=ANYBODY,
    body=Profile,
    errors=(ErrorCode.FORBIDDEN,),
)
async def put_user(call: Call) -> Reply:
    """Replace a profile: one's own, or any for the backend."""
    user_id = call.path["user_id"]
    _own(call.caller, user_id)
    return Reply(await _user_answer(call, await _put_profile(call, user_id, call.body)))


@route(
    "POST",
    "/api/v1/dev/token",
    answer=DevToken,
    scopes=None,
    body=DevTokenRequest,
    errors=(ErrorCode.NOT_FOUND,),
)
async def dev_token(call: Call) -> Reply:
    """A token for any name. Development mode only."""
    wanted: DevTokenRequest = call.body
    house = call.house
    if house.mint is None:
        raise NotFound("tokens of this server are not made here: it verifies them by published keys")
    now_s = house.clock.wall_ms() // 1000
    ttl_s = wanted.ttl or house.config.auth.dev_token_ttl_s
    token = house.mint.make(user_id=wanted.user_id, name=wanted.name, scope=wanted.scope, now_s=now_s, ttl_s=ttl_s)
    return Reply(DevToken(token=token, user_id=wanted.user_id, expires_at=iso_time((now_s + ttl_s) * 1000)))


@route("GET", "/api/v1/dev/people", answer=People, scopes=ANYBODY)
async def dev_people(call: Call) -> Reply:
    """Who is online. Development mode only: a real app decides itself whom to show to whom."""
    online = await call.house.services.presence.all_online(limit=_PEOPLE_LISTED)
    users = await call.house.relations.users(online)
    people = [
        Person(user_id=user.user_id, name=user.name, online=True, interests=list(user.interests))
        for user in sorted(users.values(), key=lambda user: user.name.casefold())
    ]
    return Reply(People(people=people))
