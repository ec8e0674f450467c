"""The append-only file of one server: when it is to be written anew, and how without pictures in it."""

from collections.abc import Mapping
from typing import Any

from ingest.bus.keys import frames_key, preview_key

COMPACT_FROM = 64 * 1024 * 1024  # bytes of the append-only file
COMPACT_GROWTH = 2  # times what it had after it was last written anew


def has_grown(file: Mapping[str, Any]) -> bool:
    """Whether the append-only file, of which the server tells this, is worth writing anew."""
    return bool(file["aof_current_size"] >= max(COMPACT_FROM, COMPACT_GROWTH * file["aof_base_size"]))


def write_anew(server: Any) -> None:
    """Has one server write its file anew, without the pictures of faces that it holds at that moment."""
    pictures = [*server.scan_iter(match=frames_key("*")), *server.scan_iter(match=preview_key("*"))]
    # One write to the socket, which the server works off without a look at others. In a transaction it
    # would put the rewriting off.
    with server.pipeline(transaction=False) as commands:
        for key in pictures:
            if key.startswith(b"frames:"):
                commands.xtrim(key, maxlen=0, approximate=False)
            else:
                commands.delete(key)
        commands.bgrewriteaof()
        commands.execute()
