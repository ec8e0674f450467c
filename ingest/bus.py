"""The only home of Redis: the keys, and what each process does with them.

frames:{shard}      stream   frames on their way to one engine worker; trimmed by count
timeline:{source}   stream   readings, spans, coverage, states; an entry's ID is the cursor to resume from;
                             trimmed by time (ingest.settings.retention)
overview:{source}   stream   the same in brief: each second of each face, and the coverage; trimmed by time
preview:{source}    hash     the newest colour JPEG, made only while somebody watches
watch:{source}      string   there while somebody watches
sources             hash     what is configured: id to SourceConfig as JSON
beat:{part}         string   there while a part of the service is alive: what it has to tell, or ALIVE
parts               sorted   every part that was ever alive, and when it last was
engine:{source}     string   where the engine stood after its last commit: it goes on from there
position:{source}   string   ns; the media time of the newest frame, from which a restarted decoder goes on
state:{source}      string   the newest state entry of the timeline, which may lie hours back in it
counts:{source}     hash     the engine's counts since the source was added: see engine.counts
dropped:{source}    string   frames lost since the source was added, as its coverage tells them
removed             sorted   sources that were removed a moment ago: what latecomers wrote is deleted, too
tokens              hash     who may ask, beyond this machine: name to SHA-256, scope and date as JSON
ticket:{sha256}     string   a browser's leave to open one path, for a minute or some
compacted           string   when the server's file was last written anew, seconds since the epoch
audit               stream   who did what, trimmed by time (ingest.settings.audit_retention)
"""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from ingest.configured import Picture, SourceConfig, usable_config
from ingest.settings import retention, shard_count

GROUP = "engine"  # one consumer group a shard, one fixed consumer: who comes back finishes what it took
FRAMES_KEPT = 64  # entries a shard at least: a few seconds of a few cameras
FRAMES_A_SOURCE = 8  # entries a shard for each camera that it has on average: where it has many
WATCHED_FOR = 5  # seconds that one look at a picture keeps the previews coming

PREVIEW_KEPT = 10  # seconds
COMPACT_FROM = 64 * 1024 * 1024  # bytes of the append-only file
COMPACT_GROWTH = 2  # times what it had after it was last written anew
COMPACTS_A_RETENTION = 4  # times that it is written anew while an entry is kept, however little it grows
COMPACTS_AT_MOST, COMPACTS_AT_LEAST = 60.0, 86400.0  # seconds
BEATS_FOR = 5  # seconds
ALIVE = "1"  # says a part that has nothing to tell
COMMANDS = 32  # connections of one process of the API, apart from those that wait for news

SECONDS = "seconds"  # the type of an entry that is for the overview alone

SOURCES = "sources"
REMOVED = "removed"
PARTS = "parts"
TOKENS = "tokens"
AUDIT = "audit"
COMPACTED = "compacted"

# What a worker meets when the server is away, comes back empty, or does not answer in time.
BUS_FAULTS = (redis.ConnectionError, redis.TimeoutError, redis.ResponseError)

# What a command raises when the server is away for longer than the retries last.
LOST = (redis.ConnectionError, redis.TimeoutError)

# What it raises when the server is there and refuses: the password (LOST has that as well), or the command.
NO_ENTRY = redis.AuthenticationError
NO_SUCH_RIGHT = redis.ResponseError

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One message of a source's timeline: its type, and its body as a JSON object."""

    source: str
    type: str
    body: bytes


def frames_key(shard: int | str) -> str:
    return f"frames:{shard}"


def timeline_key(source: str) -> str:
    return f"timeline:{source}"


def overview_key(source: str) -> str:
    return f"overview:{source}"


def preview_key(source: str) -> str:
    return f"preview:{source}"


def watch_key(source: str) -> str:
    return f"watch:{source}"


def engine_key(source: str) -> str:
    return f"engine:{source}"


