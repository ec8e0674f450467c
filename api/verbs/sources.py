"""`mien sources`: the sources of a running service, over its REST interface."""

import argparse
from typing import Any
from urllib.parse import quote

from api.verbs.output import print_error, print_json, print_table
from api.verbs.service import RequestError, request

BAD_USAGE = 2  # exit code
FIELDS = ("name", "url", "rate", "purpose", "ground", "picture", "turn", "aspect")
COLUMNS = ("ID", "NAME", "STATE", "RATE", "URL", "REASON")


class NoChangeError(Exception):
    """`mien sources change` was called without a change."""


def sources(arguments: argparse.Namespace) -> int:
    """Run `add`, `list`, `change` or `remove`; return the exit code."""
    try:
        arguments.action(arguments)
    except NoChangeError as error:
        print_error(error)
        return BAD_USAGE
    except RequestError as error:
        print_error(error)
        return 1
    return 0


def add(arguments: argparse.Namespace) -> None:
    added = request("POST", "/v1/sources", _fields(arguments))
    print(f"added {added['id']}: {added['url']}")


def change(arguments: argparse.Namespace) -> None:
    fields = _fields(arguments)
    if not fields:
        options = ", ".join(f"--{field}" for field in FIELDS)
        raise NoChangeError(f"nothing to change of {arguments.id}: give at least one of {options}")
    changed = request("PATCH", f"/v1/sources/{_id(arguments.id)}", fields)
    print(f"changed {changed['id']}: {changed['url']}")


def list_all(arguments: argparse.Namespace) -> None:
    listed = request("GET", "/v1/sources")
    if arguments.json:
        print_json(listed)
    else:
        print_table(COLUMNS, map(_row, listed))


def remove(arguments: argparse.Namespace) -> None:
    id = _id(arguments.id)
    request("DELETE", f"/v1/sources/{id}")
    print(f"removed {id}")


def _fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of the source that the command line gives."""
    values = {field: getattr(arguments, field) for field in FIELDS}
    return {field: value for field, value in values.items() if value is not None}


def _id(id_or_name: str) -> str:
    """The id of a source, quoted for a path."""
    ids = {source["name"]: source["id"] for source in request("GET", "/v1/sources")}
    return quote(ids.get(id_or_name, id_or_name), safe="")


def _row(source: dict[str, Any]) -> tuple[str, ...]:
    state, rate = source["state"] or "-", f"{source['rate']:g}"
    return source["id"], source["name"], state, rate, source["url"], source["reason"] or ""
