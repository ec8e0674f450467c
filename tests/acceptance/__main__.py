"""Acceptance table of mien: a row for each check, exit code 1 if one fails (`make acceptance`)."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.acceptance import dashboard, flood, gpu, jobs, live, recorded, service, shown, websocket
from tests.acceptance.check import AbsentError, Check, Row

PARTS = (recorded, shown, live, websocket, flood, service, jobs, dashboard, gpu)


def rows(check: Check, folder: Path) -> Iterator[Row]:
    try:
        yield from check(folder)
    except AbsentError as error:
        yield Row(check.__name__, f"skipped: {error}", "", None)
    except (AssertionError, OSError, RuntimeError) as error:
        yield Row(check.__name__, f"failed with: {error}", "", False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the rows as a JSON list")
    parser.add_argument("checks", nargs="*", help="names of checks; default: all")
    arguments = parser.parse_args()
    known = {check.__name__: check for part in PARTS for check in part.CHECKS}
    if unknown := set(arguments.checks) - set(known):
        parser.error(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    finished: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        for name in arguments.checks or known:
            for row in rows(known[name], Path(folder)):
                finished.append(row)
                if not arguments.json:
                    mark = {True: "ok", False: "FAILS", None: "-"}[row.ok]
                    print(f"{row.name:<52} {row.figure:<40} {row.bar:<26} {mark}", flush=True)
    if arguments.json:
        print(json.dumps([asdict(row) for row in finished], indent=2))
    return 1 if any(row.ok is False for row in finished) else 0


if __name__ == "__main__":
    sys.exit(main())
