"""The wall of all sources in a real browser: pictures, faces, states, strips, and links to one source."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from engine.drawing.palette import COVERAGE_COLOURS, LABEL_COLOURS
from ingest.bus.connection import connect
from ingest.bus.previews import Previews
from tests.api.browsing import SHARE, page_of
from tests.api.dashboard.sources import set_state
from tests.api.serving import Api, configure, coverage, reading, write, write_seconds
from tests.waiting import until

pytestmark = pytest.mark.browser

GREY = 120


@pytest.fixture
def wall(browser: Browser, api: Api) -> Iterator[Page]:
    """The wall of two sources: the lobby and the hall."""
    configure(api.redis_url, "hall")
    with page_of(browser, api) as page:
        page.goto(api.http)
        expect(page.locator(".tile")).to_have_count(2)
        yield page


def in_tile(page: Page, source: str, canvas: str, colour: str, *place: float) -> float:
    return float(page.locator(f'.tile a[href="#{source}"] .{canvas}').evaluate(SHARE, [colour, *place]))


def test_a_tile_shows_picture_state_faces_and_the_last_ten_minutes(wall: Page, api: Api) -> None:
    """Afraid from eight to six minutes ago, happy now."""
    write_seconds(api.redis_url, "fear", ago=480, length=120)
    set_state(api.redis_url, "live")
    fail = "**/timelines/*/overview*"  # twice, so that the page requests it again
    wall.route(fail, lambda route: route.fulfill(status=503, body="{}"), times=2)
    wall.reload()
    jpeg = cv2.imencode(".jpg", np.full((90, 160, 3), GREY, np.uint8))[1].tobytes()
    with connect(api.redis_url) as client:
        Previews(client).put("lobby", jpeg, 0)
    grey = f"#{GREY:02x}{GREY:02x}{GREY:02x}"
    until(lambda: in_tile(wall, "lobby", "preview", grey, 0, 1, 0, 0.7) > 0.9, 10, "the picture")
    fear = LABEL_COLOURS["fear"]
    until(lambda: in_tile(wall, "lobby", "strip", fear, 0.22, 0.38, 0, 0.8) > 0.5, 5, "the past")
    assert in_tile(wall, "lobby", "strip", fear, 0.45, 1, 0, 0.8) == 0
    write(api.redis_url, [reading(1, "happy"), reading(1, "sad", track=2)])
    tile = wall.locator(".tile", has_text="Lobby")
    expect(tile.locator(".faces span")).to_have_text(["happy", "sad"])
    until(lambda: in_tile(wall, "lobby", "strip", LABEL_COLOURS["happy"], 0.98, 1, 0, 1) > 0, 5, "now")
    expect(tile.locator(".text")).to_have_text("live")


def test_a_picture_that_is_no_longer_shown_is_cleared(wall: Page, api: Api) -> None:
    set_state(api.redis_url, "live")
    jpeg = cv2.imencode(".jpg", np.full((90, 160, 3), GREY, np.uint8))[1].tobytes()
    with connect(api.redis_url) as client:
        Previews(client).put("lobby", jpeg, 0)
    grey = f"#{GREY:02x}{GREY:02x}{GREY:02x}"
    until(lambda: in_tile(wall, "lobby", "preview", grey, 0, 1, 0, 0.7) > 0.9, 10, "the picture")
    wall.request.patch(f"{api.http}/v1/sources/lobby", data={"picture": "none"}).dispose()
    expect(wall.locator(".tile", has_text="Lobby").locator(".picture-state")).to_have_text(
        "picture not shown"
    )
    assert in_tile(wall, "lobby", "preview", grey, 0, 1, 0, 1) == 0


def test_a_picture_is_dimmed_when_it_is_old_not_when_frames_are_dropped(wall: Page, api: Api) -> None:
    set_state(api.redis_url, "live")
    write(api.redis_url, [coverage("observed", 60, 10, 5), coverage("dropped", 40, 5, 5)])
    jpeg = cv2.imencode(".jpg", np.full((90, 160, 3), GREY, np.uint8))[1].tobytes()
    tile = wall.locator(".tile", has_text="Lobby")
    numbers = count()

    def is_clear() -> bool:
        with connect(api.redis_url) as client:
            Previews(client).put("lobby", jpeg, next(numbers))
        return "still" not in (tile.locator(".preview").get_attribute("class") or "")

    until(is_clear, 10, "the picture moves")
    expect(tile.locator(".text")).to_contain_text("40 % of frames dropped")
    assert is_clear()
    expect(tile.locator(".picture-state")).to_have_text("")
    expect(tile.locator(".preview")).to_have_class("preview still", timeout=10_000)
    expect(tile.locator(".picture-state")).to_contain_text("no picture since")


def test_a_source_that_does_not_exist_is_reported(wall: Page, api: Api) -> None:
    wall.goto(f"{api.http}/#%")  # no source can have this id
    expect(wall.locator("#wall-text")).to_contain_text("does not exist")
    expect(wall.locator(".tile")).to_have_count(2)


def test_an_outage_is_drawn_and_shown_in_the_header(wall: Page, api: Api) -> None:
    set_state(api.redis_url, "reconnecting", "connection refused", "hall")
    tile = wall.locator(".tile", has_text="Hall")
    expect(tile.locator(".text")).to_contain_text("no signal since")
    expect(tile.locator(".text")).to_contain_text("connection refused")
    for part in ("ingest", "engine:0", "jobs"):
        with connect(api.redis_url) as client:
            client.set(f"beat:{part}", b"1")
    wall.reload()
    expect(wall.locator("#health .text")).to_have_text("1 source failing")
    signal = COVERAGE_COLOURS["disconnected"]
    until(lambda: in_tile(wall, "hall", "strip", signal, 0.98, 1, 0.9, 1) > 0, 10, "no signal is drawn")


def test_a_click_opens_a_source_and_a_link_leads_back(wall: Page) -> None:
    wall.locator(".tile", has_text="Hall").click()
    expect(wall.locator("#source-name")).to_have_text("Hall")
    wall.get_by_role("link", name="Lobby").click()
    expect(wall.locator("#source-name")).to_have_text("Lobby")
    wall.get_by_role("link", name="All sources").click()
    expect(wall.locator(".tile")).to_have_count(2)
    wall.go_back()
    expect(wall.locator("#source-name")).to_have_text("Lobby")


def test_only_tiles_in_view_are_followed_and_get_pictures(browser: Browser, api: Api) -> None:
    for number in range(12):
        configure(api.redis_url, f"camera-{number:02d}")
        set_state(api.redis_url, "live", source=f"camera-{number:02d}")
    with page_of(browser, api, viewport={"width": 360, "height": 640}) as page:
        page.goto(api.http)
        with connect(api.redis_url) as client:
            previews = Previews(client)
            until(lambda: previews.is_watched("camera-00"), 10, "the first is watched")
            assert not previews.is_watched("camera-11")
            page.locator(".tile").last.scroll_into_view_if_needed()
            page.mouse.wheel(0, 9000)
            until(lambda: previews.is_watched("camera-11"), 10, "the last is watched")
            until(lambda: not previews.is_watched("camera-00"), 10, "the first is watched no longer")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        other = replace(reading(1, "surprise"), source="camera-11")
        write(api.redis_url, [other])
        expect(page.locator('.tile a[href="#camera-11"] .faces')).to_have_text("surprise")
