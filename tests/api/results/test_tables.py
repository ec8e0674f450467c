"""The tables of a recording: their columns, what is empty, and that they are written in pieces."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.results.tables import ROWS_AT_ONCE, SPAN_COLUMNS, CsvTable, ReadingTables, span_row, stored_rows
from engine.labels import KEYPOINTS, LABELS
from engine.records import Reading
from tests.api.results.recorded_events import reading, span

COLUMNS = [
    *("source", "track", "media_time", "captured_at", "result_at"),
    *("left", "top", "right", "bottom", "quality", "label"),
    *LABELS,
    *(f"raw_{label}" for label in LABELS),
    *(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy"),
]


def written(folder: Path, *readings: Reading) -> tuple[list[dict[str, str]], pa.Table]:
    tables = ReadingTables(folder)
    for each in readings:
        tables.add(each)
    tables.close()
    with (folder / "readings.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), pq.read_table(folder / "readings.parquet")


def test_both_tables_say_the_same(tmp_path: Path) -> None:
    rows, table = written(tmp_path, reading(0.0), reading(0.1, None))
    assert list(rows[0]) == COLUMNS
    assert table.column_names == COLUMNS
    for row, stored in zip(rows, table.to_pylist(), strict=True):
        assert row["label"] == (stored["label"] or "")
        for name in ("media_time", "left", "quality", *LABELS, "nose_tip_x", "raw_angry"):
            assert float(row[name]) == pytest.approx(stored[name], abs=1e-6)


def test_a_recording_has_no_wall_clock_and_may_abstain(tmp_path: Path) -> None:
    (row,), table = written(tmp_path, reading(1.5, None))
    assert (row["captured_at"], row["result_at"], row["label"]) == ("", "", "")
    (stored,) = table.to_pylist()
    assert (stored["captured_at"], stored["result_at"], stored["label"]) == (None, None, None)


def test_a_row_reads_like_its_reading(tmp_path: Path) -> None:
    (row,), _ = written(tmp_path, reading(1.234567891, "sad", track=3))
    assert row["source"] == "clip.mp4"
    assert (row["track"], row["media_time"], row["label"]) == ("3", "1.234568", "sad")
    assert (row["left"], row["top"], row["right"], row["bottom"]) == ("0.25", "0.2", "0.75", "0.8")
    assert (row["sad"], row["angry"], row["raw_surprise"]) == ("0.76", "0.04", "0.76")
    assert (row["left_eye_center_x"], row["left_eye_center_y"]) == ("0.42", "0.58")


def test_many_rows_go_out_in_pieces_and_come_back_in_order(tmp_path: Path) -> None:
    count = 2 * ROWS_AT_ONCE + 7
    tables = ReadingTables(tmp_path)
    for number in range(count):
        tables.add(reading(number / 10))
        assert len(tables._rows) < ROWS_AT_ONCE
    tables.close()
    assert pq.ParquetFile(tmp_path / "readings.parquet").num_row_groups == 3
    times = [row["media_time"] for row in stored_rows(tmp_path / "readings.parquet")]
    assert times == [pytest.approx(number / 10) for number in range(count)]


def test_no_reading_is_a_table_without_rows(tmp_path: Path) -> None:
    rows, table = written(tmp_path)
    assert rows == []
    assert (table.num_rows, table.column_names) == (0, COLUMNS)


def test_spans(tmp_path: Path) -> None:
    with CsvTable(tmp_path / "spans.csv", SPAN_COLUMNS) as table:
        table.add(span_row(span(0.5, 2.25, "sad", 2)))
    text = (tmp_path / "spans.csv").read_text()
    assert text == "source,track,label,started,ended,confidence\nclip.mp4,2,sad,0.5,2.25,0.76\n"
