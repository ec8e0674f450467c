"""Timelines as files: each format takes pages of entries and gives the bytes to send for them.

Nothing is kept of a page but what the format itself demands (WebVTT: 40 bytes a span), so that a day of ten
faces, nine million readings, needs little more memory than a minute. Pages are turned into bytes in a thread.
"""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from api.results.columns import FEX_COLUMNS, READING_COLUMNS, Row, fex_row, message_row
from api.results.vtt import MILLISECOND, TimelineVtt
from api.stream.history import Entry
from api.stream.messages import START, position, with_cursor
from engine.records import Span
from ingest.bus.wire import rfc3339

Columns = Literal["mien", "fex"]

Rows = Callable[[dict[str, Any]], Row]


class Writer(Protocol):
    """One file, from its first byte to its last."""

    def head(self) -> bytes: ...
    def page(self, entries: Sequence[Entry]) -> bytes: ...
    def end(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format in which a timeline can be had."""

    media_type: str
    writer: Callable[[Columns, str], Writer]  # of the columns and the cursor after which the file begins


async def written(writer: Writer, pages: AsyncIterator[list[Entry]]) -> AsyncIterator[bytes]:
    """The file's bytes, page by page."""
    yield await asyncio.to_thread(writer.head)
    async for page in pages:
        if piece := await asyncio.to_thread(writer.page, page):
            yield piece
    yield await asyncio.to_thread(writer.end)


class JsonLines:
    """Every message, one a line."""

    def __init__(self, _: Columns, __: str) -> None:
        pass

    def head(self) -> bytes:
        return b""

    def page(self, entries: Sequence[Entry]) -> bytes:
        return "".join(with_cursor(body, cursor) + "\n" for cursor, _, body in entries).encode()

    def end(self) -> bytes:
        return b""


class CsvRows:
    """One row a reading, with a header; None is an empty field."""

    def __init__(self, columns: Columns, _: str) -> None:
        self._names, self._row = table(columns)

    def head(self) -> bytes:
        return self._written([self._names])

    def page(self, entries: Sequence[Entry]) -> bytes:
        return self._written(readings(entries, self._row))

    def end(self) -> bytes:
        return b""

    def _written(self, rows: Sequence[Row]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()


class ParquetRows:
    """The same rows as Parquet."""

    def __init__(self, columns: Columns, _: str) -> None:
        self._names, self._row = table(columns)

    def head(self) -> bytes:
        from api.results.parquet import ParquetStream  # pyarrow is loaded when somebody wants it

        self._stream = ParquetStream(self._names)
        return b""

    def page(self, entries: Sequence[Entry]) -> bytes:
        return self._stream.add(readings(entries, self._row))

    def end(self) -> bytes:
        return self._stream.end()


class Cues:
    """Spans as WebVTT; its clock begins where the file does, else with the first span."""

    def __init__(self, _: Columns, start: str) -> None:
        self._cues = TimelineVtt()
        self._zero = None if start == START else position(start)[0]  # ms since 1970

    def head(self) -> bytes:
        return b""

    def page(self, entries: Sequence[Entry]) -> bytes:
        for _, kind, body in entries:
            if kind == b"span" and (span := _span(json.loads(body))):
                self._cues.add(span)
        return b""

    def end(self) -> bytes:
        zero = self._cues.first if self._zero is None else self._zero
        moment = rfc3339(datetime.fromtimestamp(zero / 1000, UTC))
        return "".join(self._cues.lines(zero, f"00:00:00.000 is {moment}")).encode()


FILES = {
    "jsonl": FileFormat("application/x-ndjson", JsonLines),
    "csv": FileFormat("text/csv", CsvRows),
    "parquet": FileFormat("application/vnd.apache.parquet", ParquetRows),
    "vtt": FileFormat("text/vtt", Cues),
}
TABLES = ("csv", "parquet")  # the formats that have columns


def table(columns: Columns) -> tuple[tuple[str, ...], Rows]:
    return (FEX_COLUMNS, fex_row) if columns == "fex" else (READING_COLUMNS, message_row)


def readings(entries: Sequence[Entry], row: Rows) -> list[Row]:
    return [row(json.loads(body)) for _, kind, body in entries if kind == b"reading"]


def _span(message: dict[str, Any]) -> Span | None:
    """The span on the clock of the day; None where that is not known."""
    if message["started_at"] is None:
        return None
    started_at, ended_at = (datetime.fromisoformat(message[name]) for name in ("started_at", "ended_at"))
    return Span(
        source=message["source"],
        track=message["track"],
        label=message["label"],
        started=round(started_at.timestamp() * 1000) * MILLISECOND,
        ended=round(ended_at.timestamp() * 1000) * MILLISECOND,
        started_at=started_at,
        ended_at=ended_at,
        confidence=message["confidence"],
    )
