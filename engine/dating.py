"""Gives the events of a recording their wall clock: its creation time plus the media time. Pure.

The stages never see this clock, since it must not change how a recording is read.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from engine.records import Coverage, Event, FaceEnd, FaceStart, Reading, Span


def dated(event: Event, created: datetime | None) -> Event:
    """Return the event with its times; unchanged without a creation time, which is that of media time 0."""
    if created is None:
        return event
    match event:
        case Reading():
            return replace(event, captured_at=_at(created, event.media_time), clock="container")
        case FaceStart():
            return replace(event, captured_at=_at(created, event.media_time))
        case Span() | Coverage():
            started_at, ended_at = _at(created, event.started), _at(created, event.ended)
            return replace(event, started_at=started_at, ended_at=ended_at)
        case FaceEnd():
            return event


def _at(created: datetime, media_time: int) -> datetime:
    return created + timedelta(microseconds=media_time // 1000)
