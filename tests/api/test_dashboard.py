"""The page in a real browser: what it draws, what it says, and that it goes on after an interruption."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engine.labels import LABELS
from engine.palette import COVERAGE_COLOURS, LABEL_COLOURS
from engine.records import Event
from ingest.bus import Bus, connect
from ingest.wire import SourceState, encode_state
from tests.api.browsing import SHARE, chromium, page_of, share, wait_for_share
from tests.api.serving import Api, configure, coverage, reading, serving, write, write_seconds
from tests.waiting import until

pytestmark = pytest.mark.browser

GREYS = (40, 120)  # of the dark and light pictures that the tests show


@pytest.fixture(scope="module")
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
    with page_of(browser, api) as page:
        page.goto(api.http)
        yield page


def tell(redis_url: str, state: Any, reason: str = "") -> None:
    with connect(redis_url) as client:
        Bus(client).push_timeline([encode_state(SourceState("lobby", state, reason, datetime.now(UTC)))])


SURPRISE = LABEL_COLOURS["surprise"]
TIMELINE = '[data-track="1"] canvas'


def test_history_is_drawn_on_arrival_with_its_gap(page: Page, api: Api) -> None:
    """Happy for the 20 s from 50 s ago, nothing for 20 s, sad for the last 10 s."""
    happy = [reading(number, "happy", ago=50 - number / 10) for number in range(200)]
    sad = [reading(400 + number, "sad", ago=10 - number / 10) for number in range(100)]
    write(api.redis_url, happy + sad)
    page.reload()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.6, part=(0.2, 0.4))
    wait_for_share(page, TIMELINE, LABEL_COLOURS["sad"], 0.5, part=(0.87, 0.95))
    assert share(page, TIMELINE, LABEL_COLOURS["happy"], part=(0.53, 0.75)) == 0
    assert share(page, TIMELINE, LABEL_COLOURS["sad"], part=(0.53, 0.75)) == 0
    expect(page.locator('[data-track="1"] .label')).to_have_text("sad")


def test_the_timeline_moves_as_readings_come(page: Page, api: Api) -> None:
    page.get_by_role("button", name="10 s", exact=True).click()
    write(api.redis_url, [reading(number, "surprise", ago=2 - number / 10) for number in range(20)])
    wait_for_share(page, TIMELINE, SURPRISE, 0.05)
    assert share(page, TIMELINE, SURPRISE, part=(0.0, 0.4)) == 0
    until(lambda: share(page, TIMELINE, SURPRISE, part=(0.0, 0.4)) > 0.05, 8, "it moves to the left")
    write(api.redis_url, [reading(30 + number, "angry", ago=1 - number / 10) for number in range(10)])
    wait_for_share(page, TIMELINE, LABEL_COLOURS["angry"], 0.03, part=(0.5, 1.0))


def test_the_hour_before_is_drawn_second_by_second(page: Page, api: Api) -> None:
    """Afraid from 50 to 40 minutes ago: only the overview knows it."""
    write_seconds(api.redis_url, "fear", ago=3000, length=600)
    page.reload()
    page.get_by_role("button", name="1 h", exact=True).click()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["fear"], 0.5, part=(0.18, 0.32))
    assert share(page, TIMELINE, LABEL_COLOURS["fear"], part=(0.4, 1.0)) == 0


def test_an_abstained_stretch_is_hatched_not_coloured(page: Page, api: Api) -> None:
    write(api.redis_url, [reading(number, None, ago=20 - number / 10) for number in range(200)])
    page.reload()
    expect(page.locator('[data-track="1"] .label')).to_have_text("unsure")
    assert share(page, TIMELINE, LABEL_COLOURS["neutral"]) < 0.01


def test_the_picture_carries_the_readings_of_its_own_moment(page: Page, api: Api) -> None:
    """Faces are angry in dark frames and sad in light ones: each box has the colour that fits its frame."""
    tell(api.redis_url, "live")
    stop = threading.Event()
    camera = threading.Thread(target=film, args=(api.redis_url, stop))
    camera.start()
    try:
        page.wait_for_selector("#picture-words", state="hidden")
        canvas = page.locator("#picture")
        seen: list[tuple[str, str]] = []

        def both_kinds() -> bool:
            seen.append(look(canvas))
            return len(seen) >= 40 and len(set(seen)) >= 2

        until(both_kinds, 20, "both kinds of frame")
        assert set(seen) <= {("dark", "angry"), ("light", "sad"), ("dark", "none"), ("light", "none")}
        assert {("dark", "angry"), ("light", "sad")} <= set(seen)
        assert canvas.evaluate(SHARE, ["#ffffff", 0.4, 0.6, 0.4, 0.6]) > 0.0005  # keypoints
        expect(page.locator("#now li")).to_have_count(1)
        expect(page.locator("#now .says")).to_contain_text("76 %")
        assert "76\N{NO-BREAK SPACE}%" in (page.locator("#now .says").text_content() or "")
    finally:
        stop.set()
        camera.join()


def film(redis_url: str, stop: threading.Event) -> None:
    """Pictures and readings of one face, ten a second; every three frames both change."""
    jpegs = [cv2.imencode(".jpg", np.full((240, 320, 3), grey, np.uint8))[1].tobytes() for grey in GREYS]
    with connect(redis_url) as client:
        for number in range(10_000):
            kind = number // 3 % 2
            Bus(client).put_preview("lobby", jpegs[kind], number * 100_000_000)
            write(redis_url, [reading(number, ("angry", "sad")[kind])])
            if stop.wait(0.1):
                return


def look(canvas: Locator) -> tuple[str, str]:
    """Which frame is shown, and which box on it, looked at in one go."""
    colours = {
        "dark": f"#{GREYS[0]:02x}{GREYS[0]:02x}{GREYS[0]:02x}",
        "light": f"#{GREYS[1]:02x}{GREYS[1]:02x}{GREYS[1]:02x}",
        "angry": LABEL_COLOURS["angry"],
        "sad": LABEL_COLOURS["sad"],
    }
    left_edge = "[colour, 0.245, 0.255, 0.35, 0.65]"
    shares = canvas.evaluate(
        f"(canvas, colours) => colours.map((colour) => ({SHARE})(canvas, {left_edge}))",
        list(colours.values()),
    )
    found = dict(zip(colours, shares, strict=True))
    box = max(("angry", "sad"), key=found.__getitem__)
    return max(("dark", "light"), key=found.__getitem__), box if found[box] else "none"


def test_coverage_is_drawn_and_told_in_words(page: Page, api: Api) -> None:
    events: list[Event] = [coverage("observed", 86, 40, 10), coverage("dropped", 14, 30, 10)]
    write(api.redis_url, [*events, coverage("disconnected", 0, 20, 10), coverage("no_face", 0, 10, 10)])
    page.reload()
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["observed"], 0.9, part=(0.36, 0.46))
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["dropped"], 0.9, part=(0.53, 0.63))
    sentence = page.locator("#sentence")
    expect(sentence).to_contain_text("engine slow: 14 % of frames dropped")
    expect(sentence).to_contain_text("no signal for 10 s")


def test_hovering_and_keys_tell_values(page: Page, api: Api) -> None:
    write(api.redis_url, [reading(number, "happy", ago=50 - number / 10) for number in range(480)])
    page.reload()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.4)
    canvas = page.locator(TIMELINE)
    canvas.hover(position={"x": 300, "y": 20})
    tip = page.locator("#tip")
    expect(tip).to_contain_text("happy76 %")
    page.mouse.move(2, 2)
    expect(tip).to_be_hidden()
    canvas.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("happy76 %")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_pause_stops_the_picture_but_loses_nothing(page: Page, api: Api) -> None:
    write(api.redis_url, [reading(number, "happy", ago=20 - number / 10) for number in range(200)])
    page.reload()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.1)
    page.locator("body").press("p")
    expect(page.locator("#pause")).to_have_text("Go on")
    write(api.redis_url, [reading(300 + number, "sad") for number in range(5)])
    expect(page.locator('[data-track="1"] .label')).to_have_text("sad")  # it has arrived
    assert share(page, TIMELINE, LABEL_COLOURS["sad"], part=(0.9, 1.0)) < 0.15
    page.locator("#pause").click()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["sad"], 0.001, part=(0.7, 1.0))


def test_a_restart_of_the_api_is_survived_without_a_gap(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    configure(redis_url)
    page = browser.new_page()
    with ExitStack() as running:
        api = running.enter_context(serving(redis_url, tmp_path))
        page.goto(api.http)
        write(redis_url, [reading(number, "happy", ago=1 - number / 20) for number in range(20)])
        wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.005)
    expect(page.locator("#banner")).to_contain_text("No connection to the server since", timeout=10_000)
    write(redis_url, [reading(20 + number, "disgust", ago=1 - number / 20) for number in range(20)])
    with serving(redis_url, tmp_path, api.port):
        expect(page.locator("#banner")).to_be_hidden(timeout=10_000)
        wait_for_share(page, TIMELINE, LABEL_COLOURS["disgust"], 0.005)
    page.close()


def test_states_are_told_in_words(page: Page, api: Api) -> None:
    link = page.locator("#source-list a")
    expect(link).to_contain_text("waiting to be picked up")
    tell(api.redis_url, "live")
    write(api.redis_url, [reading(1)])
    expect(link.locator(".words")).to_have_text("live")
    tell(api.redis_url, "reconnecting", "connection refused")
    at = datetime.now().strftime("%H:%M")
    expect(link).to_contain_text(f"no signal since {at}")
    expect(link).to_contain_text("connection refused")
    expect(page.locator("#picture-words")).to_contain_text("no signal since")


def test_sources_are_added_and_removed_with_errors_beside_their_fields(page: Page, api: Api) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    page.keyboard.type("Lobby")
    page.keyboard.press("Tab")
    page.keyboard.type("ftp://192.0.2.7")
    page.keyboard.press("Enter")
    expect(page.locator("#url-error")).to_contain_text("actual ftp")
    expect(page.locator("#url")).to_be_focused()
    page.locator("#url").fill("rtsp://viewer:planted@192.0.2.9/1")
    page.keyboard.press("Enter")
    expect(page.locator("#name-error")).to_contain_text("already")
    page.locator("#name").fill("Back door")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-name")).to_have_text("Back door")
    assert "planted" not in page.content()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#remove-dialog .danger").click()
    expect(page.locator("#source-list li")).to_have_count(1)
    expect(page.locator("#chosen-name")).to_have_text("Lobby")


def test_without_a_source_the_page_says_what_to_do(page: Page, api: Api) -> None:
    with connect(api.redis_url) as client:
        client.flushall()
    page.reload()
    expect(page.get_by_role("button", name="Add a source")).to_be_visible()


def test_it_draws_no_oftener_than_thirty_times_a_second(page: Page, api: Api) -> None:
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


def test_the_page_forgets_what_no_window_shows(page: Page, api: Api) -> None:
    """Two hours of readings at 10 a second leave ten minutes whole, and an hour second by second."""
    kept = page.evaluate(
        """async ([labels]) => {
      const { History, KEPT, KEPT_WHOLE } = await import("/history.js");
      const history = new History();
      const smoothed = Object.fromEntries(labels.map((label) => [label, 1 / 7]));
      for (let at = 0; at < 7_200_000; at += 100) {
        history.add({ type: "reading", track: 1, media_time: at / 1000, label: null, smoothed,
          captured_at: new Date(at).toISOString() });
        if (at % 1000 === 0) history.forget(at, null);
      }
      const { readings, seconds } = history.faces.get(1);
      return { readings: readings.last - readings.first - KEPT_WHOLE,
        seconds: seconds.last - seconds.first - KEPT,
        counts: [readings.length, seconds.length], whole: history.recent.length };
    }""",
        [list(LABELS)],
    )
    assert 0 <= kept["readings"] <= 2000
    assert -2000 <= kept["seconds"] <= 2000
    assert kept["counts"] == [6010, 3600]
    assert kept["whole"] < 200


def test_its_colours_are_those_of_reports_and_pictures(page: Page, api: Api) -> None:
    palette = page.evaluate("import('/palette.js').then((module) => ({ ...module }))")
    assert palette["LABELS"] == list(LABELS)
    assert palette["COLOURS"] == LABEL_COLOURS
    assert {kind: entry["colour"] for kind, entry in palette["COVERAGE"].items()} == COVERAGE_COLOURS


def test_it_fits_a_phone(browser: Browser, api: Api) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(api.http)
    write(api.redis_url, [reading(1)])
    page.wait_for_selector(TIMELINE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_a_hidden_page_asks_for_no_pictures(page: Page, api: Api) -> None:
    with connect(api.redis_url) as client:
        bus = Bus(client)
        until(lambda: bus.is_watched("lobby"), 5, "the page watches")
        hide = """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.evaluate(hide, "hidden")
        until(lambda: not bus.is_watched("lobby"), 8, "nobody watches")
        page.evaluate(hide, "visible")
        until(lambda: bus.is_watched("lobby"), 5, "the page watches again")
