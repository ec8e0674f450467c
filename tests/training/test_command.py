"""The training commands name in one line what the user can fix."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from training.command import run_script
from training.detector.__main__ import main as train_detector
from training.emotion.__main__ import main as train_emotion
from training.keypoints.__main__ import main as train_keypoints
from training.state import CheckpointMismatchError


@pytest.mark.parametrize("main", [train_emotion, train_keypoints, train_detector])
def test_missing_data_are_named(
    main: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(tmp_path / "data"), "--models", str(tmp_path)]
    cache = {"cache": tmp_path / "cache"} if main is train_detector else {}
    with pytest.raises(SystemExit) as stopped:
        run_script(partial(main, arguments, **cache))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path}/data")
    assert line.endswith(": no such file")


def test_another_runs_checkpoint_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise CheckpointMismatchError("emotion.pt: expected seed = 2, actual 1; remove it to start anew")

    with pytest.raises(SystemExit):
        run_script(main)
    assert capsys.readouterr().err == "emotion.pt: expected seed = 2, actual 1; remove it to start anew\n"
