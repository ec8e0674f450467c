"""The same coverage in every container: longer sound, late pictures, and a hole."""

from pathlib import Path

import pytest

from engine.stages.coverage import SourceCoverage
from ingest.files.recording import open_recording
from ingest.pace import SECOND
from tests.clips import even
from tests.films import KINDS, make_film

LATE = [3000 + time for time in even(25)]
HOLE = [*even(25), *(61_000 + time for time in even(25))]


def covered(path: Path, rate: float | None = 10) -> list[tuple[str, float]]:
    """Return the kinds of the recording's time and their seconds, in order; pictures are "observed"."""
    with open_recording(path, "clip", rate) as recording:
        coverage = SourceCoverage("clip")
        closed = [each for frame in recording for each in coverage.add(frame, "observed")]
        closed += coverage.finish(
            recording.duration, pictures_end=recording.pictures_end, damaged=recording.broken_off
        )
    assert recording.damage == []
    assert sum(each.ended - each.started for each in closed) == recording.duration
    kinds: list[tuple[str, float]] = []
    for each in closed:
        before = kinds.pop()[1] if kinds and kinds[-1][0] == each.kind else 0.0
        kinds.append((each.kind, before + (each.ended - each.started) / SECOND))
    return kinds


def assert_covered(path: Path, *right: tuple[str, float]) -> None:
    kinds = covered(path)
    assert [kind for kind, _ in kinds] == [kind for kind, _ in right]
    # A picture, and a frame of sound whose padding counts.
    assert [seconds for _, seconds in kinds] == pytest.approx([seconds for _, seconds in right], abs=0.08)


@pytest.mark.parametrize("suffix", KINDS)
def test_longer_sound_is_no_damage_and_no_picture(tmp_path: Path, suffix: str) -> None:
    film = make_film(tmp_path / f"film.{suffix}", even(25), sound=4.0)
    assert_covered(film, ("observed", 1.0), ("disconnected", 3.0))


@pytest.mark.parametrize("suffix", KINDS)
def test_nothing_is_observed_before_the_first_picture(tmp_path: Path, suffix: str) -> None:
    film = tmp_path / f"film.{suffix}"
    if suffix == "avi":
        starting_late(make_film(film, even(25), sound=4.0))
    else:
        make_film(film, LATE, sound=4.0)
    assert_covered(film, ("disconnected", 3.0), ("observed", 1.0))


def starting_late(film: Path) -> None:
    """Let the pictures of an AVI start after 3 s: FFmpeg reads that (dwStart), but does not write it."""
    data = bytearray(film.read_bytes())
    start = data.index(b"strh") + 8 + 28
    data[start : start + 4] = (3 * 25).to_bytes(4, "little")
    film.write_bytes(data)


@pytest.mark.parametrize("suffix", KINDS)
def test_a_hole_is_not_observed(tmp_path: Path, suffix: str) -> None:
    film = make_film(tmp_path / f"film.{suffix}", HOLE)
    assert_covered(film, ("observed", 1.0), ("disconnected", 60.0), ("observed", 1.0))


def test_a_time_lapse_is_whole(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", [5000 * number for number in range(6)])
    assert [kind for kind, _ in covered(film)] == ["observed"]


def test_a_hole_between_two_picked_frames_is_found(tmp_path: Path) -> None:
    times = [*even(25), *(4000 + time for time in even(150))]
    film = make_film(tmp_path / "film.mkv", times)
    assert [kind for kind, _ in covered(film, 0.2)] == ["observed", "disconnected", "observed"]
