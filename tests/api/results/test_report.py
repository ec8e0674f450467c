"""The report in a real browser: drawing, mouse and keys, a narrow screen, no requests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.results.report import StillsReport, VideoReport, page
from api.results.summary import Summary
from engine.drawing.palette import LABEL_COLOURS, STACK_ORDER
from engine.records import Event
from ingest.files.damage import Damage
from tests.api.results.recorded_events import SECOND, coverage, facts, reading, span
from tests.waiting import until

pytestmark = pytest.mark.browser

Browser = Any
Page = Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def chromium() -> str | None:
    """Return the path of Debian's Chromium; None to use Playwright's."""
    path = Path("/usr/bin/chromium")
    return str(path) if path.exists() else None


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Open a report; fail on any error in the page, and on any request but for the file itself."""
    contexts: list[Any] = []
    faults: list[str] = []

    def open_page(path: Path, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **options})
        contexts.append(context)
        shown = context.new_page()
        shown.on("pageerror", lambda error: faults.append(str(error)))
        shown.on("console", lambda message: faults.extend([message.text] * (message.type == "error")))
        shown.on("request", lambda request: faults.extend({request.url} - {path.as_uri()}))
        shown.goto(path.as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def conversation() -> list[Event]:
    """Ten seconds: face 1 happy, away from 4 to 6 s, then sad; face 2 unsure at the end."""
    events: list[Event] = [reading(n / 10, "happy") for n in range(40)]
    events += [reading(n / 10, "sad") for n in range(60, 100)]
    events += [reading(n / 10, None, track=2, share=0.3) for n in range(80, 100)]
    events += [span(0, 4, "happy"), span(6, 10, "sad")]
    return [*events, coverage("observed", 0, 4), coverage("no_face", 4, 6), coverage("observed", 6, 10)]


def video_report(path: Path, events: list[Event], **known: Any) -> Path:
    report, summary = VideoReport(), Summary()
    for event in events:
        report.add(event)
        summary.add(event)
    report.write(path, summary.to_json(facts(**known)))
    return path


def colours_at(shown: Page, canvas: int, shares: list[float], y: int = 60) -> list[list[int]]:
    """Return red, green and blue of a timeline at shares of its width."""
    return [
        shown.evaluate(
            """([number, share, y]) => {
                const canvas = document.querySelectorAll("section:not(.sticky) canvas")[number];
                const scale = canvas.width / canvas.clientWidth;
                const place = [Math.round(share * canvas.width), Math.round(y * scale)];
                return [...canvas.getContext("2d").getImageData(...place, 1, 1).data.slice(0, 3)];
            }""",
            [canvas, share, y],
        )
        for share in shares
    ]


def drawn(shown: Page) -> None:
    first = "document.querySelector('section:not(.sticky) canvas').width"
    until(lambda: shown.evaluate(first) > 300, 5, "the first timeline is drawn")


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour.removeprefix("#")))


def test_timelines_are_drawn_with_gaps_as_gaps(open_report: Any, tmp_path: Path) -> None:
    shown = open_report(video_report(tmp_path / "report.html", conversation()))
    drawn(shown)
    happy, gap, sad = colours_at(shown, 0, [0.2, 0.5, 0.8], y=80)
    assert (happy, sad) == (rgb(LABEL_COLOURS["happy"]), rgb(LABEL_COLOURS["sad"]))
    assert gap not in [rgb(colour) for colour in LABEL_COLOURS.values()]
    below = colours_at(shown, 0, [0.3, 0.5, 0.9], y=132)
    assert (below[0], below[2]) == (rgb(LABEL_COLOURS["happy"]), rgb(LABEL_COLOURS["sad"]))
    assert below[1] == gap
    assert shown.locator("section:not(.sticky) canvas").count() == 2
    assert "observed 80 %" in shown.locator(".sticky").inner_text()


def test_layers_and_legend_are_in_the_order_of_the_dashboard(open_report: Any, tmp_path: Path) -> None:
    """Happy is 76 % at the bottom; the other labels lie above it, 4 % each."""
    shown = open_report(video_report(tmp_path / "report.html", conversation()))
    drawn(shown)
    heights = [0.38, *(0.78 + 0.04 * number for number in range(6))]
    layers = [colours_at(shown, 0, [0.2], y=round(120 * (1 - height)))[0] for height in heights]
    assert layers == [rgb(LABEL_COLOURS[label]) for label in STACK_ORDER]
    assert shown.locator("main > .legend span").all_text_contents() == [*STACK_ORDER, "unsure"]


