"""Settings of the whole service: their check, and their tables in docs/operations.md.

`python -m deploy.settings` rewrites the tables.
"""

import re
from pathlib import Path

from api.settings import ApiSettings, ClientSettings, RecordingLimits
from engine.settings import EngineSettings
from ingest.environment import EnvironmentSettings
from ingest.settings import IngestSettings

SERVICE = (IngestSettings, EngineSettings, RecordingLimits, ApiSettings)
TABLES = {"service": SERVICE, "commands": (ClientSettings,)}  # by the name in the page's markers
PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
TABLE = re.compile(r"(?<=<!-- settings: )(\w+)( -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)
HEAD = ("variable", "option", "default", "value", "meaning")


def check_settings() -> list[str]:
    """Check the settings of all parts; return those that are set, as `MIEN_SHARDS=4`. Raises SettingError."""
    for model in SERVICE:
        model.read()
    settings = [each for model in SERVICE for _, each in model.declared() if each.text is not None]
    return [f"{each.variable}={'***' if each.secret else each.text}" for each in settings]


def table(models: tuple[type[EnvironmentSettings], ...]) -> str:
    """Return the settings of the models as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD)]
    for _, each in (pair for model in models for pair in model.declared()):
        option = f"`{each.option}`" if each.option else ""
        rows.append((f"`{each.variable}`", option, each.default or "none", each.form, each.help))
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def with_tables(page: str) -> str:
    """Return the page with the current tables between their markers."""
    return TABLE.sub(lambda found: f"{found[1]}{found[2]}{table(TABLES[found[1]])}\n", page)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
