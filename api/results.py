"""The folder of one input's results: events go in as they come, files are whole after `close`."""

import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from api.report import PictureReport, VideoReport
from api.summary import Facts, Summary
from api.tables import COVERAGE_COLUMNS, SPAN_COLUMNS, CsvTable, ReadingTables, coverage_row, span_row
from api.vtt import TimelineVtt
from engine.records import Coverage, Event, Reading, Span

WRITTEN_LAST = ("timeline.vtt", "report.html", "summary.json")
ANNOTATED = "annotated"  # the stem of the annotated video or picture


class Results:
    """Tables are written while events come, the rest at the end. All methods raise OSError."""

    def __init__(self, folder: Path, *, pictures: bool = False) -> None:
        self.folder = folder
        self.summary = Summary()
        self._report = PictureReport() if pictures else VideoReport()
        self._vtt = TimelineVtt()
        folder.mkdir(parents=True, exist_ok=True)
        # Results of an earlier run must not lie beside those of an unfinished one.
        for name in WRITTEN_LAST:
            (folder / name).unlink(missing_ok=True)
        with ExitStack() as opened:
            self._readings = ReadingTables(folder)
            opened.callback(self._readings.close)
            self._spans = opened.enter_context(CsvTable(folder / "spans.csv", SPAN_COLUMNS))
            self._coverage = opened.enter_context(CsvTable(folder / "coverage.csv", COVERAGE_COLUMNS))
            self._opened = opened.pop_all()

    def add(self, event: Event) -> None:
        match event:
            case Reading():
                self._readings.add(event)
            case Span():
                self._spans.add(span_row(event))
                self._vtt.add(event)
            case Coverage():
                self._coverage.add(coverage_row(event))
        self.summary.add(event)
        self._report.add(event)

    def close(self, facts: Facts) -> dict[str, Any]:
        """Ends the tables and writes the rest; gives the summary as JSON types."""
        self._opened.close()
        summary = self.summary.to_json(facts)
        self._vtt.write(self.folder / "timeline.vtt")
        self._report.write(self.folder / "report.html", summary)
        text = json.dumps(summary, indent=2, ensure_ascii=False)
        (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")
        return summary

    def abandon(self) -> None:
        """Closes what can still be closed after writing failed; what was written stays."""
        with suppress(OSError):
            self._opened.close()
