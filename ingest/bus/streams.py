"""What ingest and the engine do with what lies in Redis: see ingest.bus.keys."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.bus.aof import has_grown, write_anew
from ingest.bus.connection import BUS_FAULTS, is_cluster, servers
from ingest.bus.keys import (
    COMPACTED,
    PARTS,
    REMOVED,
    SOURCES,
    beat_key,
    counts_key,
    dropped_key,
    engine_key,
    frames_key,
    overview_key,
    position_key,
    preview_key,
    state_key,
    timeline_key,
    watch_key,
)
from ingest.bus.source_config import Picture, SourceConfig, usable_config
from ingest.settings import IngestSettings

GROUP = "engine"  # one consumer group a shard, one fixed consumer: who comes back finishes what it took
FRAMES_KEPT = 64  # entries a shard at least: a few seconds of a few cameras
FRAMES_A_SOURCE = 8  # entries a shard for each camera that it has on average: where it has many
WATCHED_FOR = 5  # seconds that one look at a picture keeps the previews coming

PREVIEW_KEPT = 10  # seconds
COMPACTS_A_RETENTION = 4  # times that it is written anew while an entry is kept, however little it grows
COMPACTS_AT_MOST, COMPACTS_AT_LEAST = 60.0, 86400.0  # seconds
BEATS_FOR = 5  # seconds
ALIVE = "1"  # says a part that has nothing to tell
COUNTS_EVERY = 5.0  # seconds between two looks how many sources there are

SECONDS = "seconds"  # the type of an entry that is for the overview alone

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One message of a source's timeline: its type, and its body as a JSON object."""

    source: str
    type: str
    body: bytes


def oldest_kept(now: tuple[int, int], kept: float) -> str:
    """The lowest ID that is kept for `kept` seconds; `now` as the server tells it: seconds, microseconds."""
    seconds, microseconds = now
    return f"{int((seconds + microseconds / 1e6 - kept) * 1000)}-0"


# A frame's pixels are kept out of the server's append-only file: no picture of a face comes to lie on a disk.
PUSH_FRAME = """
redis.set_repl(redis.REPL_NONE)
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '*', unpack(ARGV, 2))
"""

PUT_PREVIEW = """
redis.set_repl(redis.REPL_NONE)
redis.call('HSET', KEYS[1], 'jpeg', ARGV[1], 'media_time', ARGV[2], 'picture', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""

# Ingest writes again what it has no answer to. The body holds the moment: the same one was written already.
ADD_STATE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then return end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 'type', 'state', 'body', ARGV[1])
redis.call('SET', KEYS[2], ARGV[1])
"""


