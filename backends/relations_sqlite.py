"""Users and matches in the embedded database."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection, bindparam, func, insert, select, update

from backends import tables as t
from backends.database_sqlite import SqliteDatabase
from backends.rows import MESSAGE, chunks, load_matches, messages_of, user_of
from rooms.model import Match, Message, RoomSummary, User

_PAIR = 2


class SqliteRelationStore:
    """`rooms.ports.RelationStore` over `SqliteDatabase`. What returns is committed."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def put_user(self, user: User, *, now_ms: int) -> User:
        """See the port."""
        return await self._database.write(partial(_put_user, user=user, now_ms=now_ms))

    async def ensure_user(self, user_id: str, name: str | None, *, now_ms: int) -> User:
        """See the port. Costs no commit when nothing changes, which is the case at nearly every connect."""
        user = (await self.users([user_id])).get(user_id)
        if user is not None and name in {None, user.name}:
            return user
        return await self._database.write(partial(_ensure_user, user_id=user_id, name=name, now_ms=now_ms))

    async def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """See the port."""
        return await self._database.read(partial(_users, user_ids=tuple(user_ids)))

    async def touch(self, user_ids: Collection[str], *, now_ms: int) -> None:
        """See the port. Unknown users stay unknown."""
        if user_ids:
            await self._database.write(partial(_touch, user_ids=tuple(user_ids), now_ms=now_ms))

    async def seen_since(self, since_ms: int) -> int:
        """See the port; `since_ms` itself counts."""
        query = select(func.count()).select_from(t.users).where(t.users.c.last_seen_ms >= since_ms)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def create_match(self, match: Match, *, idempotency_key: str | None = None) -> tuple[Match, bool]:
        """See the port. A member named twice is a member once."""
        return await self._database.write(partial(_create_match, match=match, idempotency_key=idempotency_key))

    async def match(self, match_id: str) -> Match | None:
        """See the port."""
        return await self._database.read(partial(_match, match_id=match_id))

    async def pair(self, user_a: str, user_b: str) -> Match | None:
        """See the port. Matches of kind "group" are not pairs, however few are in them."""
        return await self._database.read(partial(_pair, user_a=user_a, user_b=user_b))

    async def add_member(self, match_id: str, user_id: str, *, now_ms: int) -> Match | None:
        """See the port. Two who want the last seat: the one writing thread lets one of them have it."""
        return await self._database.write(partial(_add_member, match_id=match_id, user_id=user_id, now_ms=now_ms))

    async def rooms_of(self, user_id: str, *, limit: int) -> list[RoomSummary]:
        """See the port."""
        if limit <= 0:
            return []
        return await self._database.read(partial(_rooms_of, user_id=user_id, limit=limit))

    async def peers_of(self, user_id: str) -> frozenset[str]:
        """See the port; the user is not their own peer."""
        return await self._database.read(partial(_peers_of, user_id=user_id))


def _users(connection: Connection, user_ids: Collection[str]) -> dict[str, User]:
    found: dict[str, User] = {}
    for ids in chunks(user_ids):
        rows = connection.execute(select(t.users).where(t.users.c.user_id.in_(ids)))
        found.update((row.user_id, user_of(row)) for row in rows)
    return found


def _put_user(connection: Connection, user: User, now_ms: int) -> User:
    old = _users(connection, [user.user_id]).get(user.user_id)
    if old is not None and user.last_seen_ms is None:
        user = replace(user, last_seen_ms=old.last_seen_ms)
    columns = {
        "name": user.name,
        "lang": user.lang,
        "age": user.age,
        "city": user.city,
        "interests": list(user.interests),
        "bio": user.bio,
        "last_seen_ms": user.last_seen_ms,
    }
    if old is None:
        connection.execute(insert(t.users).values(user_id=user.user_id, created_ms=now_ms, **columns))
    else:
        connection.execute(update(t.users).where(t.users.c.user_id == user.user_id).values(**columns))
    return user


def _ensure_user(connection: Connection, user_id: str, name: str | None, now_ms: int) -> User:
    user = _users(connection, [user_id]).get(user_id)
    if user is None:
        user = User(user_id=user_id, name=user_id if name is None else name)
    elif name is not None:
        user = replace(user, name=name)
    return _put_user(connection, user, now_ms)


def _touch(connection: Connection, user_ids: Collection[str], now_ms: int) -> None:
    connection.execute(
        update(t.users).where(t.users.c.user_id == bindparam("who")).values(last_seen_ms=bindparam("at")),
        [{"who": user_id, "at": now_ms} for user_id in user_ids],
    )


def _match(connection: Connection, match_id: str) -> Match | None:
    return load_matches(connection, [match_id]).get(match_id)


