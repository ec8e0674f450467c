"""`python -m api`: the API and the dashboard on this machine."""

import argparse
import logging
import sys

import uvicorn

from api.access.guard import is_loopback
from api.app import create_app
from api.settings import Settings, settings_from_environment

REFUSED = 2  # exit code for arguments that are not accepted
GRACE = 2  # seconds that open connections get when the service stops


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8400, help="default: %(default)s")
    arguments = parser.parse_args()
    if not is_loopback(arguments.host):
        print(
            f"expected a loopback address, actual {arguments.host}: mien has no tokens yet, so anybody who "
            "reached it could watch the cameras",
            file=sys.stderr,
        )
        return REFUSED
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvicorn.Server(configuration(settings_from_environment(), arguments.host, arguments.port)).run()
    return 0


def configuration(settings: Settings, host: str, port: int) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        ws="websockets-sansio",  # waits when a client does not read, which is what bounds its memory
        ws_per_message_deflate=False,  # costs more than it saves on one machine
        ws_max_size=4096,  # bytes; clients have nothing to send
        timeout_graceful_shutdown=GRACE,
        access_log=False,
        log_config=None,
        server_header=False,
    )


if __name__ == "__main__":
    sys.exit(main())
