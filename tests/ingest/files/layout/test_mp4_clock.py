"""The clock of an MP4 that begins late begins at 0 with other values in its boxes."""

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.files.layout.mp4_clock import clock_patches, late_start, patched
from ingest.files.recording import open_recording
from tests.clips import even, without_first_fragment
from tests.films import make_film

LATE = [30_000 + time for time in even(25)]


def set_back(path: Path) -> Path:
    copy = path.with_name(f"copy.{path.name}")
    copy.write_bytes(patched(path.read_bytes(), 0, clock_patches(path)))
    return copy


def times_of(path: Path) -> tuple[float, list[float]]:
    """Return the start of the clock, and the times of all pictures."""
    with open_recording(path, "film", None) as film:
        return film.start / 1e9, [frame.media_time / 1e9 for frame in film]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "frag.mp4"])
def test_a_clock_that_begins_late_is_set_back(tmp_path: Path, suffix: str) -> None:
    film = make_film(tmp_path / f"film.{suffix}", LATE)
    assert late_start(film) == pytest.approx(30, abs=0.001)
    start, times = times_of(set_back(film))
    assert start == pytest.approx(0, abs=0.001)
    assert times == pytest.approx(times_of(film)[1], abs=0.001)
    assert late_start(set_back(film)) == 0


@pytest.mark.parametrize("movflags", ["empty_moov", "dash", "delay_moov"])
def test_a_segment_of_a_recorder_begins_at_its_first_fragment(tmp_path: Path, movflags: str) -> None:
    film = make_film(
        tmp_path / "film.frag.mp4",
        even(50),
        sound=2.0,
        movflags=f"frag_keyframe+default_base_moof+{movflags}",
    )
    segment = without_first_fragment(film)
    start, times = times_of(set_back(segment))
    assert late_start(segment) == pytest.approx(times_of(segment)[0] - start, abs=0.05)
    assert late_start(segment) > 0.4 > start
    assert times == pytest.approx(times_of(segment)[1], abs=0.001)
    with open_recording(segment, "film", None) as recording:
        assert len(list(recording)) == 50 - 12
    assert recording.damage == []
    assert recording.duration / 1e9 == pytest.approx(times[-1] + 0.04, abs=0.1)


def test_the_first_stream_decides(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", LATE, sound=1.0)
    assert late_start(film) == 0
    assert clock_patches(film) == ()


@pytest.mark.parametrize("suffix", ["mkv", "ts", "avi"])
def test_other_containers_keep_their_clock(tmp_path: Path, suffix: str) -> None:
    assert late_start(make_film(tmp_path / f"film.{suffix}", LATE)) == 0


def test_a_part_of_a_file_is_that_part_of_the_whole(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.frag.mp4", LATE)
    data, patches = film.read_bytes(), clock_patches(film)
    whole = patched(data, 0, patches)
    assert whole != data
    for length in (1, 7, 64):
        places = [*range(0, len(data), length), len(data)]
        assert whole == b"".join(patched(data[a:b], a, patches) for a, b in pairwise(places))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_that_is_cut_off_keeps_its_clock(tmp_path: Path, share: float) -> None:
    film = make_film(tmp_path / "film.mov", LATE)
    data = film.read_bytes()
    index = data.index(b"moov")
    film.write_bytes(data[: index + round(share * (len(data) - index))])
    assert late_start(film) >= 0
