"""Spans as WebVTT, so that any video player shows them as subtitles: one voice per face."""

from array import array
from collections.abc import Iterator
from pathlib import Path

from engine.labels import LABELS
from engine.records import Span

MILLISECOND = 1_000_000  # ns
# A span ends with the next reading of its face, but with its own last one where the face left: of a single
# reading nothing would be shown. It is shown for the gap between two of the usual ten readings a second.
SHORTEST = 100  # ms


class TimelineVtt:
    """Collects cues in 40 bytes each: WebVTT wants them in order of start, spans come in order of end."""

    def __init__(self) -> None:
        self._columns = tuple(array("q") for _ in range(5))  # started, track, ended, label, percent

    def add(self, span: Span) -> None:
        started = span.started // MILLISECOND
        ended = span.ended // MILLISECOND
        cue = (started, span.track, ended, LABELS.index(span.label), round(100 * span.confidence))
        for column, value in zip(self._columns, cue, strict=True):
            column.append(value)

    @property
    def first(self) -> int:
        """ms; where the first cue begins, 0 where there is none."""
        return min(self._columns[0], default=0)

    def write(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self.lines())

    def lines(self, zero: int = 0, note: str = "") -> Iterator[str]:
        """The file, whose clock begins at `zero` (ms of the spans' own); what lies before it is cut off."""
        yield "WEBVTT\n"
        if note:
            yield f"\nNOTE {note}\n"
        yield from self._cues(zero)

    def _cues(self, zero: int) -> Iterator[str]:
        starts, tracks, _, labels, percents = self._columns
        order = sorted(range(len(starts)), key=lambda cue: (starts[cue], tracks[cue]))
        shown_until = self._shown_until(order)
        inside = (cue for cue in order if shown_until[cue] > zero)
        for number, cue in enumerate(inside, start=1):
            face = f"face {tracks[cue]}"
            started = max(0, starts[cue] - zero)
            yield (
                f"\n{number}\n{timestamp(started)} --> {timestamp(shown_until[cue] - zero)}\n"
                f"<v {face}>{face}: {LABELS[labels[cue]]} {percents[cue]} %</v>\n"
            )

    def _shown_until(self, order: list[int]) -> "array[int]":
        """ms; where each cue ends: it is long enough to be seen, but not over the next one of its face."""
        starts, tracks, ends, _, _ = self._columns
        shown_until = array("q", ends)
        following: dict[int, int] = {}  # by track, where the next cue begins
        for cue in reversed(order):
            shortest = min(starts[cue] + SHORTEST, following.get(tracks[cue], starts[cue] + SHORTEST))
            shown_until[cue] = max(ends[cue], shortest)
            following[tracks[cue]] = starts[cue]
        return shown_until


def timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
