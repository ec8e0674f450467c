"""Files that are played as if they were cameras, while the machine's clock is set."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.files.opening import open_video
from ingest.live.player import Player
from ingest.live.process import FrameSampler
from ingest.pace import SECOND
from tests.clips import even, make_clip
from tests.ingest.live.test_process import CONFIG

FRAMES = 6


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_file_plays_on_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    file = make_clip(tmp_path / "clip.mp4", even(FRAMES))
    sampler, wall, times = FrameSampler(replace(CONFIG, rate=60.0), 0), time.time, []
    for number, frames in enumerate(Player(iter([open_video(file)]))):
        assert frames, "nothing is played for a second"
        captured = sampler.sample(frames[0])
        assert captured is not None
        times.append(captured.frame.media_time)
        if number == FRAMES // 2:
            monkeypatch.setattr(time, "time", lambda: wall() + step)
    assert [time - times[0] for time in times] == [number * SECOND // 25 for number in range(FRAMES)]
