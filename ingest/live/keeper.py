"""Supervises one decoder process for each configured source: starts, watches, restarts and stops it."""

import logging
import select
import time
from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime
from operator import attrgetter

from ingest.backoff import Backoff
from ingest.bus.aof import AppendOnlyFile
from ingest.bus.client import Redis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS
from ingest.bus.heartbeat import send_heartbeat, send_local_heartbeat
from ingest.bus.lease import Lease, LeaseLostError
from ingest.bus.source_config import SourceConfig, configured_sources
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, State, encode_state
from ingest.child_process import exit_reason
from ingest.live.child import DecoderProcess, StatusLine
from ingest.network.address import Transport
from ingest.settings import IngestSettings

# Delays before a source is read again. After an outage of 5 s the delay is still below 2 s, so that a camera
# is read soon after its return; a connection that held for 5 s starts the delays over.
FIRST_DELAY, LONGEST_DELAY, DELAY_GROWTH, STABLE_AFTER = 0.5, 10.0, 1.3, 5.0  # seconds; growth: a factor

CONFIG_INTERVAL = 0.5  # seconds between two readings of the configuration
COMPACT_INTERVAL = 60.0  # seconds between two checks of the append-only file's size
ERASE_DELAY = 5.0  # seconds after the removal of a source, in which others may still write about it
ERASE_INTERVAL = 1.0  # seconds between two checks for sources to erase
POLL_TIMEOUT = 0.1  # seconds that a turn waits for a status line
STOP_TIMEOUT = 1.0  # seconds until a decoder is killed

OVER_UDP = "over UDP, because the camera refuses TCP"

DECODER_FIELDS = attrgetter("url", "rate", "created_at", "shard", "display")

log = logging.getLogger(__name__)


class SupervisedSource:
    """A source and its decoder process, if it has one at the moment."""

    def __init__(self, config: SourceConfig, settings: IngestSettings, now: float) -> None:
        self.config = config
        self.process: DecoderProcess | None = None
        self.unsent: list[SourceState] = []  # states that are not in the timeline yet
        self._settings = settings
        self._backoff = source_backoff()
        self._transport: Transport = "auto"  # what worked, for the next connection
        self._start_at: float | None = now  # None: not to be started
        self._last_line = StatusLine("", "")
        self._state: tuple[State, str] | None = None
        self._report("connecting")

    def turn(self, now: float) -> None:
        """Process the decoder's lines, and start the decoder if it is time; `now`: seconds, monotonic."""
        if self.process is not None:
            self._poll(self.process, now)
        if self.process is None and self._start_at is not None and now >= self._start_at:
            self._last_line = StatusLine("", "")
            self.process = DecoderProcess(self.config.id, now, self._transport)

    def stop(self) -> None:
        """Ask the decoder to end; `close` waits for it."""
        self._start_at = None
        if self.process is not None:
            self.process.terminate()

    def close(self, deadline: float) -> None:
        if self.process is not None:
            self.process.end(max(0.0, deadline - time.monotonic()))
            self.process = None

    def same_decoding(self, config: SourceConfig | None) -> bool:
        """Return whether the decoder may go on with this configuration: it differs for viewers only."""
        return config is not None and DECODER_FIELDS(config) == DECODER_FIELDS(self.config)

    def _poll(self, process: DecoderProcess, now: float) -> None:
        code = process.exitcode  # before the lines: then all lines of a process that has ended are there
        for line in process.poll(now):
            self._last_line = line
            if line.status == "udp":
                self._transport = "udp"
            elif line.status == "live":
                self._report("live", OVER_UDP if self._transport == "udp" else "")
        if code is not None:
            self._handle_exit(process, code, now)
        elif now - process.reported_at > self._settings.report_timeout:
            self._last_line = StatusLine("lost", "decoding hung")
            process.kill()

    def _handle_exit(self, process: DecoderProcess, code: int, now: float) -> None:
        process.end(0.0)
        self.process = None
        if process.live_at is None:
            self._transport = "auto"
        delay = self._backoff.delay(0.0 if process.live_at is None else now - process.live_at)
        self._start_at = now + delay
        if self._last_line.status == "ended":
            self._start_at = None
            self._report("ended")
        elif self._last_line.status == "error":
            self._report("error", self._last_line.reason)
        else:
            self._report("reconnecting", self._last_line.reason or f"the decoder {exit_reason(code)}")

    def _report(self, state: State, reason: str = "") -> None:
        if self._state == (state, reason):
            return
        self._state = (state, reason)
        log.info("%s: %s", self.config.id, f"{state}: {reason}" if reason else state)
        self.unsent.append(SourceState(self.config.id, state, reason, datetime.now(UTC)))


