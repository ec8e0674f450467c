"""`mien sources`: the sources of a running service, over its REST interface."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

ADDRESS = "http://127.0.0.1:8400"
TIMEOUT = 10.0  # seconds


class RefusedError(Exception):
    """The service is not there, or says no; the message is one line."""


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
    added = _ask("POST", "/v1/sources", new)
    print(f"added {added['id']}: {added['url']}")


def list_all(arguments: argparse.Namespace) -> None:
    found = _ask("GET", "/v1/sources")
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
    known = {source["name"]: source["id"] for source in _ask("GET", "/v1/sources")}
    name = known.get(wanted, wanted)
    _ask("DELETE", f"/v1/sources/{quote(name, safe='')}")
    print(f"removed {name}")


def _ask(method: str, path: str, body: Any = None) -> Any:
    """The answer's JSON; None where it has no body. Raises RefusedError."""
    address = os.environ.get("MIEN_URL", ADDRESS).rstrip("/")
    try:
        request = urllib.request.Request(
            address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text = response.read()
        return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise RefusedError(_problem(error)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RefusedError(
            f"no mien service answers at {address}: {getattr(reason, 'strerror', None) or reason}"
            " (start one with `mien serve`, or set MIEN_URL)"
        ) from error


def _problem(error: urllib.error.HTTPError) -> str:
    """What an RFC 9457 document says, in one line."""
    try:
        problem = json.loads(error.read())
        details = [f"{each['field']}: {each['detail']}" for each in problem.get("errors", ())]
        return "; ".join(details) or str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the service answers {error.code} {error.reason}"
