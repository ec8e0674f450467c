"""What docs/operations.md says of the settings holds."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "operations.md").read_text()
SETTING = re.compile(r"\b(?:MIEN_[A-Z_]+|REDIS_URL)\b")


def read_by(folder: str) -> set[str]:
    """Settings that the code in a folder names."""
    return {name for file in (ROOT / folder).rglob("*.py") for name in SETTING.findall(file.read_text())}


def test_every_setting_is_described_and_every_described_setting_is_there() -> None:
    there = set.union(*(read_by(folder) for folder in ("ingest", "engine", "api", "deploy")))
    assert set(SETTING.findall(TEXT)) == there


def test_every_option_that_is_described_is_there() -> None:
    described = set(re.findall(r"--[a-z][a-z-]+", TEXT))
    files = [*(ROOT / "deploy").glob("*.py"), ROOT / "api" / "cli.py"]
    there = "".join(path.read_text() for path in files)
    assert {option for option in described if f'"{option}"' not in there} == set()
