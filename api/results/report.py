"""Writes report.html: the timelines in one self-contained file of bounded size."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from api.results.thinning import CoverageStrip, ThinnedReadings, ThinnedSpans, label_number
from engine.drawing.palette import COVERAGE_COLOURS, LABEL_COLOURS, STACK_ORDER
from engine.labels import LABELS
from engine.records import Coverage, Event, Reading, Span

MAX_FACES = 2_000  # of still pictures that the page lists
MEASURED = ("elapsed", "speed")  # left out, so that the same recording gives the same page


class VideoReport:
    """Collects the curves, spans and coverage of a recording."""

    def __init__(self) -> None:
        self._readings = ThinnedReadings()
        self._spans = ThinnedSpans()
        self._coverage = CoverageStrip()

    def add(self, event: Event) -> None:
        match event:
            case Reading():
                self._readings.add(event)
            case Span():
                self._spans.add(event)
            case Coverage():
                self._coverage.add(event)

    def write(self, path: Path, summary: Mapping[str, Any]) -> None:
        data = {
            "step": self._readings.step / 1_000_000,  # ms
            "points": self._readings.to_json(),
            "spans": self._spans.to_json(),
            "coverage": self._coverage.to_json(),
        }
        _write(path, summary, data)


class StillsReport:
    """Collects one distribution for each face of still pictures."""

    def __init__(self) -> None:
        self._faces: list[list[Any]] = []

    def add(self, event: Event) -> None:
        if isinstance(event, Reading) and len(self._faces) < MAX_FACES:
            label = label_number(event.label)
            probabilities = [round(1000 * value) for value in event.smoothed.tolist()]
            self._faces.append([event.source, event.track, label, *probabilities])

    def write(self, path: Path, summary: Mapping[str, Any]) -> None:
        _write(path, summary, {"faces": self._faces})


def _write(path: Path, summary: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    repeatable = {name: value for name, value in summary.items() if name not in MEASURED}
    colours = {"labels": [LABEL_COLOURS[label] for label in LABELS], "coverage": COVERAGE_COLOURS}
    path.write_text(
        page({"summary": repeatable, "labels": LABELS, "stack": STACK_ORDER, "colours": colours, **data}),
        encoding="utf-8",
    )


def page(data: Mapping[str, Any]) -> str:
    """The template with the data inside; `<` is escaped so that no name can end the script element."""
    template = files("api.results").joinpath("report.html").read_text(encoding="utf-8")
    body = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return template.replace("{{ data }}", body, 1)
