"""Recordings that are added: dropped, named, refused, waiting for the form, cancelled."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.settings import RecordingLimits
from deploy.redis_server import RedisServer
from engine.drawing.palette import COVERAGE_COLOURS
from tests.api.browsing import page_of, share, wait_for_share
from tests.api.recordings_page.service import (
    HAPPY,
    READ_TIMEOUT,
    TIMELINE,
    TIMEOUT,
    Service,
    database,
    drop,
    line_of,
)
from tests.api.serving import serving
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]


def test_a_dropped_video_is_read_and_its_timelines_are_drawn(page: Page, service: Service) -> None:
    page.locator("#turn").select_option("mirrored")
    page.locator("#aspect").fill("16:9")
    drop(page, "Café Zürich.webm", service.clip.read_bytes())
    line = line_of(page, "Café Zürich.webm")
    expect(line).to_have_attribute("data-state", "completed", timeout=READ_TIMEOUT * 1000)
    expect(line.locator(".text")).to_contain_text("face")
    expect(page.locator("#uploads li")).to_have_count(0)
    [dropped, *_] = httpx.get(f"{service.api.http}/v1/recordings").json()
    assert (dropped["turn"], dropped["aspect"]) == ("mirrored", "16:9")
    line.get_by_role("link").click()
    expect(page.locator("#recording-name")).to_have_text("Café Zürich.webm")
    wait_for_share(page, TIMELINE, HAPPY, 0.6, part=(0.03, 0.3))
    assert share(page, TIMELINE, HAPPY, part=(0.4, 0.6)) == 0  # nobody is there
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["no_face"], 0.9, part=(0.4, 0.6))
    expect(page.locator("#sentence")).to_contain_text("nobody in view for 2 s")
    expect(page.locator("#shares li").first).to_contain_text("happy 100")


def test_what_is_too_large_is_not_sent(browser: Browser, redis_server: RedisServer, tmp_path: Path) -> None:
    small = RecordingLimits(upload=1000, reserve=0)
    with (
        serving(database(redis_server, 4), tmp_path, limits=small) as api,
        page_of(browser, api) as page,
    ):
        page.goto(f"{api.http}/recordings.html")
        expect(page.locator("#upload-limits")).to_have_text("Up to 1.0 kB and 4 h each.")
        drop(page, "large.mp4", bytes(2000))
        expect(page.locator("#uploads li")).to_contain_text("The file has 2.0 kB; the limit is 1.0 kB.")


def test_what_is_refused_is_shown_beside_it(page: Page, service: Service) -> None:
    drop(page, "notes.mp4", b"not a video at all" * 100)
    upload = page.locator("#uploads li")
    expect(upload).to_contain_text("not a video")
    upload.get_by_role("button", name="Dismiss").click()
    expect(upload).to_have_count(0)
    page.locator("#path").fill(service.clip.name)
    page.locator("#aspect").fill("wide")
    page.locator("#path").press("Enter")
    expect(page.locator("#aspect-error")).to_contain_text("must be width:height")
    page.locator("#aspect").fill("")
    page.locator("#path").fill("missing.mp4")
    page.locator("#path").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#path-error")).to_contain_text("no such file")
    expect(page.locator("#path")).to_be_focused()


def test_files_wait_for_their_purpose(page: Page, service: Service) -> None:
    page.locator("#purpose").select_option("workplace")
    drop(page, "notes.mp4", b"not a video at all" * 100)
    expect(page.locator("#ground-error")).to_contain_text("reasons")
    drop(page, "more.mp4", b"not a video either" * 100)
    uploads = page.locator("#uploads .text")
    expect(uploads).to_have_text([re.compile("Waiting for a ground")] * 2)
    page.locator("#ground").select_option("safety")
    expect(uploads).to_have_text([re.compile("not a video")] * 2)


def test_an_upload_shows_its_progress_and_can_be_cancelled(page: Page, service: Service) -> None:
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    network.send("Network.emulateNetworkConditions", slow)
    drop(page, "large.mp4", bytes(3_000_000))
    progress = page.locator("#uploads .text")
    expect(progress).to_contain_text(re.compile("kB/s · .* left"), timeout=10_000)
    page.locator("#uploads").get_by_role("button", name="Cancel").click()
    expect(page.locator("#uploads li")).to_have_count(0)
    expect(line_of(page, "large.mp4")).to_have_count(0)
    folders = service.data / "recordings"
    until(lambda: not list(folders.glob("*/video.part")), 5, "its file is deleted")


def test_without_a_recording_the_page_invites_to_drop_one(
    browser: Browser, redis_server: RedisServer, tmp_path: Path
) -> None:
    with serving(database(redis_server, 3), tmp_path) as api, page_of(browser, api) as page:
        page.goto(f"{api.http}/recordings.html")
        expect(page.locator("#no-recordings")).to_contain_text("Drop a video above")
