"""The training commands name in one line what the user can fix."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from training.command import run_script
from training.detector.__main__ import main as train_detector
from training.emotion.__main__ import main as train_emotion
from training.keypoints.__main__ import main as train_keypoints
from training.state import CheckpointMismatchError, RunSettings, SettingsError, read_settings


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


def test_an_error_of_the_run_is_printed_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise CheckpointMismatchError("emotion.pt has seed = 1, and this run 2; delete it to start again")

    with pytest.raises(SystemExit):
        run_script(main)
    assert capsys.readouterr().err == "emotion.pt has seed = 1, and this run 2; delete it to start again\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seed", "sead"), r"run\.toml: unknown setting sead; the known ones are ema_decay, epochs, "),
        (("seed = 2\n", ""), r"run\.toml: add the missing setting seed$"),
    ],
)
def test_a_settings_file_with_other_keys_is_refused(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    run = tmp_path / "run.toml"
    settings = "seed = 2\nepochs = 1\nlearning_rate = 0.1\nwarmup = 0.1\nweight_decay = 0\nema_decay = 0.9\n"
    run.write_text(settings)
    assert read_settings(run, RunSettings).seed == 2
    run.write_text(settings.replace(*change))
    with pytest.raises(SettingsError, match=message):
        read_settings(run, RunSettings)
