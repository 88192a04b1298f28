"""Calls over HTTP: what they were, and how each second of them was (wire contract, sections 6 and 11.7)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from media.ports import CallRecord
from protocol.base import Outgoing, Payload
from protocol.calls import CallMode, EndReason
from protocol.errors import ErrorCode, Forbidden, NotFound
from protocol.ids import IdString, iso_time
from signalling.auth import SCOPES
from visavis.routes import Call, Reply, route

_EVERYBODYS = ("ops", "service")  # scopes that may read calls they were not in
_PAGE_MAX = 200
# About 400 bytes a second of a call: what fits into one answer (wire contract, 11.6).
_SECONDS_MAX = 1000


class CallAnswer(Outgoing):
    """A call. `duration` is seconds of media; `endedAt` and `reason` are absent while it runs."""

    call_id: str
    match_id: str
    caller: str
    participants: list[str]
    mode: CallMode
    video: bool
    state: Literal["running", "ended"]
    started_at: str
    connected_at: str | None = None
    ended_at: str | None = None
    reason: EndReason | None = None
    duration: float


class CallList(Outgoing):
    """One's own calls, the newest first. `more`: there are older ones."""

    calls: list[CallAnswer]
    more: bool


class TimelineSecond(Outgoing):
    """A second as in `call_quality`, without texts."""

    at: str
    legs: list[dict[str, Any]]
    cause: dict[str, Any] | None = None


class Timeline(Outgoing):
    """Seconds of a call, ascending. `more`: page on with `after` = the milliseconds since 1970 of the last `at`."""

    call_id: str
    seconds: list[TimelineSecond]
    more: bool


class CallsQuery(Payload):
    """`before`: a call id; older calls follow."""

    before: IdString | None = None
    limit: Annotated[int, Field(ge=1, le=_PAGE_MAX)] = 50


class TimelineQuery(Payload):
    """`after`: milliseconds since 1970."""

    after: Annotated[int, Field(ge=-1, le=2**53)] = -1
    limit: Annotated[int, Field(ge=1, le=_SECONDS_MAX)] = _SECONDS_MAX


def _answer(record: CallRecord) -> CallAnswer:
    return CallAnswer(
        call_id=record.call_id,
        match_id=record.match_id,
        caller=record.user_ids[0],
        participants=list(record.user_ids),
        mode=record.mode,
        video=record.video,
        state="running" if record.ended_ms is None else "ended",
        started_at=iso_time(record.started_ms),
        connected_at=None if record.connected_ms is None else iso_time(record.connected_ms),
        ended_at=None if record.ended_ms is None else iso_time(record.ended_ms),
        reason=record.reason,
        duration=record.duration_s,
    )


async def _readable(call: Call) -> CallRecord:
    """The call of the path, for its participants and the operators."""
    record = await call.house.calls.call(call.path["call_id"])
    if record is None:
        raise NotFound("no such call")
    if call.caller.scope not in _EVERYBODYS and call.caller.user_id not in record.user_ids:
        raise Forbidden("only for the people of the call")
    return record


@route(
    "GET",
    "/api/v1/calls",
    answer=CallList,
    scopes=SCOPES,
    query=CallsQuery,
    errors=(ErrorCode.TOO_LARGE,),
)
async def list_calls(call: Call) -> Reply:
    """One's own calls, the newest first."""
    query: CallsQuery = call.query
    records = await call.house.calls.calls_of(call.caller.user_id, before=query.before, limit=query.limit + 1)
    page = [_answer(record) for record in records[: query.limit]]
    return Reply(CallList(calls=page, more=len(records) > query.limit))


@route(
    "GET",
    "/api/v1/calls/{call_id}",
    answer=CallAnswer,
    scopes=SCOPES,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND),
)
async def get_call(call: Call) -> Reply:
    """One call, for its participants, the backend and operators."""
    return Reply(_answer(await _readable(call)))


@route(
    "GET",
    "/api/v1/calls/{call_id}/timeline",
    answer=Timeline,
    scopes=SCOPES,
    query=TimelineQuery,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND),
)
async def get_timeline(call: Call) -> Reply:
    """How each second of a call was. The last seconds of one that runs come with up to ten seconds' delay."""
    query: TimelineQuery = call.query
    record = await _readable(call)
    entries = await call.house.calls.timeline(record.call_id, after_ms=query.after, limit=query.limit + 1)
    seconds = [
        TimelineSecond(at=iso_time(entry.at_ms), legs=entry.data["legs"], cause=entry.data.get("cause"))
        for entry in entries[: query.limit]
    ]
    return Reply(Timeline(call_id=record.call_id, seconds=seconds, more=len(entries) > query.limit))
