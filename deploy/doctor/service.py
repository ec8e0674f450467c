"""The service: its settings, Redis, port and cameras."""

import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy.doctor.finding import Finding
from ingest.settings import external_redis

if TYPE_CHECKING:
    from ingest.bus.source_config import SourceConfig

CONNECT_TIMEOUT = 3.0  # seconds
MAX_PARALLEL = 16  # cameras


def settings() -> Iterator[Finding]:
    from deploy.settings import check_settings

    yield Finding("settings", "ok", ", ".join(check_settings()) or "all at their defaults")


def redis() -> Iterator[Finding]:
    from deploy.redis_server import ServerError

    try:
        url = external_redis()
        yield _embedded_redis() if url is None else _configured_redis(url)
    except ServerError as error:
        advice = "install redis-server or valkey-server, or set REDIS_URL to one: docs/operations.md"
        yield Finding("Redis", "fault", str(error), advice)


def _configured_redis(url: str) -> Finding:
    """Check the server at REDIS_URL. Raises ServerError."""
    from deploy.redis_server import check_server
    from ingest.bus.connection import CONNECTION_ERRORS, connect

    warning = check_server(url)
    try:
        with connect(url, retries=0) as client:
            client.ping()
    except CONNECTION_ERRORS:
        advice = "start it, or correct REDIS_URL"
        return Finding("Redis", "fault", "the one at REDIS_URL does not answer", advice)
    if warning:
        return Finding("Redis", "note", warning, "see docs/operations.md")
    return Finding("Redis", "ok", "the one at REDIS_URL answers, with the right configuration")


def _embedded_redis() -> Finding:
    """Start the service's own server once: its binary may not run on this machine. Raises ServerError."""
    from deploy.redis_server import RedisServer, find_server

    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        server.stop()
    return Finding("Redis", "ok", f"{find_server()} starts; `mien serve` runs it")


def port(number: int) -> Iterator[Finding]:
    from deploy.endpoint import EndpointError, check_port

    try:
        check_port("127.0.0.1", number)
    except EndpointError as error:
        yield _occupied(number, str(error))
    else:
        yield Finding("port", "ok", f"{number} is free")


def _occupied(number: int, reason: str) -> Finding:
    from api.access.certificates import CertificateError
    from deploy.liveness import api_answers

    try:
        if api_answers(number):
            return Finding("port", "ok", f"the service runs on {number}")
    except CertificateError as error:
        return Finding("port", "fault", str(error), "correct MIEN_TLS_CERTIFICATE and MIEN_TLS_KEY")
    return Finding("port", "note", reason, "give `mien serve` another one: --port")


def sources(data: Path) -> Iterator[Finding]:
    """Connect to the cameras of the service, if its Redis runs."""
    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        yield from filter(None, pool.map(_connected, _configured(data)))


def _configured(data: Path) -> "list[SourceConfig]":
    from deploy.data_folder import REDIS_FOLDER, LockError
    from ingest.bus.connection import REDIS_ERRORS, connect
    from ingest.bus.source_config import configured_sources
    from ingest.environment import SettingError

    try:
        url = external_redis() or _running_redis(data.resolve() / REDIS_FOLDER)
        if url is None:
            return []
        with connect(url, retries=0) as client:
            return list(configured_sources(client).values())
    except (LockError, SettingError, ValueError, *REDIS_ERRORS):
        return []  # `redis` or `settings` reports it


def _running_redis(folder: Path) -> str | None:
    """Return the URL of the embedded Redis in this folder; None if it does not run."""
    from deploy.data_folder import socket_path
    from deploy.redis_server import RedisServer

    if not folder.is_dir():
        return None
    server = RedisServer(folder, socket_path(folder))
    return server.url if server.answers() else None


def _connected(config: "SourceConfig") -> Finding | None:
    """Connect to a camera; return None for a source without an address in a network."""
    from ingest.network.source_types import DEFAULT_PORTS

    name = f"source {config.id}"
    address = urlsplit(config.url)
    if address.scheme not in DEFAULT_PORTS or address.hostname is None:
        return None
    try:
        host, port = address.hostname, address.port or DEFAULT_PORTS[address.scheme]
    except ValueError:
        return Finding(name, "note", "the port in its address is wrong", "correct it: mien sources change")
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT).close()
    except OSError as error:
        found = f"{host}:{port} does not answer: {(error.strerror or 'no answer').lower()}"
        return Finding(name, "note", found, "check its address, its power and the network")
    return Finding(name, "ok", f"{host}:{port} answers")
