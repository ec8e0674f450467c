"""Compaction of Redis' append-only file (AOF), at a moment when it has no images in it.

Redis can rewrite the file by itself, but would write the frames and previews of that moment into it. So the
service turns that off and starts each rewrite, just after it has dropped them.
"""

import time
from collections.abc import Mapping
from typing import Any

from ingest.bus.client import Redis
from ingest.bus.connection import servers
from ingest.bus.keys import COMPACTED, REMOVED, frames_key, preview_key
from ingest.settings import retention

MIN_SIZE = 64 * 1024 * 1024  # bytes of a file that is rewritten for its size
GROWTH = 2  # times its size after the last rewrite
REWRITES_PER_RETENTION = 4  # an entry survives its retention by a quarter at most
MIN_INTERVAL, MAX_INTERVAL = 60.0, 86400.0  # seconds between two rewrites


class AppendOnlyFile:
    """The file of one server, or those of a cluster's servers."""

    def __init__(self, client: Redis, *, min_size: int = MIN_SIZE, interval: float | None = None) -> None:
        """`interval`: seconds between two rewrites; None for a share of the retention. Raise SettingError."""
        self._redis = client
        self._min_size = min_size
        share = retention() / REWRITES_PER_RETENTION
        self._interval = min(max(share, MIN_INTERVAL), MAX_INTERVAL) if interval is None else interval

    def compact(self, *, force: bool = False) -> bool:
        """Rewrite the file if it has grown, is old, or with `force`; return whether a rewrite began.

        Frames and previews are dropped first; the engine counts these frames as dropped ones. Servers of a
        cluster are judged one by one. A server that writes no such file is left alone.
        """
        states = [(server, server.info("persistence")) for server in servers(self._redis)]
        states = [(server, state) for server, state in states if state["aof_enabled"]]
        if not states or any(state["aof_rewrite_in_progress"] for _, state in states):
            return False
        began, rewrite_all = time.time(), force or self._is_old()
        chosen = [server for server, state in states if rewrite_all or self._has_grown(state)]
        for server in chosen:
            _rewrite(server)
        if len(chosen) == len(states):
            self._redis.set(COMPACTED, began)
        return bool(chosen)

    def remembers_removed(self, delay: float) -> bool:
        """Return whether the file may still hold a source that was removed at least `delay` seconds ago.

        For `delay` seconds after a removal other processes may still write about the source.
        """
        return bool(self._redis.zcount(REMOVED, f"({self._compacted_at() - delay}", time.time() - delay))

    def _compacted_at(self) -> float:
        """Return the time of the last rewrite; 0 if none is known, or the clock was set back since."""
        compacted = float(self._redis.get(COMPACTED) or 0)
        return compacted if compacted <= time.time() else 0.0

    def _is_old(self) -> bool:
        """Return whether the file may hold expired entries: only a rewrite deletes them from it."""
        self._redis.set(COMPACTED, time.time(), nx=True)  # for the first check
        return time.time() - self._compacted_at() >= self._interval

    def _has_grown(self, state: Mapping[str, Any]) -> bool:
        return bool(state["aof_current_size"] >= max(self._min_size, GROWTH * state["aof_base_size"]))


def _rewrite(server: Redis) -> None:
    """Drop all images of one server, and have it rewrite its file."""
    # One write to the socket, which the server processes without serving others in between. A transaction
    # would make it put the rewrite off.
    with server.pipeline(transaction=False) as commands:
        for key in server.scan_iter(match=frames_key("*")):
            commands.xtrim(key, maxlen=0, approximate=False)
        for key in server.scan_iter(match=preview_key("*")):
            commands.delete(key)
        commands.bgrewriteaof()
        commands.execute()
