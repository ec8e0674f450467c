"""The HTTP server of the API: uvicorn, with limits of connections and of the time that each may take."""

import logging
import math
import socket
import time
from functools import partial

import uvicorn
from fastapi import FastAPI

from api.access.certificates import KeyPair
from api.server.gate import Gate, Peer
from api.server.http_protocol import HttpProtocol
from api.server.listener import ACCEPTED_AT_ONCE, listeners
from api.stream.connection import CLIENT_TIMEOUT, Connection

log = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT = 2  # seconds that open connections have to end when the service stops
RESERVED_FILES = 100  # for Redis, videos and results; a guess
MAX_CONNECTIONS = 10_000  # where the system allows any number of open files; ten times the measured number
LOG_INTERVAL = 60.0  # seconds
MAX_ANONYMOUS = 256  # connections of one address without a token; a guess


class ApiServer(uvicorn.Server):
    """Serves the app on one address."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self._gate = gate
        self._peers: dict[int, Peer] = {}
        self._log_at = -math.inf  # seconds, monotonic

    def listen(self) -> list[socket.socket]:
        """Bind the sockets for `run`. Raises OSError."""
        self.config.http = partial(HttpProtocol, peers=self._peers)  # type: ignore[assignment]
        return list(listeners(self.config.host, self.config.port, self._gate, self._peers))

    async def on_tick(self, counter: int) -> bool:
        """Close the connections whose time is over; uvicorn calls it ten times a second."""
        self._log_displaced()
        for peer in self._gate.overdue():
            peer.leave()
            peer.close()
        return await super().on_tick(counter)

    def _log_displaced(self) -> None:
        if self._gate.displaced and time.monotonic() >= self._log_at:
            log.warning("too many connections: %d were closed for newer ones", self._gate.displaced)
            self._gate.displaced, self._log_at = 0, time.monotonic() + LOG_INTERVAL


def gate_for(open_files: int) -> Gate:
    """Return the gate of a process that may open so many files."""
    limit = max(1, min(MAX_CONNECTIONS, open_files - RESERVED_FILES))
    return Gate(limit, min(MAX_ANONYMOUS, max(1, limit // 2)))


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
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        access_log=False,
        log_config=None,
        log_level="warning",  # uvicorn logs each websocket's query on the level below
        server_header=False,
        ssl_certfile=pair.certificate if pair else None,
        ssl_keyfile=pair.key if pair else None,
    )
