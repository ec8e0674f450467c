"""Timelines of sources: readings, spans, coverage and states as entries of Redis streams."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.bus.client import Commands, Pipeline, Redis
from ingest.bus.connection import WatchError, is_cluster, server_time
from ingest.bus.frame_stream import acknowledge
from ingest.bus.keys import counts_key, dropped_key, engine_key, overview_key, state_key, timeline_key
from ingest.bus.lease import Lease, LeaseLostError
from ingest.settings import retention

SECONDS = "seconds"  # the type of an entry that goes to the overview only
# Coverage is also in the overview: an hour of it is not searched among a hundred thousand readings.
STREAM_KEYS = {SECONDS: [overview_key], "coverage": [timeline_key, overview_key]}  # by entry type

# Ingest repeats a write whose reply was lost. The body has the time of the state, so it shows a repetition.
ADD_STATE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then return end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 'type', 'state', 'body', ARGV[1], 'at', ARGV[3])
redis.call('SET', KEYS[2], ARGV[1])
"""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A message of a source's timeline: its type, and its body as a JSON object."""

    source: str
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """Results of the engine of one shard, written together with the acknowledgement of their frames."""

    shard: int
    frame_ids: Sequence[bytes] = ()  # entries of the frame stream that are done
    entries: Sequence[TimelineEntry] = ()
    states: Mapping[str, bytes] = field(default_factory=dict)  # of the engine, by source
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # increments by source and name


class Timeline:
    """The timelines of all sources. Each process, and each thread, has its own."""

    def __init__(self, client: Redis, lease: Lease | None = None) -> None:
        """`lease`: without it nothing is written. Raise SettingError if MIEN_RETENTION is invalid."""
        self._redis = client
        self._lease = lease
        self._is_cluster = is_cluster(client)
        self._retention = retention()

    def push(self, entries: Iterable[TimelineEntry]) -> None:
        """Add entries to their sources' timelines: all or none, in a cluster source after source."""
        self._write(Commit(shard=0, entries=list(entries)))

    def commit(self, commit: Commit) -> None:
        """Write a commit: all or nothing.

        A cluster writes source after source, each with its engine state, and acknowledges the frames last.
        If that breaks off, the engine gets frames again that its state already covers.

        Exactly-once needs a client without retries: a retry after a lost reply would write twice.
        Raise LeaseLostError, and write nothing, if another process holds the lease.
        """
        if self._is_cluster and self._lease is not None:
            self._lease.check(self._redis.get(self._lease.key))
        self._write(commit)
        if self._is_cluster:
            with self._redis.pipeline(transaction=True) as transaction:
                acknowledge(transaction, commit.shard, commit.frame_ids)
                transaction.execute()

    def engine_states(self, sources: Sequence[str]) -> dict[str, bytes]:
        """Return the engine states of the last commits; sources without one are left out."""
        with self._redis.pipeline(transaction=False) as commands:
            for source in sources:
                commands.get(engine_key(source))
            states = commands.execute()
        return {source: state for source, state in zip(sources, states, strict=True) if state is not None}

    def _write(self, commit: Commit) -> None:
        """Write all in one transaction; in a cluster one for each source, without the acknowledgement."""
        entries: dict[str, list[TimelineEntry]] = defaultdict(list)
        for entry in commit.entries:
            entries[entry.source].append(entry)
        sources = list(dict.fromkeys([*entries, *commit.states, *commit.counts]))
        for group in [[source] for source in sources] if self._is_cluster else [sources]:
            key = timeline_key(group[0]) if group else ""
            now = server_time(self._redis, key)
            oldest, written_at = oldest_id(now, self._retention), now[0] * 1000 + now[1] // 1000
            with self._redis.pipeline(transaction=True) as transaction:
                self._watch_lease(transaction)
                for source in group:
                    _add_entries(transaction, entries[source], oldest, written_at)
                    if source in commit.states:
                        transaction.set(engine_key(source), commit.states[source])
                    for name, count in commit.counts.get(source, {}).items():
                        transaction.hincrby(counts_key(source), name, count)
                if not self._is_cluster:
                    acknowledge(transaction, commit.shard, commit.frame_ids)
                _execute(transaction)

    def _watch_lease(self, transaction: Pipeline) -> None:
        """Make the transaction fail if the lease changes. In a cluster it is on another server."""
        if self._lease is not None and not self._is_cluster:
            transaction.watch(self._lease.key)
            self._lease.check(transaction.get(self._lease.key))
            transaction.multi()


def _execute(transaction: Pipeline) -> None:
    try:
        transaction.execute()
    except WatchError as error:
        raise LeaseLostError("the lease ran out during a commit") from error


def oldest_id(now: tuple[int, int], retention: float) -> str:
    """Return the lowest ID within `retention` seconds; `now`: the server's time, (seconds, microseconds)."""
    seconds, microseconds = now
    return f"{max(0, int((seconds + microseconds / 1e6 - retention) * 1000))}-0"


def _add_entries(
    transaction: Commands, entries: Iterable[TimelineEntry], oldest: str, written_at: int
) -> None:
    """Add entries with the time of the server's clock (ms), which their IDs may be ahead of."""
    for entry in entries:
        if entry.type == "state":
            keys = (timeline_key(entry.source), state_key(entry.source))
            # The pipeline of a cluster has no `eval`.
            transaction.execute_command("EVAL", ADD_STATE, len(keys), *keys, entry.body, oldest, written_at)
            continue
        message = {"type": entry.type, "body": entry.body, "at": written_at}
        for key in STREAM_KEYS.get(entry.type, [timeline_key]):
            transaction.xadd(key(entry.source), message, minid=oldest, approximate=True)
        if entry.type == "coverage" and (coverage := json.loads(entry.body))["kind"] == "dropped":
            transaction.incrby(dropped_key(entry.source), coverage["frames"])
