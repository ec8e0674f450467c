"""Keeps one decode child for each configured source: starts, watches, starts again, stops."""

import logging
import select
import time
from collections.abc import Callable, Set
from datetime import UTC, datetime

from ingest.bus.aof import AppendOnlyFile
from ingest.bus.client import Redis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS
from ingest.bus.heartbeat import send_heartbeat
from ingest.bus.source_config import SourceConfig, configured_sources
from ingest.bus.timeline import Timeline, TimelineEntry
from ingest.bus.wire import SourceState, State, encode_state
from ingest.live.backoff import Pauses
from ingest.live.child import Child, Word, died_of
from ingest.settings import IngestSettings

LOOKS_EVERY = 0.5  # seconds between two looks at what is configured
COMPACTS_EVERY = 60.0  # seconds between two looks whether Redis should write its file anew
ERASES_AFTER = 5.0  # seconds after a source is removed; by then nobody writes of it any more
ERASES_EVERY = 1.0  # seconds between two looks whether there is something to erase
TURN = 0.1  # seconds at most that a turn waits for a word
STOPPED_WITHIN = 1.0  # seconds, then by force

log = logging.getLogger(__name__)


def _reads_alike(config: SourceConfig, now: SourceConfig | None) -> bool:
    """Whether a decoder that reads `config` may go on; what else is configured concerns those who watch."""
    return now is not None and _read(config) == _read(now)


def _read(config: SourceConfig) -> tuple[str, float, float, int]:
    return (config.url, config.rate, config.created_at, config.shard)


class Kept:
    """One source and its child, if it has one at the moment. Makes SourceStates of what happens."""

    def __init__(self, config: SourceConfig, settings: IngestSettings, now: float) -> None:
        self.config = config
        self.child: Child | None = None
        self.told: list[SourceState] = []  # states that are not on the bus yet
        self._settings = settings
        self._pauses = Pauses()
        self._start_at: float | None = now  # None: not to be started
        self._last_word = Word("", "")
        self._state: tuple[State, str] | None = None
        self._tell("connecting")

    def turn(self, now: float) -> None:
        """Hears what the child says, and does what is due at `now` (seconds, monotonic)."""
        if self.child is not None:
            self._hear(self.child, now)
        if self.child is None and self._start_at is not None and now >= self._start_at:
            self._last_word = Word("", "")
            self.child = Child(self.config.id, now)

    def stop(self) -> None:
        """Tells the child to end; close() waits for it."""
        self._start_at = None
        if self.child is not None:
            self.child.terminate()

    def close(self, deadline: float) -> None:
        if self.child is not None:
            self.child.close(max(0.0, deadline - time.monotonic()))
            self.child = None

    def _hear(self, child: Child, now: float) -> None:
        code = child.exit_code()  # asked first: what it said before it went is then all there
        for word in child.hear(now):
            self._last_word = word
            if word.word == "live":
                self._tell("live")
        if code is not None:
            self._ended(child, code, now)
        elif now - child.heard_at > self._settings.silence:
            self._last_word = Word("lost", "decoding hung")
            child.kill()

    def _ended(self, child: Child, code: int, now: float) -> None:
        child.close(0.0)
        self.child = None
        pause = self._pauses.after(0.0 if child.live_at is None else now - child.live_at)
        self._start_at = now + pause
        if self._last_word.word == "ended":
            self._start_at = None
            self._tell("ended")
        elif self._last_word.word == "error":
            self._tell("error", self._last_word.reason)
        else:
            self._tell("reconnecting", self._last_word.reason or died_of(code))

    def _tell(self, state: State, reason: str = "") -> None:
        if self._state == (state, reason):
            return
        self._state = (state, reason)
        log.info("%s: %s", self.config.id, f"{state}: {reason}" if reason else state)
        self.told.append(SourceState(self.config.id, state, reason, datetime.now(UTC)))


