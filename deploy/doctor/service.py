"""The service: its settings, its Redis, its port, and whether the cameras that it has are to be reached."""

import os
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy.doctor.finding import Finding

if TYPE_CHECKING:
    from ingest.bus.source_config import SourceConfig

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
REACHED_WITHIN = 3.0  # seconds
AT_ONCE = 16  # cameras


def settings() -> Iterator[Finding]:
    from deploy.settings import check_settings
    from ingest.environment import SettingError

    try:
        found = check_settings()
    except SettingError as error:
        yield Finding("settings", "fault", str(error), "change that setting: docs/operations.md")
    else:
        yield Finding("settings", "ok", ", ".join(found) or "all at their defaults")


def redis() -> Iterator[Finding]:
    from deploy.redis_server import ServerError

    try:
        yield _of_ones_own(os.environ["REDIS_URL"]) if "REDIS_URL" in os.environ else _embedded()
    except ServerError as error:
        advice = "install redis-server or valkey-server, or set REDIS_URL to one: docs/operations.md"
        yield Finding("Redis", "fault", str(error), advice)


def _of_ones_own(url: str) -> Finding:
    """Raises ServerError."""
    from deploy.redis_server import check_server
    from ingest.bus.connection import CONNECTION_ERRORS, connect

    warning = check_server(url)
    try:
        with connect(url, retries=0) as client:
            client.ping()
    except CONNECTION_ERRORS:
        return Finding(
            "Redis", "fault", "the one at REDIS_URL does not answer", "start it, or correct REDIS_URL"
        )
    if warning:
        return Finding("Redis", "note", warning, "see docs/operations.md")
    return Finding("Redis", "ok", "the one at REDIS_URL answers, and is set up as it must be")


def _embedded() -> Finding:
    """Started for a moment: a binary may be of no use here. Raises ServerError."""
    from deploy.redis_server import RedisServer, find_server

    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        tried = RedisServer(Path(folder))
        tried.start()
        tried.stop()
    return Finding("Redis", "ok", f"{find_server()} starts; `mien serve` runs it")


def port(number: int) -> Iterator[Finding]:
    from api.access.certificates import CertificateError
    from deploy.data_folder import ClaimError, check_port
    from deploy.liveness import api_answers

    try:
        check_port("127.0.0.1", number)
    except ClaimError as error:
        try:
            runs = api_answers(number)
        except CertificateError as wrong:
            yield Finding("port", "fault", str(wrong), "correct MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY")
            return
        if runs:
            yield Finding("port", "ok", f"the service runs on {number}")
        else:
            yield Finding("port", "note", str(error), "give `mien serve` another one: --port")
    else:
        yield Finding("port", "ok", f"{number} is free")


def sources(data: Path) -> Iterator[Finding]:
    """The cameras of the service whose Redis is up; nothing where there is none."""
    configured = _configured(data)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(_reached, configured):
            if found is not None:
                yield found


def _configured(data: Path) -> "list[SourceConfig]":
    from deploy.data_folder import ClaimError, socket_path
    from deploy.redis_server import RedisServer
    from deploy.serve import REDIS
    from ingest.bus.connection import REDIS_ERRORS, connect
    from ingest.bus.source_config import configured_sources
    from ingest.environment import SettingError

    folder = data.resolve() / REDIS
    try:
        url = os.environ.get("REDIS_URL")
        if url is None and folder.is_dir():
            server = RedisServer(folder, socket_path(folder))
            url = server.url if server.answers() else None
        if url is None:  # the service does not run
            return []
        with connect(url, retries=0) as client:
            return list(configured_sources(client).values())
    except (ClaimError, SettingError, ValueError, *REDIS_ERRORS):
        return []  # told by `redis`, or by `settings`


def _reached(config: "SourceConfig") -> Finding | None:
    """Whether something listens where the camera should be; None where it is no address in a network."""
    name = f"source {config.id}"
    address = urlsplit(config.url)
    if address.scheme not in PORTS or address.hostname is None:
        return None
    try:
        place = (address.hostname, address.port or PORTS[address.scheme])
    except ValueError:
        return Finding(
            name, "note", "its address has no port that there is", "correct it: mien sources change"
        )
    try:
        socket.create_connection(place, REACHED_WITHIN).close()
    except OSError as error:
        reason = (error.strerror or "no answer").lower()
        found = f"{place[0]}:{place[1]} is not to be reached: {reason}"
        return Finding(name, "note", found, "look at its address, its power and the network between")
    return Finding(name, "ok", f"{place[0]}:{place[1]} answers")