def test_unsure_readings_are_hatched(open_report: Any, tmp_path: Path) -> None:
    """In its timeline, down to the row of spans, and in the legend."""
    shown = open_report(video_report(tmp_path / "report.html", conversation()))
    drawn(shown)
    places = [0.85 + number / 1000 for number in range(12)]
    for y in (60, 130):
        colours = colours_at(shown, 1, places, y=y)
        brightness = [sum(colour) for colour in colours]
        assert max(brightness) - min(brightness) > 60, colours
    assert shown.locator(".legend i.hatched").count() == 1


def test_the_pointer_reads_values(open_report: Any, tmp_path: Path) -> None:
    shown = open_report(video_report(tmp_path / "report.html", conversation()))
    drawn(shown)
    canvas = shown.locator("section:not(.sticky) canvas").first
    width = canvas.bounding_box()["width"]
    canvas.hover(position={"x": 0.2 * width, "y": 60})
    tip = shown.locator("#tip").inner_text()
    assert "face 1" in tip
    assert "happy" in tip
    assert "76 %" in tip
    canvas.hover(position={"x": 0.5 * width, "y": 60})
    assert "not in view" in shown.locator("#tip").inner_text()


def test_keys_read_values_and_zoom(open_report: Any, tmp_path: Path) -> None:
    shown = open_report(video_report(tmp_path / "report.html", conversation()))
    drawn(shown)
    shown.locator("section:not(.sticky) canvas").first.focus()
    shown.keyboard.press("End")
    assert shown.locator("#spoken").inner_text().startswith("face 1 at 0:09.90: sad, angry 4 %")
    assert shown.get_by_title("show the whole recording").is_disabled()
    shown.keyboard.press("+")
    until(shown.get_by_title("show the whole recording").is_enabled, 5, "it is zoomed in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_report: Any, tmp_path: Path, scheme: str) -> None:
    path = video_report(tmp_path / "report.html", conversation())
    shown = open_report(path, viewport={"width": 360, "height": 700}, color_scheme=scheme)
    drawn(shown)
    assert shown.evaluate("document.documentElement.scrollWidth") == 360
    ground = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(17, 20, 26)") == (scheme == "dark")


def test_damage_and_an_empty_room_are_shown(open_report: Any, tmp_path: Path) -> None:
    events: list[Event] = [coverage("no_face", 0, 10)]
    damage = Damage(2 * SECOND, 3 * SECOND, "data missing")
    shown = open_report(video_report(tmp_path / "report.html", events, damage=(damage,), interrupted=True))
    text = shown.locator("main").inner_text()
    assert "No face was detected." in text
    assert "0:02.00 to 0:03.00: data missing" in text
    assert "interrupted" in text


def test_no_file_name_ends_the_script_element(open_report: Any, tmp_path: Path) -> None:
    name = '</script><script>alert("x")</script><!-- é.mp4'
    shown = open_report(video_report(tmp_path / "report.html", conversation(), source=name))
    assert shown.locator("h1").inner_text() == name


def test_pictures_are_cards(open_report: Any, tmp_path: Path) -> None:
    report, summary = StillsReport(), Summary()
    for event in (reading(0, "happy", source="a.jpg"), reading(0, None, source="b.jpg")):
        report.add(event)
        summary.add(event)
    report.write(tmp_path / "report.html", summary.to_json(facts(duration=0.0, kind="pictures", rate=None)))
    shown = open_report(tmp_path / "report.html")
    first, second = shown.locator(".grid .card").all_inner_texts()
    assert "a.jpg · face 1" in first
    assert "76 %" in first
    assert second.startswith("unsure")


def test_a_day_of_video_is_a_small_file(tmp_path: Path) -> None:
    report = VideoReport()
    for number in range(30_000):
        report.add(reading(number * 2.88, ("happy", "sad")[number // 100 % 2]))
    report.write(tmp_path / "report.html", Summary().to_json(facts(duration=86_400.0)))
    assert (tmp_path / "report.html").stat().st_size < 1_000_000


def test_the_data_is_json() -> None:
    text = page({"name": "a<b"})
    data = text.split('id="data">')[1].split("</script>")[0]
    assert json.loads(data) == {"name": "a<b"}
