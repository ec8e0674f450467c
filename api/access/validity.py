"""The end of requests and responses whose token is removed while they last: uploads, exports, videos."""

import logging
import time

from starlette.types import Message, Receive, Scope, Send

from api.access.caller import Caller
from api.access.tokens import Tokens
from api.http.peer import cut_connection
from ingest.bus.connection import REDIS_ERRORS

logger = logging.getLogger(__name__)


class Validity:
    """The validity of a caller's token, which is checked again once an interval."""

    def __init__(self, tokens: Tokens, caller: Caller, interval: float) -> None:
        """`interval` is in seconds."""
        self._tokens = tokens
        self._caller = caller
        self._interval = interval
        self._checked_at = time.monotonic()
        self._lasts = True

    async def lasts(self) -> bool:
        """Return False from the first check on that misses the token."""
        if self._lasts and time.monotonic() - self._checked_at >= self._interval:
            self._checked_at = time.monotonic()
            self._lasts = await self._exists()
        return self._lasts

    async def _exists(self) -> bool:
        """Check that the token still exists; while Redis is away every token counts as valid."""
        try:
            return await self._tokens.contains(self._caller.token)
        except REDIS_ERRORS as error:
            logger.warning("redis: %s; the tokens of open connections are not checked", error)
            return True


def sending_while(valid: Validity, scope: Scope, send: Send) -> Send:
    """Wrap a response's `send`: once the token is removed, it cuts the connection and sends nothing more."""

    async def send_while_valid(message: Message) -> None:
        if await valid.lasts():
            await send(message)
        else:
            cut_connection(scope)

    return send_while_valid


def receiving_while(valid: Validity, scope: Scope, receive: Receive) -> Receive:
    """Wrap a request's `receive`: once the token is removed, it cuts the connection: the client is gone."""

    async def receive_while_valid() -> Message:
        message = await receive()
        if await valid.lasts():
            return message
        cut_connection(scope)
        return {"type": "http.disconnect"}

    return receive_while_valid
