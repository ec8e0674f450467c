"""`mien models`: the cards of the installed networks, as text."""

import json
import sys
from typing import Any

from engine.card import MODELS


def show_cards() -> int:
    """Prints each card; gives the exit code."""
    cards = sorted(MODELS.glob("*.json"))
    if not cards:
        print(f"mien: {MODELS}: no model cards there", file=sys.stderr)
        return 1
    for number, path in enumerate(cards):
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            print(f"mien: {path}: not a model card: {error}", file=sys.stderr)
            return 1
        print("\n" * (number > 0) + "\n".join(_lines(card, 0)))
    return 0


def _lines(value: Any, depth: int) -> list[str]:
    """JSON as indented lines, without its brackets and quotes."""
    indent = "  " * depth
    lines = []
    for name, field in value.items():
        if isinstance(field, dict):
            lines += [f"{indent}{name}:", *_lines(field, depth + 1)]
        elif isinstance(field, list) and field and isinstance(field[0], list):
            lines += [f"{indent}{name}:", *(f"{indent}  {_plain(row)}" for row in field)]
        else:
            lines.append(f"{indent}{name}: {_plain(field)}")
    return lines


def _plain(field: Any) -> str:
    if isinstance(field, list):
        return ", ".join(map(str, field))
    return "any" if field is None else str(field)
