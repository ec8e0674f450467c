"""The pages at a sub-path of a reverse proxy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, TOKENS
from tests.api.access.clients import add_token, serving_with_tokens
from tests.api.browsing import page_of, wait_for_share
from tests.api.dashboard.sources import readings_of
from tests.api.http.reverse_proxy import ROOT, Proxy, proxying
from tests.api.recordings_page.service import HAPPY, TIMELINE, TIMEOUT, Service, drop, line_of, played
from tests.api.serving import Api, write
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]


@pytest.fixture(params=[True, False], ids=["removed", "passed on"])
def proxy(request: pytest.FixtureRequest, service: Service) -> Iterator[Proxy]:
    """A proxy that removes the sub-path or passes it on; the service requires tokens and knows a source."""
    redis_url = service.api.redis_url
    with (
        serving_with_tokens(redis_url, service.api.media, root_path=ROOT) as api,
        proxying(api.port, strip=request.param) as proxy,
    ):
        yield proxy
    with connect(redis_url) as client:
        client.delete(SOURCES, TOKENS)


def test_each_page_works_and_sends_no_request_elsewhere(
    browser: Browser, service: Service, proxy: Proxy
) -> None:
    at_proxy = Api(proxy.port, service.api.redis_url, service.api.media)
    with page_of(browser, at_proxy) as page:
        page.goto(f"{proxy.url}/")
        page.get_by_label("Token").fill(add_token(at_proxy.redis_url, "desk", "operate"))
        page.keyboard.press("Enter")
        check_live_page(page, at_proxy.redis_url)
        page.get_by_role("link", name="Recordings").click()
        check_recordings(page, service)
        page.get_by_role("link", name="Live").click()
        expect(page).to_have_url(f"{proxy.url}/")
    assert proxy.outside == []


def check_live_page(page: Page, redis_url: str) -> None:
    """Check a source's live timeline, which comes by a websocket, a download, and a change of the source."""
    expect(page.locator("#source-name")).to_have_text("Lobby")
    write(redis_url, readings_of("happy", 3, 3))
    wait_for_share(page, TIMELINE, HAPPY, 0.01)
    with page.expect_download() as begun:
        page.get_by_role("button", name="WebVTT").click()
    assert begun.value.path().read_text().startswith("WEBVTT")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Name").fill("Lobby east")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#source-name")).to_have_text("Lobby east")


def check_recordings(page: Page, service: Service) -> None:
    """Check an upload, and the player with its video."""
    page.get_by_label("Purpose").select_option("research")
    drop(page, "notes.mp4", b"not a video at all" * 100)
    expect(page.locator("#uploads li")).to_contain_text("not a video")
    line_of(page, service.clip.name).get_by_role("link").click()
    wait_for_share(page, TIMELINE, HAPPY, 0.2)
    page.keyboard.press(" ")
    until(lambda: played(page) > 0.2, 10, "it plays")
