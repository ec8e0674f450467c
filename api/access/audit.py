"""The audit log: who watched, read, added, changed or removed what, and when.

GET, websocket, POST … -> Audit.note -> stream `audit` -> GET /v1/audit
"""

import math
import time
from dataclasses import dataclass
from typing import Literal

from api.access.caller import LOCAL, Caller
from api.settings import ApiSettings
from ingest.bus.client import AsyncRedis, Redis
from ingest.bus.keys import AUDIT
from ingest.bus.timeline import oldest_id

Action = Literal[
    "live.watched",
    "frames.watched",
    "preview.watched",
    "timeline.read",
    "timeline.exported",
    "source.added",
    "source.changed",
    "source.removed",
    "recording.added",
    "recording.read",
    "recording.downloaded",
    "recording.cancelled",
    "recording.removed",
    "audit.read",
    "token.added",
    "token.removed",
]

# Who looks at something looks again and again: that is noted once in so many seconds.
AGAIN_AFTER = 60.0
LOOKS = frozenset({"preview.watched", "timeline.read", "recording.read", "audit.read"})
REMEMBERED = 10_000  # looks; the oldest half is forgotten when there are more


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the log."""

    cursor: str  # milliseconds since the epoch, and a number: the stream's own ID
    caller: str
    action: str
    subject: str  # the id of a source or recording


class Audit:
    """Writes and reads the log; `client` is the process's asynchronous connection pool."""

    def __init__(self, client: AsyncRedis) -> None:
        """Raises SettingError where it is not told rightly how long the log is kept."""
        self._redis = client
        self._kept = ApiSettings.read("audit_retention").audit_retention
        self._looked: dict[tuple[str, str, str], float] = {}

    async def note(self, caller: Caller, action: Action, subject: str) -> None:
        """Notes what is about to be done. Raises what Redis raises: what cannot be noted is not done."""
        look = (caller.name, action, subject)
        if time.monotonic() - self._looked.get(look, -math.inf) < AGAIN_AFTER:
            return
        fields = {"caller": caller.name, "action": action, "subject": subject}
        oldest = oldest_id(await self._redis.time(), self._kept)
        await self._redis.xadd(AUDIT, fields, minid=oldest, approximate=True)
        if action in LOOKS:
            self._remember(look)

    async def page(self, before: str, limit: int) -> list[Note]:
        """Up to `limit` notes before the cursor `before` ("+": the newest), the newest first."""
        end = before if before == "+" else f"({before}"
        found = await self._redis.xrevrange(AUDIT, max=end, count=limit)
        return [_note(id, fields) for id, fields in found]

    async def trim(self) -> None:
        """Deletes what is older than it is to be kept."""
        await self._redis.xtrim(
            AUDIT, minid=oldest_id(await self._redis.time(), self._kept), approximate=False
        )

    def _remember(self, look: tuple[str, str, str]) -> None:
        self._looked.pop(look, None)
        self._looked[look] = time.monotonic()
        if len(self._looked) > REMEMBERED:
            for oldest in list(self._looked)[: REMEMBERED // 2]:
                del self._looked[oldest]


def note_locally(client: Redis, action: Action, subject: str) -> None:
    """Notes what is done on this machine without the API; `client` is a blocking connection."""
    kept = ApiSettings.read("audit_retention").audit_retention
    fields = {"caller": LOCAL.name, "action": action, "subject": subject}
    client.xadd(
        AUDIT,
        fields,
        minid=oldest_id(client.time(), kept),
        approximate=True,
    )


def _note(id: bytes, fields: dict[bytes, bytes]) -> Note:
    return Note(
        id.decode(), fields[b"caller"].decode(), fields[b"action"].decode(), fields[b"subject"].decode()
    )
