"""Files that are played as if they were cameras, while the machine's clock is set."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.files.opening import UnreadableError
from ingest.files.parts import VideoFile
from ingest.live.player import Player
from ingest.live.process import FrameSampler, open_frames
from ingest.network.address import parse_address
from ingest.pace import SECOND
from ingest.settings import IngestSettings
from tests.clips import even, make_clip
from tests.ingest.live.test_process import CONFIG

FRAMES = 6


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_file_plays_on_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    file = make_clip(tmp_path / "clip.mp4", even(FRAMES))
    sampler, wall, times = FrameSampler(replace(CONFIG, rate=60.0), 0), time.time, []
    for number, frames in enumerate(Player(iter([VideoFile(file)]))):
        assert frames, "nothing is played for a second"
        captured = sampler.sample(frames[0])
        assert captured is not None
        times.append(captured.frame.media_time)
        if number == FRAMES // 2:
            monkeypatch.setattr(time, "time", lambda: wall() + step)
    assert [time - times[0] for time in times] == [number * SECOND // 25 for number in range(FRAMES)]


def test_a_link_that_takes_the_place_of_a_looping_file_is_not_followed(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    secret = make_clip(tmp_path / "secret.mp4", even(2))
    clip = make_clip(media / "clip.mp4", even(2))
    address = parse_address("clip.mp4?loop", media)
    frames = open_frames(address, IngestSettings(media=media, tokens="open"))
    assert [len(next(frames)) for _ in range(3)] == [1, 1, 1]  # into the second round
    clip.unlink()
    clip.symlink_to(secret)
    with pytest.raises(UnreadableError, match="a link has taken the place of the file"):
        list(frames)


def test_a_link_that_takes_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "media/films").mkdir(parents=True)
    make_clip(tmp_path / "media/films/clip.mp4", even(2))
    address = parse_address("films/clip.mp4", tmp_path / "media")
    (tmp_path / "media/films").rename(tmp_path / "secret")
    (tmp_path / "media/films").symlink_to(tmp_path / "secret")
    with pytest.raises(UnreadableError, match="a link has taken the place of the file"):
        list(open_frames(address, IngestSettings(media=tmp_path / "media", tokens="open")))
