"""Smooths the readings of a track, labels them with hysteresis, and joins equal labels to spans. Pure.

The filter is exponential in time, not in frames: p += (1 - exp(-dt / TIME_CONSTANT)) * (raw - p).
It is causal and lags a steady change by TIME_CONSTANT.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from math import exp
from typing import Any

import numpy as np

from engine.labels import LABELS, Label
from engine.records import AbstainReason, Floats, Span
from ingest.pace import SECOND

TIME_CONSTANT = 0.35  # seconds; guess: shorter than a brief smile (about 0.5 s), longer than a blink (0.2 s)

# Hysteresis of the label, in smoothed probability.
ENTER = 0.45  # a label begins at this probability
LEAVE = 0.35  # and ends below this one
LEAD = 0.10  # or when another label, above ENTER, is ahead by this much


@dataclass(frozen=True, slots=True)
class RawReading:
    """One reading of a track, of its frame alone."""

    time: int  # ns
    captured_at: datetime | None
    raw: Floats  # (7,)
    flaw: AbstainReason | None  # of a crop that cannot be read: it has no label and does not enter the filter


@dataclass(frozen=True, slots=True, eq=False)
class SmoothedReading:
    """One reading of a track after the filter."""

    distribution: Floats  # (7,)
    label: Label | None
    abstained: AbstainReason | None


@dataclass(slots=True)
class _OpenSpan:
    label: Label
    started: int
    started_at: str | None  # ISO 8601
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

    def add(self, reading: RawReading) -> tuple[SmoothedReading, list[Span]]:
        """Add the next reading; return it smoothed, and the spans that it ends."""
        self.readings += 1
        self.last_seen, self.last_seen_at = reading.time, reading.captured_at
        if reading.flaw is None:
            self._filter(reading)
        distribution = np.asarray(self._distribution or reading.raw, dtype=np.float32)
        label = None if reading.flaw else self._choose(distribution)
        closed = self._extend(label, distribution, reading)
        abstained = reading.flaw or (None if label else "unsure")
        return SmoothedReading(distribution, label, abstained), closed

    def end(self) -> list[Span]:
        """End the track where it was last seen; return its open span, if any."""
        return self._close(self.last_seen, self.last_seen_at)

    def _filter(self, reading: RawReading) -> None:
        if self._distribution is None:
            self._distribution = reading.raw.tolist()
        else:
            gain = 1 - exp(-(reading.time - self._filtered_at) / SECOND / TIME_CONSTANT)
            pairs = zip(self._distribution, reading.raw.tolist(), strict=True)
            self._distribution = [old + gain * (new - old) for old, new in pairs]
        self._filtered_at = reading.time

    def _choose(self, distribution: Floats) -> Label | None:
        best = int(distribution.argmax())
        highest = float(distribution[best])
        if self._open is not None:
            held = float(distribution[LABELS.index(self._open.label)])
            is_overtaken = highest >= ENTER and highest - held >= LEAD
            if held >= LEAVE and not is_overtaken:
                return self._open.label
        return LABELS[best] if highest >= ENTER else None

    def _extend(self, label: Label | None, distribution: Floats, reading: RawReading) -> list[Span]:
        """Add a reading to the span of its label; return the span that it ends, if any."""
        is_same = self._open is not None and self._open.label == label
        closed = [] if is_same else self._close(reading.time, reading.captured_at)
        if label is not None:
            if self._open is None:
                started_at = reading.captured_at.isoformat() if reading.captured_at else None
                self._open = _OpenSpan(label, reading.time, started_at)
            self._open.total += float(distribution[LABELS.index(label)])
            self._open.readings += 1
        return closed

    def _close(self, time: int, at: datetime | None) -> list[Span]:
        opened, self._open = self._open, None
        if opened is None:
            return []
        span = Span(
            source=self.source,
            track=self.track,
            label=opened.label,
            started=opened.started,
            ended=time,
            started_at=_parse_datetime(opened.started_at),
            ended_at=at,
            confidence=opened.total / opened.readings,
        )
        return [span]

    def state(self) -> dict[str, Any]:
        """Return the state for `restored`, as JSON types."""
        return {
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "last_seen_at": self.last_seen_at and self.last_seen_at.isoformat(),
            "readings": self.readings,
            "distribution": self._distribution,
            "filtered_at": self._filtered_at,
            "open": self._open and astuple(self._open),
        }

    @classmethod
    def restored(cls, source: str, track: int, state: dict[str, Any]) -> "TrackTimeline":
        return cls(
            source=source,
            track=track,
            first_seen=state["first_seen"],
            last_seen=state["last_seen"],
            last_seen_at=_parse_datetime(state["last_seen_at"]),
            readings=state["readings"],
            _distribution=state["distribution"],
            _filtered_at=state["filtered_at"],
            _open=_OpenSpan(*state["open"]) if state["open"] else None,
        )


def _parse_datetime(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