class Keeper:
    """The sources of some shards. One bad source costs the others nothing: each has a process of its own."""

    def __init__(
        self,
        client: Redis,
        settings: IngestSettings,
        shards: Set[int] | None = None,
        file: AppendOnlyFile | None = None,
    ) -> None:
        """Without `shards` it keeps all sources of the service."""
        self._redis = client
        self._timeline = Timeline(client)
        self._file = file or AppendOnlyFile(client)
        self._settings = settings
        self._shards = shards
        self._parts = ["ingest"] if shards is None else [f"ingest:{shard}" for shard in sorted(shards)]
        self._kept: dict[str, Kept] = {}
        self._look_at = 0.0
        self._compact_at = 0.0
        self._erase_at = 0.0
        self._let_go_at: float | None = None  # of a source whose password the disk is still to forget
        self._bus_lost = False

    def run(self) -> None:
        """Keeps until an exception ends it; then all children are gone."""
        try:
            while True:
                self.turn(time.monotonic())
                self._wait()
        finally:
            self.stop()

    def turn(self, now: float) -> None:
        """One round: the configuration if it is time, each child, and the states to the bus."""
        if now >= self._look_at:
            self._look_at = now + LOOKS_EVERY
            self._with_bus(self._look)
        if now >= self._compact_at:
            self._compact_at = now + COMPACTS_EVERY
            self._with_bus(self._compact)
        if now >= self._erase_at:
            self._erase_at = now + ERASES_EVERY
            self._with_bus(lambda: self._erase(now))
        for kept in self._kept.values():
            kept.turn(now)
        if any(kept.told for kept in self._kept.values()):
            self._with_bus(self._push)

    def stop(self) -> None:
        """Ends all children, together and in time."""
        for kept in self._kept.values():
            kept.stop()
        deadline = time.monotonic() + STOPPED_WITHIN
        for kept in self._kept.values():
            kept.close(deadline)
        self._kept.clear()

    def _look(self) -> None:
        """Follows the configuration."""
        for part in self._parts:
            send_heartbeat(self._redis, part)
        configured = {
            id: config for id, config in configured_sources(self._redis).items() if self._is_ours(config)
        }
        gone = [kept for id, kept in self._kept.items() if not _reads_alike(kept.config, configured.get(id))]
        for kept in gone:
            kept.stop()
        for kept in gone:
            kept.close(time.monotonic() + STOPPED_WITHIN)
            del self._kept[kept.config.id]
            self._let_go_at = time.monotonic()
        for id, config in configured.items():
            if id not in self._kept:
                self._kept[id] = Kept(config, self._settings, time.monotonic())

    def _is_ours(self, config: SourceConfig) -> bool:
        return self._shards is None or config.shard in self._shards

    def _erase(self, now: float) -> None:
        """Has the disk forget sources that were removed or changed; what cannot be done now stays due."""
        let_go = self._let_go_at is not None and now >= self._let_go_at + ERASES_AFTER
        if (let_go or self._file.remembers_removed(ERASES_AFTER)) and self._compact(force=True):
            self._let_go_at = None if let_go else self._let_go_at

    def _compact(self, *, force: bool = False) -> bool:
        begun = self._file.compact(force=force)
        if begun:
            log.info("redis writes its file anew")
        return begun

    def _push(self) -> None:
        lost: Exception | None = None
        for kept in self._kept.values():
            entries: list[TimelineEntry] = [encode_state(state) for state in kept.told]
            if entries:
                try:
                    self._timeline.push(entries)
                    kept.told.clear()
                except CONNECTION_ERRORS as error:  # a cluster may miss one server
                    lost = error
        if lost is not None:
            raise lost

    def _with_bus(self, action: Callable[[], object]) -> None:
        """Children go on while Redis is away; what is to be told waits."""
        try:
            action()
        except REDIS_ERRORS as error:
            if not self._bus_lost:
                log.warning("redis is away: %s", error)
            self._bus_lost = True
        else:
            self._bus_lost = False

    def _wait(self) -> None:
        outputs = [kept.child.output for kept in self._kept.values() if kept.child is not None]
        select.select(outputs, [], [], TURN)
