"""The training scripts say in one line what the user can mend."""

from pathlib import Path

import pytest

from training import detector, emotion, keypoints
from training.script import run_script
from training.state import CheckpointMismatchError


@pytest.mark.parametrize("script", [emotion, keypoints, detector])
def test_missing_data_are_named(
    script: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.detector.CACHE", tmp_path / "cache")
    monkeypatch.setattr("sys.argv", ["training", "--data", str(tmp_path / "data"), "--models", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        run_script(script.main)  # type: ignore[attr-defined]
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
