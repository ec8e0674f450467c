"""Readings and spans as tables: Parquet and CSV, written in pieces so that memory stays the same."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from api.results.columns import BOX, FEX_COLUMNS, POINTS, RAW, READING_COLUMNS, Row
from engine.labels import LABELS
from engine.records import Coverage, Reading, Span
from engine.wire import seconds
from ingest.bus.wire import rfc3339

# A piece of a thousand rows weighs about 2 MB while it is collected.
ROWS_AT_ONCE = 1000

READING_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("track", pa.int32(), nullable=False),
        pa.field("media_time", pa.float64(), nullable=False),  # seconds
        pa.field("captured_at", pa.string()),  # RFC 3339
        pa.field("result_at", pa.string()),
        *(pa.field(name, pa.float32(), nullable=False) for name in (*BOX, "quality")),
        pa.field("label", pa.string()),  # null: abstained
        *(pa.field(name, pa.float32(), nullable=False) for name in (*LABELS, *RAW, *POINTS)),
    ]
)
assert tuple(READING_SCHEMA.names) == READING_COLUMNS
_FEX_TYPES = {"frame": pa.int64(), "approx_time": pa.string(), "input": pa.string(), "Identity": pa.string()}
FEX_SCHEMA = pa.schema(
    [pa.field(name, _FEX_TYPES.get(name, pa.float32()), nullable=False) for name in FEX_COLUMNS]
)
SPAN_COLUMNS = ("source", "track", "label", "started", "ended", "confidence")
COVERAGE_COLUMNS = ("source", "kind", "started", "ended", "frames")


class ReadingTables:
    """`readings.parquet` and `readings.csv`: one row per face and reading, in order of time."""

    def __init__(self, folder: Path) -> None:
        self._csv = CsvTable(folder / "readings.csv", READING_COLUMNS)
        self._parquet = pq.ParquetWriter(folder / "readings.parquet", READING_SCHEMA, compression="zstd")
        self._rows: list[Row] = []

    def add(self, reading: Reading) -> None:
        row = reading_row(reading)
        self._csv.add(row)
        self._rows.append(row)
        if len(self._rows) == ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._parquet.write_batch(batch_of(self._rows, READING_SCHEMA))
        self._rows.clear()

    def close(self) -> None:
        """Writes what is left and the file's footer, also after an interruption."""
        try:
            if self._rows:
                self._write()
        finally:
            self._csv.close()
            self._parquet.close()


class CsvTable:
    """One CSV file with a header; None is an empty field."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, row: Row) -> None:
        self._writer.writerow(row)

    def close(self) -> None:
        self._file.close()


def batch_of(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def reading_row(reading: Reading) -> Row:
    """The row in the order of READING_COLUMNS: a ten-thousandth of a probability, 1e-5 of the frame."""
    box = reading.box
    return (
        reading.source,
        reading.track,
        seconds(reading.media_time),
        rfc3339(reading.captured_at),
        rfc3339(reading.result_at),
        *(round(value, 5) for value in (box.left, box.top, box.right, box.bottom)),
        round(reading.quality, 3),
        reading.label,
        *(round(value, 4) for value in reading.smoothed.tolist()),
        *(round(value, 4) for value in reading.raw.tolist()),
        *(round(value, 5) for value in reading.keypoints.ravel().tolist()),
    )


def span_row(span: Span) -> Row:
    return (
        span.source,
        span.track,
        span.label,
        seconds(span.started),
        seconds(span.ended),
        round(span.confidence, 4),
    )


def coverage_row(stretch: Coverage) -> Row:
    return stretch.source, stretch.kind, seconds(stretch.started), seconds(stretch.ended), stretch.frames


def stored_rows(parquet: Path) -> Iterator[dict[str, Any]]:
    """The rows of a finished `readings.parquet` in its order, one piece in memory at a time."""
    with pq.ParquetFile(parquet) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            yield from batch.to_pylist()
