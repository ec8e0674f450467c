"""The commands and files that docs/training.md names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "training.md").read_text()
COMMANDS = re.findall(r"python -m (training\.\w+)([^\n#`]*)", TEXT)


@pytest.mark.parametrize(("module", "words"), COMMANDS)
def test_its_commands_are_there(module: str, words: str) -> None:
    path = ROOT / module.replace(".", "/")
    source = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    assert [option for option in re.findall(r"--[a-z0-9]+", words) if f'"{option}"' not in source] == []


def test_its_files_are_there() -> None:
    runs = re.findall(r"`(?:training/runs/)?(\w+\.toml)`", TEXT)
    assert {"official7.toml", "mission5.toml"} <= {run.rpartition("/")[2] for run in runs}
    assert [run for run in runs if not (ROOT / "training/runs" / run).is_file()] == []
