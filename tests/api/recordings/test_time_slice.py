"""Time slices of a recording, read from the event log of several attempts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.jobs.checkpoint import BadCheckpointError, Checkpoint, newest_checkpoint
from api.jobs.event_log import EVENTS, INTERVALS, EventLogWriter, read_log
from api.recordings.time_slice import read_time_slice
from engine.records import Coverage, Reading
from engine.stored import encode_stored
from engine.wire import encode_event
from ingest.pace import SECOND
from tests.api.results.recorded_events import coverage, reading, span

STEP = SECOND // 10  # ns between two frames
FRAMES = 2000


def read(number: int) -> Reading:
    return replace(reading(0), frame=number, media_time=number * STEP)


def written(parts: Path) -> list[Reading]:
    """Write two faces in the first 50 s, none from 50 to 100 s, and one after that.

    Three attempts write the log, each with lines after its last checkpoint that are not valid.
    """
    readings = [read(n) for n in range(FRAMES) for _ in range(2 if n < 500 else 1) if not 500 <= n < 1000]
    before: Checkpoint | None = None
    for attempt, (first, last) in enumerate([(0, 300), (300, 301), (301, len(readings))], start=1):
        writer = EventLogWriter(parts, attempt, before)
        for each in readings[first:last]:
            writer.add(EVENTS, encode_stored(each))
            if each.frame % 100 == 0:
                start = each.media_time
                interval = Coverage("clip.mp4", "observed", start, start + 100 * STEP, None, None, 100)
                writer.add(EVENTS, encode_stored(interval))
                writer.add(INTERVALS, encode_event(interval).body + b"\n")
        before = writer.commit({"position": readings[last - 1].media_time, "longest": 100 * STEP})
        writer.add(EVENTS, encode_stored(read(last + 5000)))
        writer.close()
    return readings


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 60), (0, 0.05), (12.34, 13.0), (29.9, 30.1), (49, 101), (60, 90), (170, 230), (300, 310)],
)
def test_a_slice_holds_exactly_its_readings(tmp_path: Path, start: float, end: float) -> None:
    readings = written(tmp_path / "parts")
    result = read_time_slice(tmp_path / "parts", "clip.mp4", start, end)
    expected = [each for each in readings if start * SECOND <= each.media_time < end * SECOND]
    assert result.readings == [encode_event(each).body for each in expected]
    assert result.until == 199.9


def test_a_slice_holds_the_coverage_that_overlaps_it(tmp_path: Path) -> None:
    written(tmp_path / "parts")
    text = read_time_slice(tmp_path / "parts", "clip.mp4", 15, 25).text()
    shown = json.loads(text)
    assert {(each["started"], each["ended"]) for each in shown["coverage"]} == {(10.0, 20.0), (20.0, 30.0)}
    assert shown["spans"] == []


def test_a_long_span_is_found_from_its_middle(tmp_path: Path) -> None:
    writer = EventLogWriter(tmp_path / "parts", 1, None)
    for second in range(0, 2000, 10):
        if second == 1000:
            writer.add(INTERVALS, encode_event(span(100, 1000)).body + b"\n")
        writer.add(INTERVALS, encode_event(coverage("observed", second, second + 10)).body + b"\n")
    writer.commit({"position": 2000 * SECOND, "longest": 900 * SECOND})
    writer.close()
    result = read_time_slice(tmp_path / "parts", "clip.mp4", 200, 210)
    assert result.spans == [encode_event(span(100, 1000)).body]
    assert result.coverage == [encode_event(coverage("observed", 200, 210)).body]
    assert read_time_slice(tmp_path / "parts", "clip.mp4", 1000, 1010).spans == []


def test_lines_after_the_last_checkpoint_are_ignored(tmp_path: Path) -> None:
    readings = written(tmp_path / "parts")
    checkpoint = newest_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    events = list(read_log(tmp_path / "parts", checkpoint, EVENTS))
    assert sum(line.startswith(b'["reading"') for line in events) == len(readings)


def test_before_the_first_checkpoint_there_is_nothing(tmp_path: Path) -> None:
    assert read_time_slice(tmp_path / "parts", "clip.mp4", 0, 10).text() == (
        b'{"readings":[],"spans":[],"coverage":[],"until":0.0}'
    )


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 0, "pieces": [], "state": {}}', '{"version": 1, "pieces": 1}']
)
def test_a_damaged_checkpoint_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "7.json").write_text(text)
    with pytest.raises(BadCheckpointError, match=r"^7\.json: not a checkpoint of this version"):
        newest_checkpoint(tmp_path)
