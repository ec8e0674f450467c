"""The page as a whole: its texts, its recovery after an interruption, and its cost."""

import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.drawing.palette import LABEL_COLOURS
from engine.labels import LABELS
from ingest.bus.connection import connect
from tests.api.browsing import wait_for_share
from tests.api.dashboard.sources import TIMELINE, answer_once, readings_of, set_state
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

pytestmark = pytest.mark.browser


def test_a_restart_of_the_api_is_survived_without_a_gap(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    configure(redis_url)
    page = browser.new_page()
    with ExitStack() as running:
        api = running.enter_context(serving(redis_url, tmp_path))
        page.goto(api.http)
        write(redis_url, readings_of("happy", 1, 1))
        seen = time.monotonic()
        wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.005)
    expect(page.locator("#banner")).to_contain_text("No connection to the server since", timeout=10_000)
    until(lambda: time.monotonic() > seen + 1.5, 5, "there is time for another second of readings")
    write(redis_url, readings_of("disgust", 1, 1, 20))
    with serving(redis_url, tmp_path, api.port):
        expect(page.locator("#banner")).to_be_hidden(timeout=10_000)
        wait_for_share(page, TIMELINE, LABEL_COLOURS["disgust"], 0.005)
    page.close()


def test_an_answer_that_breaks_off_is_requested_again(page: Page) -> None:
    answer_once(page, "**/v1/sources", 200, '[{"id": "lob')
    expect(page.locator("#banner")).to_contain_text("No connection to the server since")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_servers_answer_is_shown(page: Page) -> None:
    answer_once(page, "**/v1/sources", 503, '{"detail": "Redis is away"}')
    expect(page.locator("#banner")).to_contain_text("Redis is away. Trying again since")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_skip_link_keeps_the_source_open(page: Page, api: Api) -> None:
    page.goto(f"{api.http}/#lobby")
    expect(page.locator("#source-name")).to_have_text("Lobby")
    page.locator(".skip").press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.url.endswith("#lobby")


def test_states_are_shown_as_text(page: Page, api: Api) -> None:
    link = page.locator("#source-list a")
    expect(link).to_contain_text("waiting for ingest")
    set_state(api.redis_url, "live")
    write(api.redis_url, [reading(1)])
    expect(link.locator(".text")).to_have_text("live")
    set_state(api.redis_url, "reconnecting", "connection refused")
    at = datetime.now().strftime("%H:%M")
    expect(link).to_contain_text(f"no signal since {at}")
    expect(link).to_contain_text("connection refused")
    expect(page.locator("#picture-text")).to_contain_text("no signal since")


def test_readings_that_come_late_are_those_of_faces_in_view(page: Page, api: Api) -> None:
    set_state(api.redis_url, "live")
    numbers = count()

    def is_shown() -> bool:
        late = reading(next(numbers), ago=30)
        write(api.redis_url, [replace(late, result_at=datetime.now(UTC))])
        return page.locator("#source-state").text_content() == "live, 30 s behind"

    until(is_shown, 10, "how late it is")
    expect(page.locator("#faces-in-view .face-name")).to_have_text("Face 1")


def test_without_a_source_the_page_offers_to_add_one(page: Page, api: Api) -> None:
    with connect(api.redis_url) as client:
        client.execute_command("FLUSHALL")
    page.reload()
    expect(page.get_by_role("button", name="Add a source")).to_be_visible()


def test_it_draws_at_most_thirty_times_a_second(page: Page, api: Api) -> None:
    page.get_by_role("button", name="10 s", exact=True).click()
    write(api.redis_url, [reading(1)])
    page.wait_for_selector(TIMELINE)
    drawn = page.evaluate("""() => new Promise((done) => {
      const axis = document.getElementById("axis").getContext("2d");
      let drawn = 0;
      axis.clearRect = function (...box) {
        drawn += 1;
        CanvasRenderingContext2D.prototype.clearRect.apply(this, box);
      };
      setTimeout(() => done(drawn), 2000);
    })""")
    assert 5 < drawn <= 62


def test_the_page_drops_what_no_window_shows(page: Page, api: Api) -> None:
    """Two hours of readings at 10 a second leave ten minutes whole, and an hour second by second."""
    held = page.evaluate(
        """async ([labels]) => {
      const { History, READINGS_LENGTH, SECONDS_LENGTH } = await import("/live/source/history.js");
      const history = new History(10);
      const smoothed = Object.fromEntries(labels.map((label) => [label, 1 / 7]));
      for (let at = 0; at < 7_200_000; at += 100) {
        history.add({ type: "reading", track: 1, media_time: at / 1000, label: null, smoothed,
          captured_at: new Date(at).toISOString() });
        if (at % 1000 === 0) history.dropOld(at, null);
      }
      const { readings, seconds } = history.faces.get(1);
      return { readings: readings.last - readings.first - READINGS_LENGTH,
        seconds: seconds.last - seconds.first - SECONDS_LENGTH,
        counts: [readings.length, seconds.length], whole: history.recent.length };
    }""",
        [list(LABELS)],
    )
    assert 0 <= held["readings"] <= 2000
    assert -2000 <= held["seconds"] <= 2000
    assert held["counts"] == [6010, 3600]
    assert held["whole"] < 200


def test_it_fits_a_phone(browser: Browser, api: Api) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(api.http)
    write(api.redis_url, [reading(1)])
    page.wait_for_selector(TIMELINE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_its_modules_are_preloaded(page: Page, api: Api) -> None:
    """Every module that the page runs is named in its head, so that none waits for another."""
    asked = set(page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)"))
    named = page.locator("link[rel=modulepreload], script").evaluate_all(
        "(elements) => elements.map((element) => element.href || element.src)"
    )
    assert {url for url in asked if url.endswith(".js")} == set(named)
