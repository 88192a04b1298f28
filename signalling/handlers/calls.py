"""Calls."""

from protocol.calls import (
    AnswerCall,
    CallAnswered,
    CallConsent,
    CallConsented,
    CallOver,
    CallStarted,
    CancelCall,
    EndCall,
    IceCandidate,
    RequestVideoCall,
    SdpAnswer,
    SetCallMedia,
    StartCall,
    WebrtcAnswer,
    WebrtcOffer,
)
from signalling.handlers.base import handles
from signalling.services import Context


@handles(StartCall)
async def start_call(context: Context, event: StartCall) -> CallStarted:
    """Ring the other person."""
    connection = context.connection
    return await context.services.calls.start(
        context.user_id, connection.connection_id, event, current=connection.current_match
    )


@handles(RequestVideoCall)
async def request_video_call(context: Context, event: RequestVideoCall) -> CallStarted:
    """The older name, which may also name the person."""
    connection = context.connection
    return await context.services.calls.start(
        context.user_id, connection.connection_id, event, current=connection.current_match, to=event.to
    )


@handles(AnswerCall)
async def answer_call(context: Context, event: AnswerCall) -> CallAnswered:
    """Yes or no."""
    return context.services.calls.answer(context.user_id, context.connection.connection_id, event)


@handles(CancelCall)
async def cancel_call(context: Context, event: CancelCall) -> CallOver:
    """The caller gives up."""
    return context.services.calls.cancel(context.user_id, context.connection.connection_id, event.call_id)


@handles(EndCall)
async def end_call(context: Context, event: EndCall) -> CallOver:
    """Hang up."""
    return context.services.calls.hang_up(context.user_id, context.connection.connection_id, event.call_id)


@handles(WebrtcOffer)
async def webrtc_offer(context: Context, event: WebrtcOffer) -> SdpAnswer:
    """To the relay, or to the other person."""
    return await context.services.calls.offer(context.user_id, context.connection.connection_id, event)


@handles(WebrtcAnswer)
async def webrtc_answer(context: Context, event: WebrtcAnswer) -> None:
    """To the other person."""
    context.services.calls.sdp_answer(context.user_id, context.connection.connection_id, event)


@handles(IceCandidate)
async def ice_candidate(context: Context, event: IceCandidate) -> None:
    """To the other person; the relay needs none."""
    context.services.calls.candidate(context.user_id, context.connection.connection_id, event)


@handles(SetCallMedia)
async def call_media(context: Context, event: SetCallMedia) -> None:
    """Muted, camera off, screen shared."""
    context.services.calls.set_media(context.user_id, context.connection.connection_id, event)


@handles(CallConsent)
async def call_consent(context: Context, event: CallConsent) -> CallConsented:
    """Yes to something in the call, or no longer."""
    return context.services.calls.consent(context.user_id, context.connection.connection_id, event)
