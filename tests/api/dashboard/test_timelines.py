"""The timelines in a real browser, by the pixels of their canvases."""

import time
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from engine.drawing.palette import COVERAGE_COLOURS, LABEL_COLOURS
from engine.labels import LABELS
from engine.records import Event
from tests.api.browsing import share, wait_for_share
from tests.api.dashboard.sources import TIMELINE, readings_of, set_state
from tests.api.serving import Api, coverage, reading, write, write_seconds
from tests.waiting import until

pytestmark = pytest.mark.browser

# Four lines of the canvas: three through the stack, one through the labels.
PIXELS = """(canvas) => [0.1, 0.3, 0.6, 0.9].flatMap((height) => [
  ...canvas.getContext("2d").getImageData(0, Math.round(canvas.height * height), canvas.width, 1).data,
])"""
HATCHED = "#dad8d6"  # neutral beneath the veil of a hatching, on a light page
SURPRISE = LABEL_COLOURS["surprise"]


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
    write(api.redis_url, [reading(500, "sad")])
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


def test_a_busy_window_shows_the_longest_faces_or_all(page: Page, api: Api) -> None:
    """Thirty faces of some seconds each, two of them in view, and one that was there for 100."""
    write_seconds(api.redis_url, "sad", ago=570, length=100, track=77)
    for track in range(1, 29):
        write_seconds(api.redis_url, "happy", ago=470 - 15 * track, length=3 + track % 2, track=track)
    page.reload()
    write(api.redis_url, [reading(1, "fear", track=101), reading(1, "fear", track=102)])
    expect(page.locator("#faces-in-view .face-name")).to_have_text(["Face 101", "Face 102"])
    page.get_by_role("button", name="10 min", exact=True).click()
    expect(page.locator("#faces-in-view .face-name").first).to_have_text("Face 101, timeline hidden")
    rows = page.locator(".row.face")
    expect(rows).to_have_count(12)
    expect(rows.first.locator(".face-name")).to_have_text("Face 77")
    expect(page.locator("#more-rows")).to_have_text("12 of the 31 faces in this window are shown.")
    expect(page.locator('[data-track="2"]')).to_have_count(0)
    page.get_by_role("button", name="Show all 31 faces").click()
    expect(rows).to_have_count(31)
    expect(page.locator("#faces-in-view li", has_text="timeline hidden")).to_have_count(0)
    page.locator('[data-track="2"] canvas').scroll_into_view_if_needed()
    until(lambda: share(page, '[data-track="2"] canvas', LABEL_COLOURS["happy"]) > 0, 5, "it is drawn")
    page.get_by_role("button", name="Show 12 faces only").click()
    expect(rows).to_have_count(12)


def test_in_a_short_window_faces_in_view_come_first(page: Page) -> None:
    """Rows of 3 faces in view for a moment and 20 that left, in a minute and in ten; rows do not flicker."""
    ranked = page.evaluate("""async () => {
      const { rankFaces } = await import("/live/source/face-order.js");
      const face = (track, presence, isHere) => ({ track, isInView: () => isHere, presence: () => presence });
      const left = Array.from({ length: 20 }, (_, at) => face(at + 1, 5000 + 100 * at, false));
      const faces = [...left, face(31, 100, true), face(32, 100, true), face(33, 100, true)];
      const first = (length, held = []) => (
        rankFaces(faces, { started: 0, ended: length }, 0, new Set(held)).first.map(({ track }) => track));
      return [first(60_000), first(600_000), first(600_000, [1])];
    }""")
    assert ranked == [
        [31, 32, 33, *range(20, 11, -1)],
        list(range(20, 8, -1)),
        [*range(20, 9, -1), 1],
    ]


def test_abstained_readings_are_hatched_not_coloured(page: Page, api: Api) -> None:
    write(api.redis_url, [reading(number, None, ago=20 - number / 10) for number in range(200)])
    page.reload()
    write(api.redis_url, [reading(500, None)])
    expect(page.locator('[data-track="1"] .label')).to_have_text("unsure")
    wait_for_share(page, TIMELINE, HATCHED, 0.2, part=(0.7, 0.9))
    assert share(page, TIMELINE, LABEL_COLOURS["neutral"]) < 0.01


