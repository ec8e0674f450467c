"""The commands and files in docs/training.md exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "training.md").read_text()
COMMANDS = re.findall(r"python -m (training\.\w+)([^\n#`]*)", TEXT)


@pytest.mark.parametrize(("module", "options"), COMMANDS)
def test_its_commands_exist(module: str, options: str) -> None:
    path = ROOT / module.replace(".", "/")
    source = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    assert [option for option in re.findall(r"--[a-z0-9]+", options) if f'"{option}"' not in source] == []


def test_its_files_exist() -> None:
    files = re.findall(r"\b(?:training|engine)/[\w./]*\w", TEXT)
    assert {"training/runs/official7.toml", "training/runs/mission5.toml"} <= set(files)
    written = {"training/checkpoints", "training/checkpoints/NAME.pt", "training/report"}
    assert [file for file in files if file not in written and not (ROOT / file).exists()] == []
