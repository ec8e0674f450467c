"""A message of a timeline, as every export format takes it."""

import json
from dataclasses import dataclass
from typing import Any

from engine.records import Event, Span
from engine.wire import event_fields


@dataclass(slots=True)
class Message:
    """One event; docs/protocol.md describes its fields."""

    kind: str  # the field `type`
    stored: bytes = b""  # the JSON of Redis; empty where the event comes straight from the engine
    cursor: str = ""
    _fields: dict[str, Any] | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The message as JSON types; parsed when a format first reads it."""
        if self._fields is None:
            self._fields = json.loads(self.stored)
        return self._fields


def message_of(event: Event) -> Message:
    """The event's message. A span keeps all digits of its confidence, which subtitles round differently."""
    fields = event_fields(event)
    if isinstance(event, Span):
        fields["confidence"] = event.confidence
    return Message(fields["type"], _fields=fields)
