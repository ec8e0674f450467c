"""`mien sources`: the sources of a running service, over its REST interface."""

import argparse
import json
import sys
from typing import Any
from urllib.parse import quote

from api.verbs.service import RefusedError, ask

REFUSED = 2  # exit code
FIELDS = ("name", "url", "rate", "purpose", "ground", "picture")


class NothingAskedError(Exception):
    """Nothing is to be done; the message says what could be."""


def sources(arguments: argparse.Namespace) -> int:
    """Runs `add`, `list`, `change` or `remove`; gives the exit code."""
    try:
        arguments.action(arguments)
    except NothingAskedError as error:
        print(f"mien: {error}", file=sys.stderr)
        return REFUSED
    except RefusedError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1
    return 0


def add(arguments: argparse.Namespace) -> None:
    added = ask("POST", "/v1/sources", _given(arguments))
    print(f"added {added['id']}: {added['url']}")


def change(arguments: argparse.Namespace) -> None:
    given = _given(arguments)
    if not given:
        options = ", ".join(f"--{field}" for field in FIELDS)
        raise NothingAskedError(
            f"expected what is to be changed of {arguments.id}: one of {options}; actual nothing"
        )
    changed = ask("PATCH", f"/v1/sources/{_id(arguments.id)}", given)
    print(f"changed {changed['id']}: {changed['url']}")


def list_all(arguments: argparse.Namespace) -> None:
    found = ask("GET", "/v1/sources")
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [("ID", "NAME", "STATE", "RATE", "URL", "REASON")]
    rows += [
        (s["id"], s["name"], s["state"] or "-", f"{s['rate']:g}", s["url"], s["reason"] or "") for s in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def remove(arguments: argparse.Namespace) -> None:
    id = _id(arguments.id)
    ask("DELETE", f"/v1/sources/{id}")
    print(f"removed {id}")


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the given fields of the source."""
    given = {field: getattr(arguments, field) for field in FIELDS}
    return {field: value for field, value in given.items() if value is not None}


def _id(wanted: str) -> str:
    """Takes the id or the name, whichever it is, and gives the id as it is written in a path."""
    known = {source["name"]: source["id"] for source in ask("GET", "/v1/sources")}
    return quote(known.get(wanted, wanted), safe="")