def test_coverage_is_drawn_and_summed_up(page: Page, api: Api) -> None:
    events: list[Event] = [coverage("observed", 86, 40, 10), coverage("dropped", 14, 30, 10)]
    write(api.redis_url, [*events, coverage("disconnected", 0, 20, 10), coverage("no_face", 0, 10, 10)])
    page.reload()
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["observed"], 0.9, part=(0.36, 0.46))
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["dropped"], 0.9, part=(0.53, 0.63))
    sentence = page.locator("#sentence")
    expect(sentence).to_contain_text("engine slow: 14 % of frames dropped")
    expect(sentence).to_contain_text("no signal for 10 s")


def test_during_an_outage_it_is_unknown_who_is_in_view(page: Page, api: Api) -> None:
    set_state(api.redis_url, "live")
    write(api.redis_url, [reading(1, "happy")])
    expect(page.locator('[data-track="1"] .label')).to_have_text("happy")
    set_state(api.redis_url, "reconnecting", "connection refused")
    expect(page.locator('[data-track="1"] .label')).to_have_text("unknown")
    expect(page.locator('[data-track="1"] .share')).to_contain_text("since ")
    expect(page.locator("#nobody")).to_have_text("No signal: who is in view is not known.")


def test_readings_count_before_their_coverage_comes(page: Page, api: Api) -> None:
    write(api.redis_url, [coverage("no_face", 0, 40, 10), *readings_of("happy", 30, 25)])
    page.reload()
    expect(page.locator("#sentence")).to_have_text(
        "Faces read in 71 % of the 35 s recorded so far; nobody in view for 10 s."
    )
    page.locator("#coverage").hover(position={"x": 600, "y": 5})
    expect(page.locator("#tip")).to_contain_text("face read, 25 s so far")


def test_segments_join_where_the_media_does(page: Page) -> None:
    """The clock of arrival jitters; a real gap remains, however short."""
    joined = page.evaluate("""async () => {
      const { CoverageTimeline } = await import("/live/coverage-timeline.js");
      const coverage = new CoverageTimeline(10);
      const at = (ms) => new Date(ms).toISOString();
      const add = (kind, media, wall) => coverage.add({ kind, frames: 1, started: media[0], ended: media[1],
        started_at: at(wall[0]), ended_at: at(wall[1]) });
      add("observed", [0, 1], [0, 1000]);
      add("no_face", [1, 2], [1400, 2000]);
      add("observed", [2.1, 3], [2100, 3000]);
      return coverage.segments.map(({ started }) => started);
    }""")
    assert joined == [0, 1000, 2100]


def test_what_is_shown_is_downloaded(page: Page, api: Api) -> None:
    write(api.redis_url, readings_of("happy", 20, 5))
    with page.expect_download() as begun:
        page.get_by_role("button", name="CSV").click()
    head, *rows = begun.value.path().read_text().splitlines()
    assert "happy" in head
    assert len(rows) == 50


def test_hovering_and_keys_show_values(page: Page, api: Api) -> None:
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
    expect(page.locator("#pause")).to_have_text("Resume")
    write(api.redis_url, [reading(300 + number, "sad") for number in range(5)])
    expect(page.locator('[data-track="1"] .label')).to_have_text("sad")  # it has arrived
    assert share(page, TIMELINE, LABEL_COLOURS["sad"], part=(0.9, 1.0)) < 0.15
    page.locator("#pause").click()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["sad"], 0.001, part=(0.7, 1.0))


