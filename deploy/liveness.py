"""`mien alive PART`: whether a part of the service is alive, for whoever starts it anew when it is not.

Parts are named as /readyz names them: api (the one of this machine), ingest, engine:0, jobs (any worker).
Exit codes: 0 alive, 1 silent, 2 asked wrongly. Of all but the API only Redis knows: while that is away they
count as alive, since they wait for it, and a new start would not bring it back.
"""

import argparse
import asyncio
import sys

from api.access.certificates import CertificateError, configured_pair
from api.settings import checked_port
from deploy.endpoint import Listening
from ingest.bus.connection import CONNECTION_ERRORS, connect
from ingest.bus.keys import beat_key
from ingest.environment import SettingError

SILENT, REFUSED = 1, 2  # exit codes
API = "api"


def api_answers(port: int) -> bool:
    """Whether the API of this machine does. Raises CertificateError."""
    return asyncio.run(Listening("127.0.0.1", port, pair=configured_pair()).answers())


def is_heard(part: str) -> bool:
    """Whether Redis has heard of the part within the last seconds, or is away."""
    try:
        with connect(retries=0) as client:
            return bool(client.exists(beat_key(part)))
    except CONNECTION_ERRORS:
        return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien alive", description=__doc__)
    parser.add_argument("part", metavar="PART", help="api, ingest, ingest:N, engine:N or jobs")
    parser.add_argument("--port", type=int, default=8400, help="where the API listens (default %(default)s)")
    given = parser.parse_args()
    try:
        port = checked_port(given.port)
        alive = api_answers(port) if given.part == API else is_heard(given.part)
    except SettingError as error:
        print(f"mien alive: {error}", file=sys.stderr)
        return REFUSED
    except CertificateError as error:
        print(f"mien alive: {error}", file=sys.stderr)
        return SILENT
    if not alive:
        print(f"mien alive: {given.part} is silent", file=sys.stderr)
    return 0 if alive else SILENT


if __name__ == "__main__":
    sys.exit(main())
