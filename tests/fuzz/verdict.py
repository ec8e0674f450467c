"""Judges what one call of `mien run` did with a mutated clip. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

TIME_LIMIT = 60.0  # seconds
READ = (0, 3)  # exit codes with results: all read; damaged, with the good parts read
CODES = (*READ, 2)
PREFIX = "mien: "
PROGRESS = re.compile(r".*: (\d+%|\d+ done), \S+x real time.*")
ROUNDING = 1e-5  # seconds, of six rounded durations

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call of `mien run`, with the tables that it wrote."""

    code: int | None  # negative: killed by this signal; None: stopped after the time limit
    errors: str  # standard error
    seconds: float
    memory: int  # bytes, the peak
    summary: Mapping[str, Any] | None = None
    coverage: Rows = ()
    readings: Rows = ()


def misses(outcome: Outcome, again: Outcome | None = None) -> list[str]:
    """Return a line for each promise that was broken; `again`: another call with the same clip."""
    found = [*_of_the_call(outcome), *(_of_the_results(outcome) if outcome.code in READ else ())]
    return found if again is None or _rows(outcome) == _rows(again) else [*found, "other results each time"]


def _rows(outcome: Outcome) -> tuple[object, ...]:
    return outcome.code, outcome.errors, outcome.coverage, outcome.readings


def _of_the_call(outcome: Outcome) -> Iterator[str]:
    if outcome.code is None or outcome.seconds > TIME_LIMIT:
        yield f"took longer than {TIME_LIMIT:g} s"
    elif outcome.code not in CODES:
        yield f"exit code {outcome.code}"
    if "Traceback" in outcome.errors:
        yield "a traceback"
    lines = [line for line in outcome.errors.splitlines() if not PROGRESS.fullmatch(line)]
    if any(not line.startswith(PREFIX) for line in lines):
        yield "lines on standard error that are no error of mien"
    if outcome.code in CODES and len(lines) != (outcome.code != 0):
        yield f"{len(lines)} lines of error with exit code {outcome.code}"


def _of_the_results(outcome: Outcome) -> Iterator[str]:
    summary = outcome.summary
    if summary is None:
        yield "no summary"
        return
    if abs(sum(summary["coverage"].values()) - summary["duration"]) > ROUNDING:
        yield "the coverage does not add up to the duration"
    if outcome.coverage and not _is_whole(outcome.coverage, summary["duration"]):
        yield "segments of coverage with gaps or overlaps"
    frames = [(row["track"], row["frame"]) for row in outcome.readings]
    if len(frames) != len(set(frames)):
        yield "a reading twice"
    if any(float(row["media_time"]) > summary["duration"] for row in outcome.readings):
        yield "a reading after the end"


def _is_whole(coverage: Rows, duration: float) -> bool:
    """Return whether the segments cover each moment from 0 to the end once."""
    edges = [(float(row["started"]), float(row["ended"])) for row in coverage]
    joined = all(abs(first[1] - second[0]) <= ROUNDING for first, second in pairwise(edges))
    return joined and edges[0][0] == 0 and abs(edges[-1][1] - duration) <= ROUNDING
