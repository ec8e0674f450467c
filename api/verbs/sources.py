"""`mien sources`: the sources of a running service, over its REST interface."""

import argparse
import json
import sys
from urllib.parse import quote

from api.verbs.service import RefusedError, ask


def sources(arguments: argparse.Namespace) -> int:
    """Runs `add`, `list` or `remove`; gives the exit code."""
    try:
        arguments.action(arguments)
    except RefusedError as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1
    return 0


def add(arguments: argparse.Namespace) -> None:
    new = {"name": arguments.name, "url": arguments.url}
    if arguments.rate is not None:
        new["rate"] = arguments.rate
    added = ask("POST", "/v1/sources", new)
    print(f"added {added['id']}: {added['url']}")


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
    """Takes the id or the name, whichever it is."""
    wanted = arguments.name
    known = {source["name"]: source["id"] for source in ask("GET", "/v1/sources")}
    name = known.get(wanted, wanted)
    ask("DELETE", f"/v1/sources/{quote(name, safe='')}")
    print(f"removed {name}")
