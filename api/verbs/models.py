"""`mien models`: the cards of the installed networks as text; `mien models get`: download another network."""

import argparse
import json
from pathlib import Path
from typing import Any

from api.verbs.download import DownloadError, FileDigest, download
from api.verbs.output import print_error
from engine.card import MODELS
from engine.detectors import YUNET, weights_folder
from ingest.settings import data_folder


def show_cards(_: argparse.Namespace) -> int:
    """Print all cards; return the exit code."""
    paths = sorted(MODELS.glob("*.json"))
    if not paths:
        print_error(f"{MODELS} has no model cards")
        return 1
    cards = []
    for path in paths:
        try:
            cards.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            print_error(f"{path}: not a model card: {error}")
            return 1
    if _yunet(data_folder()).exists():
        cards.append(YUNET)
    print("\n\n".join("\n".join(_lines(card, 0)) for card in cards))
    return 0


def get_network(arguments: argparse.Namespace) -> int:
    """Download YuNet, the only network that is not shipped; return the exit code."""
    target = _yunet(arguments.data or data_folder())
    digest = FileDigest(YUNET["bytes"], YUNET["sha256"])
    if digest.matches(target):
        print(f"{target} is installed already")
        return 0
    try:
        download(_url(arguments.source or YUNET["source"]), digest, target)
    except DownloadError as error:
        print_error(error)
        return 1
    print(f"{target}: {digest.size} bytes, with the right hash ({YUNET['terms']})")
    print("use it with MIEN_DETECTOR=yunet, or `mien run --detector yunet`")
    return 0


def _yunet(data: Path) -> Path:
    return weights_folder(data) / str(YUNET["file"])


def _url(source: str) -> str:
    """The URL of a source that may be a file."""
    path = Path(source)
    return path.absolute().as_uri() if path.is_file() else source


def _lines(card: dict[str, Any], depth: int) -> list[str]:
    """JSON as indented lines, without its brackets and quotes."""
    indent = "  " * depth
    lines = []
    for name, field in card.items():
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
