"""The folder of one input's results: events go in as they come, files are whole after `close`."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from api.results.report import PictureReport, VideoReport
from api.results.summary import Facts, Summary
from api.results.tables import COVERAGE_COLUMNS, SPAN_COLUMNS, CsvTable, ReadingTables, coverage_row, span_row
from api.results.vtt import TimelineVtt
from engine.records import Coverage, Event, Reading, Span

WRITTEN_LAST = ("timeline.vtt", "report.html", "summary.json")


class WriteFailedError(Exception):
    """Results cannot be written; the message names the folder and the reason."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What goes wrong inside went wrong in writing to the folder. Raises WriteFailedError."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise WriteFailedError(f"{folder}: cannot write: {reason.lower()}") from error


@contextmanager
def written_to(folder: Path, *, pictures: bool = False) -> Iterator["Results"]:
    """Results that are closed in any case: what was written before a failure stays."""
    with writing(folder):
        results = Results(folder, pictures=pictures)
    try:
        yield results
    finally:
        results.abandon()


class Results:
    """Tables are written while events come, the rest at the end. Methods raise WriteFailedError."""

    def __init__(self, folder: Path, *, pictures: bool) -> None:
        self.folder = folder
        self._summary = Summary()
        self._report = PictureReport() if pictures else VideoReport()
        self._vtt = TimelineVtt()
        folder.mkdir(parents=True, exist_ok=True)
        # What an earlier run left must not lie beside unfinished tables.
        for stale in [*(folder / name for name in WRITTEN_LAST), *folder.glob("annotated.*")]:
            stale.unlink(missing_ok=True)
        with ExitStack() as opened:
            self._readings = ReadingTables(folder)
            opened.callback(self._readings.close)
            self._spans = opened.enter_context(CsvTable(folder / "spans.csv", SPAN_COLUMNS))
            self._coverage = opened.enter_context(CsvTable(folder / "coverage.csv", COVERAGE_COLUMNS))
            self._opened = opened.pop_all()

    def add(self, events: Iterable[Event]) -> None:
        with writing(self.folder):
            for event in events:
                self._add(event)

    def _add(self, event: Event) -> None:
        match event:
            case Reading():
                self._readings.add(event)
            case Span():
                self._spans.add(span_row(event))
                self._vtt.add(event)
            case Coverage():
                self._coverage.add(coverage_row(event))
        self._summary.add(event)
        self._report.add(event)

    def close(self, facts: Facts) -> dict[str, Any]:
        """Ends the tables and writes the rest; gives the summary as JSON types."""
        summary = self._summary.to_json(facts)
        with writing(self.folder):
            self._opened.close()
            self._vtt.write(self.folder / "timeline.vtt")
            self._report.write(self.folder / "report.html", summary)
            text = json.dumps(summary, indent=2, ensure_ascii=False)
            (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")
        return summary

    def abandon(self) -> None:
        """Closes what is still open, for what it is worth: the failure itself was told already."""
        with suppress(OSError):
            self._opened.close()
