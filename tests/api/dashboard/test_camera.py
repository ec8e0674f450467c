"""From a camera to the pixels: a real RTSP server, the whole service, and the page that shows it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.drawing.palette import LABEL_COLOURS
from tests.api.browsing import page_of, share
from tests.api.serving import Api
from tests.api.verbs.portrait_clips import face_clip
from tests.deploy.service import Service
from tests.servers import RtspServer
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.rtsp]

FACE = ".row.face canvas"
HAPPY = LABEL_COLOURS["happy"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path / "data")
    yield started
    started.close()


def test_a_camera_added_on_the_page_is_a_moving_timeline_there(
    browser: Browser, service: Service, rtsp_server: Callable[[dict[str, Path]], RtspServer], tmp_path: Path
) -> None:
    """Check that the page says when the camera is gone."""
    clip = face_clip(tmp_path / "door.mp4", [number * 40 for number in range(1500)])
    camera = rtsp_server({"door": clip})
    api = Api(service.port, "", tmp_path)
    service.address()
    with page_of(browser, api) as page:
        page.goto(api.http)
        page.get_by_role("button", name="Add a source").click()
        page.get_by_label("Name").fill("Door")
        page.get_by_label("Address").fill(camera.url("door"))
        page.keyboard.press("Enter")
        page.get_by_role("button", name="10 s", exact=True).click()
        until(lambda: shown(page, (0.8, 1.0)) > 0.1, 40, "the smile in the timeline")
        expect(page.locator("#source-state")).to_contain_text("live")
        expect(page.locator("#faces-in-view .face-text").first).to_contain_text("happy")
        until(lambda: shown(page, (0.0, 0.4)) > 0.1, 15, "the timeline has moved")
        camera.kill()
        expect(page.locator("#source-state")).to_contain_text("no signal since", timeout=20_000)


def shown(page: Page, part: tuple[float, float]) -> float:
    """Return the largest share of happy in the timeline of any face."""
    rows = page.locator(FACE)
    return max(
        (
            share(page, f":nth-match({FACE}, {number + 1})", HAPPY, part=part)
            for number in range(rows.count())
        ),
        default=0.0,
    )
