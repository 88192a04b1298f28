"""authenticate, refresh_token."""

from protocol.errors import Forbidden
from protocol.ids import iso_time
from protocol.session import Authenticate, Authenticated, RefreshToken, TokenRefreshed
from signalling.handlers.base import handles
from signalling.services import Context


@handles(Authenticate, anonymous=True)
async def authenticate(context: Context, event: Authenticate) -> Authenticated:
    """By token in every mode; by name alone in development mode."""
    if event.token is not None:
        identity = await context.services.authenticator.verify(event.token)
        await context.binder.bind_token(context.connection, identity)
    elif event.user_id is not None and event.user_id != context.connection.user_id:
        if not context.services.dev:
            raise Forbidden("a token is needed: names alone count in development mode only", field="userId")
        if context.connection.bound_by == "token":
            raise Forbidden("the connection's token is another user's", field="userId")
        await context.binder.bind_name(context.connection, event.user_id)
    return Authenticated(user_id=context.user_id)


@handles(RefreshToken)
async def refresh_token(context: Context, event: RefreshToken) -> TokenRefreshed:
    """A later token of the same user."""
    identity = await context.services.authenticator.verify(event.token)
    if identity.user_id != context.user_id:
        raise Forbidden("the token is another user's", field="token")
    await context.binder.bind_token(context.connection, identity)
    return TokenRefreshed(user_id=identity.user_id, expires_at=iso_time(int(identity.expires_at * 1000)))
