"""`mien doctor`: check this machine for the service, and print one line a check, with what to do.

Exit codes: 0 the service can work, 1 it cannot: the lines that begin with `fault` say why.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from deploy.doctor import machine, service, software
from deploy.doctor.finding import Finding
from ingest.environment import SettingError
from ingest.settings import data_folder

CANNOT_WORK = 1  # exit code

Check = Callable[[], Iterator[Finding]]


def checks(data: Path, port: int) -> list[tuple[str, Check]]:
    """Return the checks, each with the name of its finding, also of one that says that the check failed."""
    return [
        ("Python", machine.python),
        ("cores", machine.cores),
        ("memory", machine.memory),
        ("data folder", partial(machine.data, data)),
        ("decoder", software.decoder),
        ("networks", partial(software.networks, data)),
        ("ONNX Runtime", software.onnx_runtime),
        ("GPU", software.gpu),
        ("settings", service.settings),
        ("Redis", service.redis),
        ("port", partial(service.port, port)),
        ("demo", software.portraits),
        ("sources", partial(service.sources, data)),
    ]


def findings(data: Path, port: int) -> Iterator[Finding]:
    """Yield the findings of all checks; without the right Python there are no others."""
    for name, check in checks(data, port):
        try:
            for finding in check():
                yield finding
                if finding.name == "Python" and finding.state == "fault":
                    return
        except SettingError as error:
            yield Finding(name, "fault", str(error), "change that setting: docs/operations.md")
        except ImportError as error:
            found = f"the package {error.name or error} cannot be loaded"
            yield Finding(name, "fault", found, "install mien with all that it depends on")
        except Exception as error:  # must not stop the other checks
            yield Finding(name, "fault", f"the check failed: {error}", "see the error")


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien doctor", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--data", type=Path, default=data_folder(), help="data folder of the service (%(default)s)")
    add("--port", type=int, default=8400, help="port to listen on (%(default)s)")
    add("--json", action="store_true", help="print the findings as JSON")
    given = parser.parse_args()
    found: list[Finding] = []
    for finding in findings(given.data, given.port):
        found.append(finding)
        if not given.json:
            print(finding.to_line(), flush=True)
    works = all(finding.state != "fault" for finding in found)
    if given.json:
        print(json.dumps({"works": works, "findings": [asdict(each) for each in found]}))
    return 0 if works else CANNOT_WORK


if __name__ == "__main__":
    sys.exit(main())
