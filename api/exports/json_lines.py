"""Messages as JSON lines: all of them, as the websocket sends them."""

from collections.abc import Sequence

from api.exports.message import Message
from api.exports.writer import Writer
from api.stream.messages import with_cursor


class JsonLinesWriter(Writer):
    """One message a line, with its cursor."""

    def add(self, messages: Sequence[Message]) -> bytes:
        return "".join(with_cursor(each.stored, each.cursor) + "\n" for each in messages).encode()
