"""Output of the commands: JSON and tables on standard output, errors on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.printable import printable


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_error(error: object) -> None:
    print(f"mien: {printable(str(error))}", file=sys.stderr, flush=True)
