"""Readings as a Parquet file that is sent while it is written: no more than a group of rows in memory."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from api.results.columns import FEX_COLUMNS, Row
from api.results.tables import FEX_SCHEMA, READING_SCHEMA, batch_of

GROUP = 20_000  # rows; the file's end lists every group, so that a day of ten faces has 430 of them


class ParquetStream:
    """A Parquet file in pieces: rows in, bytes out."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._schema = FEX_SCHEMA if columns == FEX_COLUMNS else READING_SCHEMA
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._collected = 0

    def add(self, rows: Sequence[Row]) -> bytes:
        """What there is to send after these rows, often nothing."""
        if rows:
            self._batches.append(batch_of(rows, self._schema))
            self._collected += len(rows)
        if self._collected >= GROUP:
            self._write()
        return self._sink.take()

    def end(self) -> bytes:
        """The rest, and the file's footer."""
        if self._batches:
            self._write()
        self._writer.close()
        return self._sink.take()

    def _write(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches, self._schema))
        self._batches.clear()
        self._collected = 0


class _Sink:
    """A file that is only written to, and gives what was written since it was last asked."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing lies anywhere else."""

    def close(self) -> None:
        """What was written is still there to be taken."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
