"""Readings as a Parquet file, written while they arrive."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.exports.message import Message
from api.exports.tables import Row, readings_table
from api.exports.writer import ExportOptions, Writer

BATCH = 1000  # rows that are collected as tuples: 2 MB, ten times their size as a batch of Arrow

UTC_TIME = pa.timestamp("us", tz="UTC")

TYPES = {
    "source": pa.string(),
    "track": pa.int32(),
    "media_time": pa.float64(),  # seconds
    "captured_at": UTC_TIME,
    "result_at": UTC_TIME,
    "label": pa.string(),  # null: abstained
    "frame": pa.int64(),
    "approx_time": pa.string(),
    "input": pa.string(),
    "Identity": pa.string(),
}  # of columns that are no float32
NULLABLE = ("captured_at", "result_at", "label")


class ParquetWriter(Writer):
    """Row groups of `options.row_group` rows, compressed with Zstandard."""

    def __init__(self, options: ExportOptions) -> None:
        self._table = readings_table(options)
        self._row_group = options.row_group
        self._rows: list[Row] = []
        self._batches: list[pa.RecordBatch] = []

    def begin(self) -> bytes:
        fields = [
            pa.field(name, TYPES.get(name, pa.float32()), nullable=name in NULLABLE)
            for name in self._table.columns
        ]
        self._schema = pa.schema(fields)
        self._sink = _Sink()
        self._file = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd")
        return self._sink.take()

    def add(self, messages: Sequence[Message]) -> bytes:
        """Return the bytes of row groups that are full, often none."""
        self._rows += self._table.rows(messages)
        while len(self._rows) >= BATCH:
            self._add_batch()
            if len(self._batches) * BATCH >= self._row_group:
                self._write_row_group()
        return self._sink.take()

    def end(self) -> bytes:
        """Return the last row group, and the file's footer."""
        if self._rows:
            self._add_batch()
        if self._batches:
            self._write_row_group()
        self._file.close()
        return self._sink.take()

    def _add_batch(self) -> None:
        rows, self._rows = self._rows[:BATCH], self._rows[BATCH:]
        columns = zip(*rows, strict=True)
        arrays = [_array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))

    def _write_row_group(self) -> None:
        self._file.write_table(pa.Table.from_batches(self._batches, self._schema))
        self._batches.clear()


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == UTC_TIME:  # pyarrow casts no text with a zone to a time with a zone
        column = [None if text is None else datetime.fromisoformat(text) for text in column]
    return pa.array(column, kind)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file in order, with one batch in memory at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


class _Sink(io.IOBase):
    """A file object for pyarrow, whose written bytes can be taken out."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self._written += data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        """Return the bytes that were written since the last call, also after the file is closed."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