def state_key(source: str) -> str:
    return f"state:{source}"


def position_key(source: str) -> str:
    return f"position:{source}"


def dropped_key(source: str) -> str:
    return f"dropped:{source}"


def counts_key(source: str) -> str:
    return f"counts:{source}"


def keys_of(source: str) -> list[str]:
    """Everything that is kept of a source, apart from its configuration and the frames on their way."""
    keys = (timeline_key, overview_key, preview_key, watch_key, engine_key, position_key, state_key)
    return [key(source) for key in (*keys, dropped_key, counts_key)]


def ticket_key(digest: str) -> str:
    return f"ticket:{digest}"


def beat_key(part: str) -> str:
    return f"beat:{part}"


def oldest_kept(now: tuple[int, int], kept: float) -> str:
    """The lowest ID that is kept for `kept` seconds; `now` as the server tells it: seconds, microseconds."""
    seconds, microseconds = now
    return f"{int((seconds + microseconds / 1e6 - kept) * 1000)}-0"


def redis_url() -> str:
    """The server's address: REDIS_URL, which the supervisor sets for its children."""
    return os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


def connect(url: str | None = None, *, retries: int = 10) -> "redis.Redis":
    """A blocking connection that outlives a restart of the server: commands are retried for some seconds.

    With no retries a lost connection shows at once: for who must know whether a transaction went through.
    """
    retry = Retry(ExponentialBackoff(cap=1.0, base=0.05), retries=retries)
    return redis.Redis.from_url(
        url or redis_url(),
        retry=retry,
        retry_on_error=[redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError],
        socket_timeout=10.0,
        health_check_interval=15,
    )


