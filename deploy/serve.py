"""`mien serve`: Redis, ingest, engines, job worker and API on this machine, under one supervisor.

Exit codes: 0 stopped by a signal, 2 cannot work with these settings (the line before says why).
"""

import argparse
import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from api.settings import ApiSettings
from deploy.aof_holes import remove_holes
from deploy.data_folder import REDIS_FOLDER, LockError, lock_folder, remove_short_folder, socket_path
from deploy.endpoint import EndpointError, check_port, endpoint_for
from deploy.output import print_line
from deploy.processes import CANNOT_WORK, Command
from deploy.redis_server import LOG, RedisServer, ServerError, check_server
from deploy.settings import check_settings
from deploy.supervisor import EmbeddedRedis, ServeOptions, Supervisor
from engine.card import CardMismatchError
from engine.detectors import detector_card
from engine.settings import EngineSettings
from ingest.environment import SettingError
from ingest.settings import IngestSettings, data_folder, external_redis


def serve(options: ServeOptions) -> int:
    """Serve in the foreground; return the exit code."""
    try:
        redis = _prepare(options)
    except (CardMismatchError, EndpointError, LockError, ServerError, SettingError, OSError) as error:
        print(f"mien serve: {error}", file=sys.stderr)
        return CANNOT_WORK

    async def supervise() -> int:
        return await Supervisor(options, redis, IngestSettings.read("shards").shards).run()

    code = asyncio.run(supervise())
    if redis is not None:
        redis.server.socket.unlink(missing_ok=True)  # a killed Redis leaves it
        remove_short_folder(options.data / REDIS_FOLDER)
    return code


def _prepare(options: ServeOptions) -> EmbeddedRedis | None:
    """Check the settings and the port, lock the data folder, and return the embedded Redis.

    Return None if REDIS_URL names another one. A mistake is reported here once, and not by each part.
    """
    check_settings()
    detector_card(EngineSettings.read("detector").detector, data=options.data)
    lock = lock_folder(options.data)
    check_port(options.endpoint.host, options.endpoint.port)
    options.media.mkdir(parents=True, exist_ok=True)
    url = external_redis()
    if url is None:
        return embedded_redis(options.data / REDIS_FOLDER, lock)
    if warning := check_server(url):
        print_line("serve", f"warning: {warning}")
    return None


def embedded_redis(folder: Path, lock: int) -> EmbeddedRedis:
    """Return a server with its data in `folder`, which is made if need be.

    Raises LockError, ServerError, OSError.
    """
    folder.mkdir(exist_ok=True)
    server = RedisServer(folder, socket_path(folder))
    command = Command(
        "redis",
        tuple(server.command()),
        os.environ,
        death_signal=signal.SIGTERM,  # so that it saves and removes its socket
        descriptors=(lock,),  # the data folder stays locked until Redis has ended
        mend=partial(remove_holes, folder),
    )
    return EmbeddedRedis(server, command, folder / LOG)


def main() -> int:
    given = command_line().parse_args()
    os.umask(0o077)  # sources hold passwords of cameras: no other user may read the files
    media = given.media or IngestSettings.read("media", data=given.data).media
    if given.root_path is not None:
        os.environ["MIEN_ROOT_PATH"] = given.root_path  # for the API
    try:
        endpoint = endpoint_for(given.host, given.port, given.tls_certificate, given.tls_key)
        if given.demo and (endpoint.tokens == "required" or endpoint.pair is not None):
            raise EndpointError("--demo needs a loopback address without tokens or TLS")
    except EndpointError as error:
        print(f"mien serve: {error}", file=sys.stderr)
        return CANNOT_WORK
    return serve(ServeOptions(endpoint, given.data.resolve(), media.resolve(), given.demo))


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mien serve",
        description=__doc__,
        epilog="The environment has more settings, such as MIEN_RETENTION=24h: see docs/operations.md.",
    )
    add = parser.add_argument
    host = "address to listen on; clients of any but a loopback address need a token (%(default)s)"
    add("--host", default="127.0.0.1", help=host)
    add("--port", type=int, default=8400, help="port to listen on (%(default)s)")
    add("--data", type=Path, default=data_folder(), help="data folder of the service (%(default)s)")
    add("--media", type=Path, help="folder of the files that may be sources (MIEN_MEDIA, else DATA/media)")
    tls = ApiSettings.read("tls_certificate", "tls_key")
    certificate = "serve over TLS with this certificate (PEM; MIEN_TLS_CERTIFICATE)"
    add("--tls-certificate", type=Path, default=tls.tls_certificate, metavar="FILE", help=certificate)
    add("--tls-key", type=Path, default=tls.tls_key, metavar="FILE", help="its key (PEM; MIEN_TLS_KEY)")
    add("--root-path", help="sub-path at a reverse proxy, such as /mien (MIEN_ROOT_PATH)")
    add("--demo", action="store_true", help="render a video of two faces and add it as a source")
    return parser


if __name__ == "__main__":
    sys.exit(main())
