"""Spans as WebVTT, so that any video player shows them as subtitles: one voice per face."""

from array import array
from collections.abc import Iterator
from pathlib import Path

from engine.labels import LABELS
from engine.records import Span

MILLISECOND = 1_000_000  # ns


class TimelineVtt:
    """Collects cues in 40 bytes each: WebVTT wants them in order of start, spans come in order of end."""

    def __init__(self) -> None:
        self._columns = tuple(array("q") for _ in range(5))  # started, track, ended, label, percent

    def add(self, span: Span) -> None:
        started = span.started // MILLISECOND
        # A player drops a cue that ends where it begins.
        ended = max(span.ended // MILLISECOND, started + 1)
        cue = (started, span.track, ended, LABELS.index(span.label), round(100 * span.confidence))
        for column, value in zip(self._columns, cue, strict=True):
            column.append(value)

    def write(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write("WEBVTT\n")
            file.writelines(self._cues())

    def _cues(self) -> Iterator[str]:
        started, track, ended, label, percent = self._columns
        order = sorted(range(len(started)), key=lambda cue: (started[cue], track[cue]))
        for number, cue in enumerate(order, start=1):
            face = f"face {track[cue]}"
            yield (
                f"\n{number}\n{timestamp(started[cue])} --> {timestamp(ended[cue])}\n"
                f"<v {face}>{face}: {LABELS[label[cue]]} {percent[cue]} %</v>\n"
            )


def timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
