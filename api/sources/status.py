"""Status of each source, updated from the new entries of its timeline on each request."""

import json
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.stream.history import ExpiredError, History
from api.stream.messages import START, now, position
from ingest.bus.client import AsyncRedis
from ingest.bus.heartbeat import Silent, silent_part
from ingest.bus.keys import state_key
from ingest.bus.source_config import SourceConfig

DROP_SHARE_PERIOD = 60.0  # seconds
INITIAL_ENTRIES = 1000  # newest entries, read on the first request for a source
PAGE_SIZE = 1000  # entries
HEALTHY_STATES = ("live", "ended")


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Connection state, newest reading and losses of a source."""

    state: str | None  # connecting live reconnecting ended error; None before ingest reports one
    reason: str
    since: datetime | None  # start of this state, or of the failure that it is part of
    last_reading: datetime | None
    drop_share: float | None  # 0..1 of the last minute's frames; None if there were none


class StatusTracker:
    """Derives the status of one source from its timeline entries, added in order. Pure."""

    def __init__(self) -> None:
        self.cursor: str | None = None  # of the newest added entry
        self._state: str | None = None
        self._reason = ""
        self._since: datetime | None = None
        self._last_reading: datetime | None = None
        self._coverage: deque[tuple[datetime, str, int]] = deque()  # ended_at, kind, frames

    def add(self, cursor: str, kind: bytes, body: bytes) -> None:
        self.cursor = cursor
        if kind == b"state":
            self.add_state(json.loads(body))
        elif kind == b"reading":
            self._last_reading = _parsed_moment(json.loads(body)["captured_at"]) or self._last_reading
        elif kind == b"coverage":
            fields = json.loads(body)
            if ended := _parsed_moment(fields["ended_at"]):
                self._coverage.append((ended, fields["kind"], fields["frames"]))

    def add_state(self, fields: dict[str, Any]) -> None:
        """Add a state. A failure lasts over all attempts from its first state to the next healthy one."""
        at = _parsed_moment(fields["at"])
        is_failing = self._state is not None and self._state not in HEALTHY_STATES
        if not is_failing or fields["state"] in HEALTHY_STATES:
            self._since = at
        self._state, self._reason = fields["state"], fields["reason"]

    def status(self, at: datetime) -> SourceStatus:
        period = timedelta(seconds=DROP_SHARE_PERIOD)
        # What ended long after now is from before the clock was set back.
        recent = (each for each in self._coverage if abs(at - each[0]) <= period)
        self._coverage = deque(recent)
        frames = sum(frames for _, _, frames in self._coverage)
        dropped = sum(frames for _, kind, frames in self._coverage if kind == "dropped")
        return SourceStatus(
            state=self._state,
            reason=self._reason,
            since=self._since,
            last_reading=self._last_reading,
            drop_share=round(dropped / frames, 4) if frames else None,
        )


class SourceStatuses:
    """Status of each requested source; a request reads only the entries since the previous one."""

    def __init__(self, client: AsyncRedis, history: History) -> None:
        self._redis = client
        self._history = history
        # With created_at: a source that was removed and added again has another one.
        self._trackers: dict[str, tuple[float, StatusTracker]] = {}

    async def status(self, config: SourceConfig) -> SourceStatus:
        source = config.id
        created_at, tracker = self._trackers.get(source, (None, None))
        if tracker is None or tracker.cursor is None or created_at != config.created_at:
            tracker = await self._start(source)
            self._trackers[source] = (config.created_at, tracker)
        else:
            await self._add_new(source, tracker, tracker.cursor)
        status = tracker.status(now())
        if status.state == "ended" or (silent := await silent_part(self._redis, config.shard)) is None:
            return status
        return _of_silent_part(status, silent)

    def retain(self, sources: Collection[str]) -> None:
        """Forget all other sources."""
        for source in self._trackers.keys() - set(sources):
            del self._trackers[source]

    async def _start(self, source: str) -> StatusTracker:
        """Start from the newest entries, and from the stored state where these contain none."""
        entries = await self._history.newest(source, INITIAL_ENTRIES)
        tracker = StatusTracker()
        if not any(kind == b"state" for _, kind, _ in entries):
            newest = await self._redis.get(state_key(source))
            if newest is not None:
                tracker.add_state(json.loads(newest))
        for entry in reversed(entries):
            tracker.add(*entry)
        return tracker

    async def _add_new(self, source: str, tracker: StatusTracker, cursor: str) -> None:
        with suppress(ExpiredError):  # the rest follows with the next request
            async for page in self._history.pages(source, cursor, size=PAGE_SIZE):
                for entry in page:
                    if position(entry[0]) > position(tracker.cursor or START):  # two requests may run at once
                        tracker.add(*entry)


def _of_silent_part(status: SourceStatus, silent: Silent) -> SourceStatus:
    """Return the status of a source while a part that reads it sends nothing."""
    since = datetime.fromtimestamp(silent.since, UTC)
    return replace(status, state="reconnecting", reason=f"{silent.part} does not respond", since=since)


def _parsed_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
