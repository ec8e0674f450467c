"""`mien recordings`: the recordings of a running service, over its REST interface."""

import argparse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from api.verbs.output import print_error, print_json, print_table
from api.verbs.service import RequestError, download, request, upload
from ingest.plain_name import is_plain

OPTIONS = ("purpose", "ground", "turn", "aspect")
COLUMNS = ("ID", "NAME", "STATE", "DONE", "LEFT", "FACES", "REASON")


def recordings(arguments: argparse.Namespace) -> int:
    """Run `add`, `list`, `cancel`, `remove` or `fetch`; return the exit code."""
    try:
        arguments.action(arguments)
    except (RequestError, OSError) as error:
        print_error(error)
        return 1
    return 0


def add(arguments: argparse.Namespace) -> None:
    """Upload a file of this machine; a path without such a file is one of the service's media folder."""
    options = {name: getattr(arguments, name) for name in OPTIONS}
    fields = {name: value for name, value in options.items() if value is not None}
    fields["rate"] = "all" if arguments.rate is None else arguments.rate
    file = Path(arguments.file)
    if file.is_file():
        query = urlencode({"name": file.name, **fields})
        added = upload(f"/v1/recordings/upload?{query}", file)
    else:
        added = _add_media_file(arguments.file, fields)
    print(f"added {added['id']}: {added['name']}")


def list_all(arguments: argparse.Namespace) -> None:
    listed = request("GET", "/v1/recordings")
    if arguments.json:
        print_json(listed)
    else:
        print_table(COLUMNS, map(_row, listed))


def cancel(arguments: argparse.Namespace) -> None:
    print(f"cancelled {request('POST', f'{_path(arguments)}/cancel')['name']}")


def remove(arguments: argparse.Namespace) -> None:
    request("DELETE", _path(arguments))
    print(f"removed {arguments.id}")


def fetch_files(arguments: argparse.Namespace) -> None:
    """Download the result files into a folder."""
    recording = request("GET", _path(arguments))
    names = [str(file["name"]) for file in recording["files"]]
    if not names:
        raise RequestError(f"{recording['name']} has no result files yet: it is {recording['state']}")
    for name in names:
        if not is_plain(name):
            raise RequestError(f"the service offers a file {name!r}, no plain name: nothing is fetched")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in names:
        download(f"{_path(arguments)}/files/{quote(name)}", arguments.out / name)
    print(f"{len(names)} files of {recording['name']} are in {arguments.out}")


def _add_media_file(path: str, fields: dict[str, Any]) -> Any:
    try:
        return request("POST", "/v1/recordings", {"path": path, **fields})
    except RequestError as error:
        if not (missing := error.fields.get("path", "")).startswith("no such file"):
            raise
        raise RequestError(f"{path}: no such file on this machine, and {missing} of the service") from error


def _path(arguments: argparse.Namespace) -> str:
    return f"/v1/recordings/{quote(arguments.id, safe='')}"


def _row(recording: dict[str, Any]) -> tuple[str, ...]:
    done, faces = f"{recording['progress']:.0%}", str(recording["faces"])
    left = "" if recording["eta"] is None else f"{recording['eta']:.0f} s"
    return recording["id"], recording["name"], recording["state"], done, left, faces, recording["reason"]
