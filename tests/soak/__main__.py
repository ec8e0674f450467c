"""Runs the service under faults, and checks that nothing is lost, doubled or left (`make soak`).

Four cameras are read and three clients follow while a random part is killed or stopped every 20 s, Redis
pauses, cameras are cut, the port is flooded, the disk is full, and the clock of Redis is set back. With
`--stop-each N` each part is stopped N times for good instead, and the time until it is back is measured.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.acceptance.check import AbsentError, Row
from tests.soak.run import Run
from tests.soak.world import world


def main() -> int:
    """Print a row for each check; return 1 if one fails."""
    given = command_line().parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mien-soak-") as folder:
        try:
            for row in measured(Path(folder), given):
                rows.append(row)
                mark = {True: "ok", False: "FAILS", None: "-"}[row.ok]
                print(f"{row.name:<64} {row.figure:<32} {row.bar:<12} {mark}", flush=True)
        except AbsentError as error:
            print(f"skipped: {error}")
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 1 if any(row.ok is False for row in rows) else 0


def measured(folder: Path, given: argparse.Namespace) -> Iterator[Row]:
    with world(folder) as running:
        run = Run(running, given.seed, given.log)
        run.start()
        if given.stop_each:
            yield from run.stop_each(given.stop_each)
        else:
            yield from run.faults(given.minutes * 60, given.interval)
        yield from run.finish()


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=60.0, metavar="M", help="length of the run (%(default)g)")
    add("--interval", type=float, default=20.0, metavar="S", help="seconds between two faults (%(default)g)")
    add("--seed", type=int, default=1, help="choice and order of the faults (%(default)s)")
    add("--stop-each", type=int, default=0, metavar="N", help="stop each part N times for good instead")
    add("--log", type=Path, metavar="FILE", help="write the lines of the service to this file")
    add("--json", type=Path, metavar="FILE", help="write the table to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
