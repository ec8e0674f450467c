"""Tables of readings and spans: their columns, empty fields, batches and row groups."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.exports.csv_table import CsvWriter
from api.exports.message import Message, message_of
from api.exports.parquet import BATCH, ParquetWriter, read_rows
from api.exports.tables import FEX_READINGS, READINGS, SPANS, Table
from api.exports.writer import RECORDING, ExportOptions, Writer
from engine.labels import LABELS
from engine.records import Box, Event
from engine.wire import encode_event
from tests.api.results.recorded_events import READING_COLUMNS, reading, span


def exported(writer: Writer, events: Iterable[Event]) -> bytes:
    return writer.begin() + writer.add([message_of(event) for event in events]) + writer.end()


def csv_rows(*events: Event, table: Table = READINGS) -> list[dict[str, str]]:
    text = exported(CsvWriter(table), events).decode()
    return list(csv.DictReader(io.StringIO(text)))


def parquet_table(*events: Event) -> pa.Table:
    return pq.read_table(io.BytesIO(exported(ParquetWriter(RECORDING), events)))


def test_both_formats_have_the_same_rows() -> None:
    rows = csv_rows(reading(0.0), reading(0.1, None))
    table = parquet_table(reading(0.0), reading(0.1, None))
    assert list(rows[0]) == READING_COLUMNS[:-1]  # the frames of a live source have no number in a file
    assert table.column_names == READING_COLUMNS
    for row, stored in zip(rows, table.to_pylist(), strict=True):
        assert row["label"] == (stored["label"] or "")
        for name in ("media_time", "left", "quality", *LABELS, "nose_tip_x", "raw_angry"):
            assert float(row[name]) == pytest.approx(stored[name], abs=1e-6)


def test_a_recording_has_no_wall_clock_and_a_reading_may_abstain() -> None:
    (row,) = csv_rows(reading(1.5, None))
    assert (row["captured_at"], row["result_at"], row["label"]) == ("", "", "")
    (stored,) = parquet_table(reading(1.5, None)).to_pylist()
    assert (stored["captured_at"], stored["result_at"], stored["label"]) == (None, None, None)


def test_times_are_text_in_csv_and_utc_times_in_parquet() -> None:
    at = datetime(2024, 5, 1, 12, 0, 0, 250_000, UTC)
    event = replace(reading(1), captured_at=at, result_at=at + timedelta(seconds=1))
    (row,) = csv_rows(event)
    assert (row["captured_at"], row["result_at"]) == ("2024-05-01T12:00:00.250Z", "2024-05-01T12:00:01.250Z")
    table = parquet_table(event, reading(2))
    assert table.schema.field("captured_at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("result_at").type == pa.timestamp("us", tz="UTC")
    assert table["captured_at"].to_pylist() == [at, None]
    assert table["result_at"].to_pylist() == [at + timedelta(seconds=1), None]


def test_a_row_has_the_values_of_its_reading() -> None:
    (row,) = csv_rows(reading(1.234567891, "sad", track=3))
    assert row["source"] == "clip.mp4"
    assert (row["track"], row["media_time"], row["label"]) == ("3", "1.234568", "sad")
    assert (row["left"], row["top"], row["right"], row["bottom"]) == ("0.25", "0.2", "0.75", "0.8")
    assert (row["sad"], row["angry"], row["raw_surprise"]) == ("0.76", "0.04", "0.76")
    assert (row["left_eye_center_x"], row["left_eye_center_y"]) == ("0.42", "0.58")


@pytest.mark.parametrize("table", [READINGS, FEX_READINGS])
def test_a_stored_message_gives_the_row_of_its_event(table: Table) -> None:
    event = replace(reading(7, "sad", track=3), raw=reading(7, "fear").raw)
    stored = Message("reading", encode_event(event).body)
    assert table.rows([stored]) == table.rows([message_of(event)])


def test_many_rows_are_written_in_batches_and_read_in_order(tmp_path: Path) -> None:
    writer, path = ParquetWriter(RECORDING), tmp_path / "readings.parquet"
    times = [number / 10 for number in range(2 * BATCH + 7)]
    chunks = [writer.begin(), *(writer.add([message_of(reading(time))]) for time in times), writer.end()]
    path.write_bytes(b"".join(chunks))
    assert pq.ParquetFile(path).num_row_groups == 3
    assert [row["media_time"] for row in read_rows(path)] == [pytest.approx(time) for time in times]


def test_row_groups_are_sent_when_they_are_full() -> None:
    options = ExportOptions(row_group=3 * BATCH)
    writer = ParquetWriter(options)
    batch = [message_of(reading(1))] * BATCH
    chunks = [writer.begin(), *(writer.add(batch) for _ in range(4)), writer.end()]
    assert [bool(chunk) for chunk in chunks] == [True, False, False, True, False, True]
    metadata = pq.ParquetFile(io.BytesIO(b"".join(chunks))).metadata
    assert [metadata.row_group(group).num_rows for group in range(2)] == [3 * BATCH, BATCH]


def test_no_reading_is_a_table_without_rows() -> None:
    assert csv_rows() == []
    table = parquet_table()
    assert (table.num_rows, table.column_names) == (0, READING_COLUMNS)


def test_spans() -> None:
    text = exported(CsvWriter(SPANS), [span(0.5, 2.25, "sad", 2), reading(1)])
    assert text == b"source,track,label,started,ended,confidence\nclip.mp4,2,sad,0.5,2.25,0.76\n"


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-0.5", "@x", "\tx"])
def test_a_text_is_no_formula_and_a_number_stays_one(name: str) -> None:
    event = replace(reading(0.0), source=name, box=Box(-0.5, 0.1, 0.2, 0.3))
    (row,) = csv_rows(event)
    assert (row["source"], row["left"]) == (f"'{name}", "-0.5")
