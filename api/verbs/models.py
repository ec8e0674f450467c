"""`mien models`: the cards of the installed networks, as text, and `mien models get`: another network."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from api.verbs.download import DownloadError, Expected, download, is_there
from engine.card import MODELS
from engine.detectors import YUNET, weights_folder
from ingest.settings import data_folder


def show_cards() -> int:
    """Prints each card; gives the exit code."""
    cards = sorted(MODELS.glob("*.json"))
    if not cards:
        print(f"mien: {MODELS}: no model cards there", file=sys.stderr)
        return 1
    shown = []
    for path in cards:
        try:
            shown.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            print(f"mien: {path}: not a model card: {error}", file=sys.stderr)
            return 1
    if _yunet(data_folder()).exists():
        shown.append(YUNET)
    print("\n\n".join("\n".join(_lines(card, 0)) for card in shown))
    return 0


def get_network(arguments: argparse.Namespace) -> int:
    """Downloads YuNet, the one that there is; gives the exit code."""
    card = YUNET
    target = _yunet(arguments.data or data_folder())
    expected = Expected(card["bytes"], card["sha256"])
    try:
        if is_there(target, expected):
            print(f"{target} is there already")
            return 0
        download(_address(arguments.source or card["source"]), expected, target)
    except DownloadError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {card['bytes']} bytes, as they should be ({card['terms']})")
    print("use it with MIEN_DETECTOR=yunet, or `mien run --detector yunet`")
    return 0


def _yunet(data: Path) -> Path:
    return weights_folder(data) / str(YUNET["file"])


def _address(source: str) -> str:
    """A file that somebody brought along counts as an address."""
    path = Path(source)
    return path.absolute().as_uri() if path.is_file() else source


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
