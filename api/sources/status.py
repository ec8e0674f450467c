"""How each source stands: its state in one record, kept up to date from its timeline as it is asked for."""

import json
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.stream.history import Entry, History
from api.stream.messages import now, position
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import state_key
from ingest.bus.source_config import SourceConfig

LOOKED_AT = 60.0  # seconds of coverage that the drop share is of
LOOKBACK = 1000  # entries looked through at the first question
PAGE = 1000  # entries
SIGNAL = ("live", "ended")  # states in which nothing is wrong with the connection


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What the list of sources shows of one."""

    state: str | None  # connecting live reconnecting ended error; None before ingest said anything
    reason: str
    since: datetime | None  # when this state, or the trouble of which it is part, began
    last_reading: datetime | None
    drop_share: float | None  # 0..1 of the frames of the last minute; None when there were none


class StatusTracker:
    """Adds up one source's entries in their order. Pure."""

    def __init__(self) -> None:
        self.cursor: str | None = None  # of the last entry that was added
        self._state: str | None = None
        self._reason = ""
        self._since: datetime | None = None
        self._last_reading: datetime | None = None
        self._stretches: deque[tuple[datetime, str, int]] = deque()  # ended at, kind, frames

    def add(self, cursor: str, kind: bytes, body: bytes) -> None:
        self.cursor = cursor
        if kind == b"state":
            self.add_state(json.loads(body))
        elif kind == b"reading":
            self._last_reading = _parsed_moment(json.loads(body)["captured_at"]) or self._last_reading
        elif kind == b"coverage":
            fields = json.loads(body)
            if ended := _parsed_moment(fields["ended_at"]):
                self._stretches.append((ended, fields["kind"], fields["frames"]))

    def add_state(self, fields: dict[str, Any]) -> None:
        """Trouble lasts from its first state to the next signal, however many attempts lie between."""
        at = _parsed_moment(fields["at"])
        in_trouble = self._state is not None and self._state not in SIGNAL
        if not in_trouble or fields["state"] in SIGNAL:
            self._since = at
        self._state, self._reason = fields["state"], fields["reason"]

    def status(self, at: datetime) -> SourceStatus:
        while self._stretches and self._stretches[0][0] < at - timedelta(seconds=LOOKED_AT):
            self._stretches.popleft()
        frames = sum(frames for _, _, frames in self._stretches)
        dropped = sum(frames for _, kind, frames in self._stretches if kind == "dropped")
        return SourceStatus(
            state=self._state,
            reason=self._reason,
            since=self._since,
            last_reading=self._last_reading,
            drop_share=round(dropped / frames, 4) if frames else None,
        )


class SourceStatuses:
    """The standing of every source that was asked for; each question reads only what came since the last."""

    def __init__(self, client: AsyncRedis, history: History) -> None:
        self._redis = client
        self._history = history
        self._trackers: dict[
            str, tuple[float, StatusTracker]
        ] = {}  # with the source's created_at: it may come back

    async def status(self, config: SourceConfig) -> SourceStatus:
        source = config.id
        created_at, tracker = self._trackers.get(source, (None, None))
        if tracker is None or tracker.cursor is None or created_at != config.created_at:
            tracker = await self._first(source)
            self._trackers[source] = (config.created_at, tracker)
        else:
            await self._add_new(source, tracker)
        return tracker.status(now())

    def keep(self, sources: Collection[str]) -> None:
        """Forgets all other sources."""
        for source in self._trackers.keys() - set(sources):
            del self._trackers[source]

    async def _first(self, source: str) -> StatusTracker:
        """From the newest entries; the state may lie further back, so it is kept apart as well."""
        entries = await self._history.newest(source, LOOKBACK)
        tracker = StatusTracker()
        if not any(kind == b"state" for _, kind, _ in entries):
            newest = await self._redis.get(state_key(source))
            if newest is not None:
                tracker.add_state(json.loads(newest))
        for entry in reversed(entries):
            tracker.add(*entry)
        return tracker

    async def _add_new(self, source: str, tracker: StatusTracker) -> None:
        page: list[Entry] | None = None
        while page is None or len(page) == PAGE:
            assert tracker.cursor is not None
            page = await self._history.page(source, tracker.cursor, PAGE)
            for entry in page:
                if position(entry[0]) > position(tracker.cursor):  # two questions may be under way at once
                    tracker.add(*entry)


def _parsed_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