def test_wheel_keys_and_buttons_zoom(page: Page, api: Api) -> None:
    """Sad for the 5 s from 25 s ago: out of sight in 10 s, a quarter of 20 s, little of ten minutes."""
    write(
        api.redis_url,
        readings_of("happy", 40, 15) + readings_of("sad", 25, 5, 150) + readings_of("happy", 20, 20, 200),
    )
    page.reload()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["sad"], 0.07)
    page.get_by_role("button", name="10 s", exact=True).click()
    until(lambda: share(page, TIMELINE, LABEL_COLOURS["sad"]) < 0.06, 5, "sad is out of sight")
    page.get_by_role("button", name="1 h", exact=True).click()
    until(lambda: share(page, TIMELINE, LABEL_COLOURS["happy"]) < 0.02, 5, "all is narrow")
    for _ in range(3):
        page.locator("body").press("+")
    expect(page.get_by_role("button", name="1 h", exact=True)).to_have_attribute("aria-pressed", "false")
    until(lambda: 0.01 < share(page, TIMELINE, LABEL_COLOURS["happy"]) < 0.06, 5, "it is wider")
    page.locator(TIMELINE).hover()
    page.mouse.wheel(0, -6000)  # scrolls the page
    expect(page.get_by_role("button", name="10 s", exact=True)).to_have_attribute("aria-pressed", "false")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -6000)
    page.keyboard.up("Control")
    expect(page.get_by_role("button", name="10 s", exact=True)).to_have_attribute("aria-pressed", "true")


def test_dragging_moves_into_the_past_and_back(page: Page, api: Api) -> None:
    write(
        api.redis_url, readings_of("fear", 80, 20) + readings_of("happy", 30, 25, 600)
    )  # it has left: rows keep still
    write_seconds(api.redis_url, "fear", ago=80, length=20)
    page.reload()
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.1)
    assert share(page, TIMELINE, LABEL_COLOURS["fear"], part=(0.0, 0.5)) < 0.01
    drag(page, 40, 440)
    expect(page.locator("#window-status")).to_contain_text("Paused at")
    wait_for_share(page, TIMELINE, LABEL_COLOURS["fear"], 0.1, part=(0.0, 0.5))
    drag(page, 460, 20)
    expect(page.locator("#pause")).to_have_text("Pause")
    wait_for_share(page, TIMELINE, LABEL_COLOURS["happy"], 0.1, part=(0.6, 1.0))


def test_a_press_that_ends_elsewhere_is_no_drag(page: Page, api: Api) -> None:
    canvas = page.locator("#coverage")
    canvas.hover(position={"x": 300, "y": 5})
    page.mouse.down()
    page.locator("#source-name").hover()
    page.mouse.up()
    canvas.hover(position={"x": 300, "y": 5})
    status = page.locator("#window-status").text_content()
    canvas.hover(position={"x": 400, "y": 5})
    expect(page.locator("#tip")).to_be_visible()
    assert page.locator("#window-status").text_content() == status


def drag(page: Page, start: int, end: int) -> None:
    """Drag from one place to another on the coverage, which every window shows."""
    canvas = page.locator("#coverage")
    canvas.hover(position={"x": start, "y": 5})
    place = canvas.bounding_box()
    assert place is not None
    page.mouse.down()
    for x in (start, (start + end) // 2, end):
        page.mouse.move(place["x"] + x, place["y"] + 5)
    page.mouse.up()


def test_what_is_shifted_looks_like_what_is_painted_whole(page: Page, api: Api) -> None:
    """Three seconds painted step by step as they came, and painted at once after a change of colours."""
    page.get_by_role("button", name="10 s", exact=True).click()
    numbers = count()

    def next_pixels() -> list[int]:
        """Write another reading, so that the face stays in view; return the pixels of its timeline."""
        write(api.redis_url, [reading(number := next(numbers), LABELS[number // 6 % 7])])
        pixels: list[int] = page.locator(TIMELINE).evaluate(PIXELS)
        return pixels

    until(lambda: next_pixels() and next(numbers) > 40, 20, "some readings were painted")
    page.locator("body").press("p")
    paused = time.monotonic()
    until(lambda: next_pixels() and time.monotonic() > paused + 1.2, 5, "what came late is painted")
    before = next_pixels()
    page.emulate_media(color_scheme="dark")
    until(lambda: next_pixels() != before, 5, "it is painted in other colours")
    page.emulate_media(color_scheme="light")

    def unlike() -> int:
        return sum(abs(one - other) > 24 for one, other in zip(before, next_pixels(), strict=True))

    until(lambda: unlike() <= len(before) / 200, 5, "it looks as before")
