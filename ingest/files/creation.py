"""The wall clock of a recording: the creation time that its container tells."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before: clocks that were never set begin in 1904, 1970 or 1980
TOLERANCE = timedelta(days=1)  # a camera's clock may be ahead, or tell the local time


def creation_time(metadata: Iterable[Mapping[str, str]], now: datetime) -> datetime | None:
    """Return the first plausible `creation_time` (UTC) of a container and its streams, or None.

    Values without a zone are UTC (ISO/IEC 14496-12, 8.2.2).
    """
    moments = (_moment(tags.get("creation_time", "")) for tags in metadata)
    return next((each for each in moments if each is not None and EARLIEST <= each <= now + TOLERANCE), None)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