def connect_async(url: str | None = None, *, connections: int = COMMANDS) -> "redis.asyncio.Redis":
    """The same for the API's event loop: up to so many commands at a time, more wait for their turn.

    A read that waits for entries to come holds its connection: who makes many of them asks for as many.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url or redis_url(),
        max_connections=connections,
        retry=redis.asyncio.retry.Retry(ExponentialBackoff(cap=1.0, base=0.05), retries=10),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError],
        socket_timeout=10.0,
        health_check_interval=15,
    )
    return redis.asyncio.Redis.from_pool(pool)


# A frame's pixels are kept out of the server's append-only file: no picture of a face comes to lie on a disk.
PUSH_FRAME = """
redis.call('SET', KEYS[2], ARGV[1])
redis.set_repl(redis.REPL_NONE)
local kept = math.max(ARGV[2], math.ceil(ARGV[3] * redis.call('HLEN', KEYS[3])))
redis.call('XADD', KEYS[1], 'MAXLEN', kept, '*', unpack(ARGV, 4))
"""

# The look at the configuration is part of it: no picture is shown that was made before it said otherwise.
PUT_PREVIEW = """
local config = redis.call('HGET', KEYS[2], ARGV[4])
if not config or (cjson.decode(config)['picture'] or 'shown') ~= ARGV[5] then return end
redis.set_repl(redis.REPL_NONE)
redis.call('HSET', KEYS[1], 'jpeg', ARGV[1], 'media_time', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

# Ingest writes again what it has no answer to. The body holds the moment: the same one was written already.
ADD_STATE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then return end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 'type', 'state', 'body', ARGV[1])
redis.call('SET', KEYS[2], ARGV[1])
"""


class Bus:
    """What ingest and engine do on Redis. One instance a process (and thread)."""

    def __init__(self, client: "redis.Redis") -> None:
        """Raises SettingError where it is told wrongly how long timelines are kept, or how many shards."""
        # redis-py's signatures promise str or bytes for everything; without decode_responses it is bytes.
        self._redis: Any = client
        self._kept = retention()
        self._shards = shard_count()
        self._push_frame: Any = client.register_script(PUSH_FRAME)
        self._put_preview: Any = client.register_script(PUT_PREVIEW)

    def sources(self) -> dict[str, SourceConfig]:
        """All configured sources by id, apart from those that cannot be read."""
        entries = self._redis.hgetall(SOURCES).items()
        configs = ((id.decode(), usable_config(id.decode(), text)) for id, text in entries)
        return {id: config for id, config in configs if config is not None}

    def compact(self, *, whatever_its_size: bool = False) -> bool:
        """Has the server write its append-only file anew when it has grown or is old; says whether it does.

        The server would take frames and previews into the new file: they are dropped at that moment, which
        the engine counts as it counts all dropped frames. A server that writes no such file is let alone.
        """
        state = self._redis.info("persistence")
        if not state["aof_enabled"] or state["aof_rewrite_in_progress"]:
            return False
        grown = state["aof_current_size"] >= max(COMPACT_FROM, COMPACT_GROWTH * state["aof_base_size"])
        if not (whatever_its_size or grown or self._holds_too_old()):
            return False
        pictures = [
            *self._redis.scan_iter(match=frames_key("*")),
            *self._redis.scan_iter(match=preview_key("*")),
        ]
        # One write to the socket, which the server works off without a look at others. In a transaction it
        # would put the rewriting off.
        with self._redis.pipeline(transaction=False) as commands:
            for key in pictures:
                if key.startswith(b"frames:"):
                    commands.xtrim(key, maxlen=0, approximate=False)
                else:
                    commands.delete(key)
            commands.set(COMPACTED, time.time())
            commands.bgrewriteaof()
            commands.execute()
        return True

    def knows_removed(self, quiet: float) -> bool:
        """Whether the server's file may still know a source that was removed at least `quiet` seconds ago.

        It was to be written anew after those seconds, in which others still wrote of the source.
        """
        compacted = float(self._redis.get(COMPACTED) or 0)
        return bool(self._redis.zcount(REMOVED, f"({compacted - quiet}", time.time() - quiet))

    def _holds_too_old(self) -> bool:
        """Whether the file may hold what is too old to be kept: it forgets only when it is written anew."""
        often = min(max(self._kept / COMPACTS_A_RETENTION, COMPACTS_AT_MOST), COMPACTS_AT_LEAST)
        self._redis.set(COMPACTED, time.time(), nx=True)  # the first look
        return time.time() - float(self._redis.get(COMPACTED)) >= often

    def beat(self, part: str, told: str = "") -> None:
        """Says that a part (`ingest`, `engine:0`) is alive; who is silent for BEATS_FOR is not.

        `told`: what /readyz shall say of it.
        """
        with self._redis.pipeline(transaction=True) as transaction:
            transaction.set(beat_key(part), told or ALIVE, ex=BEATS_FOR)
            transaction.zadd(PARTS, {part: time.time()})
            transaction.execute()

    def push_frame(self, shard: int, fields: Mapping[str, bytes | int | float | str]) -> None:
        """Adds a frame; the oldest of the shard fall out (the engine sees the gap).

        FRAMES_KEPT stay, or if that is more FRAMES_A_SOURCE times the cameras of a shard, all having as many:
        at ten frames a second those of most of a second, after which they are too old to be read anyway.
        """
        source = str(fields["source"])
        parts = [part for field in fields.items() for part in field]
        kept = (FRAMES_KEPT, FRAMES_A_SOURCE / self._shards)
        self._push_frame(
            keys=[frames_key(shard), position_key(source), SOURCES],
            args=[fields["media_time"], *kept, *parts],
        )

    def position(self, source: str) -> int:
        """ns: the media time of the source's newest frame; 0 where there was none yet."""
        return int(self._redis.get(position_key(source)) or 0)

    def push_timeline(self, entries: Iterable[TimelineEntry]) -> None:
        """Adds entries to their sources' timelines, all or none."""
        with self._redis.pipeline(transaction=True) as transaction:
            _add_entries(transaction, entries, self._oldest_kept())
            transaction.execute()

    def is_watched(self, source: str) -> bool:
        return bool(self._redis.exists(watch_key(source)))

    def shown_picture(self, source: str) -> Picture:
        """What of the source's picture may be shown; "none" where it is configured no more."""
        text = self._redis.hget(SOURCES, source)
        config = usable_config(source, text) if text else None
        return "none" if config is None else config.picture

    def put_preview(self, source: str, jpeg: bytes, media_time: int, picture: Picture = "shown") -> None:
        """Replaces the source's preview; it vanishes by itself when nobody renews it.

        Nothing is put that is not `picture` any more: shown or blurred, as the source is configured now.
        """
        keys, args = [preview_key(source), SOURCES], [jpeg, media_time, PREVIEW_KEPT, source, picture]
        self._put_preview(keys=keys, args=args)

    def join_shard(self, shard: int) -> None:
        """Creates the shard's consumer group if it is not there yet."""
        try:
            self._redis.xgroup_create(frames_key(shard), GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def take_frames(
        self, shard: int, count: int, wait: float, *, again: bool = False
    ) -> list[tuple[bytes, Fields]]:
        """Takes up to `count` frames, waiting up to `wait` seconds for the first.

        With `again` those that were taken but never acknowledged, without waiting. A frame that was trimmed
        in the meantime comes with no fields.
        """
        taken = self._redis.xreadgroup(
            GROUP,
            GROUP,
            {frames_key(shard): "0" if again else ">"},
            count=count,
            block=None if again or not wait else max(1, int(wait * 1000)),
        )
        if not taken:
            return []
        entries = next(iter(taken.values()))[0] if isinstance(taken, dict) else taken[0][1]
        return [(id, fields or {}) for id, fields in entries]

    def engine_states(self, sources: Sequence[str]) -> dict[str, bytes]:
        """What the engine wrote with its last commit, for the sources that have it."""
        if not sources:
            return {}
        found = self._redis.mget([engine_key(source) for source in sources])
        return {source: state for source, state in zip(sources, found, strict=True) if state is not None}

    def commit(
        self,
        shard: int,
        taken: Sequence[bytes],
        entries: Iterable[TimelineEntry],
        states: Mapping[str, bytes],
        counts: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Writes results, states and counts and acknowledges the frames in one transaction.

        Exactly once only on a connection that does not retry: a lost answer would be written again.
        """
        with self._redis.pipeline(transaction=True) as transaction:
            _add_entries(transaction, entries, self._oldest_kept())
            for source, state in states.items():
                transaction.set(engine_key(source), state)
            for source, counted in counts.items():
                for name, count in counted.items():
                    transaction.hincrby(counts_key(source), name, count)
            if taken:
                transaction.xack(frames_key(shard), GROUP, *taken)
                transaction.xdel(frames_key(shard), *taken)
            transaction.execute()

    def _oldest_kept(self) -> str:
        return oldest_kept(self._redis.time(), self._kept)


def _add_entries(transaction: Any, entries: Iterable[TimelineEntry], oldest: str) -> None:
    for entry in entries:
        if entry.type == "state":
            keys = (timeline_key(entry.source), state_key(entry.source))
            transaction.eval(ADD_STATE, len(keys), *keys, entry.body, oldest)
            continue
        for key in _streams(entry):
            transaction.xadd(key, {"type": entry.type, "body": entry.body}, minid=oldest, approximate=True)
        if entry.type == "coverage" and (stretch := json.loads(entry.body))["kind"] == "dropped":
            transaction.incrby(dropped_key(entry.source), stretch["frames"])


def _streams(entry: TimelineEntry) -> list[str]:
    """An hour's coverage is looked for in the overview, not between a hundred thousand readings."""
    timeline, overview = timeline_key(entry.source), overview_key(entry.source)
    return {SECONDS: [overview], "coverage": [timeline, overview]}.get(entry.type, [timeline])