def _create_match(connection: Connection, match: Match, idempotency_key: str | None) -> tuple[Match, bool]:
    if idempotency_key is not None:
        query = select(t.matches.c.match_id).where(t.matches.c.idempotency_key == idempotency_key)
        if (first := connection.execute(query).scalar()) is not None:
            return load_matches(connection, [first])[first], False
    if (there := _match(connection, match.match_id)) is not None:
        return there, False
    connection.execute(
        insert(t.matches).values(
            match_id=match.match_id,
            kind=match.kind,
            seats=match.seats,
            score=match.score,
            sealed=match.sealed,
            context=dict(match.context) if match.context is not None else None,
            created_ms=match.created_ms,
            idempotency_key=idempotency_key,
            last_seq=0,
            active_ms=match.created_ms,
        )
    )
    for position, user_id in enumerate(dict.fromkeys(match.members)):
        _seat(connection, match.match_id, user_id, position, match.created_ms)
    return load_matches(connection, [match.match_id])[match.match_id], True


def _seat(connection: Connection, match_id: str, user_id: str, position: int, now_ms: int) -> None:
    connection.execute(
        insert(t.match_members).values(
            match_id=match_id,
            user_id=user_id,
            position=position,
            joined_ms=now_ms,
            delivered_seq=0,
            read_seq=0,
        )
    )


def _pair(connection: Connection, user_a: str, user_b: str) -> Match | None:
    if user_a == user_b:
        return None
    one, other, any_of = t.match_members.alias(), t.match_members.alias(), t.match_members.alias()
    members = (
        select(func.count()).select_from(any_of).where(any_of.c.match_id == t.matches.c.match_id).scalar_subquery()
    )
    query = (
        select(t.matches.c.match_id)
        .join(one, one.c.match_id == t.matches.c.match_id)
        .join(other, other.c.match_id == t.matches.c.match_id)
        .where(one.c.user_id == user_a, other.c.user_id == user_b, t.matches.c.kind == "pair", members == _PAIR)
        .order_by(t.matches.c.created_ms.desc(), t.matches.c.match_id.desc())
        .limit(1)
    )
    match_id = connection.execute(query).scalar()
    return _match(connection, match_id) if match_id is not None else None


def _add_member(connection: Connection, match_id: str, user_id: str, now_ms: int) -> Match | None:
    match = _match(connection, match_id)
    if match is None or user_id in match.members or len(match.members) >= match.seats:
        return match
    _seat(connection, match_id, user_id, len(match.members), now_ms)
    return replace(match, members=(*match.members, user_id))


def _rooms_of(connection: Connection, user_id: str, limit: int) -> list[RoomSummary]:
    rows = connection.execute(
        select(t.matches.c.match_id, t.matches.c.last_seq, t.match_members.c.read_seq)
        .join(t.match_members, t.match_members.c.match_id == t.matches.c.match_id)
        .where(t.match_members.c.user_id == user_id)
        .order_by(t.matches.c.active_ms.desc(), t.matches.c.match_id.desc())
        .limit(limit)
    ).all()
    match_ids = [row.match_id for row in rows]
    matches = load_matches(connection, match_ids)
    newest = _newest_messages(connection, match_ids)
    unread = _unread(connection, user_id, match_ids)
    return [
        RoomSummary(
            match=matches[row.match_id],
            last_seq=row.last_seq,
            read_seq=row.read_seq,
            last_message=newest.get(row.match_id),
            unread=unread.get(row.match_id, 0),
        )
        for row in rows
    ]


def _newest_messages(connection: Connection, match_ids: list[str]) -> dict[str, Message]:
    found: dict[str, Message] = {}
    for ids in chunks(match_ids):
        rows = connection.execute(
            select(*MESSAGE)
            .join(t.matches, t.matches.c.match_id == t.messages.c.match_id)
            .where(t.matches.c.match_id.in_(ids), t.messages.c.seq == t.matches.c.last_seq)
        ).all()
        found.update((message.match_id, message) for message in messages_of(connection, rows))
    return found


def _unread(connection: Connection, user_id: str, match_ids: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for ids in chunks(match_ids):
        rows = connection.execute(
            select(t.messages.c.match_id, func.count())
            .join(t.match_members, t.match_members.c.match_id == t.messages.c.match_id)
            .where(
                t.match_members.c.user_id == user_id,
                t.messages.c.match_id.in_(ids),
                t.messages.c.seq > t.match_members.c.read_seq,
                t.messages.c.sender_id != user_id,
            )
            .group_by(t.messages.c.match_id)
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def _peers_of(connection: Connection, user_id: str) -> frozenset[str]:
    mine, theirs = t.match_members.alias(), t.match_members.alias()
    query = (
        select(theirs.c.user_id)
        .join(mine, mine.c.match_id == theirs.c.match_id)
        .where(mine.c.user_id == user_id, theirs.c.user_id != user_id)
        .distinct()
    )
    return frozenset(connection.execute(query).scalars())


__all__ = ["SqliteRelationStore"]
