"""The page as a whole: who sees what, on which screen, and what it does when something fails."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.redis_server import RedisServer
from tests.api.access.clients import add_token, bearer
from tests.api.browsing import page_of, wait_for_share
from tests.api.recordings_page.service import (
    HAPPY,
    PHONE,
    TIMELINE,
    TIMEOUT,
    Service,
    open_player,
    played,
)
from tests.api.serving import serving
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]


def test_a_view_token_sees_all_and_changes_nothing(
    browser: Browser, service: Service, redis_server: RedisServer
) -> None:
    """The service with tokens shows the same; videos and downloads come with tickets."""
    token = add_token(redis_server.url, "guest", "view")
    with (
        serving(redis_server.url, service.api.media, tokens="required") as guarded,
        page_of(browser, guarded) as page,
    ):
        page.goto(f"{guarded.http}/recordings.html#{service.id}")
        page.locator("#token").fill(token)
        page.keyboard.press("Enter")
        wait_for_share(page, TIMELINE, HAPPY, 0.2)
        page.keyboard.press("ArrowRight")
        until(lambda: played(page) == 1.0, 5, "the video is there")
        expect(page.locator("#recording-remove")).to_be_hidden()
        with page.expect_download() as found:
            page.locator("#downloads a", has_text="spans.csv").click()
        assert Path(found.value.path()).read_text().startswith("source,")
        page.route("**/v1/tickets", lambda route: route.abort())
        for button in ("#captions", "#downloads a >> nth=0"):
            page.locator(button).click()
            expect(page.locator("#error-notice")).to_contain_text("The server does not answer.")
            page.locator("#error-notice button").click()
        page.locator(".back").click()
        expect(page.locator("#recording-list li").first).to_be_visible()
        expect(page.locator("#drop")).to_be_hidden()
        expect(page.get_by_role("button", name=re.compile("Remove"))).to_have_count(0)
        assert httpx.get(f"{guarded.http}/v1/recordings", headers=bearer(token)).status_code == 200


def test_it_fits_a_phone(browser: Browser, service: Service) -> None:
    with page_of(browser, service.api, **PHONE) as page:
        page.goto(service.page)
        page.locator("#recording-list li").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        open_player(page, service)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def swipe(page: Page, x: float, y: float, by: int) -> None:
    """Move a finger up or down by so many css px, in small steps as fingers do."""
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 8):
        moved = {"type": "touchMove", "touchPoints": [{"x": x, "y": y + by * step / 7}]}
        session.send("Input.dispatchTouchEvent", moved)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_scrolls_past_the_timelines_and_a_tap_goes_there(browser: Browser, service: Service) -> None:
    with page_of(browser, service.api, **PHONE) as page:
        open_player(page, service)
        canvas = page.locator(TIMELINE)
        canvas.scroll_into_view_if_needed()
        place = canvas.bounding_box()
        assert place is not None
        x, y = place["x"] + 0.75 * place["width"], place["y"] + 20
        before = page.evaluate("scrollY")
        swipe(page, x, y, -140)
        until(lambda: page.evaluate("scrollY") > before, 5, "the page scrolls")
        assert played(page) == 0
        place = canvas.bounding_box()
        assert place is not None
        page.touchscreen.tap(x, place["y"] + 20)
        until(lambda: abs(played(page) - 4.5) < 0.05, 5, "the video goes where the finger was")


def test_its_modules_are_preloaded(page: Page) -> None:
    """Every module that the page runs is named in its head, so that none waits for another."""
    asked = set(page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)"))
    named = page.locator("link[rel=modulepreload], script").evaluate_all(
        "(elements) => elements.map((element) => element.href || element.src)"
    )
    assert {url for url in asked if url.endswith(".js")} == set(named)
