"""All export formats. A new one is a module with a Writer, and one row here."""

from collections.abc import Callable
from dataclasses import dataclass

from api.exports.csv_table import CsvWriter
from api.exports.json_lines import JsonLinesWriter
from api.exports.tables import COVERAGE, SPANS, readings_table
from api.exports.webvtt import VttWriter
from api.exports.writer import ExportOptions, Writer


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One kind of file that a timeline can be exported to."""

    name: str | None  # in the parameter `format` of REST; None: only in a folder of results
    file: str | None  # in a folder of results; None: only over REST
    media_type: str
    new_writer: Callable[[ExportOptions], Writer]
    has_columns: bool = False  # which the parameter `columns` chooses


def _parquet_writer(options: ExportOptions) -> Writer:
    from api.exports.parquet import ParquetWriter  # pyarrow is heavy: it is loaded with the first export

    return ParquetWriter(options)


EXPORTS = (
    ExportFormat("jsonl", None, "application/x-ndjson", lambda _: JsonLinesWriter()),
    ExportFormat("csv", "readings.csv", "text/csv", lambda o: CsvWriter(readings_table(o)), has_columns=True),
    ExportFormat(
        "parquet", "readings.parquet", "application/vnd.apache.parquet", _parquet_writer, has_columns=True
    ),
    ExportFormat(None, "spans.csv", "text/csv", lambda _: CsvWriter(SPANS)),
    ExportFormat(None, "coverage.csv", "text/csv", lambda _: CsvWriter(COVERAGE)),
    ExportFormat("vtt", "timeline.vtt", "text/vtt", VttWriter),
)
REST_FORMATS = {export.name: export for export in EXPORTS if export.name is not None}
