"""Recordings joined end to end: their clock starts again or jumps, and every picture is read."""

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.files.recording import Recording, open_recording
from ingest.files.resume import resume_point
from ingest.frame import Frame
from ingest.pace import SECOND
from tests.clips import brightness, even
from tests.films import make_film

FLV_HEADER = 13  # bytes, with the size of no tag before


def joined(folder: Path, suffix: str, lengths: tuple[int, ...], *starts: int) -> Path:
    """Join films of `lengths` pictures, whose clocks start at 0 or at `starts` (ms)."""
    parts = []
    for number, (length, start) in enumerate(zip(lengths, starts or [0] * len(lengths), strict=True)):
        data = make_film(
            folder / f"part{number}.{suffix}", [start + each for each in even(length)]
        ).read_bytes()
        parts.append(data[FLV_HEADER:] if suffix == "flv" and number else data)
    path = folder / f"joined.{suffix}"
    path.write_bytes(b"".join(parts))
    return path


def read(path: Path) -> tuple[Recording, list[Frame]]:
    with open_recording(path, "clip", None) as recording:
        return recording, list(recording)


@pytest.mark.parametrize("suffix", ["ts", "mts", "vob", "flv", "live.webm"])
@pytest.mark.parametrize("lengths", [(50, 40), (20, 15, 10)])
def test_each_part_goes_on_where_the_one_before_ended(
    tmp_path: Path, suffix: str, lengths: tuple[int, ...]
) -> None:
    recording, frames = read(joined(tmp_path, suffix, lengths))
    assert len(frames) == recording.frames_decoded == sum(lengths)
    shown = [float(frame.grey[:50].mean()) for frame in frames]
    assert shown == pytest.approx([brightness(n) for length in lengths for n in range(length)], abs=6)
    steps = [later.media_time - frame.media_time for frame, later in pairwise(frames)]
    assert steps == pytest.approx([SECOND // 25] * len(steps), abs=1_500_000)
    assert recording.duration == recording.pictures_end == pytest.approx(sum(lengths) * SECOND // 25, abs=2e6)
    reasons = " ".join(damage.reason for damage in recording.damage)
    assert reasons.count("the clock starts again") >= 1


@pytest.mark.parametrize("suffix", ["ts", "vob", "live.webm"])
@pytest.mark.parametrize("starts", [(0, 40_000_000), (40_000_000, 0)])
def test_a_clock_that_jumps_by_hours_adds_no_time(
    tmp_path: Path, suffix: str, starts: tuple[int, int]
) -> None:
    recording, frames = read(joined(tmp_path, suffix, (20, 20), *starts))
    assert len(frames) == 40
    assert recording.duration == pytest.approx(40 * SECOND // 25, abs=2e6)
    assert "the clock " in recording.damage[0].reason


@pytest.mark.parametrize("suffix", ["ts", "vob", "flv"])
def test_reading_resumes_in_either_of_two_equal_parts(tmp_path: Path, suffix: str) -> None:
    path = joined(tmp_path, suffix, (150, 150))
    with open_recording(path, "clip", None) as recording:
        whole = list(recording.read())
    for last in (120, 140, 200, 290):
        point = resume_point(whole[last].state, [each.frame for each in whole[last - 7 : last + 1]])
        with open_recording(path, "clip", None, point) as recording:
            rest = [(frame.number, frame.media_time) for frame in recording]
        assert rest == [(each.frame.number, each.frame.media_time) for each in whole[last + 1 :]]
