"""The page during failures of the server and of the network."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.recordings_page.service import TIMEOUT, Service, open_player
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]


def refresh(page: Page) -> None:
    """Have the page request the list, as when somebody returns to it."""
    with page.expect_response("**/v1/recordings"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def problem(route: Route, status: int, detail: str) -> None:
    route.fulfill(status=status, content_type="application/problem+json", body=json.dumps({"detail": detail}))


def test_a_video_that_fails_is_loaded_again(page: Page, service: Service) -> None:
    broken = True
    page.route("**/video*", lambda route: route.abort("connectionreset") if broken else route.continue_())
    open_player(page, service)
    page.locator("#speed").select_option("2")
    expect(page.locator("#notice")).to_contain_text("could not be loaded")
    broken = False
    until(lambda: page.evaluate("document.getElementById('video').readyState") > 1, 10, "the video is there")
    expect(page.locator("#notice")).to_be_hidden()
    assert page.evaluate("document.getElementById('video').playbackRate") == 2


def test_a_recording_is_complete_though_the_last_request_failed(page: Page, service: Service) -> None:
    """The first overview is of a job that runs, and ends at 2 s; the next one, after its end, fails."""
    running: dict[str, Any] = {"state": "running", "reason": "slowed down: live cameras come first"}
    status = running
    requests = 0

    def fulfill_list(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(json=[one | status if one["id"] == service.id else one for one in answer.json()])

    def fulfill_overview(route: Route) -> None:
        nonlocal requests
        requests += 1
        if requests == 2:
            problem(route, 503, "Redis does not answer")
            return
        document = route.fetch().json()
        if requests == 1:
            document |= {"until": 2.0, "coverage": document["coverage"][:1], "tracks": document["tracks"][:1]}
        route.fulfill(json=document)

    def read_share() -> float:
        refresh(page)
        return float(page.evaluate("document.getElementById('scrubber').style.getPropertyValue('--read')"))

    page.route("**/v1/recordings", fulfill_list)
    page.route("**/overview", fulfill_overview)
    refresh(page)
    expect(page.locator(f"[data-id='{service.id}']")).to_have_attribute("data-state", "running")
    open_player(page, service)
    expect(page.locator("#recording-status")).to_have_text("Slowed down: live cameras come first")
    assert read_share() < 0.5
    status = {}
    until(lambda: read_share() == 1, 15, "all of it is read")
    page.unroute_all(behavior="ignoreErrors")  # the page continues to request


def test_an_error_stays_until_it_is_dismissed(page: Page, service: Service) -> None:
    page.route("**/v1/recordings/*", lambda route: problem(route, 500, "The disk is full."))
    page.locator("#recording-list .remove").first.click()
    page.locator("#remove-dialog .danger").click()
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    refresh(page)
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The disk is full.")).to_be_hidden()


def test_a_url_of_no_recording_shows_the_list(page: Page, service: Service) -> None:
    page.goto(f"{service.page}#%")
    expect(page.locator("#list-text")).to_contain_text("does not exist")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")
