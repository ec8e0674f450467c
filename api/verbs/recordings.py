"""`mien recordings`: the recordings of a running service, over its REST interface."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from api.verbs.service import RefusedError, ask, fetch, send

COLUMNS = ("ID", "NAME", "STATE", "DONE", "LEFT", "FACES", "REASON")


def recordings(arguments: argparse.Namespace) -> int:
    """Runs `add`, `list`, `cancel`, `remove` or `fetch`; gives the exit code."""
    try:
        arguments.action(arguments)
    except (RefusedError, OSError) as error:
        print(f"mien: {error}", file=sys.stderr)
        return 1
    return 0


def add(arguments: argparse.Namespace) -> None:
    """Uploads a file of this machine; what is no such file is taken for one of the media folder."""
    wanted: dict[str, Any] = {"rate": "all" if arguments.rate is None else arguments.rate}
    given = {"purpose": arguments.purpose, "ground": arguments.ground}
    wanted |= {name: value for name, value in given.items() if value is not None}
    file = Path(arguments.file)
    if file.is_file():
        query = urlencode({"name": file.name, **wanted})
        added = send(f"/v1/recordings/upload?{query}", file)
    else:
        added = _named(arguments.file, wanted)
    print(f"added {added['id']}: {added['name']}")


def list_all(arguments: argparse.Namespace) -> None:
    found = ask("GET", "/v1/recordings")
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [COLUMNS, *(_row(recording) for recording in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def cancel(arguments: argparse.Namespace) -> None:
    print(f"cancelled {ask('POST', f'{_path(arguments)}/cancel')['name']}")


def remove(arguments: argparse.Namespace) -> None:
    ask("DELETE", _path(arguments))
    print(f"removed {arguments.id}")


def fetch_files(arguments: argparse.Namespace) -> None:
    """Downloads the files of results into a folder."""
    recording = ask("GET", _path(arguments))
    if not recording["files"]:
        raise RefusedError(f"there are no files of {recording['name']} yet: it is {recording['state']}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for file in recording["files"]:
        fetch(f"{_path(arguments)}/files/{quote(file['name'])}", arguments.out / file["name"])
    print(f"{len(recording['files'])} files of {recording['name']} are in {arguments.out}")


def _named(path: str, wanted: dict[str, Any]) -> Any:
    """Has a file of the service's media folder read. Raises RefusedError."""
    try:
        return ask("POST", "/v1/recordings", {"path": path, **wanted})
    except RefusedError as error:
        if not (missing := error.fields.get("path", "")).startswith("no such file"):
            raise
        raise RefusedError(f"{path}: no such file here, and {missing} of the service") from error


def _path(arguments: argparse.Namespace) -> str:
    return f"/v1/recordings/{quote(arguments.id, safe='')}"


def _row(recording: dict[str, Any]) -> tuple[str, ...]:
    left = recording["eta"]
    return (
        recording["id"],
        recording["name"],
        recording["state"],
        f"{recording['progress']:.0%}",
        "" if left is None else f"{left:.0f} s",
        str(recording["faces"]),
        recording["reason"],
    )
