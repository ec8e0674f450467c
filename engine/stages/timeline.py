"""From single readings to a calm timeline: smoothing, labels with hysteresis, spans. Pure.

The filter is exponential in time, not in frames: p += (1 - exp(-dt / TIME_CONSTANT)) * (raw - p).
It is causal and lags a steady change by TIME_CONSTANT.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import exp
from typing import Any

import numpy as np

from engine.labels import LABELS, Label
from engine.records import Abstained, Floats, Span
from ingest.pace import SECOND

TIME_CONSTANT = 0.35  # seconds; guess: shorter than a brief smile (about 0.5 s), longer than a blink (0.2 s)

# Hysteresis of the label, in smoothed probability.
ENTER = 0.45  # a label begins when it has this much
LEAVE = 0.35  # and is given up below this
LEAD = 0.10  # or when another label, over ENTER, is ahead by this much


@dataclass(frozen=True, slots=True)
class Moment:
    """One raw reading of a track."""

    time: int  # ns
    captured_at: datetime | None
    raw: Floats  # (7,)
    flaw: Abstained | None  # the crop cannot be read: it changes nothing, and bears no label


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """What the timeline makes of a moment."""

    distribution: Floats  # (7,)
    label: Label | None
    abstained: Abstained | None


@dataclass(slots=True)
class _OpenSpan:
    label: Label
    started: int
    started_at: str | None
    total: float = 0.0
    readings: int = 0


@dataclass(slots=True)
class TrackTimeline:
    """The timeline of one track."""

    source: str
    track: int
    first_seen: int  # ns
    last_seen: int = 0
    last_seen_at: datetime | None = None
    readings: int = 0
    _distribution: list[float] | None = None
    _filtered_at: int = 0
    _open: _OpenSpan | None = None
    _closed: list[Span] = field(default_factory=list)

    def add(self, moment: Moment) -> tuple[Smoothed, list[Span]]:
        """Takes the next moment; gives what it means and the spans that it ended."""
        self.readings += 1
        self.last_seen, self.last_seen_at = moment.time, moment.captured_at
        if moment.flaw is None:
            self._filter(moment)
        distribution = self._current(moment)
        label = None if moment.flaw else self._choose(distribution)
        self._draw(label, distribution, moment)
        abstained = moment.flaw or (None if label else "unsure")
        closed, self._closed = self._closed, []
        return Smoothed(distribution, label, abstained), closed

    def end(self) -> list[Span]:
        """Ends the track where it was last seen; gives the span that was open."""
        self._close(self.last_seen, self.last_seen_at)
        closed, self._closed = self._closed, []
        return closed

    def _filter(self, moment: Moment) -> None:
        if self._distribution is None:
            self._distribution = [float(value) for value in moment.raw]
        else:
            gain = 1 - exp(-(moment.time - self._filtered_at) / SECOND / TIME_CONSTANT)
            self._distribution = [
                old + gain * (float(new) - old)
                for old, new in zip(self._distribution, moment.raw, strict=True)
            ]
        self._filtered_at = moment.time

    def _current(self, moment: Moment) -> Floats:
        return np.asarray(self._distribution or moment.raw, dtype=np.float32)

    def _choose(self, distribution: Floats) -> Label | None:
        best = int(distribution.argmax())
        highest = float(distribution[best])
        if self._open is not None:
            held = float(distribution[LABELS.index(self._open.label)])
            overtaken = highest >= ENTER and highest - held >= LEAD
            if held >= LEAVE and not overtaken:
                return self._open.label
        return LABELS[best] if highest >= ENTER else None

    def _draw(self, label: Label | None, distribution: Floats, moment: Moment) -> None:
        if self._open is not None and self._open.label != label:
            self._close(moment.time, moment.captured_at)
        if label is None:
            return
        if self._open is None:
            started_at = moment.captured_at.isoformat() if moment.captured_at else None
            self._open = _OpenSpan(label, moment.time, started_at)
        self._open.total += float(distribution[LABELS.index(label)])
        self._open.readings += 1

    def _close(self, time: int, at: datetime | None) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        self._closed.append(
            Span(
                source=self.source,
                track=self.track,
                label=opened.label,
                started=opened.started,
                ended=time,
                started_at=_parsed_moment(opened.started_at),
                ended_at=at,
                confidence=opened.total / opened.readings,
            )
        )

    def state(self) -> dict[str, Any]:
        """What `restored` needs to go on from here, as JSON types."""
        opened = self._open
        return {
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "last_seen_at": self.last_seen_at and self.last_seen_at.isoformat(),
            "readings": self.readings,
            "distribution": self._distribution,
            "filtered_at": self._filtered_at,
            "open": opened
            and [opened.label, opened.started, opened.started_at, opened.total, opened.readings],
        }

    @classmethod
    def restored(cls, source: str, track: int, state: dict[str, Any]) -> "TrackTimeline":
        return cls(
            source=source,
            track=track,
            first_seen=state["first_seen"],
            last_seen=state["last_seen"],
            last_seen_at=_parsed_moment(state["last_seen_at"]),
            readings=state["readings"],
            _distribution=state["distribution"],
            _filtered_at=state["filtered_at"],
            _open=_OpenSpan(*state["open"]) if state["open"] else None,
        )


def _parsed_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
