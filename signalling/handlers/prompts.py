"""request_ai_help, rate_suggestion."""

from protocol.errors import RateLimited
from protocol.prompts import HelpRequested, RateSuggestion, RequestAiHelp
from signalling.handlers.base import handles
from signalling.services import Context


@handles(RequestAiHelp)
async def request_ai_help(context: Context, event: RequestAiHelp) -> HelpRequested:
    """Something to say; the suggestions follow."""
    services, user_id = context.services, context.user_id
    match_id = context.match_id(event.match_id)
    await services.rooms.membership(user_id, match_id)
    wait_s = services.suggestion_limit.take(user_id, now=services.clock.monotonic())
    if wait_s:
        raise RateLimited("too many requests for help", retry_after_ms=int(wait_s * 1000) + 1)
    request_id = await services.assist.request_help(
        user_id, match_id, lang=context.connection.lang, draft=event.draft, question=event.question
    )
    return HelpRequested(request_id=request_id)


@handles(RateSuggestion)
async def rate_suggestion(context: Context, event: RateSuggestion) -> None:
    """Used, waved away, or rated."""
    services, user_id = context.services, context.user_id
    if event.suggestion_id is not None:
        await services.assist.rate(user_id, event.suggestion_id, used=event.used, rating=event.rating)
    if event.prompt_id is not None:
        await services.prompts.rate(user_id, event.prompt_id, used=event.used, rating=event.rating)