class Bus:
    """What ingest and engine do on Redis. One instance a process (and thread)."""

    def __init__(self, client: Any) -> None:
        """`client`: of one server or of a cluster; without decode_responses, all that it gives is bytes.

        Raises SettingError where it is told wrongly how long timelines are kept, or how many shards.
        """
        self._redis = client
        self._is_cluster = is_cluster(client)
        settings = IngestSettings.read("retention", "shards")
        self._kept, self._shards = settings.retention, settings.shards
        self._most = FRAMES_KEPT  # entries a shard
        self._counted_at = -COUNTS_EVERY

    def sources(self) -> dict[str, SourceConfig]:
        """All configured sources by id, apart from those that cannot be read."""
        entries = self._redis.hgetall(SOURCES).items()
        configs = ((id.decode(), usable_config(id.decode(), text)) for id, text in entries)
        return {id: config for id, config in configs if config is not None}

    def compact(self, *, whatever_its_size: bool = False) -> bool:
        """Has the server write its append-only file anew when it has grown or is old; says whether it does.

        The server would take frames and previews into the new file: they are dropped at that moment, which
        the engine counts as it counts all dropped frames. A server that writes no such file is let alone.
        Of a cluster each server does so for itself, and the answer is whether all do that should.
        """
        files = [(server, server.info("persistence")) for server in servers(self._redis)]
        written = [(server, file) for server, file in files if file["aof_enabled"]]
        if not written or any(file["aof_rewrite_in_progress"] for _, file in written):
            return False
        began, all_of_them = time.time(), whatever_its_size or self._holds_too_old()
        anew = [server for server, file in written if all_of_them or has_grown(file)]
        for server in anew:
            write_anew(server)
        if len(anew) == len(written):
            self._redis.set(COMPACTED, began)
        return bool(anew)

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
        with self._redis.pipeline(transaction=False) as commands:
            commands.set(beat_key(part), told or ALIVE, ex=BEATS_FOR)
            commands.zadd(PARTS, {part: time.time()})
            commands.execute()

    def push_frame(self, shard: int, fields: Mapping[str, bytes | int | float | str]) -> None:
        """Adds a frame; the oldest of the shard fall out (the engine sees the gap).

        FRAMES_KEPT stay, or if that is more FRAMES_A_SOURCE times the cameras of a shard, all having as many:
        at ten frames a second those of most of a second, after which they are too old to be read anyway.
        """
        parts = [part for field in fields.items() for part in field]
        self._redis.set(position_key(str(fields["source"])), fields["media_time"])
        self._redis.eval(PUSH_FRAME, 1, frames_key(shard), self._frames_kept(), *parts)

    def _frames_kept(self) -> int:
        if time.monotonic() - self._counted_at >= COUNTS_EVERY:
            sources = self._redis.hlen(SOURCES)
            self._most = max(FRAMES_KEPT, math.ceil(FRAMES_A_SOURCE / self._shards * sources))
            self._counted_at = time.monotonic()
        return self._most

    def position(self, source: str) -> int:
        """ns: the media time of the source's newest frame; 0 where there was none yet."""
        return int(self._redis.get(position_key(source)) or 0)

    def push_timeline(self, entries: Iterable[TimelineEntry]) -> None:
        """Adds entries to their sources' timelines, in a cluster to one after the other, else all or none."""
        self._write(entries, {}, {})

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
        Where that changes at this very moment, who serves the picture finds beside it what it is.
        """
        if self.shown_picture(source) == picture:
            self._redis.eval(PUT_PREVIEW, 1, preview_key(source), jpeg, media_time, picture, PREVIEW_KEPT)

    def join_shard(self, shard: int) -> None:
        """Creates the shard's consumer group if it is not there yet."""
        try:
            self._redis.xgroup_create(frames_key(shard), GROUP, id="0", mkstream=True)
        except BUS_FAULTS as error:
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
        with self._redis.pipeline(transaction=False) as commands:
            for source in sources:
                commands.get(engine_key(source))
            found = commands.execute()
        return {source: state for source, state in zip(sources, found, strict=True) if state is not None}

    def commit(
        self,
        shard: int,
        taken: Sequence[bytes],
        entries: Iterable[TimelineEntry],
        states: Mapping[str, bytes],
        counts: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Writes results, states and counts and acknowledges the frames, all or none.

        In a cluster the sources are written one after the other, each with its state, then the frames are
        acknowledged. Where that is cut off, frames come again that the state knows already.

        Exactly once only on a connection that does not retry: a lost answer would be written again.
        """
        if not self._is_cluster:
            self._write(entries, states, counts, (frames_key(shard), taken))
            return
        self._write(entries, states, counts)
        with self._redis.pipeline(transaction=True) as transaction:
            _acknowledge(transaction, frames_key(shard), taken)
            transaction.execute()

    def _write(
        self,
        entries: Iterable[TimelineEntry],
        states: Mapping[str, bytes],
        counts: Mapping[str, Mapping[str, int]],
        done: tuple[str, Sequence[bytes]] = ("", ()),
    ) -> None:
        """Writes all in one transaction, in a cluster in one for each source."""
        parts: dict[str, list[TimelineEntry]] = defaultdict(list)
        for entry in entries:
            parts[entry.source].append(entry)
        sources = dict.fromkeys([*parts, *states, *counts])
        for together in [[source] for source in sources] if self._is_cluster else [list(sources)]:
            oldest = self._oldest_kept(together)
            with self._redis.pipeline(transaction=True) as transaction:
                for source in together:
                    _add_entries(transaction, parts[source], oldest)
                    if source in states:
                        transaction.set(engine_key(source), states[source])
                    for name, count in counts.get(source, {}).items():
                        transaction.hincrby(counts_key(source), name, count)
                _acknowledge(transaction, *done)
                transaction.execute()

    def _oldest_kept(self, sources: Sequence[str]) -> str:
        """As the server tells the time to which these sources are written."""
        if self._is_cluster:
            node = self._redis.get_node_from_key(timeline_key(sources[0]))
            return oldest_kept(self._redis.time(target_nodes=node), self._kept)
        return oldest_kept(self._redis.time(), self._kept)


def _add_entries(transaction: Any, entries: Iterable[TimelineEntry], oldest: str) -> None:
    for entry in entries:
        if entry.type == "state":
            keys = (timeline_key(entry.source), state_key(entry.source))
            # The pipeline of a cluster has no `eval`.
            transaction.execute_command("EVAL", ADD_STATE, len(keys), *keys, entry.body, oldest)
            continue
        for key in _streams(entry):
            transaction.xadd(key, {"type": entry.type, "body": entry.body}, minid=oldest, approximate=True)
        if entry.type == "coverage" and (stretch := json.loads(entry.body))["kind"] == "dropped":
            transaction.incrby(dropped_key(entry.source), stretch["frames"])


def _acknowledge(transaction: Any, frames: str, taken: Sequence[bytes]) -> None:
    if taken:
        transaction.xack(frames, GROUP, *taken)
        transaction.xdel(frames, *taken)


def _streams(entry: TimelineEntry) -> list[str]:
    """An hour's coverage is looked for in the overview, not between a hundred thousand readings."""
    timeline, overview = timeline_key(entry.source), overview_key(entry.source)
    return {SECONDS: [overview], "coverage": [timeline, overview]}.get(entry.type, [timeline])
