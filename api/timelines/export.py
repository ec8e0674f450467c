"""The export of a timeline as a stream of bytes; messages are converted in a thread."""

import asyncio
from collections.abc import AsyncIterator

from api.exports.message import Message
from api.exports.writer import Writer
from api.stream.history import Entry


async def export(writer: Writer, pages: AsyncIterator[list[Entry]]) -> AsyncIterator[bytes]:
    """The bytes of the file, page by page."""
    yield await asyncio.to_thread(writer.begin)
    async for page in pages:
        messages = [Message(kind.decode(), body, cursor) for cursor, kind, body in page]
        if data := await asyncio.to_thread(writer.add, messages):
            yield data
    yield await asyncio.to_thread(writer.end)
