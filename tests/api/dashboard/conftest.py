"""A browser with the dashboard of a real API open, which knows one source: `lobby`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.api.browsing import chromium, page_of
from tests.api.serving import Api, configure, serving


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def page(browser: Browser, api: Api) -> Iterator[Page]:
    """At the single source's own page."""
    with page_of(browser, api) as page:
        page.goto(api.http)
        yield page
