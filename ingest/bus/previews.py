"""Previews: the newest image of a source as a JPEG, made only while a viewer watches."""

from ingest.bus.client import Redis
from ingest.bus.keys import SOURCES, preview_key, watch_key
from ingest.bus.source_config import PreviewMode, usable_config

WATCH_TTL = 5  # seconds in which previews are made after a request for one
PREVIEW_TTL = 10  # seconds

# As with frames, the script keeps the image out of the append-only file.
PUT_PREVIEW = """
redis.set_repl(redis.REPL_NONE)
redis.call('HSET', KEYS[1], 'jpeg', ARGV[1], 'media_time', ARGV[2], 'picture', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""


class Previews:
    """The previews of all sources, written by ingest."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def is_watched(self, source: str) -> bool:
        return bool(self._redis.exists(watch_key(source)))

    def mode(self, source: str) -> PreviewMode:
        """Return how the source may be shown now; "none" if it is no longer configured."""
        text = self._redis.hget(SOURCES, source)
        config = usable_config(source, text) if text else None
        return "none" if config is None else config.picture

    def put(self, source: str, jpeg: bytes, media_time: int, mode: PreviewMode = "shown") -> None:
        """Replace the source's preview; it expires after PREVIEW_TTL.

        Nothing is written if `mode` is not the configured one any more. If the configuration changes at this
        moment, the API finds the mode beside the image and does not serve it.
        """
        if self.mode(source) == mode:
            self._redis.eval(PUT_PREVIEW, 1, preview_key(source), jpeg, media_time, mode, PREVIEW_TTL)
