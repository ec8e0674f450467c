"""Settings and options as docs/operations.md has them."""

import re
from pathlib import Path

from deploy.settings import TABLES, with_tables

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "operations.md").read_text()
SETTING = re.compile(r"\b(?:MIEN_[A-Z_]+|REDIS_URL)\b")


def named_in(folder: str) -> set[str]:
    """Return the settings that the code in a folder names."""
    return {name for file in (ROOT / folder).rglob("*.py") for name in SETTING.findall(file.read_text())}


def test_the_tables_are_what_the_models_give() -> None:
    assert with_tables(TEXT) == TEXT, "run: python -m deploy.settings"


def test_every_setting_in_the_code_and_on_the_page_is_declared() -> None:
    models = [model for several in TABLES.values() for model in several]
    declared = {setting.variable for model in models for _, setting in model.declared()}
    assert set.union(*(named_in(folder) for folder in ("ingest", "engine", "api", "deploy"))) == declared
    assert set(SETTING.findall(TEXT)) == declared


def test_every_option_that_is_described_is_there() -> None:
    described = set(re.findall(r"--[a-z][a-z-]+", TEXT))
    files = [*(ROOT / "deploy").glob("*.py"), *(ROOT / "api" / "verbs").glob("*.py")]
    there = "".join(path.read_text() for path in files)
    assert {option for option in described if f'"{option}"' not in there} == set()
