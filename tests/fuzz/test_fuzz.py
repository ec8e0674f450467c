"""The fuzzer's pure parts, and one mutated clip that a real `mien run` reads."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import even
from tests.films import make_film
from tests.fuzz.calling import call
from tests.fuzz.mutation import MUTATIONS, mutated
from tests.fuzz.verdict import Outcome, misses

DATA = bytes(range(256)) * 8
SEGMENTS = ({"started": "0.0", "ended": "1.0"}, {"started": "1.0", "ended": "1.5"})
READINGS = (
    {"track": "1", "frame": "0", "media_time": "0.0"},
    {"track": "1", "frame": "2", "media_time": "1.5"},
)
SUMMARY = {"duration": 1.5, "coverage": {"observed": 1.0, "no_face": 0.5}}
READ = Outcome(0, "", 1.0, 0, SUMMARY, SEGMENTS, READINGS)
DAMAGED = replace(READ, code=3, errors="mien: a.mp4: damaged\n")


def test_a_seed_gives_the_same_mutation_each_time() -> None:
    assert all(mutated(DATA, seed) == mutated(DATA, seed) for seed in range(50))


def test_each_mutation_is_used_and_changes_the_file() -> None:
    found = [mutated(DATA, seed) for seed in range(50)]
    assert {name for _, names in found for name in names} == {each.__name__ for each in MUTATIONS}
    assert all(data != DATA for data, _ in found)


def test_a_cut_to_nothing_is_an_empty_file() -> None:
    assert any(mutated(b"x", seed)[0] == b"" for seed in range(50))


@pytest.mark.parametrize("outcome", [READ, DAMAGED, Outcome(2, "mien: a.mp4: not a video\n", 1.0, 0)])
def test_promises_that_are_kept(outcome: Outcome) -> None:
    assert misses(outcome) == []


def test_lines_of_progress_are_no_errors() -> None:
    lines = "a.mp4: 50%, 3.0x real time, 4 s left\na.mp4: 12 done, 1.0x real time\n"
    assert misses(replace(READ, errors=lines)) == []


@pytest.mark.parametrize(
    ("outcome", "miss"),
    [
        (replace(READ, code=None), "took longer than 60 s"),
        (replace(READ, code=-11), "exit code -11"),
        (Outcome(1, "mien: Traceback (most recent call last):", 1.0, 0), "a traceback"),
        (replace(DAMAGED, errors=""), "0 lines of error with exit code 3"),
        (replace(READ, errors="mien: damaged"), "1 lines of error with exit code 0"),
        (replace(DAMAGED, errors="[h264] error"), "lines on standard error that are no error of mien"),
        (replace(READ, summary=None), "no summary"),
        (replace(READ, summary=SUMMARY | {"duration": 2.0}), "the coverage does not add up to the duration"),
        (replace(READ, coverage=SEGMENTS[1:]), "segments of coverage with gaps or overlaps"),
        (replace(READ, readings=READINGS[:1] * 2), "a reading twice"),
        (replace(READ, readings=({**READINGS[0], "media_time": "1.6"},)), "a reading after the end"),
    ],
)
def test_promises_that_are_broken(outcome: Outcome, miss: str) -> None:
    assert miss in misses(outcome)


def test_a_clip_must_give_the_same_results_each_time() -> None:
    assert misses(READ, replace(READ, seconds=2.0)) == []
    assert misses(READ, DAMAGED) == ["other results each time"]


def test_a_cut_clip_is_read_in_a_child(tmp_path: Path) -> None:
    clip = make_film(tmp_path / "film.mkv", even(25))
    clip.write_bytes(clip.read_bytes()[:-8000])
    outcome = call(clip, tmp_path / "out")
    assert outcome.code == 3
    assert misses(outcome) == []
