"""The page of recordings in a real browser, with a real API, a real worker and real videos."""

import base64
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.jobs.limits import Limits
from deploy.redis_server import RedisServer
from engine.palette import COVERAGE_COLOURS, LABEL_COLOURS
from ingest.bus import connect
from tests.api.access.doors import add_token, bearer
from tests.api.browsing import SHARE, chromium, page_of, share, wait_for_share
from tests.api.jobs.working import Place, worker
from tests.api.serving import Api, serving
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # s; the reader waits for all other work

HAPPY = LABEL_COLOURS["happy"]
TIMELINE = '[data-track="1"] canvas'
READ = 120  # seconds within which a short video is read, on a machine with other things to do

# What dropping a file on the page does; the browser's own drag cannot be driven from outside.
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const type of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
    document.getElementById("drop").dispatchEvent(event);
  }
}"""


@dataclass(frozen=True, slots=True)
class Service:
    """An API with a worker, and a recording that is read: a happy face that is away from 2 s to 4 s of 6."""

    api: Api
    data: Path
    clip: Path
    id: str

    @property
    def page(self) -> str:
        return f"{self.api.http}/recordings.html"

    def add(self, path: str, rate: float | str = 10) -> str:
        """Has a file of the media folder read; its id."""
        answer = httpx.post(f"{self.api.http}/v1/recordings", json={"path": path, "rate": rate})
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id

    def state(self, id: str) -> str:
        return str(httpx.get(f"{self.api.http}/v1/recordings/{id}").json()["state"])

    def wait(self, id: str) -> None:
        until(lambda: self.state(id) == "completed", READ, "it is read")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def service(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    media = tmp_path_factory.mktemp("media")
    clip = face_clip(media / "portrait.webm", even(150), empty=range(50, 100), codec="libvpx")
    data = media / "data"
    with connect(redis_server.url) as client:
        client.flushall()
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(redis_server.url, media) as api,
    ):
        patch.setenv("MIEN_MEDIA", str(media))
        with worker(Place(redis_server.url, data)):
            service = Service(api, data, clip, "")
            service = Service(api, data, clip, service.add(clip.name))
            service.wait(service.id)
            yield service


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    with page_of(browser, service.api) as page:
        page.goto(service.page)
        page.locator("#shelf").wait_for()
        yield page


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def database(server: RedisServer, number: int) -> str:
    """Another database of the server, in which there is nothing."""
    return server.url.replace("db=0", f"db={number}")


def line_of(page: Page, name: str) -> Locator:
    return page.locator("#recording-list li", has=page.get_by_role("link", name=name, exact=True))


def open_player(page: Page, service: Service, id: str = "") -> None:
    page.goto(f"{service.page}#{id or service.id}")
    wait_for_share(page, TIMELINE, HAPPY, 0.2)


def played(page: Page) -> float:
    return float(page.locator("#video").evaluate("(video) => video.currentTime"))


def playhead(page: Page) -> float:
    """The second that the line across the timelines stands at."""
    ratio = page.locator("#tracks").evaluate("(tracks) => tracks.style.getPropertyValue('--playhead')")
    return 6 * float(ratio)


def test_a_dropped_video_is_read_and_its_timelines_are_drawn(page: Page, service: Service) -> None:
    drop(page, "Café Zürich.webm", service.clip.read_bytes())
    line = line_of(page, "Café Zürich.webm")
    expect(line).to_have_attribute("data-state", "completed", timeout=READ * 1000)
    expect(line.locator(".words")).to_contain_text("face")
    expect(page.locator("#uploads li")).to_have_count(0)
    line.get_by_role("link").click()
    expect(page.locator("#one-name")).to_have_text("Café Zürich.webm")
    wait_for_share(page, TIMELINE, HAPPY, 0.6, part=(0.03, 0.3))
    assert share(page, TIMELINE, HAPPY, part=(0.4, 0.6)) == 0  # nobody is there
    wait_for_share(page, "#coverage", COVERAGE_COLOURS["no_face"], 0.9, part=(0.4, 0.6))
    expect(page.locator("#sentence")).to_contain_text("nobody in view for 2.0 s")
    expect(page.locator("#shares li").first).to_contain_text("happy 100")


def test_playing_moves_the_line_and_pointing_at_the_timeline_moves_the_video(
    page: Page, service: Service
) -> None:
    open_player(page, service)
    page.keyboard.press(" ")
    until(lambda: played(page) > 0.4, 10, "it plays")
    page.keyboard.press(" ")
    at = played(page)
    until(lambda: abs(playhead(page) - at) < 0.05, 5, "the line stands where the video does")
    expect(page.locator(f"{TIMELINE}")).to_have_attribute("aria-valuetext", re.compile("happy"))
    canvas = page.locator(TIMELINE)
    width = canvas.evaluate("(element) => element.clientWidth")
    canvas.click(position={"x": width * 0.75, "y": 30})
    until(lambda: abs(played(page) - 4.5) < 0.05, 5, "the video follows the click")
    page.locator("#scrubber").click(position={"x": 0, "y": 12})
    until(lambda: played(page) < 0.1, 5, "and the scrubber")
    until(lambda: playhead(page) < 0.1, 5, "with the line")


def test_keys_move_by_seconds_and_frames(page: Page, service: Service) -> None:
    open_player(page, service)
    for key, expected in (("ArrowRight", 1.0), ("ArrowRight", 2.0), ("Shift+ArrowLeft", 0.0), ("End", 6.0)):
        page.keyboard.press(key)
        until(lambda at=expected: abs(played(page) - at) < 0.06, 5, f"{key} to {expected}")
    page.keyboard.press("Home")
    until(lambda: played(page) == 0, 5, "the beginning")
    for key, least, most in ((".", 0.03, 0.08), (".", 0.07, 0.12), (",", 0.03, 0.08)):
        page.keyboard.press(key)
        until(lambda low=least, high=most: low < played(page) < high, 5, f"{key} to {least} s and a little")


def test_boxes_lie_over_the_frame_that_is_shown(page: Page, service: Service) -> None:
    open_player(page, service)
    overlay = page.locator("#overlay")

    def boxed() -> bool:
        return overlay.evaluate(SHARE, [HAPPY, 0, 1, 0, 1]) > 0.001

    page.keyboard.press("ArrowRight")
    until(boxed, 5, "a box at 1 s")
    expect(page.locator("#now li")).to_have_count(1)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    until(lambda: not boxed(), 5, "none at 3 s, when nobody is there")
    expect(page.locator("#nobody-now")).to_be_visible()


def test_a_video_whose_clock_begins_late_keeps_step(page: Page, service: Service) -> None:
    """Its first picture is at 3 s, where readings begin at 0; the face is there for a second."""
    times = [3000 + time for time in even(50)]
    late = face_clip(service.clip.with_name("late.webm"), times, empty=range(25, 50), codec="libvpx")
    id = service.add(late.name)
    service.wait(id)
    open_player(page, service, id)
    overlay = page.locator("#overlay")
    until(lambda: overlay.evaluate(SHARE, [HAPPY, 0, 1, 0, 1]) > 0.001, 5, "a box at the beginning")
    assert played(page) == 3.0
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    until(lambda: overlay.evaluate(SHARE, [HAPPY, 0, 1, 0, 1]) == 0, 5, "none when nobody is there")
    assert played(page) == 5.0


def test_hovering_tells_values_and_zoom_shows_a_part(page: Page, service: Service) -> None:
    open_player(page, service)
    page.locator(TIMELINE).hover(position={"x": 60, "y": 30})
    expect(page.locator("#tip")).to_contain_text("happy")
    page.mouse.move(2, 2)
    expect(page.locator("#tip")).to_be_hidden()
    page.keyboard.press("+")
    until(lambda: share(page, TIMELINE, HAPPY, part=(0.4, 0.6)) > 0.5, 5, "the first 3 s")


def test_downloads_are_the_real_files(page: Page, service: Service) -> None:
    open_player(page, service)
    results = service.data / "recordings" / service.id / "results"
    names = ["readings.csv", "readings.parquet", "spans.csv", "timeline.vtt", "report.html", "summary.json"]
    for name in names:
        with page.expect_download() as found:
            page.locator("#downloads a", has_text=name).click()
        assert Path(found.value.path()).read_bytes() == (results / name).read_bytes()


def test_captions_are_those_of_the_results(page: Page, service: Service) -> None:
    open_player(page, service)
    page.locator("#captions").click()
    cues = "(video) => [...(video.textTracks[0]?.cues ?? [])].map((cue) => cue.text)"
    told = until(lambda: page.locator("#video").evaluate(cues), 5, "cues")
    assert "face 1: happy" in told[0]


def test_what_is_too_large_is_not_sent(browser: Browser, redis_server: RedisServer, tmp_path: Path) -> None:
    small = Limits(upload=1000, reserve=0)
    with (
        serving(database(redis_server, 4), tmp_path, limits=small) as api,
        page_of(browser, api) as page,
    ):
        page.goto(f"{api.http}/recordings.html")
        expect(page.locator("#most")).to_have_text("Up to 1.0 kB and 4 h each.")
        drop(page, "large.mp4", bytes(2000))
        expect(page.locator("#uploads li")).to_contain_text(
            "It has 2.0 kB; this service takes at most 1.0 kB."
        )


def test_what_is_refused_is_told_beside_it(page: Page, service: Service) -> None:
    drop(page, "notes.mp4", b"not a video at all" * 100)
    upload = page.locator("#uploads li")
    expect(upload).to_contain_text("not a video")
    upload.get_by_role("button", name="Dismiss").click()
    expect(upload).to_have_count(0)
    page.locator("#path").fill("missing.mp4")
    page.keyboard.press("Enter")
    expect(page.locator("#path-error")).to_contain_text("no such file")
    expect(page.locator("#path")).to_be_focused()


def test_files_wait_until_it_is_said_what_they_are_read_for(page: Page, service: Service) -> None:
    page.locator("#purpose").select_option("workplace")
    drop(page, "notes.mp4", b"not a video at all" * 100)
    expect(page.locator("#ground-error")).to_contain_text("reasons")
    expect(page.locator("#uploads li")).to_have_count(0)
    page.locator("#ground").select_option("safety")
    expect(page.locator("#uploads li")).to_contain_text("not a video")


def test_an_upload_shows_its_progress_and_can_be_cancelled(page: Page, service: Service) -> None:
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    network.send("Network.emulateNetworkConditions", slow)
    drop(page, "large.mp4", bytes(3_000_000))
    words = page.locator("#uploads .words")
    expect(words).to_contain_text(re.compile("kB/s · .* left"), timeout=10_000)
    page.locator("#uploads").get_by_role("button", name="Cancel").click()
    expect(page.locator("#uploads li")).to_have_count(0)
    expect(line_of(page, "large.mp4")).to_have_count(0)
    folders = service.data / "recordings"
    until(lambda: not list(folders.glob("*/video.part")), 5, "nothing of it stays")


def test_results_are_there_while_it_is_read_until_it_is_cancelled_and_removed(
    page: Page, service: Service
) -> None:
    short = face_clip(service.clip.with_name("short.webm"), even(100), codec="libvpx")
    long = short.with_name("long.webm")
    loop = ["ffmpeg", "-v", "error", "-stream_loop", "49", "-i", str(short), "-c", "copy", str(long)]
    subprocess.run(loop, check=True)
    id = service.add(long.name, "all")
    page.goto(f"{service.page}#{id}")
    page.locator(TIMELINE).wait_for(timeout=READ * 1000)
    wait_for_share(page, TIMELINE, HAPPY, 0.01)
    assert service.state(id) == "running"
    expect(page.locator("#one-progress")).to_be_visible()
    expect(page.locator("#one-pace")).to_contain_text("real time", timeout=READ * 1000)
    page.locator("#one-cancel").click()
    expect(page.locator("#notice")).to_contain_text("It was cancelled at", timeout=10_000)
    assert service.state(id) == "aborted"
    page.locator("#one-remove").click()
    page.locator("#remove-dialog .danger").click()
    expect(line_of(page, long.name)).to_have_count(0)
    assert httpx.get(f"{service.api.http}/v1/recordings/{id}").status_code == 404
    until(lambda: not (service.data / "recordings" / id).exists(), 10, "its folder is gone")


def test_timelines_are_there_where_the_browser_cannot_play_the_video(page: Page, service: Service) -> None:
    clip = face_clip(service.clip.with_name("old.avi"), even(50), codec="mpeg4")
    id = service.add(clip.name)
    service.wait(id)
    open_player(page, service, id)
    expect(page.locator("#notice")).to_contain_text("cannot play")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#time")).to_contain_text("0:01.0")
    overlay = page.locator("#overlay")
    until(lambda: overlay.evaluate(SHARE, [HAPPY, 0, 1, 0, 1]) > 0.001, 5, "a box all the same")
    clip.unlink()
    page.reload()
    expect(page.locator("#notice")).to_contain_text("no longer there")
    open_player(page, service)
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#video")).to_be_visible()


def test_who_may_only_look_sees_all_and_changes_nothing(
    browser: Browser, service: Service, redis_server: RedisServer
) -> None:
    """The service with tokens shows the same recordings; videos and downloads come with tickets."""
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
        expect(page.locator("#one-remove")).to_be_hidden()
        with page.expect_download() as found:
            page.locator("#downloads a", has_text="spans.csv").click()
        assert Path(found.value.path()).read_text().startswith("source,")
        page.locator(".back").click()
        expect(page.locator("#recording-list li").first).to_be_visible()
        expect(page.locator("#drop")).to_be_hidden()
        expect(page.get_by_role("button", name=re.compile("Remove"))).to_have_count(0)
        assert httpx.get(f"{guarded.http}/v1/recordings", headers=bearer(token)).status_code == 200


def test_without_a_recording_the_page_says_what_to_do(
    browser: Browser, redis_server: RedisServer, tmp_path: Path
) -> None:
    with serving(database(redis_server, 3), tmp_path) as api, page_of(browser, api) as page:
        page.goto(f"{api.http}/recordings.html")
        expect(page.locator("#no-recordings")).to_contain_text("Drop a video above")


def test_it_fits_a_phone(browser: Browser, service: Service) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with page_of(browser, service.api, **phone) as page:
        page.goto(service.page)
        page.locator("#recording-list li").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        open_player(page, service)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
