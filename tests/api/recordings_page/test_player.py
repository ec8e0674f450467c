"""One recording in a real browser: video, boxes and timelines that move together."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from engine.labels import LABELS
from tests.api.browsing import share, wait_for_share
from tests.api.recordings_page.service import (
    HAPPY,
    READ_TIMEOUT,
    TIMELINE,
    TIMEOUT,
    Service,
    boxed,
    grey_ends,
    line_of,
    open_player,
    played,
    playhead,
)
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even, remux, without_first_fragment
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]

FRAGMENTED = "frag_keyframe+delay_moov+default_base_moof"

# When (ms) the canvas over the video was drawn.
COUNT_REDRAWS = """() => {
  window.redraws = [];
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    if (this.canvas.id === "overlay") redraws.push(performance.now());
    return clear.apply(this, place);
  };
}"""


def test_playing_moves_the_line_and_pointing_at_the_timeline_moves_the_video(
    page: Page, service: Service
) -> None:
    open_player(page, service)
    page.keyboard.press(" ")
    until(lambda: played(page) > 0.4, 10, "it plays")
    page.keyboard.press(" ")
    at = played(page)
    until(lambda: abs(playhead(page) - at) < 0.05, 5, "the line is where the video is")
    expect(page.locator(f"{TIMELINE}")).to_have_attribute("aria-valuetext", re.compile("happy"))
    canvas = page.locator(TIMELINE)
    width = canvas.evaluate("(element) => element.clientWidth")
    canvas.click(position={"x": width * 0.75, "y": 30})
    until(lambda: abs(played(page) - 4.5) < 0.05, 5, "the video follows the click")
    page.locator("#scrubber").click(position={"x": 0, "y": 12})
    until(lambda: played(page) < 0.1, 5, "and the scrubber")
    until(lambda: playhead(page) < 0.1, 5, "with the line")


def until_played(page: Page, least: float, most: float) -> None:
    """Wait for the video to be between two seconds."""
    until(lambda: least < played(page) < most, 5, f"{least:.2f} to {most:.2f} s")


def test_keys_move_by_seconds_and_frames(page: Page, service: Service) -> None:
    open_player(page, service)
    for key, expected in (("ArrowRight", 1.0), ("ArrowRight", 2.0), ("Shift+ArrowLeft", 0.0), ("End", 6.0)):
        page.keyboard.press(key)
        until_played(page, expected - 0.06, expected + 0.06)
    page.keyboard.press("Home")
    until(lambda: played(page) == 0, 5, "the beginning")
    for key, least, most in ((".", 0.03, 0.08), (".", 0.07, 0.12), (",", 0.03, 0.08)):
        page.keyboard.press(key)
        until_played(page, least, most)


def test_a_step_begins_where_a_seek_that_is_under_way_ends(page: Page, service: Service) -> None:
    open_player(page, service)
    page.keyboard.press("End")
    until(lambda: played(page) > 5.9, 5, "the end")
    page.evaluate(
        """["Home", "."].forEach((key) =>
             document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))"""
    )
    until(lambda: 0.03 < played(page) < 0.08, 5, "the second frame")


def test_boxes_lie_over_the_frame_that_is_shown(page: Page, service: Service) -> None:
    open_player(page, service)
    page.keyboard.press("ArrowRight")
    until(lambda: boxed(page), 5, "a box at 1 s")
    expect(page.locator("#faces-in-view li")).to_have_count(1)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    until(lambda: not boxed(page), 5, "none at 3 s, when nobody is there")
    expect(page.locator("#nobody-now")).to_be_visible()


def test_a_video_whose_clock_begins_late_keeps_step_and_is_turned(page: Page, service: Service) -> None:
    """Its first picture is at 3 s, where readings begin at 0; the face is there for 1.4 s, upside down."""
    times = [3000 + time for time in even(50)]
    late = service.clip.with_name("late.webm")
    face_clip(late, times, empty=range(35, 50), codec="libvpx", upside_down=True)
    id = service.add(late.name, turn="180")
    service.wait(id)
    open_player(page, service, id)
    assert grey_ends(page) == {"left": False, "right": True}  # the portrait is on the left, as without a turn
    expect(page.locator("#shares .when")).to_have_text("0:00 to 0:01")
    until(lambda: boxed(page), 5, "a box at the beginning")
    assert played(page) == 3.0
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    until(lambda: not boxed(page), 5, "none when nobody is there")
    assert played(page) == 5.0


def test_every_second_of_an_mp4_whose_clock_begins_late_is_reached(page: Page, service: Service) -> None:
    """An edit and the first fragment say that it begins late. The face is there for 1.4 s of 2 s."""
    times = [30_000 + time for time in even(62)]
    clip = service.clip.with_name("late.mp4")
    face_clip(clip, times, empty=range(47, 62), codec="libvpx-vp9", movflags=FRAGMENTED)
    clip = without_first_fragment(clip)
    id = service.add(clip.name)
    service.wait(id)
    open_player(page, service, id)
    assert played(page) == 0
    until(lambda: boxed(page), 5, "a box at the beginning")
    width = page.locator("#scrubber").evaluate("(element) => element.clientWidth")
    page.locator("#scrubber").click(position={"x": width * 0.95, "y": 12})
    until_played(page, 1.85, 1.95)
    until(lambda: not boxed(page), 5, "none when nobody is there")


def test_a_fast_video_is_drawn_over_at_most_thirty_times_a_second(page: Page, service: Service) -> None:
    open_player(page, service)
    page.evaluate(COUNT_REDRAWS)
    page.locator("#speed").select_option("4")
    page.keyboard.press(" ")
    until(lambda: page.evaluate("redraws.length") > 10, 10, "it is drawn over")
    redraws = page.evaluate("redraws")
    early = 2  # ms
    assert len(redraws) - 1 <= 30 * (redraws[-1] - redraws[0] + early) / 1000


def test_hovering_shows_values_and_zoom_shows_a_part(page: Page, service: Service) -> None:
    open_player(page, service)
    page.locator(TIMELINE).hover(position={"x": 60, "y": 30})
    expect(page.locator("#tip")).to_contain_text("happy")
    page.mouse.move(2, 2)
    expect(page.locator("#tip")).to_be_hidden()
    page.keyboard.press("+")
    until(lambda: share(page, TIMELINE, HAPPY, part=(0.4, 0.6)) > 0.5, 5, "the first 3 s")


def test_a_face_in_view_with_a_hidden_timeline_says_so(page: Page, service: Service) -> None:
    """The real face, and eight that do the same: one more than there are rows."""

    def tracks(known: dict[str, Any]) -> list[int]:
        return [1, *range(11, 19)] if known["track"] == 1 else [known["track"]]

    def fulfill_crowd(route: Route) -> None:
        document = route.fetch().json()
        for part in {"tracks", "readings"} & document.keys():
            document[part] = [known | {"track": track} for known in document[part] for track in tracks(known)]
        route.fulfill(json=document)

    page.route(re.compile("/v1/.*/(overview|timeline)"), fulfill_crowd)
    open_player(page, service)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#faces-in-view li")).to_have_count(9)
    hidden = page.locator("#faces-in-view .face-name", has_text="timeline hidden")
    expect(hidden.first).to_be_visible()
    assert hidden.count() < 9
    page.get_by_role("button", name="Show all").click()
    expect(hidden).to_have_count(0)


def test_downloads_are_the_real_files(page: Page, service: Service) -> None:
    open_player(page, service)
    results = service.data / "recordings" / service.id / "results"
    names = ["readings.csv", "readings.parquet", "spans.csv", "timeline.vtt", "report.html", "summary.json"]
    for name in names:
        with page.expect_download() as found:
            page.locator("#downloads a", has_text=name).click()
        assert Path(found.value.path()).read_bytes() == (results / name).read_bytes()


def test_the_shares_are_those_of_the_summary(page: Page, service: Service) -> None:
    """Until the summary comes, the shares of the seconds are shown as provisional."""
    sad = LABELS.index("sad")

    def fulfill_overview(route: Route) -> None:
        document = route.fetch().json()
        for track in document["tracks"]:
            track["labels"] = [sad for _ in track["labels"]]
        route.fulfill(json=document)

    summary = httpx.get(f"{service.api.http}/v1/recordings/{service.id}/files/summary.json").json()
    [first, *_] = summary["tracks"]
    assert first["share"]["happy"] > 0.5
    page.route("**/overview", fulfill_overview)
    page.route("**/summary.json", lambda route: route.fulfill(status=503, body="{}"), times=1)
    page.goto(f"{service.page}#{service.id}")
    expect(page.locator("#shares .face-text").first).to_have_text("sad 100 %")
    expect(page.locator("#shares-hint")).to_contain_text("Provisional")
    expect(page.locator("#shares .face-text").first).to_contain_text(
        f"happy {round(100 * first['share']['happy'])} %", timeout=10_000
    )
    expect(page.locator("#shares li")).to_have_count(len(summary["tracks"]))
    expect(page.locator("#shares-hint")).to_be_hidden()


def test_a_face_of_less_than_a_second_is_timed_in_tenths(page: Page) -> None:
    times = page.evaluate("""async () => {
      const { showFaceShares } = await import("/player/results.js");
      const face = { track: 1, shares: { happy: 1 } };
      const faces = [{ ...face, started: 5680, ended: 5920 }, { ...face, started: 300, ended: 5920 }];
      showFaceShares(faces, { state: "completed" }, { isFinal: true });
      return [...document.querySelectorAll("#shares .when")].map(({ textContent }) => textContent);
    }""")
    assert times == ["0:05.6 to 0:05.9", "0:00 to 0:06"]


def test_captions_are_those_of_the_results(page: Page, service: Service) -> None:
    open_player(page, service)
    page.locator("#captions").click()
    cues = "(video) => [...(video.textTracks[0]?.cues ?? [])].map((cue) => cue.text)"
    texts = until(lambda: page.locator("#video").evaluate(cues), 5, "cues")
    assert "face 1: happy" in texts[0]


def test_results_are_there_while_it_is_read_until_it_is_cancelled_and_removed(
    page: Page, service: Service
) -> None:
    short = face_clip(service.clip.with_name("short.webm"), even(100), codec="libvpx")
    long = remux(short, short.with_name("long.webm"), times=50)
    id = service.add(long.name, "all")
    page.goto(f"{service.page}#{id}")
    page.locator(TIMELINE).wait_for(timeout=READ_TIMEOUT * 1000)
    wait_for_share(page, TIMELINE, HAPPY, 0.01)
    assert service.state(id) == "running"
    expect(page.locator("#recording-progress")).to_be_visible()
    expect(page.locator("#shares-hint")).to_contain_text("Provisional")
    expect(page.locator("#recording-progress-text")).to_contain_text("real time", timeout=READ_TIMEOUT * 1000)
    page.locator("#recording-cancel").click()
    expect(page.locator("#notice")).to_contain_text("was cancelled at", timeout=10_000)
    expect(page.locator("#shares-hint")).to_contain_text("Estimated from whole seconds")
    assert service.state(id) == "aborted"
    page.locator("#recording-remove").click()
    page.locator("#remove-dialog .danger").click()
    until(lambda: httpx.get(f"{service.api.http}/v1/recordings/{id}").status_code == 404, 10, "it is gone")
    expect(line_of(page, long.name)).to_have_count(0)
    until(lambda: not (service.data / "recordings" / id).exists(), 10, "its folder is gone")


def test_timelines_are_there_where_the_browser_cannot_play_the_video(page: Page, service: Service) -> None:
    clip = face_clip(service.clip.with_name("old.avi"), even(50), codec="mpeg4")
    id = service.add(clip.name)
    service.wait(id)
    open_player(page, service, id)
    expect(page.locator("#notice")).to_contain_text("cannot play")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#time")).to_contain_text("0:01.0")
    until(lambda: boxed(page), 5, "a box all the same")
    clip.unlink()
    page.reload()
    expect(page.locator("#notice")).to_contain_text("no longer exists")
    open_player(page, service)
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#video")).to_be_visible()
