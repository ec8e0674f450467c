"""`python -m api`: the API and the dashboard.

Who asks from another machine needs a token (`mien tokens add`). With MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY it
is served over TLS. docs/operations.md has all settings.
"""

import argparse
import logging
import sys

import uvicorn

from api.access.certificates import CertificateError, KeyPair, configured_pair
from api.app import create_app
from api.app_settings import AppSettings, app_settings
from api.capacity import allow_many_files, shorten_collections
from api.settings import checked_port
from api.stream.connection import PATIENCE, Connection
from ingest.environment import SettingError
from ingest.version import VERSION

log = logging.getLogger("api")

REFUSED = 2  # exit code for arguments that are not accepted
GRACE = 2  # seconds that open connections get when the service stops


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8400, help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        port = checked_port(arguments.port)
        settings = app_settings(arguments.host)
        pair = configured_pair()
    except (SettingError, CertificateError) as error:
        print(f"mien api: {error}", file=sys.stderr)
        return REFUSED
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    address = f"{'https' if pair else 'http'}://{arguments.host}:{port}"
    log.info("mien %s: API at %s, tokens: %s", VERSION, address, settings.tokens)
    server = uvicorn.Server(configuration(settings, arguments.host, port, pair))
    allow_many_files()
    shorten_collections()
    server.run()
    return 0


def configuration(settings: AppSettings, host: str, port: int, pair: KeyPair | None = None) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        loop="asyncio",  # whatever else is installed: a faster one would gain nothing, as measured
        ws=Connection,
        ws_per_message_deflate=False,  # costs more than it saves on one machine
        ws_ping_timeout=PATIENCE,
        ws_max_size=4096,  # bytes; clients have nothing to send
        timeout_graceful_shutdown=GRACE,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,  # below, it writes down each websocket with its query
        server_header=False,
        ssl_certfile=pair.certificate if pair else None,
        ssl_keyfile=pair.key if pair else None,
    )


if __name__ == "__main__":
    sys.exit(main())
