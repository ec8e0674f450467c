"""`python -m api`: the API and the dashboard.

Callers on other machines need a token (`mien tokens add`). MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY turn on TLS.
docs/operations.md lists all settings.
"""

import argparse
import logging
import sys

import uvicorn
from fastapi import FastAPI

from api.access.certificates import CertificateError, KeyPair, configured_pair
from api.app import create_app
from api.app_settings import app_settings
from api.capacity import raise_open_file_limit, tune_garbage_collection
from api.settings import checked_port
from api.stream.connection import CLIENT_TIMEOUT, Connection
from ingest.environment import SettingError
from ingest.version import VERSION

log = logging.getLogger("api")

INVALID_ARGUMENTS = 2  # exit code
SHUTDOWN_TIMEOUT = 2  # seconds that open connections have to end when the service stops


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
        return INVALID_ARGUMENTS
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    address = f"{'https' if pair else 'http'}://{arguments.host}:{port}"
    log.info("mien %s: API at %s, tokens: %s", VERSION, address, settings.tokens)
    server = uvicorn.Server(uvicorn_config(create_app(settings), arguments.host, port, pair))
    raise_open_file_limit()
    tune_garbage_collection()
    server.run()
    return 0


def uvicorn_config(app: FastAPI, host: str, port: int, pair: KeyPair | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",  # even if uvloop is installed: it gained nothing when measured
        ws=Connection,
        ws_per_message_deflate=False,  # costs more CPU time than the saved bytes are worth
        ws_ping_timeout=CLIENT_TIMEOUT,
        ws_max_size=4096,  # bytes; clients send no messages
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,  # uvicorn logs each websocket's query on the level below
        server_header=False,
        ssl_certfile=pair.certificate if pair else None,
        ssl_keyfile=pair.key if pair else None,
    )


if __name__ == "__main__":
    sys.exit(main())
