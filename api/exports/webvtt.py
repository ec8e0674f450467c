"""Spans as WebVTT, so that any video player shows them as subtitles: one voice for each face.

Source: https://www.w3.org/TR/webvtt1/
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from api.exports.message import Message
from api.exports.writer import ExportOptions, Writer
from engine.labels import LABELS
from ingest.bus.wire import rfc3339

# A span ends with the next reading of its face, or with its own last one where the face left: a span of one
# reading would not be visible. It is shown for the time between two readings at the default rate.
MIN_LENGTH = 100  # ms


class VttWriter(Writer):
    """Collects cues in 40 bytes each: WebVTT wants them in order of start, spans come in order of end."""

    def __init__(self, options: ExportOptions) -> None:
        self._options = options
        self._columns = tuple(array("q") for _ in range(5))  # started, track, ended, label, percent

    def add(self, messages: Sequence[Message]) -> bytes:
        """Collect the spans; those without a time on the clock of the file are left out."""
        for message in messages:
            if message.kind == "span" and (times := self._times(message.fields)):
                self._add(*times, message.fields)
        return b""

    def end(self) -> bytes:
        starts, start = self._columns[0], self._options.start
        zero = min(starts, default=0) if start is None else start
        note = ""
        if self._options.clock == "day":
            note = f"\nNOTE 00:00:00.000 is {rfc3339(datetime.fromtimestamp(zero / 1000, UTC))}\n"
        return "".join(["WEBVTT\n", note, *self._cues(zero)]).encode()

    def _times(self, span: dict[str, Any]) -> tuple[int, int] | None:
        """Start and end of a span in ms of the file's clock."""
        if self._options.clock == "media":
            return _floor_ms(span["started"]), _floor_ms(span["ended"])
        if span["started_at"] is None:
            return None
        return _ms_of_day(span["started_at"]), _ms_of_day(span["ended_at"])

    def _add(self, started: int, ended: int, span: dict[str, Any]) -> None:
        cue = (started, span["track"], ended, LABELS.index(span["label"]), round(100 * span["confidence"]))
        for column, value in zip(self._columns, cue, strict=True):
            column.append(value)

    def _cues(self, zero: int) -> Iterator[str]:
        """The cues on a clock that begins at `zero` (ms); earlier ones are cut off."""
        starts, tracks, _, labels, percents = self._columns
        order = sorted(range(len(starts)), key=lambda cue: (starts[cue], tracks[cue]))
        ends = self._visible_ends(order)
        for number, cue in enumerate((cue for cue in order if ends[cue] > zero), start=1):
            face = f"face {tracks[cue]}"
            started = max(0, starts[cue] - zero)
            yield (
                f"\n{number}\n{timestamp(started)} --> {timestamp(ends[cue] - zero)}\n"
                f"<v {face}>{face}: {LABELS[labels[cue]]} {percents[cue]} %</v>\n"
            )

    def _visible_ends(self, order: list[int]) -> "array[int]":
        """Ends of the cues in ms: late enough to be seen, but not after the next start of the same face."""
        starts, tracks, ends, _, _ = self._columns
        visible = array("q", ends)
        next_start: dict[int, int] = {}  # by track
        for cue in reversed(order):
            shortest = starts[cue] + MIN_LENGTH
            visible[cue] = max(ends[cue], min(shortest, next_start.get(tracks[cue], shortest)))
            next_start[tracks[cue]] = starts[cue]
        return visible


def timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def _floor_ms(seconds: float) -> int:
    return round(seconds * 1_000_000) // 1000


def _ms_of_day(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
