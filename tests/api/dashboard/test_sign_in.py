"""The page of a service with tokens: the sign-in, what a view token may do, and the sign-out."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.drawing.palette import LABEL_COLOURS
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, TOKENS
from tests.api.access.clients import add_token, serving_with_tokens
from tests.api.browsing import page_of, wait_for_share
from tests.api.dashboard.sources import TIMELINE, readings_of
from tests.api.serving import Api, serving, write

pytestmark = pytest.mark.browser


@pytest.fixture
def sign_in_page(browser: Browser, redis_url: str, tmp_path: Path) -> Iterator[tuple[Page, Api]]:
    with serving_with_tokens(redis_url, tmp_path) as api, page_of(browser, api) as page:
        page.goto(api.http)
        yield page, api


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def test_a_token_is_requested_once_and_opens_everything(sign_in_page: tuple[Page, Api]) -> None:
    """Also the websockets and downloads, which go by tickets."""
    page, api = sign_in_page
    expect(page.get_by_label("Token")).to_be_focused()
    expect(page.locator("#source")).to_be_hidden()
    sign_in(page, "mistyped")
    expect(page.get_by_role("alert")).to_contain_text("Unknown or removed token.")
    sign_in(page, add_token(api.redis_url, "front-desk", "operate"))
    expect(page.locator("#source-name")).to_have_text("Lobby")
    expect(page.locator("#main")).to_be_focused()
    write(api.redis_url, readings_of("happy", 10, 10))
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.02)
    with page.expect_download() as begun:
        page.get_by_role("button", name="WebVTT").click()
    assert begun.value.path().read_text().startswith("WEBVTT")
    page.reload()
    expect(page.locator("#source-name")).to_have_text("Lobby")
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_view_token_is_offered_no_changes(sign_in_page: tuple[Page, Api]) -> None:
    page, api = sign_in_page
    sign_in(page, add_token(api.redis_url, "guard", "view"))
    expect(page.locator("#source-name")).to_have_text("Lobby")
    expect(page.get_by_text("guard, view only")).to_be_visible()
    for name in ("Add", "Edit", "Remove"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_a_view_token_is_not_asked_to_add_sources(sign_in_page: tuple[Page, Api]) -> None:
    page, api = sign_in_page
    sign_in(page, add_token(api.redis_url, "guest", "view"))
    expect(page.locator("#source-name")).to_have_text("Lobby")
    with connect(api.redis_url) as client:
        client.delete(SOURCES)
    expect(page.locator("#welcome-text")).to_have_text("Your token cannot add sources.")
    expect(page.get_by_role("button", name="Add a source")).to_be_hidden()


def test_a_removed_token_ends_in_the_sign_in_form(sign_in_page: tuple[Page, Api]) -> None:
    page, api = sign_in_page
    sign_in(page, add_token(api.redis_url, "guest", "view"))
    expect(page.locator("#source-name")).to_have_text("Lobby")
    with connect(api.redis_url) as client:
        client.delete(TOKENS)
    expect(page.get_by_label("Token")).to_be_visible(timeout=15_000)


def test_a_restart_is_survived_with_new_tickets(browser: Browser, redis_url: str, tmp_path: Path) -> None:
    with ExitStack() as staying, ExitStack() as running:
        api = running.enter_context(serving_with_tokens(redis_url, tmp_path))
        page = staying.enter_context(page_of(browser, api))
        page.goto(api.http)
        sign_in(page, add_token(redis_url, "front-desk", "operate"))
        write(redis_url, readings_of("happy", 3, 3))
        wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.01)
        running.close()
        expect(page.locator("#banner")).to_be_visible(timeout=10_000)
        write(redis_url, readings_of("sad", 0, 2, 100))
        with serving(redis_url, tmp_path, api.port, tokens="required"):
            wait_for_share(page, TIMELINE, LABEL_COLOURS["sad"], 0.01)
            expect(page.locator("#banner")).to_be_hidden()
