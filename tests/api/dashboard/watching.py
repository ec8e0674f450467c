"""What the tests of the dashboard tell of a source, and look for on the page."""

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page

from engine.labels import Label
from engine.records import Reading
from ingest.bus.connection import connect
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, encode_state
from tests.api.serving import reading

TIMELINE = '[data-track="1"] canvas'


def answer_once(page: Page, path: str, status: int, body: str) -> None:
    """In place of the API, the next time that the page asks for `path`."""
    page.route(path, lambda route: route.fulfill(status=status, body=body), times=1)


def tell(redis_url: str, state: Any, reason: str = "", source: str = "lobby") -> None:
    with connect(redis_url) as client:
        Timeline(client).push([encode_state(SourceState(source, state, reason, datetime.now(UTC)))])


def stretch(label: Label | None, ago: float, length: float, first: int = 0) -> list[Reading]:
    """Ten readings a second of one face from `ago` seconds before now; `first` is the first one's number."""
    return [reading(first + number, label, ago=ago - number / 10) for number in range(round(length * 10))]
