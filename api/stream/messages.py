"""Messages of the websocket: timeline entries with their cursor, and the API's own heartbeats and errors.

docs/protocol.md describes them for authors of clients.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.bus.wire import rfc3339
from ingest.environment import UNIT_SECONDS

# Close codes: 1013 as registered, and from 4400 on those that a client must not retry, named after HTTP's.
TRY_LATER = 1013
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, UNKNOWN_SOURCE, REMOVED_SOURCE = 4400, 4401, 4403, 4404, 4410

START = "0-0"  # the cursor before every entry

LAST_SEQUENCE = 2**64 - 1  # only in the cursors of moments: no entry has it

_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_AGO = re.compile(r"-([0-9]{1,6})(s|m|h)")

Position = tuple[int, int]


class BadCursorError(Exception):
    """An invalid cursor or moment; the message is one sentence for the client."""


def position(cursor: str) -> Position:
    """Return a cursor as numbers that compare in the timeline's order."""
    milliseconds, _, sequence = cursor.partition("-")
    return int(milliseconds), int(sequence)


def checked_cursor(text: str) -> str:
    """Return `text`. Raises BadCursorError if it does not have the form of a cursor."""
    if not _CURSOR.fullmatch(text) or max(position(text)) >= 2**64:
        raise BadCursorError(f"must be a cursor such as 1769861007250-0, got {text[:60]!r}")
    return text


def cursor_after(text: str) -> str:
    """Return the cursor of a parameter `after`, for which 0 is the beginning. Raises BadCursorError."""
    return START if text == "0" else checked_cursor(text)


def cursor_at(moment: datetime) -> str:
    """Return the cursor before all entries that were written at `moment` (aware) or later."""
    return f"{max(0, int(moment.timestamp() * 1000) - 1)}-{LAST_SEQUENCE}"


def cursor_from(text: str, now: datetime) -> str:
    """Return the cursor for `-10m` (also s, h) or an RFC 3339 moment with zone. Raises BadCursorError."""
    if ago := _AGO.fullmatch(text):
        return cursor_at(now - timedelta(seconds=int(ago[1]) * UNIT_SECONDS[ago[2]]))
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return cursor_at(moment)
    except (ValueError, OverflowError):
        pass
    raise BadCursorError(
        f"must be -30s, -10m, -1h or a moment such as 2026-01-31T12:03:07Z, got {text[:60]!r}"
    )


def with_cursor(body: bytes, cursor: str) -> str:
    """Add the cursor to a stored body, which is a non-empty JSON object."""
    return f'{body[:-1].decode()},"cursor":"{cursor}"}}'


def heartbeat(source: str, at: datetime, newest: datetime | None) -> str:
    """Encode a heartbeat; `newest` is the capture time of the newest reading's frame."""
    lag = None if newest is None else round((at - newest).total_seconds(), 3)
    return _encode({"type": "heartbeat", "source": source, "at": rfc3339(at), "lag": lag})


def error(source: str, code: str, detail: str, **more: Any) -> str:
    return _encode({"type": "error", "source": source, "code": code, "detail": detail} | more)


def missed(source: str, count: int, after: str) -> str:
    """Encode the error for a slow client; the missed messages follow the cursor `after` in the timeline."""
    detail = f"too slow: {count} messages were skipped; the newest follow"
    return error(source, "missed", detail, missed=count, after=after)


def now() -> datetime:
    return datetime.now(UTC)


def _encode(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
