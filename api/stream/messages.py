"""The messages of the websocket: a timeline's entries with their cursor, and the API's own.

docs/protocol.md describes them for people who write clients.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.bus.wire import rfc3339

# Close codes: 1013 not now (as its registry says), 4400 the request was wrong, 4401 no token or a bad one,
# 4403 not to be seen by who asks, 4404 there is no such source, 4410 it was removed just now.
TRY_LATER = 1013
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, UNKNOWN_SOURCE, REMOVED_SOURCE = 4400, 4401, 4403, 4404, 4410

START = "0-0"  # the cursor before every entry

_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_AGO = re.compile(r"-([0-9]{1,6})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}

Position = tuple[int, int]


class BadCursorError(Exception):
    """What was sent as a cursor or as a moment is none; the message says what was expected."""


def position(cursor: str) -> Position:
    """A cursor as numbers that compare in the timeline's order."""
    milliseconds, _, sequence = cursor.partition("-")
    return int(milliseconds), int(sequence)


def checked_cursor(text: str) -> str:
    """Raises BadCursorError unless `text` has a cursor's form."""
    if not _CURSOR.fullmatch(text) or max(position(text)) >= 2**64:
        raise BadCursorError(f"expected a cursor such as 1769861007250-0, actual {text[:60]!r}")
    return text


def cursor_at(moment: datetime) -> str:
    """The cursor before all entries that were written at `moment` (aware) or later."""
    return f"{max(0, int(moment.timestamp() * 1000) - 1)}-{2**64 - 1}"


def cursor_from(text: str, now: datetime) -> str:
    """The cursor for `-10m` (also s, h) or an RFC 3339 moment with its zone; raises BadCursorError."""
    if ago := _AGO.fullmatch(text):
        return cursor_at(now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]]))
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return cursor_at(moment)
    except (ValueError, OverflowError):
        pass
    raise BadCursorError(
        f"expected -30s, -10m, -1h or a moment such as 2026-01-31T12:03:07Z, actual {text[:60]!r}"
    )


def with_cursor(body: bytes, cursor: str) -> str:
    """A stored body, a JSON object that is not empty, as clients get it."""
    return f'{body[:-1].decode()},"cursor":"{cursor}"}}'


def heartbeat(source: str, at: datetime, newest: datetime | None) -> str:
    """`newest` is when the frame of the newest reading was captured."""
    lag = None if newest is None else round((at - newest).total_seconds(), 3)
    return _text({"type": "heartbeat", "source": source, "at": rfc3339(at), "lag": lag})


def error(source: str, code: str, detail: str, **more: Any) -> str:
    return _text({"type": "error", "source": source, "code": code, "detail": detail} | more)


def missed(source: str, count: int, after: str) -> str:
    """To a client that read too slowly; what it missed lies in the timeline after the cursor `after`."""
    detail = f"too slow: {count} messages missed, going on with the newest"
    return error(source, "missed", detail, missed=count, after=after)


def now() -> datetime:
    return datetime.now(UTC)


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
