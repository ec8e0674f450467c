"""The connection of a request, which the server puts into the state of its scope."""

from typing import Protocol

from starlette.types import Scope


class Peer(Protocol):
    """One connection: see api.server.gate."""

    def authorize(self) -> None: ...
    def close(self) -> None: ...


def authorize_connection(scope: Scope) -> None:
    """Tell the server that the connection is not anonymous any more."""
    if (peer := _peer_of(scope)) is not None:
        peer.authorize()


def cut_connection(scope: Scope) -> None:
    """Close the connection in the middle of its response, so that the client knows it is not whole."""
    if (peer := _peer_of(scope)) is not None:
        peer.close()


def _peer_of(scope: Scope) -> Peer | None:
    """Return the connection of an ASGI scope; None under a server that has no gate."""
    peer: Peer | None = scope.get("state", {}).get("peer")
    return peer
