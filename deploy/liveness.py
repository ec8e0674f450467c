"""`mien alive PART`: liveness probe of a part of the service, for the supervisor that restarts it.

Parts are named as in /readyz: api, ingest, engine:0, jobs, each the one of this machine or container. Exit
codes: 0 alive, 1 not alive, 2 wrong arguments or settings. The API must answer; the other parts leave
heartbeats in Redis. While Redis does not answer they count as alive: a restart would not help.
"""

import argparse
import asyncio
import sys
from contextlib import suppress

from api.access.certificates import CertificateError, configured_pair
from api.settings import checked_port
from deploy.endpoint import Endpoint
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.heartbeat import has_local_heartbeat, local_beat_key
from ingest.environment import SettingError

NOT_ALIVE, REFUSED = 1, 2  # exit codes
API = "api"


def api_answers(port: int) -> bool:
    """Return whether the API of this machine answers. Raises CertificateError."""
    return asyncio.run(Endpoint("127.0.0.1", port, pair=configured_pair()).answers())


def has_heartbeat(part: str, url: str | None = None) -> bool | None:
    """Return whether the part on this machine sends heartbeats to Redis (`url`, else REDIS_URL).

    Return None while Redis does not answer.
    """
    try:
        with connect(url, retries=0) as client:
            return has_local_heartbeat(client, part)
    except REDIS_ERRORS:
        return None


def forget_heartbeat(part: str, url: str | None = None) -> None:
    """Delete the heartbeat of a process that has ended, before the next one of the part sends its own."""
    with suppress(*REDIS_ERRORS), connect(url, retries=0) as client:
        client.delete(local_beat_key(part))


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien alive", description=__doc__)
    parser.add_argument("part", metavar="PART", help="api, ingest, ingest:N, engine:N or jobs")
    parser.add_argument("--port", type=int, default=8400, help="where the API listens (default %(default)s)")
    given = parser.parse_args()
    try:
        port = checked_port(given.port)
        alive = api_answers(port) if given.part == API else has_heartbeat(given.part) is not False
    except (SettingError, CertificateError) as error:
        print(f"mien alive: {error}", file=sys.stderr)
        return REFUSED if isinstance(error, SettingError) else NOT_ALIVE
    if not alive:
        print(f"mien alive: {given.part} is not alive", file=sys.stderr)
    return 0 if alive else NOT_ALIVE


if __name__ == "__main__":
    sys.exit(main())
