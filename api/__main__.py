"""`python -m api`: the API and the dashboard.

Callers on other machines need a token (`mien tokens add`). MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY turn on TLS.
docs/operations.md lists all settings.
"""

import argparse
import logging
import os
import sys

from api.access.certificates import CertificateError, configured_pair
from api.app import create_app
from api.app_settings import app_settings
from api.capacity import raise_open_file_limit, tune_garbage_collection
from api.server.server import ApiServer, gate_for, uvicorn_config
from api.settings import checked_port
from ingest.environment import SettingError
from ingest.log import set_up_log
from ingest.version import VERSION

log = logging.getLogger("api")

INVALID_ARGUMENTS = 2  # exit code
CANNOT_LISTEN = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8400, help="default: %(default)s")
    parser.add_argument("--root-path", help="sub-path at a reverse proxy, such as /mien (MIEN_ROOT_PATH)")
    arguments = parser.parse_args()
    if arguments.root_path is not None:
        os.environ["MIEN_ROOT_PATH"] = arguments.root_path
    try:
        port = checked_port(arguments.port)
        settings = app_settings(arguments.host)
        app = create_app(settings)
        pair = configured_pair()
    except (SettingError, CertificateError) as error:
        print(f"mien api: {error}", file=sys.stderr)
        return INVALID_ARGUMENTS
    set_up_log("%(asctime)s %(levelname)s %(name)s: %(message)s")
    address = f"{'https' if pair else 'http'}://{arguments.host}:{port}"
    log.info("mien %s: API at %s, tokens: %s", VERSION, address, settings.tokens)
    config = uvicorn_config(app, arguments.host, port, pair)
    server = ApiServer(config, gate_for(raise_open_file_limit()))
    try:
        sockets = server.listen()
    except OSError as error:
        log.error("cannot listen on %s:%d: %s", arguments.host, port, error.strerror)
        return CANNOT_LISTEN
    tune_garbage_collection()
    server.run(sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
