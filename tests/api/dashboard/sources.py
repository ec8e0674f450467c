"""States and readings of a source for the tests of the dashboard, and where the page shows them."""

from datetime import UTC, datetime

from playwright.sync_api import Page

from engine.labels import Label
from engine.records import Reading
from ingest.bus.connection import connect
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, State, encode_state
from tests.api.serving import reading

TIMELINE = '[data-track="1"] canvas'


def answer_once(page: Page, path: str, status: int, body: str) -> None:
    """Answer the page's next request for `path` in place of the API."""
    page.route(path, lambda route: route.fulfill(status=status, body=body), times=1)


def set_state(redis_url: str, state: State, reason: str = "", source: str = "lobby") -> None:
    with connect(redis_url) as client:
        Timeline(client).push([encode_state(SourceState(source, state, reason, datetime.now(UTC)))])


def readings_of(label: Label | None, ago: float, length: float, first: int = 0) -> list[Reading]:
    """Return ten readings a second of one face from `ago` seconds before now, numbered from `first`."""
    return [reading(first + number, label, ago=ago - number / 10) for number in range(round(length * 10))]
