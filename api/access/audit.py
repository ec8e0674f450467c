"""The audit log: each caller's actions on sources, recordings and tokens.

request or websocket ──▶ Audit.record ──▶ Redis stream `audit` ──▶ GET /v1/audit
"""

import math
import time
import uuid
from dataclasses import dataclass
from typing import Literal

from api.access.caller import LOCAL, Caller
from api.expiry import Expiry
from api.settings import ApiSettings
from api.stream.messages import position
from ingest.bus.client import AsyncRedis, Redis, Value
from ingest.bus.keys import AUDIT, recorded_key
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

# Clients poll these: a caller's action on the same subject is recorded once in REPEAT_INTERVAL seconds.
POLLED_ACTIONS = frozenset({"preview.watched", "timeline.read", "recording.read", "audit.read"})
REPEAT_INTERVAL = 60.0
MAX_REMEMBERED = 10_000  # polled actions; above that, the older half is forgotten

# The client repeats a command whose reply was lost. The second key is there after the first time.
RECORD = """
if redis.call('EXISTS', KEYS[2]) == 1 then return end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', unpack(ARGV, 3))
redis.call('SET', KEYS[2], '', 'EX', ARGV[1])
"""
REPEAT_TIME = 300  # seconds; longer than the client repeats a command


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action of one caller."""

    cursor: str  # ID in the Redis stream: milliseconds since the epoch and a sequence number
    caller: str
    action: str
    subject: str  # the id of a source or recording


class Audit:
    """Writes and reads the audit log; `client` is the process's asynchronous connection pool."""

    def __init__(self, client: AsyncRedis) -> None:
        """Raises SettingError for an invalid MIEN_AUDIT_RETENTION."""
        self._redis = client
        self._retention = ApiSettings.read("audit_retention").audit_retention
        self._recorded_at: dict[tuple[str, str, str], float] = {}  # of polled actions

    async def record(self, caller: Caller, action: Action, subject: str) -> None:
        """Record an action before it is performed; if this raises redis-py's errors, do not perform it."""
        entry = (caller.name, action, subject)
        if time.monotonic() - self._recorded_at.get(entry, -math.inf) < REPEAT_INTERVAL:
            return
        oldest = oldest_id(await self._redis.time(), self._retention)
        await self._redis.eval(RECORD, *_arguments(caller.name, action, subject, oldest))
        if action in POLLED_ACTIONS:
            self._remember(entry)

    async def page(self, before: str, limit: int) -> list[AuditEntry]:
        """Return up to `limit` entries before the cursor `before` ("+": from the end), the newest first."""
        if before != "+" and position(before) == (0, 0):
            return []  # Redis refuses a range that ends before its first possible ID
        end = before if before == "+" else f"({before}"
        return [_decode(*entry) for entry in await self._redis.xrevrange(AUDIT, max=end, count=limit)]

    async def trim(self, expiry: Expiry) -> None:
        """Delete the entries that are older than the retention time."""
        await expiry.trim(AUDIT, self._retention, time.monotonic())

    def _remember(self, entry: tuple[str, str, str]) -> None:
        self._recorded_at.pop(entry, None)
        self._recorded_at[entry] = time.monotonic()
        if len(self._recorded_at) > MAX_REMEMBERED:
            for oldest in list(self._recorded_at)[: MAX_REMEMBERED // 2]:
                del self._recorded_at[oldest]


def record_local_action(client: Redis, action: Action, subject: str) -> None:
    """Record an action of a command on this machine, without the API; `client` is a blocking connection."""
    retention = ApiSettings.read("audit_retention").audit_retention
    oldest = oldest_id(client.time(), retention)
    client.eval(RECORD, *_arguments(LOCAL.name, action, subject, oldest))


def _arguments(caller: str, action: Action, subject: str, oldest: str) -> tuple[int, *tuple[Value, ...]]:
    """Return the keys and arguments of RECORD."""
    keys = (AUDIT, recorded_key(uuid.uuid4().hex))
    fields = ("caller", caller, "action", action, "subject", subject)
    return len(keys), *keys, REPEAT_TIME, oldest, *fields


def _decode(id: bytes, fields: dict[bytes, bytes]) -> AuditEntry:
    return AuditEntry(id.decode(), *(fields[name].decode() for name in (b"caller", b"action", b"subject")))
