"""uvicorn's HTTP protocol, which tells the gate when it waits for a request and when it serves one."""

import asyncio
from collections.abc import Mapping
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.problems import MEDIA_TYPE, problem_response
from api.server.gate import Peer
from api.stream.connection import limit_unsent


class HttpProtocol(H11Protocol):
    """uvicorn's protocol for one connection; requests and websockets find its peer in their state."""

    def __init__(self, *, peers: Mapping[int, Peer], **options: Any) -> None:
        """`peers` has the open connections by their file descriptors."""
        super().__init__(**options)
        self._peers = peers
        self._peer: Peer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        limit_unsent(connection, self.config.ws_ping_timeout)
        self._peer = self._peers.get(connection.fileno())
        self.app_state = {**self.app_state, "peer": self._peer}

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._report()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._report()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        super().handle_websocket_upgrade(event)
        if self._peer is not None:
            self._peer.serve()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP with a problem document."""
        body = bytes(problem_response(400, "this is not a valid HTTP request").body)
        headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            events: list[h11.Event] = [h11.Response(status_code=400, headers=headers)]
            for event in [*events, h11.Data(data=body), h11.EndOfMessage()]:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _report(self) -> None:
        if self._peer is None or self.transport.get_protocol() is not self:
            return  # it is a websocket now
        if self.cycle is None or self.cycle.response_complete:
            self._peer.wait()
        else:
            self._peer.serve()