class Keeper:
    """The sources of some shards. Each has a process of its own, so a bad source does not affect others."""

    def __init__(
        self,
        client: Redis,
        settings: IngestSettings,
        shards: Set[int] | None = None,
        file: AppendOnlyFile | None = None,
    ) -> None:
        """`shards`: None for all sources of the service."""
        self._redis = client
        self._timeline = Timeline(client)
        self._file = file or AppendOnlyFile(client)
        self._settings = settings
        self._shards = shards
        self._parts = ["ingest"] if shards is None else [f"ingest:{shard}" for shard in sorted(shards)]
        self._sources: dict[str, SupervisedSource] = {}
        self._leases: dict[int, Lease] = {}
        self._waiting: set[int] = set()  # shards that another ingest reads
        self._configure_at = self._compact_at = self._erase_at = 0.0
        self._dropped_at: float | None = None  # of a source whose password is still on the disk
        self._redis_is_away = False

    def run(self) -> None:
        """Work until an exception; then end all decoders."""
        try:
            while True:
                self.turn(time.monotonic())
                decoders = [source.process for source in self._sources.values()]
                outputs = [decoder.output for decoder in decoders if decoder is not None]
                select.select(outputs, [], [], POLL_TIMEOUT)
        finally:
            self.stop()

    def turn(self, now: float) -> None:
        """Do once what is scheduled: configuration, append-only file, decoders, states; `now`: seconds."""
        if now >= self._configure_at:
            self._configure_at = now + CONFIG_INTERVAL
            self._with_redis(self._follow_configuration)
        if now >= self._compact_at:
            self._compact_at = now + COMPACT_INTERVAL
            self._with_redis(self._compact)
        if now >= self._erase_at:
            self._erase_at = now + ERASE_INTERVAL
            self._with_redis(lambda: self._erase(now))
        for source in self._sources.values():
            source.turn(now)
        if any(source.unsent for source in self._sources.values()):
            self._with_redis(self._push_states)

    def stop(self) -> None:
        self._end(list(self._sources.values()))
        self._with_redis(self._release)

    def _follow_configuration(self) -> None:
        configs = configured_sources(self._redis)
        dropped = [each for id, each in self._sources.items() if not each.same_decoding(configs.get(id))]
        if dropped:
            self._end(dropped)
            self._dropped_at = time.monotonic()
        held = self._take_leases({config.shard for config in configs.values()})
        self._end([each for each in self._sources.values() if each.config.shard not in held])
        for id, config in configs.items():
            if config.shard in held and id not in self._sources:
                self._sources[id] = SupervisedSource(config, self._settings, time.monotonic())

    def _take_leases(self, configured: Set[int]) -> Set[int]:
        """Take or renew the leases, send heartbeats, and return the shards that this process reads."""
        wanted = configured | {*range(self._settings.shards)} if self._shards is None else self._shards
        held = {shard for shard in sorted(wanted) if self._has_lease(shard)}
        for part in self._parts:
            shard = part.partition(":")[2]
            reads = int(shard) in held if shard else bool(held)
            (send_heartbeat if reads else send_local_heartbeat)(self._redis, part)
        return held

    def _has_lease(self, shard: int) -> bool:
        lease = self._leases.setdefault(shard, Lease(self._redis, "ingest", shard))
        try:
            lease.take()
        except LeaseLostError as error:
            if shard not in self._waiting:
                log.warning("%s", error)
            self._waiting.add(shard)
            return False
        self._waiting.discard(shard)
        return True

    def _release(self) -> None:
        for shard in self._leases.keys() - self._waiting:
            self._leases[shard].release()

    def _end(self, sources: Sequence[SupervisedSource]) -> None:
        """End decoders at the same time."""
        for source in sources:
            source.stop()
        deadline = time.monotonic() + STOP_TIMEOUT
        for source in sources:
            source.close(deadline)
            del self._sources[source.config.id]

    def _erase(self, now: float) -> None:
        """Erase removed and changed sources from the append-only file; a failed attempt is repeated."""
        dropped = self._dropped_at is not None and now >= self._dropped_at + ERASE_DELAY
        if (dropped or self._file.remembers_removed(ERASE_DELAY)) and self._compact(force=True):
            self._dropped_at = None if dropped else self._dropped_at

    def _compact(self, *, force: bool = False) -> bool:
        started = self._file.compact(force=force)
        if started:
            log.info("redis rewrites its append-only file")
        return started

    def _push_states(self) -> None:
        lost: Exception | None = None
        for source in self._sources.values():
            if source.unsent:
                try:
                    self._timeline.push([encode_state(state) for state in source.unsent])
                    source.unsent.clear()
                except CONNECTION_ERRORS as error:  # a single server of a cluster may be away
                    lost = error
        if lost is not None:
            raise lost

    def _with_redis(self, action: Callable[[], object]) -> None:
        """Run an action. While Redis is away, decoders go on and states wait."""
        try:
            action()
        except REDIS_ERRORS as error:
            if not self._redis_is_away:
                log.warning("redis is away: %s", error)
            self._redis_is_away = True
        else:
            self._redis_is_away = False


def source_backoff() -> Backoff:
    return Backoff(first=FIRST_DELAY, longest=LONGEST_DELAY, growth=DELAY_GROWTH, reset_after=STABLE_AFTER)
