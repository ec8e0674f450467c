"""Labels and colours outside of Python: in the dashboard's lib/labels.js and in docs/messages.schema.json.

`python -m api.dashboard_labels` writes both.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from engine.drawing.palette import COVERAGE_COLOURS, LABEL_COLOURS, STACK_ORDER
from engine.labels import LABELS

MODULE = Path(__file__).parent / "dashboard" / "lib" / "labels.js"
SCHEMA = Path(__file__).parents[1] / "docs" / "messages.schema.json"
HEAD = "// Written by `python -m api.dashboard_labels` from engine/labels.py and engine/drawing/palette.py.\n"


def labels_module() -> str:
    """Return the text of labels.js, as Biome formats it."""
    lists = {"LABELS": LABELS, "STACK_ORDER": STACK_ORDER}
    constants = [f"export const {name} = {json.dumps(values)};\n" for name, values in lists.items()]
    constants.append(_table("LABEL_COLOURS", LABEL_COLOURS.items()))
    constants.append(_table("COVERAGE_COLOURS", COVERAGE_COLOURS.items()))
    return "\n".join([HEAD, *constants])


def with_labels(schema: str) -> str:
    """Return the schema of the messages with the current labels wherever it lists them."""
    return re.sub(rf'\["{LABELS[0]}", .*\]', json.dumps(LABELS), schema)


def _table(name: str, colours: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f'  {key}: "{colour}",\n' for key, colour in colours)
    return f"export const {name} = {{\n{rows}}};\n"


if __name__ == "__main__":
    MODULE.write_text(labels_module(), encoding="utf-8")
    SCHEMA.write_text(with_labels(SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
