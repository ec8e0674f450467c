"""Messages as JSON lines: all of them, as the websocket sends them."""

from collections.abc import Sequence

from api.exports.message import Message
from api.stream.messages import with_cursor


class JsonLinesWriter:
    """One message a line, with its cursor."""

    def begin(self) -> bytes:
        return b""

    def add(self, messages: Sequence[Message]) -> bytes:
        return "".join(with_cursor(each.stored, each.cursor) + "\n" for each in messages).encode()

    def end(self) -> bytes:
        return b""
